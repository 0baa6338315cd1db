"""What the comparison of frozen and responsive opponents counts, and its record."""

from __future__ import annotations

from dataclasses import astuple
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from agents.fixed import FixedMultiplier
from auctionsim.tasks import TASKS
from benchmarks import frozen
from benchmarks.frozen import FACTORS, KINDS, PLANS, RECORD, Plan, bidders, study
from benchmarks.frozen_compare import (
    COMPARED,
    Agreement,
    Ranking,
    agreements,
    correlation,
    cost,
    rankings,
)
from benchmarks.frozen_tables import agreement_table, tables
from benchmarks.power_play import FIGURES, Results
from benchmarks.power_record import read_record
from tests.auctionsim.worlds import write_world

Float64Array = NDArray[np.float64]

README = RECORD.with_name("README.md")


@pytest.fixture(scope="module")
def kept() -> dict[str, list[object]]:
    return read_record(RECORD, KINDS)


def made_up(figures: Float64Array, seconds: float = 0.0, recording: float = 0.0) -> Results:
    """Results whose figures by bidder, episode and seat are the same for all tasks and figures."""
    shape = (len(FIGURES), len(figures), len(TASKS), *figures.shape[1:])
    spread_out = np.broadcast_to(figures[None, :, None], shape)
    labels = tuple(f"bidder {place}" for place in range(len(figures)))
    each = np.full((len(figures), len(TASKS)), seconds)
    return Results(labels, np.arange(figures.shape[1]), spread_out, each, recording)


def days(seed: int) -> Float64Array:
    return np.random.default_rng(seed).uniform(10.0, 20.0, (3, 6, 4))


@given(st.integers(0, 2**32), st.floats(0.5, 2.0))
def test_what_is_scaled_differs_by_its_scale(seed: int, factor: float) -> None:
    figures = days(seed)
    for row in agreements("world", 1.0, made_up(factor * figures), made_up(figures)):
        assert row.difference == pytest.approx(100.0 * (factor - 1.0), abs=1e-9)
        assert row.correlation == pytest.approx(1.0)
        assert row.deviation == pytest.approx(abs(row.difference), abs=1e-9)
        assert row.low - 1e-9 <= row.difference <= row.high + 1e-9


def test_agreement_is_of_means_and_of_trajectories() -> None:
    figures = days(0)
    shift = np.random.default_rng(1).normal(0.0, 1.0, figures.shape)
    rows = list(agreements("world", 0.5, made_up(figures + shift), made_up(figures)))
    assert len(rows) == 3 * len(TASKS) * len(COMPARED)
    row = rows[0]
    assert (row.bidder, row.task, row.figure) == ("bidder 0", "cpa_mcb", "expected_score")
    assert (row.budget_factor, row.episodes) == (0.5, 6)
    assert row.difference == pytest.approx(100.0 * shift[0].mean() / figures[0].mean())
    assert row.deviation == pytest.approx(100.0 * np.abs(shift[0]).mean() / figures[0].mean())
    expected = np.corrcoef((figures + shift)[0].ravel(), figures[0].ravel())[0, 1]
    assert row.correlation == pytest.approx(expected)
    assert row.low < row.difference < row.high


def test_rankings_hold_differences_of_differences() -> None:
    figures = days(2)
    other = figures.copy()
    other[0] += 6.0
    rows = list(rankings("world", made_up(other), made_up(figures)))
    assert [row.pair for row in rows if row.task == "bcb"] == list(
        combinations(("bidder 0", "bidder 1", "bidder 2"), 2)
    )
    first, _, last = (row for row in rows if row.task == "bcb")
    whole = figures[1].mean() / 100.0
    assert first.responsive == pytest.approx((figures[0] - figures[1]).mean() / whole)
    assert first.frozen - first.responsive == pytest.approx(6.0 / whole)
    assert first.low > 0.0
    assert (last.frozen, last.low, last.high) == (last.responsive, 0.0, 0.0)
    assert last.same_order


@pytest.mark.parametrize(("frozen_", "responsive", "same"), [(1.0, 2.0, True), (-1.0, 2.0, False)])
def test_order_is_of_signs(frozen_: float, responsive: float, same: bool) -> None:
    row = Ranking("world", "bcb", ("a", "b"), frozen_, responsive, 0.0, 0.0)
    assert row.same_order is same


def test_what_does_not_vary_has_no_correlation() -> None:
    assert np.isnan(correlation(np.ones(4), np.arange(4.0)))


def test_cost_is_a_trajectorys() -> None:
    figures = days(3)
    found = cost("world", made_up(figures, 0.24, 0.6), made_up(figures, 0.48))
    assert astuple(found) == ("world", *(pytest.approx(ms) for ms in (10.0, 20.0, 100.0)))


def test_bidders_far_from_the_lineup_take_part() -> None:
    assert {"fixed 0.3", "fixed 3.0"} < set(bidders())
    assert list(bidders()) == sorted(bidders())


def test_a_study_plays_both_kinds_on_the_same_days(tmp_path: Path) -> None:
    playing = {"fixed 3.0": FixedMultiplier(3.0), "fixed 0.3": FixedMultiplier(0.3)}
    plans = [Plan(write_world(tmp_path), 4, 2, 2)]
    record = study(plans, playing, tmp_path / "runs", factors=[0.5], progress=False)
    rows = [row for row in record["agreements"] if isinstance(row, Agreement)]
    assert {(r.budget_factor, r.bidder, r.episodes) for r in rows} == {
        (1.0, "fixed 3.0", 4), (1.0, "fixed 0.3", 4), (0.5, "fixed 3.0", 2)
    }  # fmt: skip
    assert {row.market for row in rows} == {"world"}
    near = [row for row in rows if row.bidder == "fixed 3.0" and row.figure == "expected_value"]
    assert all(row.correlation > 0.9 for row in near)
    assert all(abs(row.difference) < 15.0 for row in near)
    names = {path.name for path in (tmp_path / "runs").iterdir()}
    assert len(names) == 2 * (2 + 1)
    assert "frozen-world-responsive-0.5-0000-2.npz" in names


def test_the_record_is_whole(kept: dict[str, list[Agreement]]) -> None:
    rows = {
        (r.market, r.bidder, r.task, r.figure)
        for r in kept["agreements"]
        if r.budget_factor == 1.0
    }  # fmt: skip
    names = [plan.market for plan in PLANS]
    assert rows == set(product(names, bidders(), TASKS, COMPARED))
    assert {(r.market, r.budget_factor) for r in kept["agreements"]} == set(
        product(names, (1.0, *FACTORS))
    )
    assert len(kept["rankings"]) == len(PLANS) * len(TASKS) * 15


def test_frozen_opponents_rank_bidders_as_responsive_ones(kept: dict[str, list[Ranking]]) -> None:
    """Wherever the bidders differ by 2 % and more."""
    clear = [row for row in kept["rankings"] if abs(row.responsive) >= 2.0]
    assert len(clear) > 100
    assert all(row.same_order for row in clear)


def test_bidders_like_the_lineup_fare_alike(kept: dict[str, list[Agreement]]) -> None:
    near = [
        row
        for row in kept["agreements"]
        if row.budget_factor == 1.0 and row.bidder not in ("fixed 0.3", "fixed 3.0")
    ]
    assert all(abs(row.difference) < 1.5 for row in near)
    assert all(row.correlation > 0.97 for row in near)


def test_the_readme_has_the_tables_of_the_record(
    kept: dict[str, list[object]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert frozen.main([]) == 0
    printed = capsys.readouterr().out
    assert printed.strip() == tables(*(kept[name] for name in KINDS if name != "about"))  # type: ignore[arg-type]
    text = README.read_text(encoding="utf-8")
    assert not [line for line in printed.splitlines() if line.startswith("|") and line not in text]


def test_the_command_writes_what_it_prints(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(frozen, "PLANS", [Plan(write_world(tmp_path), 2, 2, 2)])
    monkeypatch.setattr(frozen, "bidders", lambda: {"fixed 3.0": FixedMultiplier(3.0)})
    path = tmp_path / "new.json"
    assert frozen.main(["--runs", str(tmp_path / "runs"), "--json", str(path)]) == 0
    printed = capsys.readouterr().out
    written = read_record(path, KINDS)
    assert agreement_table([r for r in written["agreements"] if r.budget_factor == 1.0]) in printed
    assert written["about"][0].episodes == 2
    with pytest.raises(SystemExit) as stopped:
        frozen.main(["--json", str(path)])
    assert stopped.value.code == 2
