"""Variants of data: what is left out or spoilt, and all the rest that stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from auctionsim.dataset import Trajectories
from auctionsim.errors import InvalidArgumentError
from auctionsim.tasks import BCB, CPA_MCB, TASKS, task_code
from tests.vao.factories import make_trajectories
from vao.reproduce.variants import DataVariant

SPLITS = ("train", "val_align", "val_select", "test")
EPISODES = 5


def _data(seed: int = 0, counts: Mapping[int, int] | None = None) -> Trajectories:
    """Trajectories of some tasks, spread over episodes that do not begin at 0."""
    made = make_trajectories(counts or {0: 8, 1: 12, 2: 30}, seed)
    arrays = dict(made.arrays())
    arrays["episode"] = (40 + np.arange(len(made)) % EPISODES).astype(np.int32)
    return Trajectories.partial(arrays)


DATA = _data()


def _same(one: Trajectories, other: Trajectories, but: tuple[str, ...] = ()) -> bool:
    left, right = one.arrays(), other.arrays()
    assert set(left) == set(right)
    return all(
        np.array_equal(left[n], right[n], equal_nan=left[n].dtype.kind == "f")
        for n in left
        if n not in but
    )


def _returns(data: Trajectories) -> NDArray[np.float64]:
    total: NDArray[np.float64] = data.expected_value.sum(axis=1, dtype=np.float64)
    return total / data.budget


@pytest.mark.parametrize("split", SPLITS)
def test_nothing_varied_is_nothing_changed(split: str) -> None:
    assert _same(DataVariant()(split, DATA), DATA)


@pytest.mark.parametrize("split", ["test", "val_select"])
def test_what_is_chosen_and_tested_on_is_never_touched(split: str) -> None:
    variant = DataVariant(episodes={"bcb": 1}, held_out=1, spoilt="bcb")
    assert _same(variant(split, DATA), DATA)


@pytest.mark.parametrize("count", [1, 3, EPISODES])
def test_fewer_episodes_are_whole_ones_of_that_task_alone(count: int) -> None:
    found = DataVariant(episodes={"cpa_mcb": count})("train", DATA)
    days = np.unique(found.episode[found.task == CPA_MCB])
    assert len(days) == count
    mine = DATA.task == CPA_MCB
    kept = np.flatnonzero(~mine | np.isin(DATA.episode, days))
    assert _same(found, DATA.take(kept))


def _days(count: int, seed: int) -> set[int]:
    found = DataVariant(episodes={"cpa_mcb": count})("train", DATA, seed)
    return set(found.episode[found.task == CPA_MCB].tolist())


def test_each_seed_draws_its_own_and_more_hold_what_fewer_held() -> None:
    assert len({frozenset(_days(2, seed)) for seed in range(20)}) > 5
    for seed in range(5):
        assert _days(1, seed) < _days(3, seed) < _days(EPISODES, seed)
        assert _days(3, seed) == _days(3, seed)
    # Another task's days are drawn apart.
    both = DataVariant(episodes={"cpa_mcb": 2, "bcb": 2})
    apart = [
        set(found.episode[found.task == CPA_MCB].tolist())
        != set(found.episode[found.task == BCB].tolist())
        for found in (both("train", DATA, seed) for seed in range(10))
    ]
    assert any(apart)


def test_fewer_episodes_of_several_tasks() -> None:
    found = DataVariant(episodes={"cpa_mcb": 1, "bcb": 2})("train", DATA)
    counts = {t: len(np.unique(found.episode[found.task == task_code(t)])) for t in TASKS}
    assert counts == {"cpa_mcb": 1, "target_roas": EPISODES, "bcb": 2}


def test_fewer_episodes_leave_the_held_out_data_alone() -> None:
    assert _same(DataVariant(episodes={"cpa_mcb": 1})("val_align", DATA), DATA)


@given(st.integers(1, 8), st.integers(0, 20), st.integers(0, 20))
def test_as_many_are_held_out_as_asked_for(count: int, of: int, seed: int) -> None:
    data = _data(of)
    found = DataVariant(held_out=count)("val_align", data, seed)
    assert [int(np.sum(found.task == task)) for task in range(3)] == [count] * 3
    places = np.flatnonzero(np.isin(data.advertiser, found.advertiser))
    assert len(places) == 3 * count  # each once, and in the order in which they were
    assert _same(found, data.take(places))
    more = DataVariant(held_out=8)("val_align", data, seed)
    assert set(found.advertiser.tolist()) <= set(more.advertiser.tolist())


def test_each_seed_holds_others_out() -> None:
    drawn = {DataVariant(held_out=1)("val_align", DATA, seed).advertiser[-1] for seed in range(20)}
    assert len(drawn) > 5


def test_fewer_held_out_are_no_fewer_to_train_on() -> None:
    assert _same(DataVariant(held_out=1)("train", DATA), DATA)


@settings(max_examples=25)
@given(st.integers(0, 1000), st.sampled_from(TASKS))
def test_reversed_labels_give_the_best_the_worst(seed: int, task: str) -> None:
    data = _data(seed)
    found = DataVariant(spoilt=task)("train", data)
    mine = data.task == task_code(task)
    assert _same(found, data, but=("expected_value", "expected_conversions"))
    before, after = _returns(data), _returns(found)
    assert np.array_equal(after[~mine], before[~mine])
    # The same labels, each where its mirror image was.
    np.testing.assert_allclose(np.sort(after[mine]), np.sort(before[mine]), rtol=1e-5)
    order = np.argsort(before[mine])
    np.testing.assert_allclose(after[mine][order], before[mine][order][::-1], rtol=1e-5)


def test_reversed_labels_keep_the_shape_of_the_day_and_the_ratio_to_conversions() -> None:
    found = DataVariant(spoilt="bcb")("train", DATA)
    mine = DATA.task == BCB
    factor = _returns(found)[mine] / _returns(DATA)[mine]
    for name in ("expected_value", "expected_conversions"):
        was, now = getattr(DATA, name)[mine], getattr(found, name)[mine]
        assert now.dtype == was.dtype
        np.testing.assert_allclose(now, was * factor[:, None], rtol=1e-5)


def test_reversing_leaves_the_data_that_it_was_given_as_they_were() -> None:
    data, copy = _data(), _data()
    DataVariant(spoilt="bcb")("train", data)
    assert _same(data, copy)


def test_reversing_leaves_trajectories_without_returns_at_nothing() -> None:
    arrays = dict(_data().arrays())
    value = np.array(arrays["expected_value"])
    lost = np.flatnonzero(arrays["task"] == BCB)[:3]
    value[lost] = 0.0
    data = Trajectories.partial(arrays | {"expected_value": value})
    found = DataVariant(spoilt="bcb")("train", data)
    assert np.all(found.expected_value[lost] == 0.0)
    assert np.isfinite(found.expected_value).all()
    rest = np.setdiff1d(np.flatnonzero(data.task == BCB), lost)
    np.testing.assert_allclose(
        np.sort(_returns(found)[rest]), np.sort(_returns(data)[rest]), rtol=1e-5
    )


def test_the_fewer_episodes_are_those_whose_labels_are_reversed() -> None:
    both = DataVariant(episodes={"bcb": 2}, spoilt="bcb")("train", DATA)
    fewer = DataVariant(episodes={"bcb": 2})("train", DATA)
    assert _same(both, DataVariant(spoilt="bcb")("train", fewer))
    assert not _same(both, fewer)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"episodes": {"bcbb": 1}}, "Did you mean 'bcb'"),
        ({"spoilt": "bcbb"}, "Did you mean 'bcb'"),
        ({"episodes": {"bcb": 0}}, r"`episodes.bcb` must be >= 1"),
        ({"held_out": -1}, "`held_out` must be >= 0"),
    ],
)
def test_mistakes_are_named(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidArgumentError, match=named):
        DataVariant(**changes)


def test_more_than_there_is_cannot_be_kept() -> None:
    with pytest.raises(InvalidArgumentError, match=r"`episodes.bcb` must be <= 5.*found 6"):
        DataVariant(episodes={"bcb": EPISODES + 1})("train", DATA)
    with pytest.raises(InvalidArgumentError, match=r"`held_out` must be <= 8.*cpa_mcb.*found 9"):
        DataVariant(held_out=9)("val_align", DATA)
    none = DATA.take(np.flatnonzero(DATA.task != CPA_MCB))
    with pytest.raises(InvalidArgumentError, match=r"episodes.cpa_mcb"):
        DataVariant(episodes={"cpa_mcb": 1})("train", none)
