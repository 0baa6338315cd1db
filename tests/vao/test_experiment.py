"""The experiment core: which episodes serve which purpose, and what delta-m compares."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agents.fixed import FixedMultiplier
from auctionsim.dataset import Dataset, convert_log
from auctionsim.errors import InvalidDataError
from auctionsim.evaluation import summarise
from auctionsim.tasks import TASKS
from tests.vao.conftest import EPISODES
from vao.experiment import Arena, TaskResults, delta_of, expected_score
from vao.quickstart import QuickstartResult

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
