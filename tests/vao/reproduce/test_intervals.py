"""Intervals over seeds crossed with episodes, against sums done by hand and known truths."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from auctionsim.errors import InvalidDataError
from auctionsim.statistics import Sample, paired_difference
from auctionsim.statistics import interval as library_interval
from auctionsim.statistics.resampling import replicate
from tests.vao.reproduce.studies import LEVELS, hand_made, sides, study
from vao.metrics import delta_m
from vao.reproduce.contrasts import change, drop, drop_gap, mean, share
from vao.reproduce.crossed import Crossed, common_seeds
from vao.reproduce.intervals import Drawing, _Sums, estimate
from vao.reproduce.results import Results

QUICK = Drawing(draws=200)
TASKS = ("cpa_mcb", "target_roas", "bcb")


def test_means_weigh_episodes_by_their_seats() -> None:
    values, seats = [[1.0, 2.0, 6.0], [3.0, 4.0, 8.0]], [1, 1, 2]
    (own,) = sides(hand_made({"a": values}, seats=seats), "a")
    # Seeds' means: (1 + 2 + 12) / 4 and (3 + 4 + 16) / 4; their deviation is sqrt(2), over sqrt(2).
    assert own.seed_means("bcb", "value").tolist() == [3.75, 5.75]
    assert own.seed_error("bcb", "value") == pytest.approx(1.0)
    found = estimate([own], {"m": mean("a", "bcb", "value")}, QUICK)["m"]
    assert found.estimate == pytest.approx(4.75)


def test_a_mean_is_as_the_library_has_it() -> None:
    box = np.random.default_rng(0).normal(5.0, 1.0, (4, 9)).astype(np.float32)
    (own,) = sides(hand_made({"a": box.tolist()}), "a")
    found = estimate([own], {"m": mean("a", "bcb", "value")}, Drawing(draws=2000))["m"]
    seed, episode = np.indices(box.shape).reshape(2, -1)
    theirs = library_interval(box.ravel(), {"seed": seed, "episode": episode})
    assert found.estimate == pytest.approx(theirs.estimate)
    assert found.standard_error == pytest.approx(theirs.standard_error)
    assert found.degrees == pytest.approx(theirs.degrees)
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=0.01)


def test_uneven_seats_are_as_the_library_has_them() -> None:
    rng = np.random.default_rng(10)
    box, seats = rng.normal(5.0, 1.0, (4, 9)).astype(np.float32), rng.integers(1, 9, 9)
    (own,) = sides(hand_made({"a": box.tolist()}, seats=seats.tolist()), "a")
    found = estimate([own], {"m": mean("a", "bcb", "value")}, Drawing(draws=2000))["m"]
    seed, episode = np.indices(box.shape).reshape(2, -1)
    labels = {"seed": seed, "episode": episode}
    counts = np.broadcast_to(seats, box.shape).ravel()
    theirs = library_interval(box.ravel() * counts, labels, counts)
    assert found.standard_error == pytest.approx(theirs.standard_error)
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=0.01)


def test_a_relative_difference_is_as_the_library_has_it() -> None:
    rng = np.random.default_rng(1)
    ours = rng.normal(5.0, 1.0, (4, 9)).astype(np.float32)
    other = (ours + rng.normal(0.5, 0.2, (4, 9))).astype(np.float32)
    pair = sides(hand_made({"a": other.tolist(), "b": ours.tolist()}), "a", "b")
    found = estimate(pair, {"d": change("a", "b", "bcb", "value")}, Drawing(draws=2000))["d"]
    seed, episode = np.indices(ours.shape).reshape(2, -1)
    labels = {"seed": seed, "episode": episode}
    theirs = paired_difference(
        Sample(other.ravel(), labels), Sample(ours.ravel(), labels), relative=True
    )
    assert found.estimate == pytest.approx(theirs.estimate)
    assert found.standard_error == pytest.approx(theirs.standard_error)
    assert found.p_value() == pytest.approx(theirs.p_value(), rel=0.2)


def test_what_does_not_learn_has_the_textbook_interval_over_episodes() -> None:
    values = np.random.default_rng(2).normal(5.0, 2.0, 12).astype(np.float32)
    (own,) = sides(hand_made({"a": [values.tolist()]}), "a", fixed=("a",))
    found = estimate([own], {"m": mean("a", "bcb", "value")}, QUICK)["m"]
    assert found.standard_error == pytest.approx(stats.sem(values.astype(np.float64)))
    assert found.degrees == 11
    assert own.seed_error("bcb", "value") is None


def test_pairing_takes_out_what_days_and_seeds_do_to_both() -> None:
    results = study(noise=0.0)
    rng = np.random.default_rng(5)
    luck = np.exp(rng.normal(0, 0.5, (3, 6)))
    boxes = {
        n: (level * luck * (1 + 0.01 * rng.normal(size=(3, 6)))) for n, level in LEVELS.items()
    }
    results = hand_made({name: box.tolist() for name, box in boxes.items()})
    asked = {
        "alone": mean("odom-vao", "bcb", "value"),
        "paired": change("odom-equal", "odom-vao", "bcb", "value"),
    }
    found = estimate(sides(results, "odom-equal", "odom-vao"), asked, QUICK)
    relative = 100 * found["alone"].standard_error / found["alone"].estimate
    assert found["paired"].standard_error < 0.1 * relative


def test_an_entrant_does_not_differ_from_itself_nor_from_its_double() -> None:
    results = study()
    own = results.where(row="odom-vao")
    names = np.full(len(own), "double")
    columns = {name: getattr(own, name) for name in Results.__annotations__}
    both = Results.join([results, Results(**{**columns, "row": names})])
    for other in ("odom-vao", "double"):
        asked = {
            "change": change(other, "odom-vao", "bcb", "expected_score"),
            "gap": drop_gap(other, "odom-vao", "mdmm-equal", TASKS, "score_strict"),
        }
        found = estimate(sides(both, "mdmm-equal", "odom-vao", "double"), asked, QUICK)
        for interval in found.values():
            assert interval.estimate == 0.0
            assert interval.p_value() == 1.0
            assert (interval.low, interval.high) == pytest.approx((0.0, 0.0), abs=1e-9)
    assert estimate(
        sides(results, "mdmm-equal"), {"d": drop("mdmm-equal", "mdmm-equal", TASKS, "score_paper")}
    )["d"].estimate == 0.0  # fmt: skip


def test_delta_m_is_that_of_the_means() -> None:
    results = study()
    pair = sides(results, "odom-vao", "mdmm-equal")
    found = estimate(pair, {"d": drop("odom-vao", "mdmm-equal", TASKS, "score_strict")}, QUICK)["d"]

    def cells(of: Crossed) -> dict[tuple[str, str], float]:
        metrics = ("value", "score_strict")
        return {(t, m): float(of.seed_means(t, m).mean()) for t in TASKS for m in metrics}

    assert found.estimate == pytest.approx(delta_m(cells(pair[0]), cells(pair[1])))
    assert found.low < found.estimate < found.high < 0.0


def test_the_error_of_delta_m_is_that_of_a_jackknife_over_many_episodes() -> None:
    results = study(seeds=(0,), episodes=60, noise=0.2)
    names, fixed = ("odom-vao", "mdmm-equal"), ("odom-vao", "mdmm-equal")
    asked = {"d": drop(*names, TASKS, "score_strict")}
    found = estimate(sides(results, *names, fixed=fixed), asked, QUICK)["d"]
    without = []
    for episode in results.names("episode"):
        rest = results.take(results.episode != episode)
        without.append(estimate(sides(rest, *names, fixed=fixed), asked, Drawing(draws=1))["d"])
    deltas = np.array([of.estimate for of in without])
    jackknife = math.sqrt(59 / 60 * ((deltas - deltas.mean()) ** 2).sum())
    assert found.standard_error == pytest.approx(jackknife, rel=0.02)


def test_the_bootstrap_agrees_where_levels_are_many() -> None:
    results = study(seeds=range(25), episodes=40, noise=0.2)
    asked = {"d": drop("odom-vao", "mdmm-equal", TASKS, "score_strict")}
    pair = sides(results, "odom-vao", "mdmm-equal")
    found = estimate(pair, asked, QUICK)["d"]
    rng, drawn = np.random.default_rng(6), []
    for _ in range(400):
        seeds, days = rng.integers(25, size=25), rng.integers(40, size=40)
        means = [
            {(t, m): side.means[t, m][np.ix_(seeds, days)].mean() for t, m in side.means}
            for side in pair
        ]
        keys = list(itertools.product(TASKS, ("value", "score_strict")))
        drawn.append(delta_m(*({key: float(of[key]) for key in keys} for of in means)))
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert found.high - found.low == pytest.approx(high - low, rel=0.3)
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.3 * (high - low))


def test_fixed_entrants_stand_for_all_seeds_of_those_that_learn() -> None:
    ours, other = [[10.0, 12.0, 11.0], [13.0, 14.0, 15.0]], [[5.0, 6.0, 5.5]]
    results = hand_made({"a": ours, "rule": other})
    pair = sides(results, "a", "rule", fixed=("rule",))
    found = estimate(pair, {"d": change("rule", "a", "bcb", "value")}, QUICK)["d"]
    assert found.estimate == pytest.approx(100 * (5.5 / 12.5 - 1))
    twice = sides(hand_made({"a": ours, "rule": other * 2}), "a", "rule")
    assert estimate(twice, {"d": change("rule", "a", "bcb", "value")}, QUICK)["d"] == found


def test_only_seeds_in_common_are_compared() -> None:
    a = hand_made({"a": [[1.0, 2.0], [3.0, 4.0], [90.0, 90.0]]})
    b = hand_made({"b": [[90.0, 90.0], [1.0, 1.0], [2.0, 2.0]]}, seeds=(7, 0, 1))
    pair = sides(Results.join([a, b]), "a", "b")
    assert common_seeds(pair) == (0, 1)
    found = estimate(pair, {"d": share("a", "b", "bcb", "value")}, QUICK)["d"]
    assert found.estimate == pytest.approx(100 * 2.5 / 1.5)
    strangers = Results.join([a, hand_made({"b": [[1.0, 1.0]]}, seeds=(9,))])
    with pytest.raises(InvalidDataError, match=r"seed in common.*'b': \(9,\)"):
        estimate(sides(strangers, "a", "b"), {"d": share("a", "b", "bcb", "value")}, QUICK)


def test_tasks_may_have_days_of_their_own() -> None:
    rng = np.random.default_rng(8)
    parts = [
        hand_made({n: rng.normal(10, 1, (3, days)).tolist() for n in "ab"}, task=task)
        for task, days in (("cpa_mcb", 4), ("bcb", 7))
    ]
    results = Results.join(parts)
    found = estimate(
        sides(results, "a", "b"), {"d": drop("a", "b", ("cpa_mcb", "bcb"), "score_paper")}, QUICK
    )["d"]
    ratios = [
        float(results.where(row="a", task=t).value.mean(dtype=np.float64))
        / float(results.where(row="b", task=t).value.mean(dtype=np.float64))
        for t in ("cpa_mcb", "bcb")
    ]
    assert found.estimate == pytest.approx(100 - 100 * np.mean(ratios))
    assert found.low < found.estimate < found.high


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(4)), st.permutations(range(6)), st.integers(0, 30_000))
def test_labels_and_their_order_do_not_matter(
    seeds: list[int], days: list[int], offset: int
) -> None:
    rng = np.random.default_rng(9)
    boxes = {name: rng.normal(10, 1, (4, 6)) for name in "ab"}
    asked = {"d": change("a", "b", "bcb", "value")}
    straight = hand_made({n: b.tolist() for n, b in boxes.items()})
    other = hand_made(
        {n: b[np.ix_(seeds, days)].tolist() for n, b in boxes.items()},
        seeds=[offset + seed for seed in range(4)],
    )
    one, two = (estimate(sides(of, "a", "b"), asked, Drawing(draws=2000))["d"] for of in
                (straight, other))  # fmt: skip
    assert two.estimate == pytest.approx(one.estimate)
    assert two.standard_error == pytest.approx(one.standard_error)
    length = one.high - one.low
    assert two.high - two.low == pytest.approx(length)
    assert two.low == pytest.approx(one.low, abs=0.05 * length)  # the draws fall on other levels


def test_resampled_sums_are_those_of_the_library() -> None:
    results = study(episodes=7)
    names = ("odom-vao", "behaviour")
    for used, seeds in ((names, 3), (names[1:], 1)):
        pair = sides(results, *used, fixed=("behaviour",))
        figures = [(name, task, "value") for name in used for task in TASKS]
        sums = _Sums.of(pair, figures)
        assert sums.box.shape == (seeds, 7, len(figures) + 3)
        theirs = replicate(sums.cells, lambda s: s, 50, 3)
        ours = sums.resampled(Drawing(draws=50, seed=3))
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)
