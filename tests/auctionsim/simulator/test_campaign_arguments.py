"""Campaigns and bids given from outside: which forms are welcome, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from auctionsim.campaigns import Campaigns
from auctionsim.simulator import Simulation, StepOutcome, market_campaigns, with_tasks
from auctionsim.simulator.outcome import OUTCOME_ARRAYS
from auctionsim.tasks import CPA_MCB, TARGET_ROAS
from tests.auctionsim.simulator.comparing import assert_same_outcome
from tests.auctionsim.worlds import WORLD

ARRAYS = [f.name for f in fields(Campaigns) if f.name != "steps"]


def _campaigns() -> Campaigns:
    own = market_campaigns(WORLD, [2**64 - 1])
    tasks = np.where(np.arange(len(own)) % 2, CPA_MCB, TARGET_ROAS).astype(np.int8)
    budget = np.arange(len(own), dtype=np.float64) + 1.0
    return replace(with_tasks(WORLD, own, tasks), budget=budget)


def _played(campaigns: Campaigns) -> tuple[Campaigns, StepOutcome]:
    simulation = Simulation(WORLD, [0], campaigns=campaigns)
    return simulation.campaigns, simulation.step(np.full(len(campaigns), 90.0))


FORMS: dict[str, Callable[[Any], Any]] = {
    "list": lambda column: column.tolist(),
    "tuple": tuple,
    "strided": lambda column: np.repeat(column, 2)[::2],
    "reversed": lambda column: column[::-1].copy()[::-1],
    "read-only": lambda column: np.broadcast_to(column, column.shape),
    "other byte order": lambda column: column.astype(column.dtype.newbyteorder()),
    "mask that masks nothing": lambda column: np.ma.masked_array(column),
    "long double or long integer": lambda column: (
        column.astype(np.longdouble) if column.dtype.kind == "f" else column.astype(np.uint64)
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_form_of_the_columns_does_not_matter(form: str) -> None:
    plain = _campaigns()
    columns: dict[str, Any] = {name: FORMS[form](getattr(plain, name)) for name in ARRAYS}
    given = replace(plain, **columns, steps=np.int16(WORLD.steps))  # type: ignore[arg-type]
    used, outcome = _played(given)
    assert type(used.steps) is int
    for name in ARRAYS:
        column, wanted = getattr(used, name), getattr(plain, name)
        assert type(column) is np.ndarray
        assert column.dtype == wanted.dtype
        assert column.dtype.isnative
        assert column.flags.c_contiguous
        assert column.flags.writeable
        np.testing.assert_array_equal(column, wanted)
    assert_same_outcome(outcome, _played(plain)[1])


def test_campaigns_changed_afterwards_change_nothing() -> None:
    campaigns = _campaigns()
    simulation = Simulation(WORLD, [0], campaigns=campaigns)
    budget = campaigns.budget.copy()
    campaigns.budget[:] = 0.0
    assert simulation.remaining_budget.tolist() == budget.tolist()


def test_limits_of_the_ranges_are_allowed() -> None:
    given = replace(
        _campaigns(),
        budget=np.resize([0.0, 1e30, 5e-324], WORLD.advertisers),
        cpa_target=np.full(WORLD.advertisers, np.inf),
        roas_target=np.zeros(WORLD.advertisers),
    )
    used, outcome = _played(given)
    assert used.budget.max() == 1e30
    for name in OUTCOME_ARRAYS:
        assert np.isfinite(getattr(outcome, name)).all(), name


def test_the_largest_amounts_are_allowed_in_either_precision() -> None:
    simulation = Simulation(replace(WORLD, opportunities=48), [0])
    seats, volume = WORLD.advertisers, simulation.values(0).size
    kinds: tuple[Any, ...] = (np.float32, np.float64)
    for kind in kinds:
        row = {0: np.full(volume, 1e30, kind)}
        outcome = simulation.step(np.full(seats, 1e30, kind), row)
        assert np.isfinite(outcome.mean_bid).all()
        volume = simulation.values(0).size


@pytest.mark.parametrize("nothing", [None, {}])
def test_no_bids_one_by_one(nothing: Any) -> None:
    one, two = Simulation(WORLD, [0]), Simulation(WORLD, [0])
    ask = np.full(WORLD.advertisers, 90.0)
    assert_same_outcome(one.step(ask, nothing), two.step(ask))
