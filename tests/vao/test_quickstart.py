"""The demonstration: what it leaves behind, and that the same seed gives the same results."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from auctionsim.dataset import Dataset
from auctionsim.tasks import TASKS
from tests.vao.conftest import EPISODES, write_configs
from vao.config import METHODS
from vao.findings import BEHAVIOUR, CONSTANT, NAMES
from vao.quickstart import NOTE, QuickstartResult, run_quickstart
from vao.report import read_results
from vao.storage import load_policy

Demonstration = tuple[Path, QuickstartResult]


def test_it_leaves_dataset_policies_results_and_report(demonstration: Demonstration) -> None:
    folder, result = demonstration
    out = folder / "out"
    Dataset.open(out / "dataset").verify()
    for method in METHODS:
        assert load_policy(out / "policies" / method).tasks == TASKS
        assert (out / "policies" / f"{method}.jsonl").is_file()
    assert read_results(out / "results.json") == result.data
    page = result.report.read_text()
    assert "demonstration at small scale" in page
    assert "demonstration at small scale" in NOTE


def test_table_has_references_and_methods_with_errors_and_delta(
    demonstration: Demonstration,
) -> None:
    data = demonstration[1].data
    assert [row.name for row in data.results] == [BEHAVIOUR, CONSTANT, *NAMES.values()]
    for row in data.results:
        for task in TASKS:
            error = row.cell(task, "expected_value").standard_error
            assert error is not None
            assert error >= 0.0
    assert data.result("No sharing").delta_m is None
    assert data.result("VAO").delta_m is not None
    assert len(data.weights) == len(TASKS)
    for panel in data.weights:
        sums = np.array([line.y for line in panel.lines], np.float64).sum(axis=0)
        np.testing.assert_allclose(sums, 1.0, atol=1e-6)


def test_behaviour_row_is_the_test_split(demonstration: Demonstration) -> None:
    folder, result = demonstration
    played = Dataset.open(folder / "out" / "dataset").load("test")
    totals = played.totals(expected=True)
    for code, task in enumerate(TASKS):
        mean = totals.value[played.task == code].mean()
        cell = result.data.result(BEHAVIOUR).cell(task, "expected_value")
        assert cell.mean == pytest.approx(mean)
    first = EPISODES["train"] + EPISODES["val_align"] + EPISODES["val_select"]
    assert sorted(set(played.episode.tolist())) == [first, first + 1, first + 2]


def test_same_seed_same_results_even_over_an_old_run(demonstration: Demonstration) -> None:
    folder, result = demonstration
    again = run_quickstart(write_configs(folder), progress=False)
    assert again.data.results == result.data.results
    assert again.data.weights == result.data.weights


def test_another_seed_gives_other_results(demonstration: Demonstration, tmp_path: Path) -> None:
    settings = replace(write_configs(tmp_path), seed=4)
    other = run_quickstart(settings, progress=False)
    assert other.data.results != demonstration[1].data.results
