"""The experiment core: which episodes serve which purpose, and what delta-m compares."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from agents.fixed import FixedMultiplier
from auctionsim.dataset import Dataset, Trajectories, convert_log
from auctionsim.errors import InvalidArgumentError, InvalidDataError
from auctionsim.evaluation import summarise
from auctionsim.tasks import TASKS
from tests.vao.conftest import EPISODES
from tests.vao.factories import make_trajectories, tiny_config
from vao import PlannerBidder, Request, train
from vao.experiment import Arena, TaskResults, delta_of, expected_score, fit
from vao.quickstart import QuickstartResult
from vao.selection import QUANTILES, RATIOS, choose_requests
from vao.sharing import TRAINING_COLUMNS

LOG = Path(__file__).resolve().parents[2] / "examples" / "logs" / "period-1.parquet"


@pytest.fixture
def arena(demonstration: tuple[Path, QuickstartResult]) -> Arena:
    """Return the arena of the demonstration's dataset."""
    return Arena.of(Dataset.open(demonstration[0] / "out" / "dataset"))


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


def test_selection_goes_by_scores_of_expected_values(arena: Arena) -> None:
    bidder = FixedMultiplier(1.0)
    for task, score in arena.select(bidder).items():
        played = arena.play(bidder, task, arena.selecting).trajectories
        assert score == expected_score(played)
        assert score == pytest.approx(played.totals(expected=True).score_strict.mean())


def test_best_constant_is_the_best_of_its_grid_on_the_selection_episodes(arena: Arena) -> None:
    results, factors = arena.best_constant(progress=False)
    assert set(results) == set(factors) == set(TASKS)
    for task, factor in factors.items():
        chosen = arena.select(FixedMultiplier(factor))[task]
        assert chosen >= arena.select(FixedMultiplier(1.0))[task]


def _bidder(arena: Arena, *tasks: str) -> PlannerBidder:
    """A planner that knows some tasks only, and need not be good at them."""
    data = make_trajectories({TASKS.index(task): 4 for task in tasks}, steps=arena.market.steps)
    config = tiny_config(method="naive", steps=1, inverse_steps=1)
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
    chosen, _ = choose_requests(bidder, arena.select, quantiles=(0.5,), ratios=(1.0,))
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


def test_fit_without_an_arena_keeps_the_configs_request(arena: Arena, tmp_path: Path) -> None:
    convert_log(LOG, tmp_path / "log", progress=False)
    config = tiny_config(method="none", steps=2, inverse_steps=2)
    policy, history, trials = fit(Dataset.open(tmp_path / "log"), config, None, progress=False)
    assert policy.tasks == ("cpa_mcb",)
    assert policy.requests == {"cpa_mcb": Request(config.quantile, config.ratio)}
    assert trials == []
    assert not [entry for entry in history if entry["kind"] == "select"]


def test_fit_reads_only_what_training_needs(
    demonstration: tuple[Path, QuickstartResult], arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: dict[str, object] = {}
    load = Dataset.load

    def watched(self: Dataset, split: str, columns: Iterable[str] | None = None) -> Trajectories:
        read[split] = columns
        return load(self, split, columns)

    monkeypatch.setattr(Dataset, "load", watched)
    dataset = Dataset.open(demonstration[0] / "out" / "dataset")
    config = tiny_config(method="vao", steps=2, inverse_steps=2)
    policy, _, trials = fit(dataset, config, arena, progress=False)
    assert read == {"train": TRAINING_COLUMNS, "val_align": TRAINING_COLUMNS}
    assert [trial.request for trial in trials] == [Request(q, r) for q in QUANTILES for r in RATIOS]
    assert policy.tasks == TASKS


def _scaled(results: TaskResults, factor: float) -> TaskResults:
    scaled = {}
    for task, result in results.items():
        metrics = {name: value * factor for name, value in result.metrics.items()}
        scaled[task] = replace(result, metrics=metrics)
    return scaled


def test_delta_is_minus_the_mean_relative_gain(arena: Arena) -> None:
    base = {
        task: summarise(task, arena.play(FixedMultiplier(1.0), task, arena.testing).trajectories)
        for task in TASKS
    }
    base = {
        t: replace(r, metrics=r.metrics | {"value": 5.0, "score_strict": 4.0})
        for t, r in base.items()
    }
    assert delta_of(base, base) == 0.0
    assert delta_of(_scaled(base, 1.25), base) == pytest.approx(-25.0)
    assert delta_of(_scaled(base, 0.5), base, score="value") == pytest.approx(50.0)
