"""The day ahead: exact volumes, profiles, and draws that the episode's key decides."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auctionsim.market import MarketConfig, Traffic, load_market
from auctionsim.traffic import draw_day, episode_key
from auctionsim.traffic.day import largest_remainder

KEYS = st.integers(0, 2**64 - 1)


@given(
    st.lists(st.floats(0, 1e6), min_size=1, max_size=50).filter(lambda x: sum(x) > 0),
    st.integers(0, 2**31 - 1),
)
def test_largest_remainder_splits_exactly_and_nearly_in_proportion(
    shares: list[float], total: int
) -> None:
    row = np.array(shares)
    counts = largest_remainder(row, total)
    assert counts.sum() == total
    assert (counts >= 0).all()
    assert (np.abs(counts - row / row.sum() * total) < 1.0 + 1e-6).all()


def test_largest_remainder_gives_ties_to_the_first() -> None:
    np.testing.assert_array_equal(largest_remainder(np.ones(3), 5), [2, 2, 1])


@given(KEYS, st.integers(0, 10_000), st.integers(1, 100))
def test_volumes_sum_to_the_opportunities(key: int, opportunities: int, steps: int) -> None:
    volumes = draw_day(MarketConfig(opportunities=opportunities, steps=steps), key).volumes
    assert volumes.sum() == opportunities
    assert volumes.shape == (steps,)
    assert (volumes >= 0).all()


def test_volumes_follow_the_profile_where_nothing_spreads() -> None:
    traffic = Traffic(daily_profile=(1.0, 3.0), volume_spread=0.0)
    market = MarketConfig(opportunities=800, steps=4, traffic=traffic)
    np.testing.assert_array_equal(draw_day(market, 1).volumes, [100, 100, 300, 300])
    halves = draw_day(replace(market, steps=1), 1).volumes
    np.testing.assert_array_equal(halves, [800])


def test_volume_factors_are_shared_within_a_block_and_within_their_spread() -> None:
    traffic = Traffic(daily_profile=(1.0,), volume_spread=0.4, volume_blocks=12)
    market = MarketConfig(opportunities=48_000_000, traffic=traffic)
    blocks = draw_day(market, 5).volumes.reshape(12, 4)
    assert (np.ptp(blocks, axis=1) <= 1).all()
    ratio = blocks[:, 0].max() / blocks[:, 0].min()
    assert 1.2 < ratio <= 1.4 / 0.6 + 1e-6


@given(KEYS)
def test_parameters_lie_in_their_ranges(key: int) -> None:
    day = draw_day(load_market("paper"), key)
    base = 0.0005
    assert (day.mean >= np.float32(base * 0.3 * 0.5)).all()
    assert (day.mean <= np.float32(base * 1.7 * 1.5)).all()
    assert (day.deviation >= 0).all()
    assert (day.deviation <= day.mean * np.float32(1.000001)).all()
    assert (day.error_ratio >= 0).all()
    assert (day.bias == 1.0).all()
    assert np.unique(day.step_keys).size == 48


def test_advertisers_of_a_category_share_its_factor() -> None:
    traffic = Traffic(advertiser_spread=0.0)
    day = draw_day(replace(load_market("paper"), traffic=traffic), 3)
    first = np.arange(48) // 8 * 8
    np.testing.assert_array_equal(day.mean, day.mean[:, first])
    assert np.unique(day.mean[0]).size == 6


def test_profiles_hold_within_a_block_of_the_day() -> None:
    day = draw_day(load_market("paper"), 3)
    blocks = day.mean.reshape(6, 8, 48)
    np.testing.assert_array_equal(blocks, np.broadcast_to(blocks[:, :1], blocks.shape))


def test_mean_probability_is_that_of_the_market() -> None:
    """7,200 category factors of 1 +- 0.7: the mean's standard error is 0.5 %."""
    means = [draw_day(load_market("paper"), episode_key(0, e)).mean.mean() for e in range(200)]
    assert np.mean(means) == pytest.approx(0.0005, rel=0.05)


def test_a_day_depends_on_seed_and_episode_alone() -> None:
    market = load_market("tiny")
    one, two = draw_day(market, episode_key(4, 9)), draw_day(market, episode_key(4, 9))
    for name in ("step_keys", "volumes", "mean", "deviation", "error_ratio", "bias"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
    assert episode_key(4, 9) != episode_key(9, 4)
    for other in (episode_key(4, 10), episode_key(5, 9)):
        assert not np.array_equal(draw_day(market, other).mean, one.mean)
        assert not np.array_equal(draw_day(market, other).volumes, one.volumes)


def test_an_advertisers_parameters_do_not_depend_on_how_many_there_are() -> None:
    market = replace(load_market("tiny"), categories=1)
    few, many = draw_day(replace(market, advertisers=3), 8), draw_day(market, 8)
    np.testing.assert_array_equal(few.mean, many.mean[:, :3])
    np.testing.assert_array_equal(few.error_ratio, many.error_ratio[:3])


def test_bias_is_that_of_a_normal_cut_within_two_errors() -> None:
    market = load_market("auctionnet")
    day = draw_day(market, 6)
    shift = (day.bias - 1.0) / day.error_ratio
    assert (np.abs(shift) < 0.8).all()  # the mean of a half normal is 0.798
    assert np.unique(shift).size == 48
    half = replace(market, traffic=replace(market.traffic, prediction_bias=0.5))
    np.testing.assert_allclose(draw_day(half, 6).bias - 1.0, (day.bias - 1.0) / 2, atol=1e-12)


def test_a_market_of_one_has_a_day() -> None:
    market = MarketConfig(opportunities=0, steps=1, advertisers=1, categories=1)
    day = draw_day(market, 0)
    assert day.mean.shape == (1, 1)
    np.testing.assert_array_equal(day.volumes, [0])
