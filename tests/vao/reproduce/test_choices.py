"""What choosing did, told from the records of runs."""

from __future__ import annotations

from typing import Any

from vao.reproduce.choices import choices, choices_section
from vao.reproduce.table_config import TableConfig


def _records(*told: tuple[str, float, float, list[str]]) -> list[dict[str, Any]]:
    return [
        {"kind": kind, "scores": {"bcb": one, "cpa_mcb": other}, "kept": kept}
        for kind, one, other, kept in told
    ]


def test_each_task_has_the_checkpoint_it_kept_and_its_best_request() -> None:
    history = _records(
        ("select", 4.0, 1.0, ["bcb", "cpa_mcb"]),
        ("loss", 9.0, 9.0, []),
        ("select", 2.0, 3.0, ["cpa_mcb"]),
        ("select", 3.0, 1.0, []),
        ("request", 3.0, 3.0, []),
        ("request", 1.0, 7.0, []),
    )
    assert choices(history) == {"last": 2.0, "checkpoint": 3.5, "request": 5.0}


def test_a_run_that_chose_nothing_says_nothing() -> None:
    assert choices(_records(("select", 4.0, 1.0, ["bcb"]))) == {}
    assert choices([]) == {}


def test_the_section_has_a_line_an_entrant_that_ran() -> None:
    config = TableConfig("Title", ("mdmm-equal", "odom-vao", "odom-equal"))
    runs = {
        f"odom-vao-{seed}": {
            "row": "odom-vao",
            "choices": {"last": 1.0 + seed, "checkpoint": 2.0, "request": 3.0},
        }
        for seed in range(2)
    }
    runs["mdmm-equal-0"] = {
        "row": "mdmm-equal",
        "choices": {"last": 5.0, "checkpoint": 6.0, "request": 7.0},
    }
    runs["constant-0"] = {"row": "constant"}
    title, table, words = choices_section(config, runs)
    assert title.startswith("## ")
    assert table.splitlines()[2:] == [
        "| mdmm-equal | 5.00 | 6.00 | 7.00 |",
        "| odom-vao | 1.50 ± 0.50 | 2.00 ± 0.00 | 3.00 ± 0.00 |",
    ]
    assert "standard error" in words
    assert choices_section(config, {}) == []
