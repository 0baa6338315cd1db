from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from auctionsim.errors import InvalidArgumentError
from auctionsim.statistics import Sample, interval, paired_difference
from tests.auctionsim.statistics.effects import crossed, sample

SIZES = {"seed": 3, "episode": 20, "seat": 4}


def test_for_one_factor_it_is_the_paired_t_test() -> None:
    rng = np.random.default_rng(0)
    b = rng.normal(10.0, 3.0, 15)
    a = b + rng.normal(0.5, 1.0, 15)
    labels = {"episode": np.arange(15)}
    found = paired_difference(Sample(a, labels), Sample(b, labels))
    assert found.estimate == pytest.approx((a - b).mean())
    assert found.standard_error == pytest.approx(stats.sem(a - b))
    lopsided = stats.ttest_rel(a, b).pvalue
    assert found.p_value() == pytest.approx(lopsided, rel=0.5)


def test_pairing_takes_out_what_both_share() -> None:
    rng = np.random.default_rng(1)
    sizes = SIZES | {"seed": 10}
    shared, labels = crossed(rng, sizes, {"episode": 5.0, "seat": 5.0}, 5.0, mean=30.0)
    a, b = (shared + rng.normal(0.0, 1.0, len(shared)) for _ in range(2))
    paired = paired_difference(sample(a, labels), sample(b, labels))
    apart = sum(interval(values, labels).standard_error ** 2 for values in (a, b))
    # Without pairing both methods' own spread adds up; with it only the noise of each is left.
    assert paired.standard_error < 0.2 * np.sqrt(apart)
    assert paired.standard_error == pytest.approx(np.sqrt(2 / len(shared)), rel=0.5)


def test_relative_differences_are_in_percent_of_the_other() -> None:
    rng = np.random.default_rng(2)
    b, labels = crossed(rng, SIZES, {"episode": 1.0}, 0.5, mean=20.0)
    found = paired_difference(sample(1.1 * b, labels), sample(b, labels), relative=True)
    assert found.estimate == pytest.approx(10.0)
    # A constant ratio is known exactly, however much both vary.
    assert found.standard_error == pytest.approx(0.0, abs=1e-9)


def test_relative_differences_hold_the_truth_as_often_as_they_say() -> None:
    rng, runs, held = np.random.default_rng(3), 300, 0
    for _ in range(runs):
        b, labels = crossed(rng, SIZES, {"episode": 3.0, "seat": 3.0}, 2.0, mean=20.0)
        a = b + crossed(rng, SIZES, {"seed": 0.5, "episode": 0.5}, 2.0, mean=1.0)[0]
        found = paired_difference(sample(a, labels), sample(b, labels), relative=True, repeats=100)
        held += found.low <= 5.0 <= found.high
    assert 0.95 - 4 * np.sqrt(0.95 * 0.05 / runs) <= held / runs <= 0.999


def test_ratios_are_compared_as_totals_over_totals() -> None:
    labels = {"episode": np.arange(3)}
    a = Sample([1.0, 2.0, 3.0], labels, [1.0, 1.0, 4.0])
    b = Sample([1.0, 1.0, 1.0], labels, [2.0, 3.0, 5.0])
    assert paired_difference(a, b).estimate == pytest.approx(6 / 6 - 3 / 10)
    assert paired_difference(a, b, relative=True).estimate == pytest.approx(100 * (1.0 / 0.3 - 1.0))


def test_rows_are_matched_by_their_labels_not_by_their_place() -> None:
    rng = np.random.default_rng(4)
    b, labels = crossed(rng, SIZES, {"episode": 1.0}, 1.0)
    order = rng.permutation(len(b))
    turned = {name: row[order] for name, row in labels.items()}
    same = paired_difference(sample(b + 2.0, labels), sample(b[order], turned))
    assert same.estimate == pytest.approx(2.0)
    assert same.standard_error == pytest.approx(0.0, abs=1e-9)


def labelled(**rows: Any) -> Sample:
    length = len(next(iter(rows.values())))
    return Sample(np.ones(length), rows)


BASE = {"episode": [0, 0, 1, 1], "seat": [0, 1, 0, 1]}
SLIPS: list[tuple[Sample, Sample, str]] = [
    (
        labelled(**BASE),
        labelled(episode=[0, 0, 1], seat=[0, 1, 0]),
        r"`b\.factors` must hold every \(episode, seat\) of the other; found '\(1, 1\)'",
    ),
    (
        labelled(episode=[0, 0, 1], seat=[0, 1, 0]),
        labelled(**BASE),
        r"`a\.factors` must hold every \(episode, seat\) of the other; found '\(1, 1\)'",
    ),
    (
        labelled(episode=list(range(10))),
        labelled(episode=list(range(10, 20))),
        r"found '\(0,\), \(1,\), \(2,\) and 7 more",
    ),
    (
        labelled(episode=[0, 1, 1, 1]),
        labelled(episode=[0, 1]),
        r"`a\.factors` must hold every \(episode\) once; found 'twice \(1,\)",
    ),
    (labelled(**BASE), labelled(episode=[0, 1]), r"`a\.factors` must be those of b\.factors"),
    (
        Sample([1.0, np.inf], {"episode": [0, 1]}),
        labelled(episode=[0, 1]),
        r"`a\.numerator` must be .* finite",
    ),
    (
        labelled(episode=[0, 1]),
        Sample([1.0, 1.0], {"episode": [0, 1]}, [1.0, -1.0]),
        r"`b\.denominator` must be .* >= 0",
    ),
]


@pytest.mark.parametrize(("a", "b", "message"), SLIPS)
def test_slips_are_named(a: Sample, b: Sample, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        paired_difference(a, b)


def test_nothing_is_relative_to_nothing() -> None:
    labels = {"episode": [0, 1]}
    with pytest.raises(InvalidArgumentError, match=r"`b\.numerator` must not sum to 0"):
        paired_difference(Sample([1.0, 1.0], labels), Sample([0.0, 0.0], labels), relative=True)
