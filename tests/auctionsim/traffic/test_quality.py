"""The quality of opportunities, shared by all advertisers: kernel, reference, distribution."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from auctionsim.day_conditions import DayConditions
from auctionsim.market import MarketConfig, Traffic
from auctionsim.simulator import Simulation, market_campaigns, with_tasks
from auctionsim.tasks import BCB, TARGET_ROAS
from auctionsim.traffic import draw_day, episode_key
from auctionsim.traffic.reference import opportunities_reference

ALIKE = Traffic(category_spread=0.0, advertiser_spread=0.0, deviation_mean=0.0,
                deviation_spread=0.0, deviation_step_spread=0.0)  # fmt: skip


def market_of(volume: int, spread: float, traffic: Traffic = ALIKE) -> MarketConfig:
    return MarketConfig(
        opportunities=volume, steps=1, advertisers=5, categories=1, traffic=traffic,
        days=DayConditions(quality_spread=spread),
    )  # fmt: skip


def values(market: MarketConfig, task: int = BCB, seat: int = 0) -> NDArray[np.float32]:
    own = market_campaigns(market, [episode_key(0, 0)])
    campaigns = with_tasks(market, own, np.full(len(own), task, np.int8))
    return Simulation(market, [0], campaigns=campaigns).values(seat)


@pytest.mark.parametrize("volume", [0, 1, 64, 255, 256, 257, 600])
@pytest.mark.parametrize("spread", [0.1, 2.0])
def test_kernel_and_reference_draw_the_same_bits(volume: int, spread: float) -> None:
    market = market_of(volume, spread, Traffic(mean_probability=0.3))
    day = draw_day(market, episode_key(0, 0))
    for task, known in ((BCB, 0.0), (TARGET_ROAS, 0.5)):
        offer = opportunities_reference(day, 0, np.full(5, known, np.float32))
        for seat in range(5):
            np.testing.assert_array_equal(values(market, task, seat), offer.value[:, seat])
            assert offer.probability.max(initial=0.0) <= 1.0


def test_quality_is_lognormal_with_mean_one_and_the_same_for_all() -> None:
    """100,000 opportunities; the mean to 5.5 standard errors."""
    market = market_of(100_000, 0.5)
    quality = values(market).astype(np.float64) / market.traffic.mean_probability
    assert abs(quality.mean() - 1.0) < 5.5 * np.sqrt(np.expm1(0.25) / quality.size)
    assert np.log(quality).std() == pytest.approx(0.5, rel=0.01)
    for seat in range(1, 5):  # the last has a group of rows of its own
        np.testing.assert_array_equal(values(market, seat=seat), values(market))


def test_quality_correlates_what_opportunities_are_worth() -> None:
    traffic = replace(ALIKE, deviation_mean=0.5)
    plain, mixed = (market_of(50_000, spread, traffic) for spread in (0.0, 0.5))

    def correlation(market: MarketConfig) -> float:
        return float(np.corrcoef(values(market, seat=0), values(market, seat=4))[0, 1])

    assert abs(correlation(plain)) < 5.5 / np.sqrt(50_000)
    # With q of mean 1 and E[q^2] = exp(s^2), and p / mean of variance 1/4 (cut at 0: a bit less).
    expected = np.expm1(0.25) / (np.exp(0.25) * 1.25 - 1.0)
    assert correlation(mixed) == pytest.approx(expected, abs=0.02)


def test_the_highest_value_is_that_of_the_row() -> None:
    """Caps on bids go by it: it has to be the one after qualities, not before."""
    market = market_of(700, 1.0, Traffic(mean_probability=0.01))
    simulation = Simulation(market, [0])
    tables = simulation._current()
    np.testing.assert_array_equal(tables.highest[0], tables.values[0].max(axis=1))
    sums = tables.values[0].sum(axis=1, dtype=np.float64)
    np.testing.assert_allclose(tables.sums[0], sums, rtol=1e-12)
