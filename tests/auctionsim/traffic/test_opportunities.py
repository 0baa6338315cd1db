"""What a step's opportunities are worth: their distributions, and kernels against the twins."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from auctionsim.market import MarketConfig, Traffic, ValueSpreads, load_market
from auctionsim.simulator import Simulation, market_campaigns, with_tasks
from auctionsim.tasks import BCB, CPA_MCB, TARGET_ROAS
from auctionsim.traffic import draw_day, episode_key
from auctionsim.traffic.reference import opportunities_reference

ALIKE = Traffic(category_spread=0.0, advertiser_spread=0.0, deviation_spread=0.0,
                deviation_step_spread=0.0)  # fmt: skip


def _market(opportunities: int, **changes: object) -> MarketConfig:
    base = MarketConfig(opportunities=opportunities, steps=1, advertisers=3, categories=1)
    return replace(base, **changes)  # type: ignore[arg-type]


def _values(market: MarketConfig, task: int, seat: int = 0) -> NDArray[np.float32]:
    key = draw_day(market, episode_key(0, 0)).key
    own = market_campaigns(market, [key])
    campaigns = with_tasks(market, own, np.full(len(own), task, np.int8))
    return Simulation(market, [0], campaigns=campaigns).values(seat)


@pytest.mark.parametrize("volume", [0, 1, 63, 64, 65, 255, 256, 257, 600, 5000])
def test_kernel_and_reference_draw_the_same_bits(volume: int) -> None:
    market = _market(volume)
    day = draw_day(market, episode_key(0, 0))
    for task, spread in ((BCB, 0.0), (TARGET_ROAS, 0.5)):
        offer = opportunities_reference(day, 0, np.full(3, spread, np.float32))
        for seat in range(3):
            np.testing.assert_array_equal(_values(market, task, seat), offer.value[:, seat])


def test_opportunities_do_not_depend_on_how_many_follow() -> None:
    traffic = Traffic(volume_spread=0.0)
    few = _values(_market(300, traffic=traffic), BCB)
    many = _values(_market(900, traffic=traffic), BCB)
    np.testing.assert_array_equal(few, many[:300])


def test_probabilities_are_normal_and_cut_at_zero() -> None:
    """200,000 draws: mean and deviation to five standard errors (a false alarm in 10^6)."""
    traffic = replace(ALIKE, mean_probability=0.1, deviation_mean=0.5)
    p = _values(_market(200_000, traffic=traffic), BCB).astype(np.float64)
    z = np.random.default_rng(0).standard_normal(2_000_000)
    expected = np.maximum(0.1 + 0.05 * z, 0.0)
    error = expected.std() / np.sqrt(p.size)
    assert abs(p.mean() - expected.mean()) < 5.5 * error
    assert p.std() == pytest.approx(expected.std(), rel=0.01)
    assert (p == 0).mean() == pytest.approx(0.0228, abs=0.0017)
    assert p.min() == 0.0


def test_probabilities_are_cut_at_one() -> None:
    p = _values(_market(10_000, traffic=replace(ALIKE, mean_probability=0.9)), BCB)
    assert p.max() == 1.0
    assert (p == 1.0).mean() > 0.3


def test_advertisers_draw_independently() -> None:
    """Correlation of 50,000 pairs below 5.5 standard errors."""
    market = _market(50_000, traffic=ALIKE)
    one, two = _values(market, BCB, 0), _values(market, BCB, 1)
    assert abs(np.corrcoef(one, two)[0, 1]) < 5.5 / np.sqrt(50_000)


@pytest.mark.parametrize("spread", [0.2, 0.5, 1.0])
def test_known_values_are_lognormal_with_mean_one(spread: float) -> None:
    """100,000 draws; the mean to 5.5 standard errors."""
    traffic = replace(ALIKE, deviation_mean=0.0)
    values = ValueSpreads(known={"target_roas": spread})
    market = _market(100_000, traffic=traffic, values=values)
    e = _values(market, TARGET_ROAS).astype(np.float64) / _values(market, BCB)
    error = np.sqrt(np.expm1(spread**2) / e.size)
    assert abs(e.mean() - 1.0) < 5.5 * error
    assert np.log(e).std() == pytest.approx(spread, rel=0.01)
    assert np.log(e).mean() == pytest.approx(-(spread**2) / 2, abs=5.5 * spread / np.sqrt(e.size))


def test_known_values_are_independent_of_probabilities() -> None:
    market = _market(100_000, traffic=ALIKE)
    p = _values(market, BCB).astype(np.float64)
    v = _values(market, TARGET_ROAS).astype(np.float64)
    bought = p > 0
    correlation = np.corrcoef(p[bought], (v / np.maximum(p, 1e-30))[bought])[0, 1]
    assert abs(correlation) < 5.5 / np.sqrt(100_000)


def test_a_seats_values_depend_on_its_task_alone() -> None:
    market = load_market("tiny")
    key = draw_day(market, episode_key(0, 0)).key
    own = market_campaigns(market, [key])
    tasks = own.task.copy()
    tasks[:] = BCB
    tasks[7] = TARGET_ROAS
    mixed = Simulation(market, [0], campaigns=with_tasks(market, own, tasks))
    plain = Simulation(market, [0], campaigns=with_tasks(market, own, np.full(48, BCB, np.int8)))
    cpa = Simulation(market, [0], campaigns=with_tasks(market, own, np.full(48, CPA_MCB, np.int8)))
    roas = with_tasks(market, own, np.full(48, TARGET_ROAS, np.int8))
    all_roas = Simulation(market, [0], campaigns=roas)
    for seat in range(48):
        np.testing.assert_array_equal(plain.values(seat), cpa.values(seat))
        expected = all_roas if seat == 7 else plain
        np.testing.assert_array_equal(mixed.values(seat), expected.values(seat))
    assert not np.array_equal(mixed.values(7), plain.values(7))


def test_values_cannot_be_written() -> None:
    simulation = Simulation(_market(10), [0])
    with pytest.raises(ValueError, match="read-only"):
        simulation.values(0)[0] = 1.0
