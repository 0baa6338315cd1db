"""All pairs of many tasks at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.vao.report.weighing import history
from vao.report.data import Panel
from vao.report.sharing import Sharing
from vao.sharing_findings import sharing_of, weights_of

NAMES = tuple(f"t{i}" for i in range(12))


def shown(records: list[dict[str, Any]]) -> Sharing:
    result = sharing_of(records)
    assert weights_of(records) == result.effective == result.alignments == result.conflicts == ()
    return result


def heights(panel: Panel, name: str) -> list[float | None]:
    (line,) = (line for line in panel.lines if line.name == name)
    return list(line.y)


def test_many_tasks_have_no_panels_of_their_own() -> None:
    result = shown(history(NAMES, 6))
    for overview in (result.many_weights, result.many_alignments, result.many_conflicts):
        assert overview is not None
        assert overview.grid.rows == overview.grid.columns == NAMES
        assert all(len(panel.lines) <= 2 for panel in overview.panels)
    assert len(result.noise_shares) == len(NAMES)


def test_the_grid_is_the_mean_of_the_last_tenth() -> None:
    records = history(NAMES, 20)
    weights = [np.array(entry["weights"]) for entry in records if entry["kind"] == "weights"]
    overview = shown(records).many_weights
    assert overview is not None
    expected = np.mean(weights[-2:], axis=0)
    np.testing.assert_allclose(np.array(overview.grid.values, float), expected, rtol=1e-3)


def test_own_data_are_told_from_other_sources() -> None:
    records = history(NAMES, 4)
    for entry in records:
        if entry["kind"] == "weights":
            entry["weights"] = (0.45 * np.eye(12) + 0.55 / 12).tolist()
    overview = shown(records).many_weights
    assert overview is not None
    first, second = overview.panels
    np.testing.assert_allclose(np.array(heights(first, "own data"), float), 45 + 55 / 12)
    np.testing.assert_allclose(np.array(heights(first, "any other source"), float), 55 / 12)
    assert all(1 < (y or 0) < 12 for y in heights(second, "effective sources"))


def test_sources_that_are_no_targets_are_all_others() -> None:
    sources = [f"s{i}" for i in range(9)]
    record = {"kind": "weights", "stage": "policy", "step": 0, "tasks": ["a"], "sources": sources}
    overview = shown([{**record, "weights": [[1 / 9] * 9]}]).many_weights
    assert overview is not None
    assert [line.name for line in overview.panels[0].lines] == ["any other source"]


def test_the_share_of_pairs_in_conflict_leaves_out_the_diagonal() -> None:
    records = history(NAMES, 3)
    for entry in records:
        if entry["kind"] == "weights":
            against = -np.ones((12, 12))
            against[0], against[:, 0] = 1.0, 1.0
            np.fill_diagonal(against, 1.0)
            entry["conflicts"] = against.tolist()
    overview = shown(records).many_conflicts
    assert overview is not None
    np.testing.assert_allclose(
        np.array(heights(overview.panels[1], "pairs below 0"), float), 100 * 55 / 66
    )
    assert {row[k] for k, row in enumerate(overview.grid.values)} == {None}


def test_alignments_without_noise_show_their_differences() -> None:
    records = [{k: v for k, v in e.items() if k != "noise"} for e in history(NAMES, 3)]
    overview = shown(records).many_alignments
    assert overview is not None
    assert [line.name for line in overview.panels[1].lines] == ["differences between sources"]
