"""The demonstration: what it leaves behind, and that the same seed gives the same results."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auctionsim.dataset import Dataset
from auctionsim.tasks import TASKS
from tests.vao.conftest import EPISODES, write_configs
from vao import quickstart
from vao.arena import FACTORS
from vao.config import METHODS
from vao.findings import BEHAVIOUR, CONSTANT, NAMES
from vao.quickstart import QuickstartResult, run_quickstart
from vao.report import read_results
from vao.report.data import METRICS
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


def test_the_note_counts_the_weights_of_a_planner(demonstration: Demonstration) -> None:
    folder, result = demonstration
    planner = load_policy(folder / "out" / "policies" / "vao").models[0].planner
    weights = sum(parameter.numel() for parameter in planner.parameters())
    shown = re.search(r"about ([\d,]+) weights", result.data.note)
    assert shown is not None
    assert abs(int(shown[1].replace(",", "")) - weights) <= 500


def test_choices_on_the_selection_episodes_are_disclosed(demonstration: Demonstration) -> None:
    data = demonstration[1].data
    assert "both chosen on the same selection episodes" in " ".join(data.summary)
    chosen = data.provenance["Chosen on the selection episodes"][CONSTANT]
    assert chosen.count("x reference") == len(TASKS)


def test_the_page_says_how_many_constants_were_tried(demonstration: Demonstration) -> None:
    explained = demonstration[1].data.result(CONSTANT).explanation
    assert f"from a grid of {len(FACTORS)};" in explained


def test_each_methods_weighting_stands_on_the_page(demonstration: Demonstration) -> None:
    made = demonstration[1].data.provenance
    assert made["Weighting of the data"] == {
        "No sharing": "equal: nothing to set",
        "Naive sharing": "equal: nothing to set",
        "VAO": "vao: refresh 2, temperature 0.2, validation batch 4; all else at its default",
    }
    same = made["Training (the same for all methods)"]
    assert not {"weighting", "features", "share above", "train on validation"} & set(same)
    assert same["settings"] == "heads 2, inverse steps 4, inverse width 8, width 8"
    assert not any("_" in name or "{" in text or "None" in text for name, text in same.items())


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("progress", [False, True])
def test_the_wait_for_compilation_is_explained_once(
    compiled: bool,
    progress: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def generate(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(quickstart, "is_compiled", lambda: compiled)
    monkeypatch.setattr(quickstart, "generate_dataset", generate)
    with pytest.raises(KeyboardInterrupt):
        run_quickstart(write_configs(tmp_path), progress=progress)
    told = capsys.readouterr()
    assert told.err.count("compiling the simulator, once") == (progress and not compiled)
    assert told.out == ""


@pytest.mark.parametrize("progress", [False, True])
def test_it_says_which_method_of_how_many_under_the_tables_names(
    progress: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(quickstart, "_train", lambda *_: None)
    experiment: Any = None
    quickstart._train_all(experiment, write_configs(tmp_path), progress)
    told = ["1 of 3: No sharing", "2 of 3: Naive sharing", "3 of 3: VAO"]
    assert capsys.readouterr().err.splitlines() == (told if progress else [])


def test_paired_differences_agree_with_the_rows(demonstration: Demonstration) -> None:
    data = demonstration[1].data
    assert data.result("No sharing").gaps == data.result(BEHAVIOUR).gains == {}
    for name in (CONSTANT, *NAMES.values()):
        row = data.result(name)
        for task in TASKS:
            for metric in METRICS:
                mine = row.cell(task, metric).mean
                played = data.result(BEHAVIOUR).cell(task, metric).mean
                alone = data.result("No sharing").cell(task, metric).mean
                assert mine is not None
                assert played is not None
                assert alone is not None
                assert row.gain(task, metric).mean == pytest.approx(mine - played)
                assert row.gain(task, metric).standard_error is not None
                if name != "No sharing":
                    assert row.gap(task, metric).mean == pytest.approx(mine - alone)


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
