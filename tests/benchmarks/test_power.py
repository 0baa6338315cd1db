"""What the power study counts, and that its record says what the README says."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from agents.fixed import FixedMultiplier
from auctionsim.evaluation import FIRST_EPISODE, METRICS, PROTOCOLS, evaluate, task_seats
from auctionsim.tasks import TASKS
from benchmarks import power, power_play
from benchmarks.power import KINDS, PLANS, RECORD, Plan
from benchmarks.power_play import FIGURES, Results, play, played
from benchmarks.power_record import read_record, write_record
from benchmarks.power_study import (
    DIFFERENCES,
    PAIRS,
    SIZES,
    Check,
    Spread,
    count_shown,
    level_pair,
    scores_of,
    spread,
)
from benchmarks.power_tables import markdown, seeds_table, signed, tables
from tests.auctionsim.worlds import WORLD, write_world

Float64Array = NDArray[np.float64]

README = RECORD.with_name("README.md")
BIDDERS = {"low": FixedMultiplier(0.7), "high": FixedMultiplier(1.3)}


@pytest.fixture(scope="module")
def results() -> Results:
    return play(WORLD, BIDDERS, [3, 4, 5], frozen=True)


@pytest.fixture(scope="module")
def kept() -> dict[str, list[object]]:
    return read_record(RECORD, KINDS)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("task", TASKS)
def test_figures_are_those_of_evaluate(results: Results, task: str, protocol: str) -> None:
    """The paper's seats are some of all seats: one run serves both protocols."""
    found = evaluate(
        BIDDERS["low"], task, WORLD, [3, 4, 5], protocol=protocol, frozen=True, bounds=False
    )
    seats = task_seats(WORLD, task, protocol)
    for figure in set(FIGURES) & set(METRICS):
        mine = results.of(figure, "low", task)[:, seats].ravel()
        np.testing.assert_array_equal(mine, found.sample(figure).numerator)
    cost = found.trajectories.totals(expected=True).cost
    np.testing.assert_array_equal(results.of("cost", "low", task)[:, seats].ravel(), cost)


def test_responsive_opponents_are_those_of_evaluate() -> None:
    mine = play(WORLD, BIDDERS, [3], frozen=False, budget_factor=0.5)
    found = evaluate(
        BIDDERS["high"], "bcb", WORLD, [3], protocol="wide", bounds=False, budget_factor=0.5
    )
    value = mine.of("expected_value", "high", "bcb").ravel()
    np.testing.assert_array_equal(value, found.sample("expected_value").numerator)
    assert mine.recording == 0.0


def test_results_are_kept_and_joined(results: Results, tmp_path: Path) -> None:
    results.save(tmp_path / "lot.npz")
    loaded = Results.load(tmp_path / "lot.npz")
    assert loaded.bidders == results.bidders
    np.testing.assert_array_equal(loaded.figures, results.figures)
    both = Results.join([loaded, loaded])
    assert both.episodes.tolist() == [3, 4, 5, 3, 4, 5]
    np.testing.assert_array_equal(
        both.of("value", "low", "bcb")[3:], results.of("value", "low", "bcb")
    )
    assert both.recording == 2.0 * loaded.recording


def test_what_was_played_is_not_played_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lot = [FIRST_EPISODE, FIRST_EPISODE + 1]
    first = played(tmp_path, "study", WORLD, BIDDERS, lot, frozen=True)
    monkeypatch.setattr(power_play, "play", lambda *_, **__: pytest.fail("played again"))
    again = played(tmp_path, "study", WORLD, BIDDERS, lot, frozen=True)
    np.testing.assert_array_equal(first.figures, again.figures)
    assert not list(tmp_path.glob(".*"))


def made_up(first: Float64Array, second: Float64Array) -> Results:
    """Results of two bidders, whose figures are the same for every task and figure."""
    shape = (len(FIGURES), 2, len(TASKS), *first.shape)
    figures = np.broadcast_to(np.stack([first, second])[None, :, None], shape)
    numbers = np.arange(len(first))
    return Results(("first", "second"), numbers, figures, np.zeros((2, len(TASKS))), 0.0)


def test_components_are_those_that_were_put_in() -> None:
    random, shape = np.random.default_rng(0), (4000, WORLD.advertisers)
    ours = random.normal(100.0, 20.0, shape)
    other = ours + random.normal(0.0, 3.0, (shape[0], 1)) + random.normal(0.0, 6.0, shape)
    seat = np.array([4.0, -4.0] * (WORLD.advertisers // 2))
    found = spread(
        made_up(1.2 * (other + seat), ours), WORLD, "bcb", "wide", ("first", "second"), "value"
    )
    assert found.difference == pytest.approx(20.0, abs=0.5)
    assert found.episode == pytest.approx(9.0, rel=0.1)
    assert found.residual == pytest.approx(36.0, rel=0.05)
    assert found.seat == pytest.approx(16.0 * 8 / 7, rel=0.1)
    assert found.trajectory == pytest.approx(np.sqrt(400.0 + (9.0 + 36.0 + 16.0) / 2), rel=0.02)
    assert found.unpaired == pytest.approx(2 * 400.0 / 8 + 9.0 + 36.0 / 8, rel=0.1)


@given(st.integers(0, 2**32), st.floats(0.1, 10.0))
def test_scaling_leaves_no_difference(seed: int, factor: float) -> None:
    ours = np.random.default_rng(seed).uniform(1.0, 2.0, (3, 4))
    a, b = level_pair(factor * ours, ours)
    np.testing.assert_allclose(a, b, rtol=1e-12)
    assert b.mean() == pytest.approx(100.0)


def test_intervals_are_counted_on_the_right_side() -> None:
    day = np.random.default_rng(1).normal(100.0, 5.0, 50)
    assert count_shown(1.05 * day, day, 5, 20, seed=0) == (20, 0)
    assert count_shown(0.95 * day, day, 5, 20, seed=0) == (0, 20)
    assert count_shown(day, day, 5, 20, seed=0) == (0, 0)


def test_drawn_days_show_what_the_formula_promises() -> None:
    random, seats = np.random.default_rng(2), WORLD.advertisers
    ours = random.normal(100.0, 20.0, (3000, seats))
    other = ours + random.normal(0.0, 4.0, (3000, 1)) + random.normal(0.0, 9.0, (3000, seats))
    row = spread(made_up(other, ours), WORLD, "bcb", "wide", ("first", "second"), "value")
    a, b = (x.mean(axis=1) for x in level_pair(other, ours))
    above, below = count_shown(1.05 * a, b, row.episodes(5.0), 300, seed=3)
    assert 0.72 <= above / 300 <= 0.9
    assert below <= 1
    above, below = count_shown(a, b, 8, 300, seed=4)
    assert 0.02 <= (above + below) / 300 <= 0.09


def test_seeds_needed_are_those_of_a_test_on_seeds() -> None:
    rows = [line.strip("| ").split(" | ") for line in seeds_table().splitlines()[2:]]
    cells = {row[0]: row[1:] for row in rows}
    seeds = int(cells["4.0 %"][DIFFERENCES.index(5.0)])
    random = np.random.default_rng(5)
    drawn = random.normal(5.0, 4.0, (8000, seeds)) - random.normal(0.0, 4.0, (8000, seeds))
    shown = np.asarray(stats.ttest_1samp(drawn, 0.0, axis=1).pvalue) < 0.05
    assert 0.78 <= np.mean(shown) <= 0.86


def test_a_record_is_read_back(kept: dict[str, list[object]], tmp_path: Path) -> None:
    path = tmp_path / "again.json"
    write_record(path, kept)
    assert path.read_bytes() == RECORD.read_bytes()
    row = kept["spreads"][0]
    assert isinstance(row, Spread)
    write_record(path, {"spreads": [replace(row, seat=float("nan"), residual=1 / 3)]})
    (again,) = read_record(path, KINDS)["spreads"]
    assert np.isnan(again.seat)
    assert again.residual == 0.33333


def test_the_record_is_whole(kept: dict[str, list[Any]]) -> None:
    rows = {(r.market, r.task, r.protocol, r.pair, r.figure) for r in kept["spreads"]}
    assert len(rows) == len(kept["spreads"])
    for plan, task, protocol, pair in product(PLANS, TASKS, PROTOCOLS, PAIRS):
        for figure in (*scores_of(task), "value"):
            assert (plan.market, task, protocol, pair, figure) in rows
    checked = {(c.market, c.task, c.protocol, c.pair, c.episodes) for c in kept["checks"]}
    assert set(product(("tiny", "small"), TASKS, PROTOCOLS, PAIRS, [SIZES])) <= checked


def test_intervals_of_ten_days_and_more_keep_their_word(kept: dict[str, list[Check]]) -> None:
    null, ten = [c for c in kept["checks"] if c.difference == 0.0], SIZES.index(10)
    claimed = sum(sum(c.above[ten:]) + sum(c.below[ten:]) for c in null)
    drawn = sum(c.repeats * len(c.above[ten:]) for c in null)
    assert 0.04 <= claimed / drawn <= 0.07
    for percent in DIFFERENCES:
        promised = [c for c in kept["checks"] if c.difference == percent and c.episodes[0] >= 5]
        assert sum(c.above[0] for c in promised) / sum(c.repeats for c in promised) >= 0.75


def test_the_readme_has_the_tables_of_the_record(
    kept: dict[str, list[object]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert power.main([]) == 0
    printed = capsys.readouterr().out
    assert printed.strip() == tables(kept["spreads"], kept["checks"])  # type: ignore[arg-type]
    text = README.read_text(encoding="utf-8")
    assert not [line for line in printed.splitlines() if line.startswith("|") and line not in text]


def test_the_command_plays_and_writes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    name = write_world(tmp_path)
    monkeypatch.setattr(power, "PLANS", [Plan(name, 4, 2, 2)])
    asked = ["--runs", str(tmp_path / "runs"), "--json", str(tmp_path / "new.json")]
    with monkeypatch.context() as patched:
        patched.setattr(power, "tables", lambda spreads, checks: f"{len(spreads)}, {len(checks)}")
        assert power.main(asked) == 0
    spreads = 2 * len(PAIRS) * (4 + 4 + 2)
    assert capsys.readouterr().out.startswith(f"{spreads}, ")
    record = read_record(tmp_path / "new.json", KINDS)
    assert len(record["spreads"]) == spreads
    assert record["about"][0].episodes == 4
    assert {c.episodes for c in record["checks"] if c.difference == 0.0} == {SIZES}
    assert len(list((tmp_path / "runs").glob("*.npz"))) == 2


def test_a_new_record_needs_a_place_for_the_play(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        power.main(["--json", "new.json"])
    assert stopped.value.code == 2
    assert "needs --runs DIR" in capsys.readouterr().err


def test_tables_are_markdown() -> None:
    assert markdown(["a", "b"], [["1", "2"]]) == "| a | b |\n|---|---|\n| 1 | 2 |"
    assert signed(-1.26) == "\N{MINUS SIGN}1.3 %"
    assert signed(2.0) == "+2.0 %"
    assert signed(-0.04) == "+0.0 %"
