"""The small linear programme of online bidding: exact, by the simplex method, compiled.

A mixture of M plays, shares x >= 0 that sum to at most 1, is to

    maximise    sum x value
    subject to  sum x cost   <= budget             (dual price: budget_price)
                sum x excess <= slack + overrun    (dual price: limit_price)

with an overrun >= 0 that is paid for at `overrun_price` a unit, so that there is a solution
whatever came before. Three rows, a few pivots: about a hundredth of a general solver's time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Float64Array = NDArray[np.float64]

_TOLERANCE = 1e-11
_ROWS = 3
# By then, steps of the largest gain may be going round in circles; the lowest index never does.
_PIVOTS_BEFORE_LOWEST_INDEX = 50
_MOST_PIVOTS = 10_000


class Solution(NamedTuple):
    """What the programme comes to.

    Attributes:
        objective: Value of the mixture, less what its overrun costs.
        budget_price: Objective a unit of budget, >= 0.
        limit_price: Objective a unit of slack, >= 0, at most the overrun's price.
    """

    objective: float
    budget_price: float
    limit_price: float


@njit(cache=True, nogil=True)
def solve_mixture(value, cost, excess, budget, slack, overrun_price):  # type: ignore[no-untyped-def]
    """Solve the programme.

    Args:
        value: (M,) float64.
        cost: (M,) >= 0.
        excess: (M,), of any sign.
        budget: >= 0.
        slack: Of any sign.
        overrun_price: > 0.

    Returns:
        `Solution`.
    """
    plays = value.size
    scales = np.empty(_ROWS)
    scales[0] = _largest(value)
    scales[1] = max(_largest(cost), budget)
    scales[2] = max(_largest(excess), abs(slack))
    for i in range(_ROWS):
        scales[i] = scales[i] if scales[i] > 0.0 else 1.0
    table, basis = _first_table(value, cost, excess, budget, slack, overrun_price, scales)
    for pivot in range(_MOST_PIVOTS):
        column = _entering(table, pivot > _PIVOTS_BEFORE_LOWEST_INDEX)
        if column < 0:
            break
        row = _leaving(table, basis, column)
        if row < 0:
            break
        _pivot(table, row, column)
        basis[row] = column
    objective = table[_ROWS, plays + 4] * scales[0]
    budget_price = max(0.0, table[_ROWS, plays]) * scales[0] / scales[1]
    limit_price = max(0.0, table[_ROWS, plays + 1]) * scales[0] / scales[2]
    return Solution(objective, budget_price, limit_price)


@njit(cache=True, nogil=True)
def _largest(row):  # type: ignore[no-untyped-def]
    largest = 0.0
    for x in row:
        largest = max(largest, abs(x))
    return largest


@njit(cache=True, nogil=True)
def _first_table(value, cost, excess, budget, slack, overrun_price, scales):  # type: ignore[no-untyped-def]
    """The tableau (4, M + 5) of a first solution, and its basic columns.

    Columns: plays, slacks of the budget, of the limit and of the shares, overrun, right-hand side.
    The last row holds what the objective lacks a unit of each column.
    """
    plays = value.size
    table, basis = np.zeros((_ROWS + 1, plays + 5)), np.empty(_ROWS, np.int64)
    for m in range(plays):
        table[0, m], table[1, m] = cost[m] / scales[1], excess[m] / scales[2]
        table[2, m], table[_ROWS, m] = 1.0, -value[m] / scales[0]
    table[0, plays] = table[1, plays + 1] = table[2, plays + 2] = 1.0
    table[0, plays + 4], table[1, plays + 4] = budget / scales[1], slack / scales[2]
    table[2, plays + 4] = 1.0
    table[1, plays + 3] = -1.0
    table[_ROWS, plays + 3] = overrun_price * scales[2] / scales[0]
    basis[0], basis[1], basis[2] = plays, plays + 1, plays + 2
    if slack < 0.0:
        table[1] = -table[1]
        table[_ROWS] -= table[_ROWS, plays + 3] * table[1]
        basis[1] = plays + 3
    return table, basis


@njit(cache=True, nogil=True)
def _entering(table, lowest_index):  # type: ignore[no-untyped-def]
    """The column to bring in: that of the largest gain, or of the lowest index; -1 for none."""
    best, found = -_TOLERANCE, -1
    for column in range(table.shape[1] - 1):
        if table[_ROWS, column] < best:
            best, found = table[_ROWS, column], column
            if lowest_index:
                break
    return found


@njit(cache=True, nogil=True)
def _leaving(table, basis, column):  # type: ignore[no-untyped-def]
    """The row that ends first as the column comes in; equal ones by the lowest basic column."""
    found, shortest = -1, np.inf
    for row in range(_ROWS):
        step = table[row, column]
        if step > _TOLERANCE:
            length = table[row, -1] / step
            if length < shortest or (length == shortest and basis[row] < basis[found]):
                found, shortest = row, length
    return found


@njit(cache=True, nogil=True)
def _pivot(table, row, column):  # type: ignore[no-untyped-def]
    table[row] /= table[row, column]
    for other in range(_ROWS + 1):
        if other != row and table[other, column] != 0.0:
            table[other] -= table[other, column] * table[row]
