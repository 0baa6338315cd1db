"""Plays the same episode by the simulation and by the reference, and compares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from auctionsim.campaigns import Campaigns
from auctionsim.market import MarketConfig
from auctionsim.simulator import Simulation, StepOutcome
from auctionsim.simulator.outcome import OUTCOME_ARRAYS

Multipliers = NDArray[np.float64]
Bids = Mapping[tuple[int, int], NDArray[np.float32]]

#: Sums of bids, which the simulation takes as multiplier times the sum of values.
ROUNDED = ("mean_bid", "multiplier")


def play(
    market: MarketConfig,
    episode: int,
    seed: int,
    multipliers: Multipliers,
    *,
    campaigns: Campaigns | None = None,
    bids: Bids | None = None,
    chunk: int = 8192,
    keep_sales: bool = False,
) -> tuple[Simulation, list[StepOutcome]]:
    """Play one run with multipliers (T, A), and bids by (step, advertiser)."""
    simulation = Simulation(market, [episode], seed, campaigns=campaigns, chunk=chunk)
    outcomes = []
    for step in range(market.steps):
        given = {i: row for (t, i), row in (bids or {}).items() if t == step}
        outcomes.append(simulation.step(multipliers[step], given, keep_sales=keep_sales))
    return simulation, outcomes


def assert_same_outcome(
    one: StepOutcome, two: StepOutcome, *, rounded: Sequence[str] = (), note: str = ""
) -> None:
    """Compare all fields bit for bit, but for those named in `rounded`."""
    for name in OUTCOME_ARRAYS:
        a, b = getattr(one, name), getattr(two, name)
        assert a.shape == b.shape, (name, a.shape, b.shape)
        if name in rounded:
            np.testing.assert_allclose(a, b, rtol=2e-7, atol=1e-9, err_msg=f"{name} {note}")
        else:
            np.testing.assert_array_equal(a, b, err_msg=f"{name} {note}")


def assert_same_outcomes(
    ones: Sequence[StepOutcome], twos: Sequence[StepOutcome], *, rounded: Sequence[str] = ()
) -> None:
    """Compare two plays step by step."""
    assert len(ones) == len(twos)
    for step, (one, two) in enumerate(zip(ones, twos, strict=True)):
        assert_same_outcome(one, two, rounded=rounded, note=f"in step {step}")


def run_of(outcome: StepOutcome, run: int) -> StepOutcome:
    """Return one run of an outcome as an outcome of one run."""
    return StepOutcome(**{name: getattr(outcome, name)[run : run + 1] for name in OUTCOME_ARRAYS})
