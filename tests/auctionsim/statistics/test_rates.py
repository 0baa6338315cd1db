"""Intervals of rates: what they cover, and where they end."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from auctionsim.errors import InvalidArgumentError
from auctionsim.statistics import rate_interval


def clustered(
    rng: np.random.Generator, rate: float, episodes: int, seats: int, correlation: float
) -> tuple[NDArray[np.bool_], dict[str, NDArray[np.int64]]]:
    """Outcomes of seats that share their episode's chance, which varies about the rate."""
    chance = np.full(episodes, rate)
    if correlation > 0.0:
        size = (1.0 - correlation) / correlation
        chance = rng.beta(rate * size, (1.0 - rate) * size, episodes)
    labels = {
        "episode": np.repeat(np.arange(episodes), seats),
        "seat": np.tile(np.arange(seats), episodes),
    }
    return rng.random(episodes * seats) < chance[labels["episode"]], labels


# Rate, episodes, seats, correlation, and the least share that may hold the rate.
WORLDS = [
    (0.1, 2, 1, 0.0, 0.95),
    (0.1, 5, 1, 0.0, 0.89),
    (0.1, 20, 1, 0.0, 0.91),
    (0.1, 2, 8, 0.4, 0.99),
    (0.1, 5, 8, 0.4, 0.97),
    (0.1, 20, 8, 0.1, 0.92),
    (0.1, 20, 8, 0.9, 0.89),
    (0.5, 5, 8, 0.4, 0.93),
    (0.5, 20, 48, 0.2, 0.92),
]


@pytest.mark.parametrize(("rate", "episodes", "seats", "correlation", "least"), WORLDS)
def test_intervals_hold_the_rate_clustered_or_not(
    rate: float, episodes: int, seats: int, correlation: float, least: float
) -> None:
    rng, runs, held = np.random.default_rng(1), 500, 0
    for _ in range(runs):
        found = rate_interval(*clustered(rng, rate, episodes, seats, correlation))
        held += found.low <= rate <= found.high
    assert held / runs >= least


def test_outcomes_of_one_a_level_have_wilsons_interval() -> None:
    found = rate_interval([1, 0, 0, 1, 0, 0, 0], {"episode": np.arange(7)})
    expected = stats.binomtest(2, 7).proportion_ci(0.95, method="wilson")
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.estimate == pytest.approx(2 / 7)
    assert found.standard_error == pytest.approx(np.sqrt(2 / 7 * 5 / 7 / 7))


def test_seats_that_share_their_fate_count_as_one() -> None:
    fate = np.array([1, 0, 0, 1, 0, 0, 0, 1])
    alone = rate_interval(fate, {"episode": np.arange(8)})
    copies = rate_interval(np.repeat(fate, 50), {"episode": np.repeat(np.arange(8), 50)})
    # An estimated variance divides by one less, and Student's quantile is larger.
    assert copies.standard_error == pytest.approx(alone.standard_error * np.sqrt(8 / 7))
    assert alone.high - alone.low < copies.high - copies.low < 1.2 * (alone.high - alone.low)


@pytest.mark.parametrize("outcome", [0, 1])
def test_where_all_are_equal_a_level_counts_once(outcome: int) -> None:
    labels = {"episode": np.repeat(np.arange(6), 50)}
    found = rate_interval(np.full(300, outcome), labels)
    weight = stats.t.ppf(0.975, 5) ** 2 / 6
    far = weight / (1.0 + weight)
    expected = (0.0, far) if outcome == 0 else (1.0 - far, 1.0)
    assert (found.low, found.high) == pytest.approx(expected)
    assert found.p_value(1.0 - outcome) < 0.05


def test_seats_of_steady_rates_are_no_less_sure_than_independent_ones() -> None:
    labels = {"episode": np.repeat(np.arange(10), 2), "seat": np.tile([0, 1], 10)}
    found = rate_interval(labels["seat"], labels)
    assert found.standard_error == pytest.approx(np.sqrt(0.25 / 20))


def test_one_level_has_no_interval() -> None:
    found = rate_interval([0, 1, 1], {"episode": [4, 4, 4]})
    assert found.estimate == pytest.approx(2 / 3)
    assert found.unresampled == ("episode",)
    assert np.isnan([found.low, found.high, found.p_value(0.5)]).all()


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 4), st.booleans()), min_size=1, max_size=40
    ),
    st.sampled_from([0.5, 0.95, 0.999999]),
)
def test_ends_are_ordered_and_rates(rows: list[tuple[int, int, bool]], level: float) -> None:
    seed, episode, happened = (list(column) for column in zip(*rows, strict=True))
    found = rate_interval(happened, {"seed": seed, "episode": episode}, level=level)
    if found.degrees > 0.0:
        assert 0.0 <= found.low <= found.estimate <= found.high <= 1.0
        assert found.low < found.high
    else:
        assert np.isnan(found.low)


SLIPS: list[tuple[dict[str, Any], str]] = [
    ({"outcomes": [0.0, 0.5]}, "`outcomes` must be 0 or 1 throughout; found 0.5"),
    ({"outcomes": [0.0, np.nan]}, "`outcomes` must be a row of finite numbers"),
    ({"outcomes": []}, "`outcomes` must not be empty"),
    ({"factors": {"episode": [0]}}, r"`factors\.episode` must be a row of 2 labels"),
    ({"resample": "episod"}, "Did you mean 'episode'"),
    ({"level": 0.0}, "`level` must be a number between 0 and 1"),
]


@pytest.mark.parametrize(("changes", "message"), SLIPS)
def test_slips_are_named(changes: dict[str, Any], message: str) -> None:
    good: dict[str, Any] = {"outcomes": [0, 1], "factors": {"episode": [0, 1]}}
    with pytest.raises(InvalidArgumentError, match=message):
        rate_interval(**(good | changes))
