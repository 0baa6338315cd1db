"""The market under AuctionNet's rules beside three recorded episodes of AuctionNet.

Tolerances, and why they are no tighter, stand in benchmarks/calibration_checks.py.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from auctionsim import load_market
from benchmarks import calibration
from benchmarks.calibration_checks import FED, OWN, TRAFFIC, Check, fed_checks, traffic_checks
from benchmarks.calibration_compare import Calibration, calibrate
from benchmarks.calibration_play import Played, exposure_by_slot
from benchmarks.calibration_record import RECORD, before_clipping, clipped_moments, load_record
from benchmarks.calibration_rules import DEFAULT
from benchmarks.calibration_traffic import own_sample, recorded_sample


@pytest.fixture(scope="module")
def compared() -> Calibration:
    return calibrate()


def out_of_tolerance(checks: list[Check]) -> set[str]:
    return {check.name for check in checks if not check.within}


@pytest.mark.parametrize("part", [FED, TRAFFIC, OWN])
def test_every_figure_is_within_its_tolerance(compared: Calibration, part: str) -> None:
    checks = [check for check in compared.checks if check.part == part]
    assert checks
    assert not [check for check in checks if not check.within]


def test_prices_cleared_here_are_those_of_the_market(compared: Calibration) -> None:
    """Quantiles come from a clearing beside the market's own: their means must agree."""
    ours = float(np.average(compared.prices.mean, weights=compared.fed.volumes))
    assert ours == pytest.approx(compared.fed.price, rel=5e-4)
    by_step = np.abs(compared.prices.mean / compared.fed.price_mean - 1.0)
    assert np.quantile(by_step, 0.95) < 0.002


def checks_under(compared: Calibration, rules: str) -> set[str]:
    played = compared.variants[rules]
    return out_of_tolerance(fed_checks(compared.record, played, compared.prices, np.ones(3)))


def test_the_default_exposure_is_found_out(compared: Calibration) -> None:
    market = replace(load_market("auctionnet"), exposure=(1.0, 0.8, 0.6))
    exposure = exposure_by_slot(market, 20_000, seed=0)
    assert exposure == pytest.approx([1.0, 0.8, 0.6], abs=0.015)
    checks = fed_checks(compared.record, compared.fed, compared.prices, exposure)
    assert out_of_tolerance(checks) == {"exposure of slot 3"}
    assert {"cost", "cost by advertiser", "win rate by advertiser", "predicted conversions"} < (
        checks_under(compared, "slot 3 seen with 0.6")
    )


def test_a_lost_bias_is_found_out(compared: Calibration) -> None:
    slope = "conversions by advertiser, slope on their bias"
    assert checks_under(compared, "no bias") == {"exposure of slot 2", "exposure of slot 3", slope}


def test_prices_off_by_three_percent_are_found_out(compared: Calibration) -> None:
    quantiles = compared.prices.quantiles * 1.03
    prices = replace(compared.prices, quantiles=quantiles)
    checks = fed_checks(compared.record, compared.fed, prices, compared.exposure)
    levels = ("5%", "10%", "25%", "50%", "75%", "90%")
    found = {f"market price by step, {level} quantile" for level in levels}
    assert found <= out_of_tolerance(checks)


@pytest.mark.parametrize(
    ("changed", "found_out"),
    [
        ({"prediction_bias": 0.0}, "bias of probabilities, deviation"),
        ({"deviation_mean": 0.45}, "deviation / mean"),
        ({"deviation_spread": 0.0}, "deviation / mean, 5% quantile"),
        ({"mean_probability": 0.0006}, "value mean"),
        ({"category_spread": 0.4}, "value mean, 5% quantile"),
        ({"volume_spread": 0.2}, "opportunities of a block over the profile, deviation"),
        ({"daily_profile": (1.0,) * 48}, "opportunities of a step in its block of four"),
        ({"error_mean": 0.2}, "prediction error / value, mean"),
    ],
)
def test_other_traffic_is_found_out(changed: dict[str, object], found_out: str) -> None:
    market = load_market("auctionnet")
    other = replace(market, traffic=replace(market.traffic, **changed))  # type: ignore[arg-type]
    checks = traffic_checks(recorded_sample(load_record()), own_sample(other, days=60, seed=0))
    assert found_out in out_of_tolerance(checks)


def test_a_difference_that_is_no_number_is_out_of_tolerance() -> None:
    assert not Check(FED, "slope", 1.0, float("nan"), float("nan"), 1.0).within


def test_what_the_default_rules_change(compared: Calibration) -> None:
    changes = {change.rules: change for change in compared.changes}
    every = changes[DEFAULT]
    assert every.exposed_wins == pytest.approx(2.4 / 2.28 - 1.0, abs=0.002)
    assert 0.02 < every.cost < 0.05
    assert 0.02 < every.conversions < 0.05
    assert abs(every.price) < 0.03
    assert abs(changes["bids capped at budgets"].cost) < 0.005
    assert changes["no bias"].cost == 0.0
    assert changes["no bias"].conversions_by_advertiser > 0.03


def test_budgets_hold_under_all_rules(compared: Calibration) -> None:
    def most_spent(played: Played) -> float:
        return float((played.cost.sum(1) - compared.record.budget).max())

    assert most_spent(compared.fed) <= 1e-9
    assert all(most_spent(played) <= 1e-9 for played in compared.variants.values())


def test_the_record_is_small_and_whole() -> None:
    assert RECORD.stat().st_size < 300_000
    record = load_record()
    assert record.multiplier.shape == (3, 48, 48)
    assert record.volumes.sum(1).tolist() == [499_980, 499_974, 499_975]
    assert record.budget.sum() == 150_000
    assert (record.cost <= record.budget).all()
    assert record.cost.sum(1) == pytest.approx(record.cost_by_slot.sum(1), rel=1e-5)


def test_moments_of_clipped_normals_are_those_of_draws_and_can_be_undone() -> None:
    mean, deviation = np.array([1.0, 1.0, 1.0]), np.array([0.1, 0.5, 1.0])
    draws = np.maximum(
        mean + deviation * np.random.default_rng(0).standard_normal((400_000, 3)), 0.0
    )
    clipped_mean, clipped_deviation, zeros = clipped_moments(mean, deviation)
    assert clipped_mean == pytest.approx(draws.mean(0), rel=0.005)
    assert clipped_deviation == pytest.approx(draws.std(0), rel=0.005)
    assert zeros == pytest.approx((draws == 0.0).mean(0), abs=0.002)
    steady = clipped_moments(np.array([2.0]), np.array([0.0]))
    assert np.concatenate(steady) == pytest.approx([2.0, 0.0, 0.0], abs=1e-5)
    undone = before_clipping(clipped_mean, clipped_deviation)
    assert np.stack(undone) == pytest.approx(np.stack([mean, deviation]), rel=1e-4)


def test_the_command_prints_writes_and_draws(
    compared: Calibration,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(calibration, "calibrate", lambda seed: compared)
    figures, plot = tmp_path / "figures.json", tmp_path / "plot.svg"
    assert calibration.main(["--json", str(figures), "--plot", str(plot)]) == 0
    printed = capsys.readouterr().out
    assert all(check.name in printed for check in compared.checks)
    assert DEFAULT in printed
    written = json.loads(figures.read_text(encoding="utf-8"))
    assert len(written["checks"]) == len(compared.checks)
    assert plot.read_text(encoding="utf-8").startswith("<?xml")

    wrong = replace(compared.checks[0], difference=1.0)
    monkeypatch.setattr(calibration, "calibrate", lambda seed: replace(compared, checks=[wrong]))
    assert calibration.main([]) == 1
    assert "OUT OF TOLERANCE" in capsys.readouterr().out
