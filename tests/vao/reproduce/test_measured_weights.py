"""The weights that trainings measured, told from their records."""

from __future__ import annotations

import math
from typing import Any

import pytest

from vao.reproduce.measured_weights import measured_weights, measured_weights_section
from vao.reproduce.table_config import TableConfig


def _record(weights: list[list[float]], tasks: list[str], **more: Any) -> dict[str, Any]:
    return {
        "kind": "weights",
        "tasks": tasks,
        "sources": ["cpa_mcb", "bcb"],
        "weights": weights,
    } | ({"alignment": weights} | more)


def test_own_weights_and_the_number_of_sources_that_count() -> None:
    both = ["cpa_mcb", "bcb"]
    history = [
        _record([[1.0, 0.0], [0.5, 0.5]], both),
        {"kind": "loss"},
        _record([[0.5, 0.5], [0.5, 0.5]], both),
    ]
    found = measured_weights(history)
    assert found["targets"] == {
        "cpa_mcb": {"cpa_mcb": 0.75, "bcb": 0.25},
        "bcb": {"cpa_mcb": 0.5, "bcb": 0.5},
    }
    assert found["effective"] == pytest.approx((1.0 + 2.0 + 2.0 + 2.0) / 4.0)


def test_models_of_one_task_each_are_put_together() -> None:
    history = [_record([[0.9, 0.1]], ["cpa_mcb"]), _record([[0.3, 0.7]], ["bcb"])]
    found = measured_weights(history)
    assert (found["targets"]["cpa_mcb"]["cpa_mcb"], found["targets"]["bcb"]["bcb"]) == (0.9, 0.7)
    entropies = [-sum(w * math.log(w) for w in row) for row in ([0.9, 0.1], [0.3, 0.7])]
    assert found["effective"] == pytest.approx(sum(map(math.exp, entropies)) / 2.0)


def test_weights_set_beforehand_are_not_measured() -> None:
    record = _record([[0.6, 0.4]], ["cpa_mcb"])
    del record["alignment"]
    assert measured_weights([record, {"kind": "loss"}]) == {}


def test_the_section_has_a_line_an_entrant_that_measured() -> None:
    config = TableConfig("Title", ("mdmm-equal", "odom-vao", "odmm-vao"))
    runs: dict[str, dict[str, Any]] = {}
    for seed in range(2):
        own = 0.5 + 0.2 * seed
        targets = {
            "cpa_mcb": {"cpa_mcb": own, "target_roas": 0.75 - own, "bcb": 0.25},
            "bcb": {"cpa_mcb": 0.125, "target_roas": 0.125, "bcb": 0.75},
        }
        weights = {"targets": targets, "effective": 2.0}
        runs[f"odom-vao-{seed}"] = {"row": "odom-vao", "weights": weights}
    single = {"targets": {"bcb": {"bcb": 1.0}}, "effective": 1.0}
    runs["odmm-vao-0"] = {"row": "odmm-vao", "weights": single}
    runs["mdmm-equal-0"] = {"row": "mdmm-equal", "weights": {}}
    runs["constant-0"] = {"row": "constant"}
    title, table, words = measured_weights_section(config, runs)
    assert title.startswith("## ")
    assert table.splitlines()[2:] == [
        "| odom-vao | 0.60 ± 0.10 (0.15, 0.25) | – | 0.75 ± 0.00 (0.12, 0.12) | 2.00 ± 0.00 |",
        "| odmm-vao | – | – | 1.00 | 1.00 |",
    ]
    assert "standard error" in words
    assert measured_weights_section(config, {"mdmm-equal-0": runs["mdmm-equal-0"]}) == []
