from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from auctionsim.errors import InvalidArgumentError
from auctionsim.statistics import (
    Sample,
    VarianceComponents,
    detectable_difference,
    episodes_needed,
    paired_difference,
    power,
    variance_components,
)
from tests.auctionsim.statistics.effects import crossed

LARGE = {"episode": 300, "seat": 200}
DEVIATIONS = {"episode": 1.0, "seat": 2.0}


def test_components_are_found_again() -> None:
    values, labels = crossed(np.random.default_rng(0), LARGE, DEVIATIONS, 3.0)
    found = variance_components(values, labels["episode"], labels["seat"])
    assert found.episode == pytest.approx(1.0, rel=0.3)
    assert found.seat == pytest.approx(4.0, rel=0.3)
    assert found.residual == pytest.approx(9.0, rel=0.05)


def test_components_of_balanced_data_are_those_of_the_analysis_of_variance() -> None:
    values, labels = crossed(np.random.default_rng(1), {"episode": 6, "seat": 5}, DEVIATIONS, 1.0)
    table = values.reshape(6, 5)
    rows, columns = table.mean(axis=1), table.mean(axis=0)
    rest = table - rows[:, None] - columns[None, :] + table.mean()
    residual = (rest**2).sum() / (5 * 4)
    found = variance_components(values, labels["episode"], labels["seat"])
    assert found.residual == pytest.approx(residual)
    assert found.episode == pytest.approx(max(0.0, rows.var(ddof=1) - residual / 5))
    assert found.seat == pytest.approx(max(0.0, columns.var(ddof=1) - residual / 6))


def test_components_do_not_depend_on_balance() -> None:
    rng, found = np.random.default_rng(2), []
    for _ in range(300):
        effects, labels = crossed(rng, {"episode": 12, "seat": 10}, DEVIATIONS, 0.0)
        kept = np.flatnonzero(rng.uniform(size=len(effects)) < labels["seat"] / 10 + 0.1)
        again = np.concatenate([kept, kept[:20]])  # some cells hold two results
        values = effects[again] + rng.normal(0.0, 3.0, len(again))
        c = variance_components(values, labels["episode"][again], labels["seat"][again])
        found.append([c.episode, c.seat, c.residual])
    # Cutting at 0 raises the small component a little.
    assert np.mean(found, axis=0) == pytest.approx([1.0, 4.0, 9.0], rel=0.15)


def test_no_component_is_negative() -> None:
    values = np.array([1.0, -1.0, -1.0, 1.0])
    found = variance_components(values, [0, 0, 1, 1], [0, 1, 0, 1])
    assert (found.episode, found.seat) == (0.0, 0.0)
    assert found.residual == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("episode", "seat", "message"),
    [
        ([0, 0, 0, 0], [0, 1, 2, 3], "`values` must span two episodes and two seats"),
        ([0, 1, 2, 3], [0, 1, 2, 3], "`values` must cross episodes and seats"),
        ([0, 1, 2], [0, 1, 2, 3], "`episode` must be a row of 4 labels"),
    ],
)
def test_data_that_cannot_tell_components_apart_are_named(
    episode: list[int], seat: list[int], message: str
) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        variance_components([1.0, 2.0, 3.0, 4.0], episode, seat)


def test_power_is_that_of_the_paired_t_test() -> None:
    parts = VarianceComponents(episode=1.0, seat=5.0, residual=8.0)
    shift = 0.5 / np.sqrt(1.0 / 30 + 8.0 / (30 * 4))
    expected = stats.nct.sf(stats.t.ppf(0.975, 29), 29, shift)
    assert power(parts, 0.5, 30, 4) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("parts", "seats"),
    [(VarianceComponents(0.3, 1.0, 4.0), 2), (VarianceComponents(1.0, 0.0, 2.0), 6)],
)
def test_the_episodes_named_show_the_difference_as_often_as_asked(
    parts: VarianceComponents, seats: int
) -> None:
    episodes = episodes_needed(parts, 0.7, seats)
    assert episodes is not None
    rng, runs, shown = np.random.default_rng(3), 400, 0
    own = rng.normal(0.0, np.sqrt(parts.seat), seats)
    own -= own.mean()  # fixed seats: the claim is about their mean
    spread = {"episode": np.sqrt(parts.episode)}
    for _ in range(runs):
        values, labels = crossed(
            rng, {"episode": episodes, "seat": seats}, spread, np.sqrt(parts.residual), mean=0.7
        )
        values += own[labels["seat"]]
        b = Sample(np.zeros(len(values)), labels)
        found = paired_difference(Sample(values, labels), b, repeats=100)
        shown += found.low > 0.0
    assert shown / runs == pytest.approx(0.8, abs=4 * np.sqrt(0.16 / runs))


def test_it_is_the_fewest_episodes() -> None:
    parts = VarianceComponents(0.3, 1.0, 4.0)
    for difference in (0.2, 0.5, 1.0, 5.0):
        n = episodes_needed(parts, difference, 3)
        assert n is not None
        assert power(parts, difference, n, 3) >= 0.8
        assert n == 2 or power(parts, difference, n - 1, 3) < 0.8


def test_random_seats_set_a_limit_that_no_episodes_pass() -> None:
    parts = VarianceComponents(0.1, 4.0, 1.0)
    assert episodes_needed(parts, 0.5, 2, fixed_seats=False) is None
    assert episodes_needed(parts, 0.5, 2) is not None
    needed = episodes_needed(parts, 1.0, 48, fixed_seats=False)
    fixed = episodes_needed(parts, 1.0, 48)
    assert needed is not None
    assert fixed is not None
    assert needed >= fixed


def test_the_detectable_difference_is_the_inverse() -> None:
    parts = VarianceComponents(0.3, 1.0, 4.0)
    for fixed in (True, False):
        difference = detectable_difference(parts, 25, 6, fixed_seats=fixed)
        assert power(parts, difference, 25, 6, fixed_seats=fixed) == pytest.approx(0.8, abs=1e-6)


def test_without_spread_two_episodes_do() -> None:
    nothing = VarianceComponents(0.0, 0.0, 0.0)
    assert episodes_needed(nothing, 1e-9, 1) == 2
    with pytest.raises(InvalidArgumentError, match="must hold a variance > 0"):
        detectable_difference(nothing, 10, 2)


PARTS = VarianceComponents(1.0, 1.0, 1.0)
SLIPS: list[tuple[dict[str, Any], str]] = [
    ({"difference": 0.0}, "`difference` must be a number > 0"),
    ({"difference": float("nan")}, "`difference`"),
    ({"seats": 0}, "`seats` must be an integer from 1"),
    ({"seats": 1, "fixed_seats": False}, "`seats` must be an integer from 2"),
    ({"power": 1.0}, "`power` must be a number between 0 and 1"),
    ({"level": 0.0}, "`level`"),
]


@pytest.mark.parametrize(("changes", "message"), SLIPS)
def test_slips_are_named(changes: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {"components": PARTS, "difference": 1.0, "seats": 2} | changes
    with pytest.raises(InvalidArgumentError, match=message):
        episodes_needed(**given)


def test_a_negative_variance_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match=r"`components\.seat` must be a finite"):
        VarianceComponents(1.0, -1.0, 1.0)
