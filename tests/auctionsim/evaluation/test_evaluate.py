from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auctionsim.bidding import BatchBidder, Bidder, Observation
from auctionsim.campaigns import Campaigns
from auctionsim.cast import Cast
from auctionsim.dataset import Trajectories
from auctionsim.errors import BidderError
from auctionsim.evaluation import (
    METRICS,
    Evaluation,
    Takeover,
    contest,
    evaluate,
    summarise,
    task_seats,
)
from auctionsim.generate import play_episodes
from auctionsim.lineup import LineupConfig
from auctionsim.market import MarketConfig
from auctionsim.rollout import roll_out
from auctionsim.simulator import Simulation
from auctionsim.tasks import TASKS
from tests.auctionsim.worlds import (
    LINEUP,
    WORLD,
    Half,
    HalfOfMany,
    assert_same,
    write_world,
)

SEED = 5
EPISODES = 3


def score(bidder: Any, task: str = "bcb", **settings: Any) -> Evaluation:
    numbers = list(range(EPISODES))
    chosen: dict[str, Any] = {"market": WORLD, "episodes": numbers, "seed": SEED}
    return evaluate(bidder, task, **(chosen | {"lineup": LINEUP} | settings))


def alone(
    market: MarketConfig, episodes: list[int], seed: int, seats: Any, task: str
) -> tuple[Campaigns, Any, list[int]]:
    """Lay out one run a seat and episode, in which this seat alone has the task."""
    takeover = Takeover(market, seed, task, np.asarray(seats))
    return *takeover.among_others(episodes), takeover.runs(episodes)


def by_hand(
    task: int, episodes: list[int], cost: list[float], reward: list[float], value: list[float]
) -> Trajectories:
    """Return trajectories of two steps that add up to these totals; expectations are half."""
    n = len(episodes)

    def halves(total: list[float], scale: float = 1.0) -> Any:
        return np.repeat(np.array(total, np.float32)[:, None] * np.float32(scale / 2), 2, axis=1)

    return Trajectories(
        episode=np.array(episodes, np.int32),
        advertiser=np.arange(n, dtype=np.int32),
        category=np.zeros(n, np.int16),
        task=np.full(n, task, np.int8),
        bidder=np.array(["x"] * n, np.object_),
        budget=np.full(n, 100.0, np.float32),
        cpa_target=np.full(n, 10.0 if task == 0 else np.nan, np.float32),
        roas_target=np.full(n, 0.25 if task == 1 else np.nan, np.float32),
        state=np.zeros((n, 2, 3), np.float32),
        final_state=np.zeros((n, 3), np.float32),
        action=np.ones((n, 2), np.float32),
        active=np.ones((n, 2), np.bool_),
        reward=halves(reward),
        value=halves(value),
        cost=halves(cost),
        expected_value=halves(value, 0.5),
        expected_conversions=halves(reward, 0.5),
    )


def test_metrics_by_hand_for_cpa_mcb() -> None:
    # CPA 10, 20 and 5 against a target of 10: ratios 1, 2 and 0.5; one of three breaks it.
    played = by_hand(0, [0, 0, 1], [40, 80, 20], [4, 4, 4], [4, 4, 4])
    found = summarise("cpa_mcb", played)
    assert found.task == "cpa_mcb"
    assert found.trajectories is played
    assert list(found.metrics) == list(found.standard_errors) == list(METRICS)
    expected = {
        "value": 4.0,
        "expected_value": 2.0,
        "score_strict": (4 + 4 / 4 + 4) / 3,
        "score_paper": (4 + 4 / 4 + 4) / 3,
        "utilisation": (0.4 + 0.8 + 0.2) / 3,
        "cpa_ratio": 140 / (10 * 12),
        "roas_ratio": np.nan,
        "violation_rate": 1 / 3,
        # Expected conversions are half: ratios 2, 4 and 1.
        "expected_score": (2 / 4 + 2 / 16 + 2) / 3,
        "expected_violation_rate": 2 / 3,
        "share_of_optimum": np.nan,
        "share_of_constant": np.nan,
    }
    assert found.metrics == pytest.approx(expected, nan_ok=True)


def test_metrics_by_hand_for_target_roas() -> None:
    # ROAS 0.5 and 0.125 against 0.25: ratios 2 and 0.5.
    found = summarise("target_roas", by_hand(1, [0, 1], [20, 80], [9, 9], [10, 10])).metrics
    assert found["score_strict"] == pytest.approx((10 + 10 * 0.25) / 2)
    assert found["score_paper"] == pytest.approx((10 * 1.05 + 10 * 0.5) / 2)
    assert found["roas_ratio"] == pytest.approx(20 / (0.25 * 100))
    assert found["violation_rate"] == 0.5
    assert np.isnan(found["cpa_ratio"])


def test_metrics_by_hand_for_bcb() -> None:
    found = summarise("bcb", by_hand(2, [0, 1], [50, 100], [9, 9], [10, 20])).metrics
    assert found["value"] == found["score_strict"] == 15.0
    assert found["score_paper"] == pytest.approx((10 * 0.5 + 20) / 2)
    assert found["utilisation"] == pytest.approx(0.75)
    assert found["violation_rate"] == 0.0
    assert np.isnan(found["cpa_ratio"])
    assert np.isnan(found["roas_ratio"])


def test_cost_without_conversions_is_an_infinite_ratio() -> None:
    assert summarise("cpa_mcb", by_hand(0, [0], [20], [0], [0])).metrics["cpa_ratio"] == np.inf
    assert np.isnan(summarise("cpa_mcb", by_hand(0, [0], [0], [0], [0])).metrics["cpa_ratio"])
    assert summarise("cpa_mcb", by_hand(0, [0], [20], [0], [0])).metrics["score_strict"] == 0.0


def test_standard_errors_by_hand() -> None:
    # Means of the episodes: 2, 5 and 11; their deviations from 6 are -4, -1 and 5.
    played = by_hand(2, [7, 3, 7, 3, 9, 9], [10] * 6, [1] * 6, [1, 4, 3, 6, 11, 11])
    found = summarise("bcb", played)
    spread = np.sqrt((16 + 1 + 25) / 2)
    assert found.standard_errors["value"] == pytest.approx(spread / np.sqrt(3))
    assert found.standard_errors["expected_value"] == pytest.approx(spread / 2 / np.sqrt(3))
    assert found.standard_errors["utilisation"] == pytest.approx(0.0)
    assert np.isnan(found.standard_errors["cpa_ratio"])


def test_one_episode_has_no_standard_error() -> None:
    found = summarise("bcb", by_hand(2, [0, 0], [10, 10], [1, 1], [1, 4]))
    assert np.isnan(list(found.standard_errors.values())).all()


def test_paper_protocol_takes_the_seats_the_market_gives_the_task() -> None:
    seats = {task: task_seats(WORLD, task, "paper").tolist() for task in TASKS}
    assert {task: len(s) for task, s in seats.items()} == {
        "cpa_mcb": 2,
        "target_roas": 2,
        "bcb": 4,
    }
    assert sorted(s for own in seats.values() for s in own) == list(range(8))
    played = score("pid", "target_roas").trajectories
    assert len(played) == EPISODES * 2
    assert set(played.advertiser) == set(seats["target_roas"])
    assert set(played.task) == {1}
    assert played.episode.tolist() == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize("task", TASKS)
def test_wide_protocol_takes_all_seats_with_targets_of_their_own(task: str) -> None:
    played = score("fixed", task, protocol="wide", episodes=2).trajectories
    assert played.advertiser.tolist() == [*range(8), *range(8)]
    assert set(played.task) == {TASKS.index(task)}
    assert np.isnan(played.cpa_target).all() == (task != "cpa_mcb")
    assert np.isnan(played.roas_target).all() == (task != "target_roas")
    if task != "bcb":
        low, high = 60.0, 130.0
        target = played.cpa_target if task == "cpa_mcb" else 1 / played.roas_target
        assert ((target >= low * 0.999) & (target <= high * 1.001)).all()
        assert len(set(target[:8].tolist())) > 4
        np.testing.assert_array_equal(target[:8], target[8:])
        paper = score("fixed", task, episodes=1).trajectories
        again = played.take(paper.advertiser.astype(np.int64))
        np.testing.assert_array_equal(again.cpa_target, paper.cpa_target)
        np.testing.assert_array_equal(again.roas_target, paper.roas_target)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("protocol", ["paper", "wide"])
def test_the_others_play_as_in_the_generated_data(task: str, protocol: str) -> None:
    data = play_episodes(WORLD, LINEUP, SEED, range(2))
    seats = task_seats(WORLD, task, protocol)
    campaigns, replaced, runs = alone(WORLD, [0, 1], SEED, seats, task)
    simulation = Simulation(WORLD, [0, 1], SEED, runs=runs, campaigns=campaigns)
    played = roll_out(simulation, Cast(campaigns, LINEUP, [("half", Half(), replaced)]))
    assert len(played) == 2 * len(seats) * 8
    others = np.setdiff1d(np.arange(len(played)), replaced)
    same = played.take(others)
    source = data.take(8 * same.episode.astype(np.int64) + same.advertiser)
    for name in ("bidder", "task", "budget", "cpa_target", "roas_target", "category"):
        np.testing.assert_array_equal(getattr(same, name), getattr(source, name), err_msg=name)
    # Before anyone can answer to the newcomer, equal parameters mean equal multipliers.
    np.testing.assert_array_equal(same.action[:, 0], source.action[:, 0])
    np.testing.assert_array_equal(same.state[:, 0], source.state[:, 0])
    assert set(played.bidder[replaced]) == {"half"}


@pytest.mark.parametrize("name", ["fixed", "pid", "limit_aware"])
@pytest.mark.parametrize("protocol", ["paper", "wide"])
def test_a_behaviour_bidder_in_its_own_seat_repeats_the_data(name: str, protocol: str) -> None:
    data = play_episodes(WORLD, LINEUP, SEED, range(4))
    compared = 0
    for code, task in enumerate(TASKS):
        played = score(name, task, episodes=list(range(4)), protocol=protocol).trajectories
        source = data.take(8 * played.episode.astype(np.int64) + played.advertiser)
        own = np.flatnonzero((source.bidder == name) & (source.task == code))
        assert_same(played.take(own), source.take(own))
        compared += len(own)
    assert compared >= 4


def test_the_seat_taken_over_meets_others_that_respond() -> None:
    data = play_episodes(WORLD, LINEUP, SEED, range(1))
    campaigns, replaced, runs = alone(WORLD, [0], SEED, np.array([0]), TASKS[data.task[0]])
    simulation = Simulation(WORLD, [0], SEED, runs=runs, campaigns=campaigns)
    played = roll_out(simulation, Cast(campaigns, LINEUP, [("half", Half(), replaced)]))
    assert not np.array_equal(played.action[1:], data.action[1:])


def test_the_same_arguments_give_the_same_result() -> None:
    one, two = score("limit_aware", "cpa_mcb"), score("limit_aware", "cpa_mcb")
    assert_same(one.trajectories, two.trajectories)
    assert one.metrics == pytest.approx(two.metrics, abs=0, rel=0, nan_ok=True)
    other = score("limit_aware", "cpa_mcb", seed=SEED + 1)
    assert not np.array_equal(one.trajectories.state, other.trajectories.state)


def test_how_many_runs_go_side_by_side_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    together = score("pid", "bcb").trajectories
    monkeypatch.setattr(contest, "_RUNS_AT_ONCE", 1)
    assert_same(score("pid", "bcb").trajectories, together)


def test_episodes_alone_are_those_of_a_batch() -> None:
    together = score("pid", "cpa_mcb", episodes=[4, 0, 9]).trajectories
    assert together.episode.tolist() == [4, 4, 0, 0, 9, 9]
    for place, episode in enumerate([4, 0, 9]):
        one = score("pid", "cpa_mcb", episodes=[episode]).trajectories
        assert_same(one, together.take([2 * place, 2 * place + 1]))


def test_a_bidder_may_come_in_any_form() -> None:
    module = "tests.auctionsim.worlds"
    forms: list[Any] = [Half(), HalfOfMany(), f"{module}:Half", f"{module}:HalfOfMany"]
    results = [score(form).trajectories for form in forms]
    for result in results[1:]:
        assert_same(result, results[0], but=("bidder",))
    assert [set(r.bidder) for r in results] == [
        {"Half"},
        {"HalfOfMany"},
        {f"{module}:Half"},
        {f"{module}:HalfOfMany"},
    ]


def test_market_and_lineup_may_be_paths(tmp_path: Path) -> None:
    path = write_world(tmp_path)
    by_path = score("pid", market=path, lineup="mixed", episodes=1).trajectories
    assert_same(by_path, score("pid", lineup="mixed", episodes=1).trajectories)


def test_the_line_up_is_the_one_asked_for() -> None:
    calm = LineupConfig(
        "calm", {task: {"fixed": 1.0} for task in TASKS}, {"fixed": {"factor": 0.01}}
    )
    easy, hard = score("pid", lineup=calm), score("pid")
    assert easy.metrics["expected_value"] > 1.5 * hard.metrics["expected_value"]


def test_a_broken_bidder_is_named() -> None:
    class Broken(Bidder):
        def act(self, observation: Observation) -> float:
            return float("nan") if observation.step == 2 else 1.0

    class Silent(BatchBidder):
        def act(self, observation: Observation) -> Any:
            return None

    with pytest.raises(BidderError, match=r"'Broken' in step 2.*nan for seat"):
        score(Broken())
    with pytest.raises(BidderError, match="'Silent' in step 0"):
        score(Silent())


def test_progress_counts_steps(capsys: pytest.CaptureFixture[str]) -> None:
    score("pid", "cpa_mcb", episodes=2, progress=True)
    assert "32/32" in capsys.readouterr().err
    score("pid", "cpa_mcb", episodes=2)
    assert capsys.readouterr().err == ""


def test_metrics_are_the_summary_of_the_trajectories() -> None:
    found = score("limit_aware", "cpa_mcb")
    totals = found.trajectories.totals()
    assert found.metrics["value"] == pytest.approx(totals.value.mean())
    assert found.metrics["violation_rate"] == pytest.approx(totals.violated.mean())
    assert found.metrics["score_strict"] <= found.metrics["value"]
    assert 0 < found.metrics["utilisation"] <= 1
