"""Trajectories divided into tasks: how many, how large, and where held-out ones belong."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auctionsim.dataset import Trajectories
from auctionsim.errors import InvalidArgumentError, InvalidDataError
from auctionsim.tasks import BCB, CPA_MCB, TARGET_ROAS
from tests.vao.factories import make_trajectories
from vao.dividing import Division, tightness

COUNTS = {CPA_MCB: 60, TARGET_ROAS: 90, BCB: 450}
DATA = make_trajectories(COUNTS, steps=2)
WANTED = (3, 8, 16, 32, 64, 128)


def _with(data: Trajectories, **changes: Any) -> Trajectories:
    return replace(data, **{name: np.asarray(v) for name, v in changes.items()})


def _sizes(division: Division, data: Trajectories) -> list[int]:
    counts = np.bincount(division.assign(data), minlength=len(division.groups))
    sizes: list[int] = counts.tolist()
    return sizes


@pytest.mark.parametrize("groups", WANTED)
def test_there_are_as_many_groups_as_asked_for_and_none_is_small(groups: int) -> None:
    division = Division.fit(DATA, groups, least=4)
    sizes = _sizes(division, DATA)
    assert len(sizes) == groups == len(set(division.names))
    assert min(sizes) >= 4
    assert sum(sizes) == len(DATA)


@pytest.mark.parametrize("groups", WANTED)
def test_groups_are_of_one_kind_category_and_range(groups: int) -> None:
    division = Division.fit(DATA, groups, least=4)
    places, found = division.assign(DATA), tightness(DATA)
    for place, group in enumerate(division.groups):
        mine = places == place
        assert (DATA.task[mine] == group.task).all()
        assert ((found[mine] >= group.low) & (found[mine] < group.high)).all()
        if group.category is not None:
            assert (DATA.category[mine] == group.category).all()


def test_names_say_what_is_in_a_group() -> None:
    assert Division.fit(DATA, 3).names == ("cpa_mcb", "target_roas", "bcb")
    names = Division.fit(DATA, 4).names
    assert names == ("cpa_mcb", "target_roas", "bcb, budget 1/2", "bcb, budget 2/2")
    assert Division.fit(DATA, 5).names[2:] == tuple(f"bcb, category {c}" for c in range(3))
    names = Division.fit(DATA, 24, least=4).names
    assert names[:3] == tuple(f"cpa_mcb, category {c}" for c in range(3))
    assert "target_roas, category 2, ROAS target 1/2" in names
    assert names[-1] == "bcb, category 2, budget 6/6"
    assert "cpa_mcb, CPA target 1/2" in Division.fit(DATA, 20, least=4).names


def test_says_which_numbers_of_groups_ties_leave_out() -> None:
    """One budget for all: a group, or three by category, but not two."""
    data = _with(DATA.take(np.flatnonzero(DATA.task == BCB)), budget=np.full(450, 9.0, np.float32))
    assert [len(Division.fit(data, groups).groups) for groups in (1, 3)] == [1, 3]
    with pytest.raises(InvalidArgumentError, match="at most 1 groups, or 3"):
        Division.fit(data, 2)


def test_the_largest_groups_are_divided_first() -> None:
    for groups in range(3, 40):
        sizes = _sizes(Division.fit(DATA, groups, least=4), DATA)
        assert max(sizes) <= 450 / (groups - 2) * 2.2


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.integers(3, 40))
def test_the_order_of_trajectories_does_not_matter(seed: int, groups: int) -> None:
    shuffled = DATA.take(np.random.default_rng(seed).permutation(len(DATA)))
    assert Division.fit(shuffled, groups, 4) == Division.fit(DATA, groups, 4)


def test_held_out_trajectories_find_their_group_even_beyond_the_ends() -> None:
    division = Division.fit(DATA, 16, least=4)
    bcb = DATA.take(np.flatnonzero(DATA.task == BCB))
    for budget, end in ((1e-3, -math.inf), (1e6, math.inf)):
        held_out = _with(bcb, budget=np.full(len(bcb), budget, np.float32))
        groups = [division.groups[place] for place in division.assign(held_out)]
        assert all(end in (group.low, group.high) for group in groups)


def test_equal_budgets_stay_together() -> None:
    budget = np.where(DATA.task == BCB, 5.0 + np.arange(len(DATA)) % 2, DATA.budget)
    data = _with(DATA, budget=budget.astype(np.float32), category=np.zeros(len(DATA), np.int16))
    assert Division.fit(data, 4).names[2:] == ("bcb, budget 1/2", "bcb, budget 2/2")
    sizes = _sizes(Division.fit(data, 4), data)
    assert sorted(sizes[2:]) == sorted([int((budget[data.task == BCB] == b).sum()) for b in (5, 6)])
    most = Division.fit(data, 5, least=10)
    assert sum(group.task == BCB for group in most.groups) == 2


def test_a_category_too_small_for_a_group_is_not_told_apart() -> None:
    category = np.where(np.arange(len(DATA)) % 100 == 0, 2, 1).astype(np.int16)
    division = Division.fit(_with(DATA, category=category), 12, least=10)
    assert all(group.category is None for group in division.groups)


def test_one_kind_alone_can_be_divided() -> None:
    own = DATA.take(np.flatnonzero(DATA.task == TARGET_ROAS))
    assert len(Division.fit(own, 5, least=4).groups) == 5


@pytest.mark.parametrize("groups", [0, 2, -1, True, 3.0, 10_000])
def test_refuses_numbers_of_groups_that_cannot_be(groups: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="groups"):
        Division.fit(DATA, groups)


@pytest.mark.parametrize("least", [0, -3, True, 61])
def test_refuses_sizes_that_cannot_be(least: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="least"):
        Division.fit(DATA, 3, least)


def test_refuses_no_trajectories() -> None:
    with pytest.raises(InvalidArgumentError, match="groups"):
        Division.fit(DATA.take([]), 3)


def test_all_that_is_said_to_be_possible_is() -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        Division.fit(DATA, 10_000)
    most = int(str(caught.value).partition("<= ")[2].partition(",")[0])
    assert len(Division.fit(DATA, most).groups) == most
    with pytest.raises(InvalidArgumentError):
        Division.fit(DATA, most + 1)


@pytest.mark.parametrize(
    ("task", "column"), [(CPA_MCB, "cpa_target"), (TARGET_ROAS, "roas_target"), (BCB, "budget")]
)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_refuses_targets_that_are_no_numbers(task: int, column: str, value: float) -> None:
    wrong = np.where(DATA.task == task, np.float32(value), getattr(DATA, column))
    division = Division.fit(DATA, 8)
    for use in (lambda data: Division.fit(data, 8), division.assign):
        with pytest.raises(InvalidDataError, match=column):
            use(_with(DATA, **{column: wrong.astype(np.float32)}))


def test_refuses_what_training_data_lacked() -> None:
    division = Division.fit(DATA, 32, least=4)
    other = _with(DATA, category=np.full(len(DATA), 7, np.int16))
    with pytest.raises(InvalidDataError, match="category 7"):
        division.assign(other)
    two = Division.fit(DATA.take(np.flatnonzero(DATA.task != BCB)), 2)
    with pytest.raises(InvalidDataError, match="bcb"):
        two.assign(DATA)
