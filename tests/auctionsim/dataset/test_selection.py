"""Choosing trajectories by task, bidder and quality."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auctionsim.dataset import Dataset, Selection, Trajectories, quality, select
from auctionsim.errors import InvalidArgumentError
from auctionsim.tasks import TASKS
from tests.auctionsim.dataset.samples import make_dataset, make_trajectories


def reference_quality(trajectories: Trajectories) -> list[float]:
    """One by one: the share that scores less, plus half of the share that scores the same."""
    scores = trajectories.totals(expected=True).score_strict.tolist()
    tasks = trajectories.task.tolist()
    places = []
    for score, task in zip(scores, tasks, strict=True):
        peers = [s for s, t in zip(scores, tasks, strict=True) if t == task]
        less, same = sum(s < score for s in peers), sum(s == score for s in peers)
        places.append((less + same / 2) / len(peers))
    return places


@given(st.integers(0, 40), st.integers(0, 5), st.booleans())
def test_quality_agrees_with_counting(rows: int, seed: int, equal: bool) -> None:
    trajectories = make_trajectories(rows, seed=seed)
    if equal:
        trajectories.expected_value[: rows // 2] = 0.0  # whose Score is 0
    found = quality(trajectories)
    np.testing.assert_allclose(found, reference_quality(trajectories))
    assert np.all((found > 0.0) & (found < 1.0))


@given(st.integers(1, 40), st.lists(st.floats(0.01, 0.99), max_size=3, unique=True))
def test_ranges_side_by_side_part_the_trajectories(rows: int, cuts: list[float]) -> None:
    trajectories = make_trajectories(rows)
    edges = [0.0, *sorted(cuts), 1.0]
    parts = [select(trajectories, quality=pair) for pair in itertools.pairwise(edges)]
    assert sorted(np.concatenate(parts).tolist()) == list(range(rows))


def test_the_best_tenth_is_a_tenth_of_each_task_and_its_best() -> None:
    trajectories = make_trajectories(90)
    scores = trajectories.totals(expected=True).score_strict
    best = select(trajectories, quality=(0.9, 1.0))
    assert best.size == 9
    for code in range(len(TASKS)):
        chosen = best[trajectories.task[best] == code]
        others = np.setdiff1d(np.flatnonzero(trajectories.task == code), chosen)
        assert chosen.size == 3
        assert scores[chosen].min() > scores[others].max()


def test_a_broken_limit_lowers_quality() -> None:
    trajectories = make_trajectories(6)
    first, second = np.flatnonzero(trajectories.task == 0)
    for column in ("cost", "expected_value", "expected_conversions"):
        getattr(trajectories, column)[second] = getattr(trajectories, column)[first]
    trajectories.cpa_target[[first, second]] = [0.01, 100.0]
    assert quality(trajectories)[first] < quality(trajectories)[second]


def test_conditions_are_met_together_and_places_taken_among_all() -> None:
    trajectories = make_trajectories(90)
    found = select(trajectories, tasks=["bcb"], bidders=["pid"], quality=(0.5, 1.0))
    wanted = (
        (trajectories.task == 2)
        & (trajectories.bidder == "pid")
        & (np.array(reference_quality(trajectories)) >= 0.5)
    )
    np.testing.assert_array_equal(found, np.flatnonzero(wanted))
    assert 0 < found.size < 15


def test_without_conditions_all_are_chosen() -> None:
    np.testing.assert_array_equal(select(make_trajectories(5)), np.arange(5))
    assert select(make_trajectories(5), tasks=[]).size == 0
    assert select(make_trajectories(0), bidders=["pid"]).size == 0


def test_loaded_and_mapped_trajectories_give_the_same(tmp_path: Path) -> None:
    make_dataset(tmp_path / "data")
    dataset = Dataset.open(tmp_path / "data")
    wanted = Selection(bidders=["pid"], quality=(0.3, 1.0))
    columns = wanted.columns
    loaded, mapped = (read("train", columns=columns) for read in (dataset.load, dataset.map))
    np.testing.assert_array_equal(wanted.indices(loaded), wanted.indices(mapped))


def test_quality_says_which_column_it_lacks(tmp_path: Path) -> None:
    make_dataset(tmp_path / "data")
    loaded = Dataset.open(tmp_path / "data").load("train", columns=["state"])
    with pytest.raises(AttributeError, match="was not loaded"):
        select(loaded, quality=(0.5, 1.0))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tasks": ["bcv"]}, "Did you mean 'bcb'"),
        ({"tasks": "bcb"}, "`tasks` must be names, as texts; found 'bcb'"),
        ({"tasks": [2]}, "`tasks` must be names, as texts; found 'a int'"),
        ({"tasks": 2}, "`tasks` must be names"),
        ({"bidders": ["pit"]}, "Did you mean 'pid'"),
        ({"bidders": "pid"}, "`bidders` must be names"),
        ({"quality": (0.9, 0.1)}, "0 <= lowest < highest <= 1; found '0.9, 0.1'"),
        ({"quality": (0.5, 0.5)}, "0 <= lowest < highest"),
        ({"quality": (-0.1, 0.5)}, "0 <= lowest"),
        ({"quality": (0.5, 1.1)}, "highest <= 1"),
        ({"quality": (float("nan"), 1.0)}, "`quality` must be two numbers"),
        ({"quality": (0.5,)}, "`quality` must be two numbers"),
        ({"quality": 0.5}, "`quality` must be two numbers"),
        ({"quality": ("low", "high")}, "`quality` must be two numbers"),
    ],
)
def test_what_is_no_condition_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        select(make_trajectories(6), **arguments)
