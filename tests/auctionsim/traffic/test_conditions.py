"""Paths and factors of days: mean 1, the spreads asked for, and nothing where nothing is asked."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from auctionsim.day_conditions import LARGEST_FACTOR, DayConditions, largest_day, largest_floor
from auctionsim.market import MarketConfig, load_market
from auctionsim.traffic import draw_day, episode_key
from auctionsim.traffic.conditions import _poisson, opportunities_of_day, outside_bids, quality_path
from tests.property.hostile import extreme_days
from tests.property.markets import conditions

DAYS = 1000


def with_days(days: DayConditions, steps: int = 48, opportunities: int = 1000) -> MarketConfig:
    return replace(load_market("tiny"), days=days, steps=steps, opportunities=opportunities)


def logs(days: DayConditions, steps: int = 6) -> NDArray[np.float64]:
    """Logarithms of the quality path on many days, (DAYS, steps)."""
    keys = [episode_key(1, e) for e in range(DAYS)]
    return np.log([quality_path(days, key, steps) for key in keys])


def test_nothing_asked_for_changes_nothing() -> None:
    plain = DayConditions()
    np.testing.assert_array_equal(quality_path(plain, 3, 5), np.ones(5))
    np.testing.assert_array_equal(outside_bids(with_days(plain), 3), np.zeros(48))


def test_a_walk_has_mean_one_and_gathers_its_spread_by_the_end() -> None:
    """1,000 days: the mean to 5.5 standard errors, spreads to 12 %."""
    walk = logs(DayConditions(quality_drift=0.5))
    error = np.sqrt(np.expm1(0.25) / DAYS)
    np.testing.assert_allclose(np.exp(walk).mean(axis=0), 1.0, atol=5.5 * error)
    np.testing.assert_allclose(walk.std(axis=0), 0.5 * np.sqrt(np.arange(1, 7) / 6), rtol=0.12)
    moves = np.diff(walk, axis=1)
    assert abs(np.corrcoef(moves[:, 0], moves[:, 1])[0, 1]) < 5.5 / np.sqrt(DAYS)


def test_jumps_come_as_often_and_as_far_as_asked() -> None:
    """Moves without a jump are the same small drift: they are counted, and the others measured."""
    walk = logs(DayConditions(quality_jump_rate=2.0, quality_jump_size=0.4))
    moves = np.diff(walk, axis=1, prepend=0.0)
    drift = 2.0 / 6 * np.expm1(0.08)
    still = np.isclose(moves, -drift, atol=1e-12)
    assert still.mean() == pytest.approx(np.exp(-2.0 / 6), abs=0.04)
    jumps = (moves + drift)[~still]
    per_step = 2.0 / 6 * 0.16 / (1.0 - np.exp(-2.0 / 6))
    assert jumps.std() == pytest.approx(np.sqrt(per_step), rel=0.12)
    error = np.sqrt(np.expm1(2.0 * np.expm1(0.16)) / DAYS)
    np.testing.assert_allclose(np.exp(walk).mean(axis=0), 1.0, atol=5.5 * error)


@given(st.lists(st.floats(1e-9, 1.0 - 1e-9), min_size=1, max_size=20), st.floats(0.001, 50.0))
def test_numbers_of_jumps_are_poisson(draws: list[float], mean: float) -> None:
    found = _poisson(np.array(draws), mean)
    # At the edge of a step of the distribution function its rounding decides.
    low, high = (stats.poisson.ppf(np.clip(np.array(draws) + s, 0, 1), mean) for s in (-1e-9, 1e-9))
    assert ((found >= low) & (found <= high)).all()


def test_levels_of_prices_differ_by_day_around_the_one_asked_for() -> None:
    days = DayConditions(outside_price=50.0, price_by_day=0.3)
    market = with_days(days, steps=2)
    bids = np.array([outside_bids(market, episode_key(2, e)) for e in range(DAYS)])
    np.testing.assert_array_equal(bids[:, 0], bids[:, 1])
    base = 50.0 * market.traffic.mean_probability
    assert bids.mean() == pytest.approx(base, rel=5.5 * 0.3 / np.sqrt(DAYS))
    assert np.log(bids[:, 0]).std() == pytest.approx(0.3, rel=0.12)


def test_volumes_differ_by_day_around_the_markets() -> None:
    market = with_days(DayConditions(volume_by_day=0.4), steps=1)
    volumes = np.array([opportunities_of_day(market, episode_key(3, e)) for e in range(DAYS)])
    assert volumes.mean() == pytest.approx(1000.0, rel=5.5 * 0.42 / np.sqrt(DAYS))
    assert np.log(volumes).std() == pytest.approx(0.4, rel=0.12)


@given(conditions() | extreme_days(), st.integers(0, 2**64 - 1), st.integers(1, 60))
def test_days_stay_within_bounds(days: DayConditions, key: int, steps: int) -> None:
    market = with_days(days, steps)
    day, again = draw_day(market, key), draw_day(market, key)
    for field in fields(day):
        np.testing.assert_array_equal(getattr(day, field.name), getattr(again, field.name))
    assert 0 <= day.volumes.sum() <= largest_day(market.opportunities, days)
    assert ((day.floor >= 0.0) & np.isfinite(day.floor)).all()
    assert day.floor.max() <= largest_floor(market.traffic.mean_probability, days)
    assert ((day.mean >= 0.0) & (day.mean <= 1.0)).all()
    path = quality_path(days, key, steps)
    assert (path <= LARGEST_FACTOR * (1 + 1e-12)).all()
    assert (path >= (1 - 1e-12) / LARGEST_FACTOR).all()


@given(conditions(), st.integers(0, 2**64 - 1))
def test_what_the_days_of_a_market_had_they_keep(days: DayConditions, key: int) -> None:
    """Conditions scale probabilities and add prices; every other draw is what it was."""
    plain, other = draw_day(with_days(DayConditions()), key), draw_day(with_days(days), key)
    for name in ("step_keys", "error_ratio", "bias"):
        np.testing.assert_array_equal(getattr(plain, name), getattr(other, name))
    path = quality_path(days, key, 48)
    np.testing.assert_allclose(other.mean, np.minimum(plain.mean * path[:, None], 1.0), rtol=1e-6)
    if days.volume_by_day == 0.0:
        np.testing.assert_array_equal(plain.volumes, other.volumes)


def test_paths_of_quality_and_prices_are_independent() -> None:
    days = DayConditions(quality_drift=0.5, outside_price=1.0, price_drift=0.5)
    market = with_days(days, steps=1)
    keys = [episode_key(4, e) for e in range(DAYS)]
    quality = np.log([quality_path(days, key, 1)[0] for key in keys])
    price = np.log([outside_bids(market, key)[0] for key in keys])
    assert abs(np.corrcoef(quality, price)[0, 1]) < 5.5 / np.sqrt(DAYS)
