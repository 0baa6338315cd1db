"""The classifier two-sample test: it finds what is there, and does not find what is not."""

from __future__ import annotations

import numpy as np
import pytest

from auctionsim.report.two_sample import Units, one_thread, two_sample
from tests.auctionsim.report.samples import make_units


def labels_of(units: Units, seed: int) -> np.ndarray:
    """Half of each episode's units, at random."""
    keys = np.random.default_rng((seed, 9)).random(len(units.episode))
    order = np.argsort(units.episode + keys)
    result = np.zeros(len(keys), np.bool_)
    result[order[::2]] = True
    return result


def shifted(units: Units, labels: np.ndarray, by: float) -> Units:
    rows = units.rows.copy()
    rows[:, 0] += by * labels[units.unit]
    return Units(rows, units.unit, units.episode, units.advertiser)


def test_a_planted_shift_is_found() -> None:
    units = make_units(8, 20)
    labels = labels_of(units, 0)
    found = two_sample(shifted(units, labels, 1.5), labels, permutations=199)
    assert found is not None
    # Two normals 1.5 deviations apart: the best possible area is 0.856.
    assert 0.75 < found.auc < 0.9
    assert found.auc_interval[0] < found.auc < found.auc_interval[1]
    assert found.auc_interval[0] > 0.65
    assert found.p_value == pytest.approx(1 / 200)
    assert 0.65 < found.accuracy < 0.85
    assert (found.held_out, found.held_out_episodes) == (80, 10)


def test_p_values_are_uniform_where_there_is_nothing_to_find() -> None:
    p_values, areas = [], []
    with one_thread():
        for seed in range(60):
            units = make_units(6, 10, rows=2, seed=seed)
            found = two_sample(units, labels_of(units, seed), seed=seed, permutations=99)
            assert found is not None
            p_values.append(found.p_value)
            areas.append(found.auc)
    assert np.mean(areas) == pytest.approx(0.5, abs=0.03)
    ordered = np.sort(p_values)
    gap = np.abs(ordered - (np.arange(60) + 0.5) / 60).max()
    assert gap < 0.2  # Kolmogorov-Smirnov: beyond it by chance in fewer than 2 % of the cases


def test_noise_that_an_episode_shares_is_not_mistaken_for_a_shift() -> None:
    rng = np.random.default_rng(1)
    p_values = []
    with one_thread():
        for seed in range(20):
            units = make_units(6, 10, seed=seed)
            units.rows[:, 0] += 5 * rng.normal(size=10)[units.episode]
            found = two_sample(units, labels_of(units, seed), seed=seed, permutations=99)
            assert found is not None
            p_values.append(found.p_value)
    assert np.mean(np.array(p_values) <= 0.1) <= 0.3


def test_rows_of_a_unit_count_as_one_piece_of_evidence() -> None:
    """Copies of a trajectory's row add nothing: p-values must not shrink with them."""
    low = 0
    with one_thread():
        for seed in range(20):
            one = make_units(4, 8, seed=seed)
            copies = Units(
                np.repeat(one.rows, 20, axis=0),
                np.repeat(one.unit, 20),
                one.episode,
                one.advertiser,
            )
            found = two_sample(copies, labels_of(one, seed), seed=seed, permutations=99)
            assert found is not None
            low += found.p_value <= 0.1
    assert low <= 6


def test_the_same_seed_gives_the_same_evidence() -> None:
    units = make_units(8, 12)
    labels = labels_of(units, 0)
    assert two_sample(units, labels, seed=3) == two_sample(units, labels, seed=3)
    assert two_sample(units, labels, seed=3) != two_sample(units, labels, seed=4)


def test_too_little_data_gives_no_evidence() -> None:
    few = make_units(6, 3)
    assert two_sample(few, labels_of(few, 0)) is None
    units = make_units(6, 10)
    assert two_sample(units, np.zeros(60, np.bool_)) is None


def test_units_without_rows_and_columns_of_nan_do_no_harm() -> None:
    units = make_units(6, 10)
    units.rows[:, 1] = np.nan
    labels = labels_of(units, 0)
    kept = units.unit % 7 != 0
    thin = Units(units.rows[kept], units.unit[kept], units.episode, units.advertiser)
    found = two_sample(thin, labels)
    assert found is not None
    assert 0 <= found.auc <= 1


def test_taking_units_takes_their_rows() -> None:
    units = make_units(2, 3, rows=2)
    part = units.take(np.array([4, 1]))
    assert part.rows.tolist() == [*units.rows[2:4].tolist(), *units.rows[8:10].tolist()]
    assert part.unit.tolist() == [1, 1, 0, 0]
    assert part.episode.tolist() == [2, 0]
    assert part.advertiser.tolist() == [0, 1]
