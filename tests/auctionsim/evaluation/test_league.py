from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.fixed import FixedMultiplier
from auctionsim.config_files import config_names
from auctionsim.errors import InvalidArgumentError
from auctionsim.evaluation import League, LeagueConfig, evaluate, load_league, play_league
from auctionsim.registry import make
from tests.auctionsim.worlds import Half

SMALL = LeagueConfig(
    name="three",
    bidders={
        "low": {"bidder": "fixed", "factor": 0.3},
        "right": {"bidder": "fixed", "factor": 1.0},
        "pid": {"bidder": "pid"},
    },
    market="tiny",
    tasks=("cpa_mcb", "bcb"),
    episodes=3,
)


@pytest.fixture(scope="module")
def league() -> League:
    return play_league(SMALL, {"mine": FixedMultiplier(0.9)})


def test_every_bidder_plays_every_task_on_the_same_seats_and_days(league: League) -> None:
    assert list(league.results) == ["cpa_mcb", "bcb"]
    for task, results in league.results.items():
        assert set(results) == {"low", "right", "pid", "mine"}
        for found in results.values():
            assert found.task == task
            assert len(found.trajectories) == 3 * 48
            assert found.trajectories.episode.min() == SMALL.first_episode
            assert found.bounds is next(iter(results.values())).bounds


def test_the_best_comes_first(league: League) -> None:
    for results in league.results.values():
        scores = [found.metrics["expected_score"] for found in results.values()]
        assert scores == sorted(scores, reverse=True)


def test_a_result_is_what_evaluate_finds(league: League) -> None:
    numbers = range(SMALL.first_episode, SMALL.first_episode + 3)
    settings: dict[str, Any] = {"protocol": "wide", "frozen": True}
    alone = evaluate(FixedMultiplier(1.0), "bcb", "tiny", list(numbers), 0, **settings)
    assert league.results["bcb"]["right"].metrics == pytest.approx(alone.metrics, nan_ok=True)
    assert alone.bounds is not None
    bounds = league.results["bcb"]["right"].bounds
    assert bounds is not None
    np.testing.assert_array_equal(bounds.optimum, alone.bounds.optimum)


def test_rows_hold_differences_to_the_best_and_the_bounds(league: League) -> None:
    rows = league.rows("bcb")
    assert "behind_best" not in rows[0]
    assert all(row["behind_best"][0] <= 0 for row in rows[1:4])
    assert all(0 <= row["p_value"] <= 1 for row in rows[1:4])
    assert [row["bidder"] for row in rows[4:]] == [
        "best constant in hindsight", "optimum within limits", "optimum in hindsight",
    ]  # fmt: skip
    assert rows[-1]["metrics"]["share_of_optimum"] == pytest.approx(1.0)
    assert rows[0]["metrics"]["expected_score"] < rows[-1]["metrics"]["expected_score"]


def test_one_episode_has_no_p_values() -> None:
    found = play_league(replace(SMALL, episodes=1, tasks=("bcb",)))
    assert all(np.isnan(row.get("p_value", np.nan)) for row in found.rows("bcb"))


def test_opponents_may_respond_and_rules_be_auctionnets(tmp_path: Path) -> None:
    live = play_league(replace(SMALL, episodes=1, tasks=("cpa_mcb",), frozen=False))
    assert live.results["cpa_mcb"]["right"].bounds is not None
    market = tmp_path / "theirs.yaml"
    market.write_text("name: theirs\nopportunities: 500\nadvertisers: 4\nrules: auctionnet\n")
    config = replace(SMALL, episodes=1, market=str(market), tasks=("bcb",))
    with pytest.raises(InvalidArgumentError, match="default rules"):
        play_league(config)
    found = play_league(replace(config, frozen=False))
    assert len(found.rows("bcb")) == 3


@pytest.mark.parametrize("name", config_names("leagues"))
def test_leagues_that_come_along_can_be_played(name: str) -> None:
    config = load_league(name)
    for entry in config.bidders.values():
        given = {"bidder": entry} if isinstance(entry, str) else entry
        make(given["bidder"], **{k: v for k, v in given.items() if k != "bidder"})
    found = play_league(
        replace(config, market="tiny", episodes=1, tasks=("bcb",), protocol="paper")
    )
    assert set(found.results["bcb"]) == set(config.bidders)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bidders": {}}, "`bidders` must name one"),
        ({"bidders": {"x": {"factor": 1.0}}}, r"`bidders\.x` must be a bidder's name, or hold"),
        ({"bidders": {"x": 3}}, r"`bidders\.x` must be a bidder's name"),
        ({"bidders": None}, "`bidders` must name one"),
        ({"frozen": "no"}, "`frozen` must be True or False"),
        ({"tasks": None}, "`tasks` must name each task once"),
        ({"tasks": ("cpa",)}, "`tasks` must be one of"),
        ({"tasks": ()}, "`tasks` must name each task once"),
        ({"tasks": ("bcb", "bcb")}, "`tasks` must name each task once"),
        ({"protocol": "all"}, "`protocol` must be one of"),
        ({"episodes": 0}, "`episodes` must be"),
        ({"first_episode": -1}, "`first_episode` must be"),
        ({"seed": -1}, "`seed` must be"),
        ({"budget_factor": 0.0}, "`budget_factor` must be"),
    ],
)
def test_nonsense_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        replace(SMALL, **change)


def test_bidders_that_are_none_are_refused_before_the_play() -> None:
    with pytest.raises(InvalidArgumentError, match="must be one of"):
        play_league(replace(SMALL, bidders={"x": {"bidder": "nobody"}}))
    with pytest.raises(InvalidArgumentError, match="parameters of bidder"):
        play_league(replace(SMALL, bidders={"x": {"bidder": "pid", "speed": 1}}))
    with pytest.raises(InvalidArgumentError, match="labels of their own"):
        play_league(SMALL, {"pid": Half()})
