"""Intervals where there is too little, or what does not fit; and corrected p-values."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auctionsim.errors import InvalidArgumentError, InvalidDataError
from tests.vao.reproduce.studies import hand_made, sides
from vao.reproduce.contrasts import change, drop, mean, share
from vao.reproduce.crossed import Crossed
from vao.reproduce.intervals import Drawing, corrected, estimate
from vao.reproduce.results import Results

QUICK = Drawing(draws=200)


@pytest.mark.parametrize("box", [[[1.0, 2.0, 3.0]], [[1.0], [2.0], [3.0]], [[1.0]]])
def test_one_seed_or_one_episode_gives_no_interval(box: list[list[float]]) -> None:
    results = hand_made({"a": box, "b": (2 * np.array(box)).tolist()})
    asked = {"m": mean("a", "bcb", "value"), "d": change("a", "b", "bcb", "value")}
    for found in estimate(sides(results, "a", "b"), asked, QUICK).values():
        assert math.isfinite(found.estimate)
        assert np.isnan([found.low, found.high, found.standard_error, found.p_value()]).all()
        assert found.unresampled


def test_a_baseline_of_nothing_leaves_delta_m_undefined() -> None:
    results = hand_made({"a": [[1.0, 2.0], [2.0, 3.0]], "b": [[0.0, 0.0], [0.0, 0.0]]})
    found = estimate(sides(results, "a", "b"), {"d": drop("a", "b", ("bcb",), "value")}, QUICK)["d"]
    assert not math.isfinite(found.estimate)
    assert math.isnan(found.low)


def test_a_baseline_of_next_to_nothing_has_a_wide_interval() -> None:
    results = hand_made({"a": [[1.0, 2.0], [2.0, 3.0]], "b": [[0.0, 0.0], [0.0, 1.0]]})
    found = estimate(sides(results, "a", "b"), {"d": share("a", "b", "bcb", "value")}, QUICK)["d"]
    assert found.estimate == pytest.approx(800.0)
    assert found.low < 0.0 < 800.0 < found.high < math.inf


def test_what_did_not_play_the_same_is_refused() -> None:
    asked = {"d": change("a", "b", "bcb", "value")}
    a = hand_made({"a": [[1.0, 2.0]] * 2})
    for b in (hand_made({"b": [[1.0]] * 2}), hand_made({"b": [[1.0, 2.0]] * 2}, seats=[1, 2])):
        with pytest.raises(InvalidDataError, match=r"must be the same \(episode, seats\) for"):
            estimate(sides(Results.join([a, b]), "a", "b"), asked, QUICK)


def test_unknown_names_are_refused() -> None:
    pair = sides(hand_made({"a": [[1.0, 2.0]] * 2}), "a")
    with pytest.raises(InvalidArgumentError, match="entrant of a contrast"):
        estimate(pair, {"d": change("a", "b", "bcb", "value")}, QUICK)
    with pytest.raises(InvalidArgumentError, match="metric"):
        estimate(pair, {"d": mean("a", "bcb", "score")}, QUICK)
    with pytest.raises(InvalidArgumentError, match="task of a"):
        estimate(pair, {"d": mean("a", "cpa_mcb", "value")}, QUICK)
    with pytest.raises(InvalidArgumentError, match="`row` must be one of a; found 'b'"):
        Crossed.of(hand_made({"a": [[1.0]]}), "b", "wide")


def test_an_entrant_with_odd_seeds_or_seats_is_refused() -> None:
    two = hand_made({"a": [[1.0, 2.0]] * 2})
    with pytest.raises(InvalidDataError, match="must be one for a, which does not learn"):
        Crossed.of(two, "a", "wide", learns=False)
    other_task = hand_made({"a": [[1.0, 2.0]]}, task="cpa_mcb")
    with pytest.raises(InvalidDataError, match="those of its other tasks for a in cpa_mcb"):
        Crossed.of(Results.join([two, other_task]), "a", "wide")
    uneven = [hand_made({"a": [[1.0, 2.0]]}, seats=n, seeds=(n,)) for n in (1, 2)]
    with pytest.raises(InvalidDataError, match="must not depend on the seed for a in bcb"):
        Crossed.of(Results.join(uneven), "a", "wide")


def test_holm_against_an_example_done_by_hand() -> None:
    # Sorted 0.01, 0.03, 0.04: times 3, 2, 1 gives 0.03, 0.06, 0.04, and the last is raised.
    found = corrected({"b": 0.04, "a": 0.01, "none": math.nan, "c": 0.03})
    assert list(found) == ["b", "a", "none", "c"]
    assert (found["a"], found["c"], found["b"]) == pytest.approx((0.03, 0.06, 0.06))
    assert math.isnan(found["none"])
    assert corrected({}) == {}


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=12))
def test_holm_against_its_definition(p_values: list[float]) -> None:
    """Each is the least level at which step-down rejects it: max over those not above it."""
    found = corrected({str(i): p for i, p in enumerate(p_values)})
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    for rank, i in enumerate(order):
        raised = [min(1.0, (len(order) - k) * p_values[order[k]]) for k in range(rank + 1)]
        assert found[str(i)] == pytest.approx(max(raised))
