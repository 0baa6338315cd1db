"""Response curves against opportunity by opportunity bidding."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auctionsim.errors import InvalidArgumentError
from auctionsim.hindsight import SeatDay, response_curve
from tests.auctionsim.hindsight.days import days, random_day

GRID = np.concatenate(([0.0], np.geomspace(1.0, 3000.0, 40)))


def bought(day: SeatDay, multiplier: float) -> list[float]:
    sums = [0.0, 0.0, 0.0]
    for j in range(day.value.size):
        bid = multiplier * float(day.value[j])
        for price, look in zip(day.price[:, j], day.exposure, strict=True):
            if bid > 0.0 and bid >= price:
                sums[0] += float(look) * float(price)
                sums[1] += float(look) * float(day.worth[j])
                sums[2] += float(look) * float(day.chance[j])
                break
    return sums


@given(days(most=30), st.integers(0, 40))
def test_curve_is_what_bids_buy(day: SeatDay, first: int) -> None:
    grid = GRID[first:]
    curve = response_curve(day.value, day.worth, day.chance, day.price, day.exposure, grid)
    np.testing.assert_allclose(
        np.array(curve).T, [bought(day, a) for a in grid], rtol=1e-12, atol=1e-12
    )


def test_free_slot_is_bought_by_any_bid_but_none() -> None:
    one = np.ones(1)
    cost, value, credit = response_curve(one, one, 2 * one, np.zeros((1, 1)), one, [0.0, 1e-9])
    assert (cost.tolist(), value.tolist(), credit.tolist()) == ([0, 0], [0, 1], [0, 2])


def test_nothing_offered_buys_nothing() -> None:
    none = np.zeros(0)
    for sums in response_curve(none, none, none, np.zeros((3, 0)), np.ones(3), GRID):
        assert sums.tolist() == [0.0] * GRID.size


@pytest.mark.parametrize("grid", [[], [2.0, 1.0], [1.0, 1.0], [-1.0, 1.0], [1.0, np.nan], [np.inf]])
def test_grids_that_do_not_rise_are_refused(grid: list[float]) -> None:
    day = random_day(0)
    with pytest.raises(InvalidArgumentError, match="multipliers"):
        response_curve(day.value, day.worth, day.chance, day.price, day.exposure, grid)


@pytest.mark.parametrize("name", ["value", "worth", "credit", "price", "exposure"])
def test_shapes_that_do_not_fit_are_refused(name: str) -> None:
    day = random_day(0)
    arrays = {"value": day.value, "worth": day.worth, "credit": day.chance, "price": day.price}
    arrays |= {"exposure": day.exposure.astype(np.float32), "multipliers": GRID.astype(np.float32)}
    arrays[name] = arrays[name][None]
    with pytest.raises(InvalidArgumentError, match=name):
        response_curve(**arrays)
