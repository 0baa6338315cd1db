"""Panels of few tasks, and which parts a history gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.vao.report.weighing import history
from vao.report import Sharing
from vao.sharing_findings import balance_of, sharing_of, weights_of
from vao.sharing_findings.records import POINTS
from vao.sharing_findings.targets import FEW

TASKS = ("cpa_mcb", "target_roas", "bcb")


def without(records: list[dict[str, Any]], *parts: str) -> list[dict[str, Any]]:
    return [{k: v for k, v in entry.items() if k not in parts} for entry in records]


def test_each_target_has_a_panel_and_each_source_a_line() -> None:
    records = history(TASKS, 14)
    shown = sharing_of(records)
    for panels in (weights_of(records), shown.alignments):
        assert [panel.title for panel in panels] == list(TASKS)
        assert all([line.name for line in panel.lines] == list(TASKS) for panel in panels)
    assert [line.name for line in shown.conflicts[1].lines] == ["cpa_mcb", "bcb"]
    assert shown.many_weights is shown.many_alignments is shown.many_conflicts is None
    first = records[0]["weights"]
    assert [line.y[0] for line in weights_of(records)[1].lines] == first[1]


def test_sources_and_conflicts_have_running_means_and_targets_have_not() -> None:
    records = history(TASKS, 80)
    shown = sharing_of(records)
    assert (shown.averaged, shown.running) == (1, 11)
    panels = (*weights_of(records), *shown.panels)
    assert all(len(line.raw) == 80 for panel in panels for line in panel.lines)
    (balance,) = balance_of({"FAMO": records})
    assert all(line.raw == () for line in balance.lines)
    assert sharing_of(history(TASKS, 3 * POINTS)).running == 3 * 13


def test_a_line_has_few_points_however_long_the_history() -> None:
    records = history(("a", "b"), 5 * POINTS)
    shown = sharing_of(records)
    assert shown.averaged == 5
    panels = (*weights_of(records), *shown.panels, *balance_of({"FAMO": records}))
    assert {len(line.x) for panel in panels for line in panel.lines} == {POINTS}


def test_the_first_measurement_has_no_band() -> None:
    (line, *_) = sharing_of(history(TASKS, 3)).alignments[0].lines
    assert line.low[0] is None
    assert None not in line.low[1:]


def test_effective_sources_are_those_of_single_records() -> None:
    # One source has all the weight in every record, but the records differ in which: 1, not 2.
    swinging: list[dict[str, Any]] = [
        {
            "kind": "weights",
            "stage": "policy",
            "step": step,
            "tasks": ["a", "b"],
            "weights": [[step % 2, 1 - step % 2]] * 2,
        }
        for step in range(4 * POINTS)
    ]
    (line,) = sharing_of(swinging).effective[0].lines
    assert set(line.y) == {1.0}


def test_old_histories_show_what_they_have() -> None:
    records = without(history(TASKS, 5), "sources", "noise", "conflicts", "stage")
    shown = sharing_of(records)
    assert shown.conflicts == ()
    assert shown.noise_shares == {}
    assert all(line.low == () for panel in shown.alignments for line in panel.lines)
    assert len(weights_of(records)) == len(shown.effective) == 3


def test_a_history_without_weights_shows_nothing() -> None:
    losses = [{"kind": "loss", "stage": "policy", "step": 0, "losses": {"bcb": 1.0}}]
    assert sharing_of(losses) == Sharing()
    assert weights_of(losses) == balance_of({"VAO": losses}) == ()


def test_methods_without_weights_of_sources_show_their_conflicts() -> None:
    records = history(("a", "b"), 3)
    for entry in records:
        if entry["kind"] == "balance":
            entry["conflicts"] = [[1.0, -0.5], [-0.5, 1.0]]
    alone = [entry for entry in records if entry["kind"] == "balance"]
    assert {line.y for panel in sharing_of(alone).conflicts for line in panel.lines} == {
        (-0.5,) * 3
    }
    assert sharing_of(records).conflicts != sharing_of(alone).conflicts


def test_a_single_task_conflicts_with_nothing() -> None:
    shown = sharing_of(history(("bcb",), 4))
    assert shown.conflicts == ()
    assert shown.noise_shares == {}
    assert shown.effective[0].lines[0].y == (1.0,) * 4


@pytest.mark.parametrize(("noise", "low", "high"), [(0.01, 0.0, 0.05), (3.0, 0.7, 1.4)])
def test_the_noise_share_tells_noise_from_differences(
    noise: float, low: float, high: float
) -> None:
    shares = sharing_of(history(TASKS, 400, noise=noise)).noise_shares
    assert list(shares) == list(TASKS)
    assert all(low < share < high for share in shares.values())


def test_equal_alignments_have_no_noise_share() -> None:
    record = {"kind": "weights", "stage": "policy", "step": 0, "tasks": ["a", "b"]}
    same = np.full((2, 2), 0.5).tolist()
    assert sharing_of([{**record, "alignment": same, "noise": same}]).noise_shares == {}


def test_each_method_that_weighs_targets_has_a_panel() -> None:
    records = history(TASKS, 5)
    plain = [entry for entry in records if entry["kind"] != "balance"]
    (panel,) = balance_of({"VAO": plain, "FAMO": records})
    assert panel.title == "FAMO"
    assert [line.name for line in panel.lines] == list(TASKS)
    many = balance_of({"FAMO": history(tuple(map(str, range(FEW + 1))), 3)})
    assert [line.name for line in many[0].lines] == ["median of the targets"]
    assert len(many[0].lines[0].low) == 3
