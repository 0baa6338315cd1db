"""What the study of markets works out, and that its record says what the README says."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.fixed import FixedMultiplier
from auctionsim.evaluation import FIRST_EPISODE, evaluate
from auctionsim.tasks import TASKS
from benchmarks import markets
from benchmarks.markets import KINDS, PLANS, RECORD, Plan, study
from benchmarks.markets_curves import (
    GRID,
    STEP,
    SeatCurves,
    by_factor,
    constant_scores,
    path_scores,
)
from benchmarks.markets_play import PLAYED, Results, hindsight, measure, recorded
from benchmarks.markets_study import PAIRS, Gain, gains, levels
from benchmarks.markets_tables import tables
from benchmarks.power_record import read_record
from tests.auctionsim.worlds import WORLD, world, write_world

README = RECORD.with_name("README.md")
# Enough opportunities for looks to even out, and seats that the default line-up can be drawn for.
MARKET = world(opportunities=6000, steps=6, name="busy")


@pytest.fixture(scope="module")
def kept() -> dict[str, list[Any]]:
    return read_record(RECORD, KINDS)


def seat_curves(
    seed: int, *, steps: int = 4, dear: float = 1.0, limit: float = 1e300
) -> SeatCurves:
    """One seat among one-slot opportunities at prices of their own: thresholds p over worth 1."""
    random = np.random.default_rng(seed)
    prices = np.sort(random.uniform(5.0, 200.0, (steps, 300)), axis=1)
    count = np.array([np.searchsorted(row, GRID, side="right") for row in prices], np.float64)
    paid = np.concatenate([np.zeros((steps, 1)), np.cumsum(prices, axis=1)], axis=1)
    cost = np.array([row[n.astype(int)] for row, n in zip(paid, count, strict=True)])
    terms = np.array([dear * 20_000.0]), np.array([limit]), np.array([90.0])
    return SeatCurves(cost[None], count[None], count[None], *terms, 0.1)


@given(st.integers(0, 2**32), st.sampled_from([0.2, 1.0, 5.0]), st.sampled_from([1e300, 40.0]))
@settings(max_examples=8)
def test_at_the_second_price_no_path_gains_over_a_constant(
    seed: int, dear: float, limit: float
) -> None:
    """One slot, prices that own bids do not move, worth linear: theory, but for the grid's width.

    What is left is what a constant cannot reach between two points of the grid.
    """
    curves = seat_curves(seed, dear=dear, limit=limit)
    constant, path = constant_scores(curves).max(), float(path_scores(curves)[0])
    assert path <= constant * 1.02
    assert path >= constant * 0.98


def test_a_path_gains_where_steps_are_worth_different_multipliers() -> None:
    """Slots at two prices: in one step more bid buys much, in the other it raises the cost only."""
    cost, worth = np.zeros((2, 1, 2, len(GRID)))
    cheap, dear = GRID >= 10.0, GRID >= 50.0
    cost[0, 0], worth[0, 0] = 10.0 * cheap + 90.0 * dear, 1.0 * cheap + 0.1 * dear
    cost[0, 1], worth[0, 1] = 50.0 * dear, 1.0 * dear
    terms = np.array([100.0]), np.array([1e300]), np.array([90.0])
    curves = SeatCurves(cost, worth, worth, *terms, 0.1)
    assert path_scores(curves)[0] == pytest.approx(2.0)
    assert constant_scores(curves).max() < 1.2


def test_a_budget_that_runs_out_buys_a_share_of_the_step() -> None:
    cost = np.full((1, 3, len(GRID)), 40.0)
    terms = np.array([100.0]), np.array([1e300]), np.array([90.0])
    curves = SeatCurves(cost, cost / 10.0, cost / 10.0, *terms, 0.1)
    np.testing.assert_allclose(constant_scores(curves), 10.0)
    limited = curves._replace(allowance=np.array([5.0]))
    np.testing.assert_allclose(constant_scores(limited), 10.0 * 0.25)
    idle = curves._replace(least=30.0)
    np.testing.assert_allclose(constant_scores(idle), 8.0)


def test_factors_are_taken_from_the_nearest_of_the_grid() -> None:
    scores = np.tile(GRID, (2, 1))
    found = by_factor(scores, np.array([60.0, 90.0]), np.array([0.5, 1.0, 2.0]))
    wanted = np.array([[30.0, 60.0, 120.0], [45.0, 90.0, 180.0]])
    np.testing.assert_allclose(found, wanted, rtol=0.51 * STEP)


def test_hindsight_knows_more_the_more_it_may_choose() -> None:
    found = hindsight(recorded(MARKET, FIRST_EPISODE))
    best = found.factors.max(axis=2)
    assert (best <= found.constant * (1 + 1e-9)).all()
    assert (found.constant <= found.path).all()
    assert (found.path.mean(axis=1) <= found.optimum.mean(axis=1)).all()


def test_what_is_worked_out_for_a_factor_is_what_it_brings_when_it_plays() -> None:
    """But for the luck of looks, which costs Scores with a limit some percent on so small a day."""
    episodes = list(range(FIRST_EPISODE, FIRST_EPISODE + 4))
    days = [hindsight(recorded(MARKET, e), bounds=False).factors for e in episodes]
    for place, task in enumerate(TASKS):
        played = evaluate(
            FixedMultiplier(1.0), task, MARKET, episodes, protocol="wide", frozen=True, bounds=False
        )
        mean = np.mean([day[place, :, 50] for day in days])
        found = float(np.mean(np.asarray(played.sample("expected_score").numerator)))
        assert found == pytest.approx(mean, rel=0.08)


def made_up(seed: int, gain: float) -> Results:
    base = np.random.default_rng(seed).uniform(1.0, 2.0, (len(TASKS), 4, 5))
    played = np.stack([base] * len(PLAYED))
    return Results(np.ones(3), base, base, gain * base, gain * base, gain * gain * base, played)


@given(st.integers(0, 2**32), st.floats(1.0, 3.0))
@settings(max_examples=20)
def test_gains_are_those_that_were_put_in(seed: int, gain: float) -> None:
    results, percent = made_up(seed, gain), 100.0 * (gain - 1.0)
    for row in gains("world", results):
        expected = {("constant", "market_factor"): percent, ("optimum", "constant"): percent}
        assert row.percent == pytest.approx(expected.get(row.pair, 0.0), abs=1e-9)
        assert row.low - 1e-9 <= row.percent <= row.high + 1e-9
    for level, scores in zip(levels("world", results), results.market_factor, strict=True):
        assert level.score == pytest.approx(scores.mean())


def test_results_are_kept(tmp_path: Path) -> None:
    results = made_up(1, 2.0)
    results.save(tmp_path / "world.npz")
    loaded = Results.load(tmp_path / "world.npz")
    np.testing.assert_array_equal(loaded.optimum, results.optimum)
    np.testing.assert_array_equal(loaded.played, results.played)


def test_days_of_choice_are_not_those_that_count(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, bool]] = []

    def noted(recording: Any, bounds: bool = True) -> Any:
        asked.append((recording.episodes[0] - FIRST_EPISODE, bounds))
        return hindsight(recording, bounds)

    monkeypatch.setattr("benchmarks.markets_play.hindsight", noted)
    results = measure(replace(WORLD, opportunities=200), 2, 3)
    assert asked == [(3, False), (4, False), (0, True), (1, True), (2, True)]
    assert results.constant.shape == (3, 3, WORLD.advertisers)
    assert (results.seat_factor <= results.constant * (1 + 1e-9)).all()
    assert (results.market_factor <= results.constant * (1 + 1e-9)).all()


def test_what_was_played_is_not_played_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plans = [Plan(write_world(tmp_path, replace(WORLD, opportunities=200)), 1, 2)]
    first = study(plans, tmp_path / "runs")
    monkeypatch.setattr(markets, "measure", lambda *_: pytest.fail("played again"))
    assert study(plans, tmp_path / "runs") == first
    assert [about.episodes for about in first["about"]] == [2]  # type: ignore[attr-defined]


def test_the_record_is_whole(kept: dict[str, list[Any]]) -> None:
    names = [plan.build().name for plan in PLANS]
    assert [about.market for about in kept["about"]] == names
    assert [(of.market, of.task) for of in kept["levels"]] == list(product(names, TASKS))
    assert {(g.market, g.task, g.pair) for g in kept["gains"]} == set(product(names, TASKS, PAIRS))


def test_the_record_bears_out_what_the_readme_concludes(kept: dict[str, list[Gain]]) -> None:
    by = {(gain.market, gain.task, gain.pair): gain for gain in kept["gains"]}
    for (market, task, pair), gain in by.items():
        if pair == ("path", "constant"):  # the path within the day is worth little everywhere
            assert 0.0 <= gain.percent < 1.0
            assert by[market, task, ("constant", "market_factor")].low > 10.0 * gain.percent
        if pair == ("fixed", "market_factor"):  # what is worked out is what is played
            assert abs(gain.percent) < 0.5
    for task in TASKS:
        assert by["real_days, one slot", task, ("path", "constant")].percent < 0.2


def test_the_readme_has_the_tables_of_the_record(
    kept: dict[str, list[Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert markets.main([]) == 0
    printed = capsys.readouterr().out
    assert printed.strip() == tables(kept["levels"], kept["gains"])
    text = README.read_text(encoding="utf-8")
    assert not [line for line in printed.splitlines() if line.startswith("|") and line not in text]


def test_a_new_record_needs_a_place_for_the_play(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        markets.main(["--json", "new.json"])
    assert stopped.value.code == 2
    assert "needs --runs DIR" in capsys.readouterr().err
