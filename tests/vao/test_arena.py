"""The arena: which episodes serve which purpose, who plays what, frozen opponents and others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agents.fixed import FixedMultiplier
from auctionsim.dataset import Dataset, convert_log
from auctionsim.errors import InvalidArgumentError, InvalidDataError
from auctionsim.evaluation import evaluate
from auctionsim.tasks import TASKS
from tests.vao.conftest import EPISODES
from tests.vao.factories import make_trajectories
from tests.vao.training.runs import toy_config
from vao import PlannerBidder, choose_requests, train
from vao.arena import FACTORS, Arena, can_freeze, expected_score

LOG = Path(__file__).resolve().parents[2] / "examples" / "logs" / "period-1.parquet"


def test_arena_keeps_selection_and_test_apart(arena: Arena) -> None:
    selecting, testing = set(arena.selecting), set(arena.testing)
    assert len(selecting) == EPISODES["val_select"]
    assert len(testing) == EPISODES["test"]
    seen_in_training = set(range(EPISODES["train"] + EPISODES["val_align"]))
    assert not selecting & testing
    assert not (selecting | testing) & seen_in_training


def test_a_log_has_no_arena_of_its_own(tmp_path: Path) -> None:
    convert_log(LOG, tmp_path / "log", progress=False)
    with pytest.raises(InvalidDataError, match="must be a simulated dataset"):
        Arena.of(Dataset.open(tmp_path / "log"))


def test_choices_use_selection_episodes_only(arena: Arena) -> None:
    same = replace(arena, testing=(10_000,))
    bidder = FixedMultiplier(1.0)
    assert same.select(bidder) == arena.select(bidder)
    moved = replace(arena, selecting=(10_000, 10_001))
    assert moved.select(bidder) != arena.select(bidder)


@pytest.mark.parametrize("frozen", [False, True])
def test_selection_goes_by_scores_of_expected_values(arena: Arena, frozen: bool) -> None:
    bidder, arena = FixedMultiplier(1.0), replace(arena, frozen=frozen)
    for task, score in arena.select(bidder).items():
        played = evaluate(
            bidder,
            task,
            arena.market,
            arena.selecting,
            arena.seed,
            protocol=arena.protocol,
            lineup=arena.lineup,
            bounds=False,
            frozen=frozen,
        ).trajectories
        assert score == expected_score(played)
        assert score == pytest.approx(played.totals(expected=True).score_strict.mean())


def test_frozen_opponents_are_nearly_those_that_respond(arena: Arena) -> None:
    assert arena.frozen
    assert can_freeze(arena.market)
    bidder, other = FixedMultiplier(1.0), FixedMultiplier(0.3)
    frozen, responsive = arena.select(bidder), replace(arena, frozen=False).select(bidder)
    assert frozen != responsive
    assert frozen == pytest.approx(responsive, rel=0.1)
    poor = arena.select(other)
    apart = [abs(frozen[task] - poor[task]) for task in TASKS]
    assert max(abs(frozen[task] - responsive[task]) for task in TASKS) < max(apart)


def test_results_are_always_of_opponents_that_respond(arena: Arena) -> None:
    bidder = FixedMultiplier(1.0)
    one, other = arena.test(bidder), replace(arena, frozen=False).test(bidder)
    for task in TASKS:
        assert one[task].metrics == other[task].metrics


def test_what_was_recorded_once_serves_again(arena: Arena) -> None:
    first = {f: arena.select(FixedMultiplier(f)) for f in (0.8, 1.2)}
    assert {f: replace(arena).select(FixedMultiplier(f)) for f in (1.2, 0.8)} == first
    assert {f: arena.select(FixedMultiplier(f)) for f in (1.2, 0.8)} == first


def test_auctionnets_rules_cannot_be_frozen(arena: Arena) -> None:
    assert not can_freeze(replace(arena.market, rules="auctionnet"))


def test_best_constant_is_the_best_of_its_grid_on_the_selection_episodes(arena: Arena) -> None:
    results, factors = arena.best_constant(progress=False)
    assert set(results) == set(factors) == set(TASKS)
    for task, factor in factors.items():
        chosen = arena.select(FixedMultiplier(factor))[task]
        assert chosen >= arena.select(FixedMultiplier(1.0))[task]


def test_a_contest_is_each_task_and_protocol_played_as_by_itself(arena: Arena) -> None:
    bidder, episodes = FixedMultiplier(0.9), arena.testing
    seats = [("bcb", "wide"), ("cpa_mcb", "paper"), ("bcb", "paper"), ("target_roas", "wide")]
    for frozen in (True, False):
        place = replace(arena, frozen=frozen)
        for bounds in (True, False):
            played = place.contest(bidder, seats, episodes, bounds=bounds)
            for (task, protocol), found in zip(seats, played, strict=True):
                alone = replace(place, protocol=protocol).play(
                    bidder, task, episodes, bounds=bounds, frozen=frozen
                )
                assert found.task == task
                assert found.metrics == alone.metrics
                assert (found.bounds is not None) == bounds


def test_a_contest_of_nothing_is_nothing(arena: Arena) -> None:
    assert arena.contest(FixedMultiplier(1.0), [], arena.selecting) == []


def test_a_contest_names_what_has_no_seats(arena: Arena, two: Arena) -> None:
    with pytest.raises(InvalidArgumentError, match="task"):
        two.contest(FixedMultiplier(1.0), [("target_roas", "paper")], two.selecting)
    with pytest.raises(InvalidArgumentError, match="protocol"):
        arena.contest(FixedMultiplier(1.0), [("bcb", "wdie")], arena.selecting)


def test_contests_share_what_the_opponents_bid(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    bidder, seats = FixedMultiplier(1.0), [("bcb", "wide")]
    first = arena.contest(bidder, seats, arena.testing)
    recorded = dict(arena._recordings)
    assert recorded
    again = arena.contest(bidder, seats, arena.testing)
    assert again[0].metrics == first[0].metrics
    assert all(arena._recordings[key] is of for key, of in recorded.items())
    assert replace(arena)._recordings == {}  # another arena's opponents may bid otherwise


@pytest.mark.parametrize("protocol", ["paper", "wide"])
def test_best_factors_are_those_of_the_selection_episodes(arena: Arena, protocol: str) -> None:
    place = replace(arena, protocol=protocol)
    best = place.best_factors()
    assert tuple(best) == place.tasks
    tried = {factor: place.select(FixedMultiplier(factor)) for factor in FACTORS}
    for task, factor in best.items():
        scores = {f: found[task] for f, found in tried.items()}
        assert factor in FACTORS
        assert scores[factor] == max(scores.values())
    elsewhere = replace(place, testing=(10_000,))
    assert elsewhere.best_factors() == best


def _bidder(arena: Arena, *tasks: str) -> PlannerBidder:
    """A planner that knows some tasks only, and need not be good at them."""
    data = make_trajectories({TASKS.index(task): 4 for task in tasks}, steps=arena.market.steps)
    config = toy_config(method="naive", steps=1)
    return train(data, config, progress=False).policy


@pytest.fixture
def two(arena: Arena) -> Arena:
    """Return an arena whose market has seats of two tasks."""
    terms = replace(arena.market.campaigns, task_shares={"bcb": 1, "cpa_mcb": 1})
    return replace(arena, market=replace(arena.market, campaigns=terms))


def test_tasks_are_those_with_seats(arena: Arena, two: Arena) -> None:
    assert arena.tasks == TASKS
    assert two.tasks == ("cpa_mcb", "bcb")
    assert replace(two, protocol="wide").tasks == TASKS


@pytest.mark.parametrize("tasks", [("bcb",), ("cpa_mcb", "target_roas")])
def test_a_planner_plays_the_tasks_it_knows(arena: Arena, tasks: tuple[str, ...]) -> None:
    bidder = _bidder(arena, *tasks)
    assert tuple(arena.test(bidder)) == tuple(arena.select(bidder)) == tasks
    assert tuple(arena.test(bidder, tasks[:1])) == tuple(arena.select(bidder, tasks[:1]))
    assert tuple(arena.test(bidder, tasks[:1])) == tasks[:1]
    chosen, _ = choose_requests(bidder, arena.select, (("quantile", (0.5,)),))
    assert set(chosen.requests) == set(tasks)


def test_a_planner_plays_the_tasks_that_have_seats(two: Arena) -> None:
    assert tuple(two.test(_bidder(two, "target_roas", "bcb"))) == ("bcb",)
    assert tuple(two.select(FixedMultiplier(1.0))) == two.tasks
    results, factors = two.best_constant(progress=False)
    assert tuple(results) == tuple(factors) == two.tasks


def test_nothing_to_play_is_named(two: Arena) -> None:
    bidder = _bidder(two, "target_roas")
    for play in (two.test, two.select):
        with pytest.raises(InvalidArgumentError, match="found 'target_roas'"):
            play(bidder)
    with pytest.raises(InvalidArgumentError, match="found 'none'"):
        two.test(FixedMultiplier(1.0), ())
    with pytest.raises(InvalidArgumentError, match="task"):
        two.test(bidder, ["target_roas"])
    assert tuple(replace(two, protocol="wide").test(bidder)) == ("target_roas",)
