from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auctionsim.report.auc import GroupedRanks, block_wins, bootstrap_auc, shuffled_within


def plain_auc(scores: np.ndarray, positive: np.ndarray) -> float:
    pairs = [(p > n) + (p == n) / 2 for p in scores[positive] for n in scores[~positive]]
    return float(np.mean(pairs))


@given(st.data())
def test_the_area_counts_pairs_and_half_of_ties(data: st.DataObject) -> None:
    units = data.draw(st.integers(2, 8))
    labels = np.array(data.draw(st.lists(st.booleans(), min_size=units, max_size=units)))
    extra = data.draw(st.lists(st.integers(0, units - 1), max_size=10))
    unit = np.array([*range(units), *extra])
    scores = np.array(
        data.draw(st.lists(st.integers(0, 3), min_size=len(unit), max_size=len(unit))), np.float64
    )
    found = float(GroupedRanks(scores, unit, units).auc(labels))
    if labels.all() or not labels.any():
        assert np.isnan(found)
    else:
        assert found == pytest.approx(plain_auc(scores, labels[unit]))


@given(st.integers(0, 2**32 - 1))
def test_wins_of_blocks_add_up_to_the_area(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores, block = rng.integers(0, 4, 30).astype(np.float64), rng.integers(0, 5, 30)
    positive = np.arange(30) % 3 == 0
    wins, up, down = block_wins(scores, positive, block, 5)
    assert wins.sum() / (up.sum() * down.sum()) == pytest.approx(plain_auc(scores, positive))
    first = plain_auc(scores, positive) * up.sum() * down.sum()
    assert wins.sum() == pytest.approx(first)
    assert wins[:, 2].sum() == pytest.approx(
        sum(
            (p > n) + (p == n) / 2
            for p in scores[positive]
            for n in scores[~positive & (block == 2)]
        )
    )


def test_shuffles_stay_within_blocks_and_differ() -> None:
    block = np.array([0, 1, 0, 1, 0, 1, 1, 0, 2])
    labels = np.array([1, 0, 0, 0, 1, 1, 0, 0, 1], np.bool_)
    found = shuffled_within(labels, block, 200, np.random.default_rng(0))
    for name in range(3):
        own = found[:, block == name]
        assert (own.sum(axis=1) == labels[block == name].sum()).all()
    # 6 ways in block 0, 4 in block 1, 1 in block 2.
    assert len(np.unique(found, axis=0)) == 24


def test_the_bootstrap_is_narrow_where_blocks_agree_and_wide_where_they_do_not() -> None:
    rng = np.random.default_rng(0)
    block = np.repeat(np.arange(20), 10)
    positive = np.tile(np.arange(10) < 5, 20)
    even = positive + rng.normal(size=200)
    split = np.where(block < 10, 1, -1) * (2.0 * positive - 1) + rng.normal(size=200)
    spread = [np.ptp(bootstrap_auc(s, positive, block, 300, rng)) for s in (even, split)]
    assert spread[1] > 1.5 * spread[0]


def test_a_bootstrap_of_one_label_has_no_areas() -> None:
    one = bootstrap_auc(
        np.zeros(3), np.ones(3, np.bool_), np.arange(3), 10, np.random.default_rng(0)
    )
    assert one.size == 0
