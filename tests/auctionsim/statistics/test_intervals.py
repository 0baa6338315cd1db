from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from auctionsim.errors import InvalidArgumentError
from auctionsim.statistics import Interval, Sample, interval
from tests.auctionsim.statistics.effects import crossed

# Sizes, deviations of the factors, and of the rest: what test sets look like.
WORLDS: list[tuple[dict[str, int], dict[str, float], float]] = [
    ({"episode": 5, "seat": 4}, {"episode": 1.0}, 1.0),
    ({"episode": 2, "seat": 4}, {"episode": 1.0}, 1.0),
    ({"episode": 60, "seat": 2}, {"episode": 0.3}, 1.0),
    ({"seed": 3, "episode": 10, "seat": 2}, {"seed": 1.0, "episode": 1.0}, 1.0),
    ({"seed": 3, "episode": 10, "seat": 2}, {}, 1.0),
    ({"seed": 5, "episode": 20, "seat": 2}, {"seed": 0.2, "episode": 0.5}, 1.0),
    ({"seed": 4, "episode": 4, "seat": 1}, {"seed": 1.0}, 0.3),
]


@pytest.mark.parametrize(("sizes", "deviations", "noise"), WORLDS)
def test_intervals_hold_the_truth_as_often_as_they_say(
    sizes: dict[str, int], deviations: dict[str, float], noise: float
) -> None:
    rng, runs, held = np.random.default_rng(1), 400, 0
    for _ in range(runs):
        values, labels = crossed(rng, sizes, deviations, noise, mean=3.0)
        found = interval(values, labels, repeats=100)
        held += found.low <= 3.0 <= found.high
    # Four standard errors below 95 %; above, an interval may be cautious, but not empty of news.
    assert 0.95 - 4 * np.sqrt(0.95 * 0.05 / runs) <= held / runs
    assert held / runs <= (0.999 if min(sizes.values()) > 2 else 1.0)


def test_intervals_of_ratios_hold_the_truth_too() -> None:
    rng, runs, held = np.random.default_rng(2), 400, 0
    for _ in range(runs):
        size, labels = crossed(rng, {"episode": 12, "seat": 6}, {"episode": 0.5}, 0.3)
        conversions = np.exp(size)
        cost = 2.0 * conversions * np.exp(rng.normal(-0.02, 0.2, len(size)))
        found = interval(cost, labels, conversions, repeats=200)
        held += found.low <= 2.0 <= found.high
    assert 0.9 <= held / runs <= 0.99


def test_few_zeros_and_ones_hold_the_truth_less_often_than_they_say() -> None:
    rng, runs, held = np.random.default_rng(12), 300, 0
    for _ in range(runs):
        found = interval(rng.random(5) < 0.1, {"episode": np.arange(5)}, repeats=100)
        held += found.low <= 0.1 <= found.high
    assert 0.3 < held / runs < 0.5


def test_for_one_factor_it_is_the_textbook_interval() -> None:
    values = np.random.default_rng(3).normal(5.0, 2.0, 12)
    found = interval(values, {"episode": np.arange(12)}, level=0.9)
    assert found.estimate == pytest.approx(values.mean())
    assert found.standard_error == pytest.approx(stats.sem(values))
    assert found.degrees == 11
    low, high = stats.t.interval(0.9, 11, values.mean(), stats.sem(values))
    assert found.high - found.low == pytest.approx(high - low)


def test_seats_of_an_episode_count_as_one() -> None:
    rng = np.random.default_rng(4)
    of_episode = rng.normal(0.0, 1.0, 10)
    episode, seat = np.repeat(np.arange(10), 48), np.tile(np.arange(48), 10)
    found = interval(of_episode[episode], {"episode": episode, "seat": seat})
    assert found.standard_error == pytest.approx(stats.sem(of_episode))


def test_crossed_variances_are_those_of_the_analysis_of_variance() -> None:
    values, labels = crossed(
        np.random.default_rng(5), {"seed": 4, "episode": 7}, {"seed": 2.0, "episode": 2.0}, 1.0
    )
    table = values.reshape(4, 7)
    rows, columns = table.mean(axis=1), table.mean(axis=0)
    rest = table - rows[:, None] - columns[None, :] + table.mean()
    by_hand = rows.var(ddof=1) / 4 + columns.var(ddof=1) / 7 - (rest**2).sum() / (3 * 6) / 28
    assert interval(values, labels).standard_error ** 2 == pytest.approx(by_hand)


def test_skewed_results_make_lopsided_intervals() -> None:
    values = np.exp(np.random.default_rng(6).normal(0.0, 1.5, 60))
    found = interval(values, {"episode": np.arange(60)})
    assert found.high - found.estimate > 1.1 * (found.estimate - found.low)


def test_a_factor_within_another_is_resampled_with_it() -> None:
    values, labels = crossed(
        np.random.default_rng(7), {"seed": 5, "episode": 6}, {"seed": 1.0}, 1.0
    )
    nested = {"seed": labels["seed"], "episode": labels["seed"] * 6 + labels["episode"]}
    per_seed = values.reshape(5, 6).mean(axis=1)
    found = interval(values, nested)
    assert found.standard_error == pytest.approx(stats.sem(per_seed))
    assert found.unresampled == ()


def test_a_factor_of_one_level_is_named() -> None:
    values, labels = crossed(np.random.default_rng(8), {"seed": 1, "episode": 9}, {}, 1.0)
    found = interval(values, labels)
    assert found.unresampled == ("seed",)
    assert found.standard_error == pytest.approx(stats.sem(values))
    alone = interval(values[:1], {"seed": [0], "episode": [3]})
    assert alone.unresampled == ("seed", "episode")
    assert alone.estimate == values[0]
    assert np.isnan([alone.low, alone.high, alone.standard_error, alone.p_value()]).all()


def test_the_seed_decides_and_order_and_labels_do_not() -> None:
    values, labels = crossed(
        np.random.default_rng(9), {"seed": 3, "episode": 8, "seat": 2}, {"seed": 1.0}, 1.0
    )
    once, again = interval(values, labels), interval(values, labels)
    assert once == again
    assert interval(values, labels, seed=1) != once
    assert interval(values, labels, seed=1).standard_error == once.standard_error
    order = np.random.default_rng(0).permutation(len(values))
    shuffled = interval(values[order], {name: row[order] for name, row in labels.items()})
    assert shuffled.low == pytest.approx(once.low)
    named = {n: np.array([f"{n} {level:02d}" for level in row]) for n, row in labels.items()}
    assert interval(values, named) == once


def test_an_undefined_ratio_has_no_interval() -> None:
    labels = {"episode": np.arange(4)}
    for numerator, expected in (([0.0] * 4, np.nan), ([1.0] * 4, np.inf)):
        found = interval(numerator, labels, [0.0] * 4)
        np.testing.assert_equal(found.estimate, expected)
        assert np.isnan([found.low, found.high]).all()


def test_samples_in_which_the_ratio_is_infinite_are_no_error() -> None:
    found = interval(np.ones(6), {"episode": np.arange(6)}, [1.0, 0, 0, 0, 0, 0])
    assert found.estimate == 6.0
    assert found.low < 6.0 < found.high < np.inf
    assert found.high - 6.0 > 6.0 - found.low


def test_p_values_agree_with_the_interval_at_its_ends() -> None:
    values = np.random.default_rng(10).normal(0.3, 1.0, 20)
    found = interval(values, {"episode": np.arange(20)})
    assert found.p_value(found.low) == pytest.approx(0.05)
    assert found.p_value(found.high) == pytest.approx(0.05)
    assert found.p_value(found.estimate) == 1.0
    assert found.p_value(found.low - 0.1) < 0.05


def test_equal_results_are_no_proof() -> None:
    """Two equal differences would else be certain to be real."""
    constant = interval(np.ones(2), {"episode": np.arange(2)})
    assert (constant.low, constant.high, constant.standard_error) == (1.0, 1.0, 0.0)
    assert np.isnan(constant.p_value(0.0))
    assert constant.p_value(1.0) == 1.0


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 3),
            st.integers(0, 4),
            st.floats(-100, 100),
            st.sampled_from([0.0, 0.0, 0.01, 1.0, 10.0]),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_any_sample_gives_an_ordered_interval(rows: list[tuple[int, int, float, float]]) -> None:
    seed, episode, numerator, denominator = (list(column) for column in zip(*rows, strict=True))
    found = interval(numerator, {"seed": seed, "episode": episode}, denominator, repeats=100)
    if np.isfinite(found.standard_error):
        assert found.low <= found.estimate <= found.high
        assert found.degrees >= 1.0
    else:
        assert np.isnan(found.low)


GOOD: dict[str, Any] = {"numerator": [1.0, 2.0], "factors": {"episode": [0, 1]}}
SLIPS: list[tuple[dict[str, Any], str]] = [
    ({"numerator": [1.0, np.nan]}, r"`numerator` must be a row of finite.*nan at position 1"),
    ({"numerator": []}, "`numerator` must not be empty"),
    ({"numerator": [[1.0, 2.0]]}, "`numerator` must be a row"),
    ({"numerator": ["a", "b"]}, "`numerator` must be a row"),
    ({"numerator": np.ma.masked_array([1.0, 2.0], [False, True])}, "masked entries"),
    ({"denominator": [1.0]}, "`denominator` must hold 2 numbers"),
    ({"denominator": [1.0, -1.0]}, "`denominator` must be .* >= 0; found '-1.0 at position 1'"),
    ({"factors": {"episode": [0, 1, 2]}}, r"`factors\.episode` must be a row of 2 labels"),
    ({"factors": {"episode": [0.0, np.nan]}}, r"`factors\.episode`.*nan at position 1"),
    ({"factors": {"episode": np.array([0, "a"], object)}}, "must hold labels of one kind"),
    ({"factors": {}}, "`factors` must map"),
    ({"factors": [0, 1]}, "`factors` must map"),
    ({"factors": {"seat": [0, 1]}}, "`resample` must be given"),
    ({"resample": ("episod",)}, "Did you mean 'episode'"),
    ({"resample": ()}, "`resample` must name at least one"),
    ({"resample": ("episode", "episode")}, "each once"),
    ({"level": 1.0}, "`level` must be a number between 0 and 1"),
    ({"level": "high"}, "`level`"),
    ({"repeats": 10}, "`repeats` must be an integer from 100"),
    ({"seed": -1}, "`seed` must be an integer from 0"),
]


@pytest.mark.parametrize(("changes", "message"), SLIPS)
def test_slips_are_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        interval(**(GOOD | changes))


def test_two_thousand_repeats_of_a_large_test_set_take_under_a_second() -> None:
    values, labels = crossed(
        np.random.default_rng(11), {"seed": 3, "episode": 100, "seat": 48}, {}, 1.0
    )
    began = time.perf_counter()
    found = interval(values, labels, resample=("seed", "episode", "seat"))
    assert time.perf_counter() - began < 1.0
    assert isinstance(found, Interval)


def test_a_sample_may_be_any_rows() -> None:
    given_as = Sample((1, 2, 3), {"episode": ("a", "b", "c")})
    assert interval(given_as.numerator, given_as.factors).estimate == 2.0
