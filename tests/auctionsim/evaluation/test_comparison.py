from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from agents.fixed import FixedMultiplier
from auctionsim.errors import InvalidArgumentError
from auctionsim.evaluation import METRICS, Evaluation, compare, evaluate


@pytest.fixture(scope="module")
def results() -> dict[float, Evaluation]:
    return {
        factor: evaluate(
            FixedMultiplier(factor), "cpa_mcb", "tiny", 6, frozen=True, protocol="wide"
        )
        for factor in (0.8, 1.0)
    }


def test_an_interval_is_about_its_metric(results: dict[float, Evaluation]) -> None:
    found = results[0.8]
    for name in METRICS:
        ends = found.interval(name)
        if np.isnan(found.metrics[name]):
            assert np.isnan(ends.estimate)
        else:
            assert ends.estimate == pytest.approx(found.metrics[name])
            assert ends.low <= ends.estimate <= ends.high
            assert ends.low < ends.high


def test_the_standard_error_is_that_of_episode_means(results: dict[float, Evaluation]) -> None:
    found = results[0.8]
    ends = found.interval("expected_value")
    assert ends.standard_error == pytest.approx(found.standard_errors["expected_value"], rel=1e-6)


def test_pairing_makes_the_difference_sharper_than_the_results(
    results: dict[float, Evaluation],
) -> None:
    a, b = results[1.0], results[0.8]
    paired = compare(a, b, "expected_value")
    expected = a.metrics["expected_value"] - b.metrics["expected_value"]
    assert paired.estimate == pytest.approx(expected)
    alone = a.interval("expected_value")
    assert paired.high - paired.low < 0.5 * (alone.high - alone.low)
    relative = compare(a, b, "expected_value", relative=True)
    assert relative.estimate == pytest.approx(100 * expected / b.metrics["expected_value"])


def test_seats_resampled_as_well_widen_the_interval(results: dict[float, Evaluation]) -> None:
    fixed = results[0.8].interval("expected_value")
    drawn = results[0.8].interval("expected_value", resample=("episode", "seat"))
    assert drawn.high - drawn.low > fixed.high - fixed.low


def test_a_bidder_does_not_differ_from_itself(results: dict[float, Evaluation]) -> None:
    same = compare(results[0.8], results[0.8])
    assert (same.estimate, same.low, same.high) == (0.0, 0.0, 0.0)


def test_what_does_not_pair_is_refused(results: dict[float, Evaluation]) -> None:
    other = evaluate("pid", "bcb", "tiny", 1, frozen=True, bounds=False)
    with pytest.raises(InvalidArgumentError, match="must be of the task cpa_mcb"):
        compare(results[0.8], other)
    fewer = evaluate("pid", "cpa_mcb", "tiny", 1, frozen=True, protocol="wide", bounds=False)
    with pytest.raises(InvalidArgumentError):
        compare(results[0.8], fewer, "expected_value")
    with pytest.raises(InvalidArgumentError, match="metric"):
        compare(results[0.8], results[1.0], "profit")


def test_other_days_or_markets_do_not_pair(results: dict[float, Evaluation]) -> None:
    settings: dict[str, Any] = {"frozen": True, "protocol": "wide", "bounds": False}
    for changed in ({"seed": 1}, {"market": "small"}, {"lineup": "explore"}):
        given: dict[str, Any] = {"market": "tiny", "episodes": 1, **changed}
        other = evaluate("pid", "cpa_mcb", **(given | settings))
        name = next(iter(changed))
        with pytest.raises(InvalidArgumentError, match=f"`b` must have the same {name}"):
            compare(results[0.8], other, "expected_value")


def test_rates_stay_rates(results: dict[float, Evaluation]) -> None:
    for name in ("utilisation", "violation_rate", "expected_violation_rate"):
        ends = results[1.0].interval(name)
        assert 0.0 <= ends.low <= ends.estimate <= ends.high <= 1.0


def test_training_seeds_are_resampled_where_results_are_pooled(
    results: dict[float, Evaluation],
) -> None:
    one, other = results[0.8], results[1.0]
    pooled = Evaluation.pool({1: one, 2: other})
    mean = 0.5 * (one.metrics["expected_value"] + other.metrics["expected_value"])
    assert pooled.metrics["expected_value"] == pytest.approx(mean)
    with_seeds = pooled.interval("expected_value")
    days_only = pooled.interval("expected_value", resample=("episode",))
    assert with_seeds.high - with_seeds.low > days_only.high - days_only.low
    assert compare(pooled, pooled).estimate == 0.0
    assert pooled.bounds is not None
    assert len(pooled.bounds.optimum) == len(pooled.trajectories)


def test_what_cannot_be_pooled_is_refused(results: dict[float, Evaluation]) -> None:
    with pytest.raises(InvalidArgumentError, match="`results` must not be empty"):
        Evaluation.pool({})
    other = evaluate("pid", "bcb", "tiny", 1, frozen=True, bounds=False)
    with pytest.raises(InvalidArgumentError, match="must be of the task"):
        Evaluation.pool({1: results[0.8], 2: other})
