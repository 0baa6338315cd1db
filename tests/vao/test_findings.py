"""Figures on weights from the runs of an experiment."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from auctionsim.tasks import TASKS
from tests.vao.report.weighing import history
from vao.findings import balance_panels, sharing, weight_panels
from vao.report import Sharing


def run_of(*kinds: str) -> Any:
    """Return what a run is to these figures: records of some kinds."""
    records = [entry for entry in history(TASKS, 4) if entry["kind"] in kinds]
    return SimpleNamespace(history=records)


def test_weights_and_what_they_are_made_of_are_those_of_the_run() -> None:
    run = run_of("weights")
    assert [panel.title for panel in weight_panels(run)] == list(TASKS)
    assert [panel.title for panel in sharing(run).alignments] == list(TASKS)
    assert weight_panels(run_of()) == ()
    assert sharing(run_of()) == sharing(run_of("balance")) == Sharing()


def test_methods_that_weigh_targets_are_named_as_in_the_table() -> None:
    runs = {"naive": run_of("balance"), "vao": run_of("weights"), "odom-famo": run_of("balance")}
    assert [panel.title for panel in balance_panels(runs)] == ["Naive sharing", "odom-famo"]
