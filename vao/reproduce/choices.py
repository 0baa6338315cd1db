"""What choosing on the selection episodes did for each entrant: the same trials for all of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from statistics import fmean, stdev
from typing import Any

from vao.reproduce.numbers import with_error
from vao.reproduce.table_config import TableConfig, row_name

__all__ = ["choices", "choices_section"]

STEPS = {
    "last": "last checkpoint",
    "checkpoint": "checkpoint kept",
    "request": "and request chosen",
}
"""Choices one upon the other, by key and column."""

_WORDS = (
    "Score (strict, of expected values) on the selection episodes, mean over tasks ± standard "
    "error over seeds; checkpoints at the request of the training config. What is chosen is the "
    "best there was, so that these Scores flatter all entrants alike."
)


def choices(history: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Return what a run scored before and after choosing, mean over tasks; nothing if it chose not.

    Args:
        history: Records of the run, with its checkpoints ("select") and trials ("request").
    """
    records = list(history)
    scored = [r for r in records if r["kind"] == "select"]
    checkpoints = [dict(r["scores"]) for r in scored]
    kept = {task: r["scores"][task] for r in scored for task in r["kept"]}
    trials = [dict(r["scores"]) for r in records if r["kind"] == "request"]
    if not checkpoints or not trials:
        return {}
    return {
        "last": fmean(checkpoints[-1].values()),
        "checkpoint": fmean(kept.values()),
        "request": fmean(max(each[task] for each in trials) for task in trials[0]),
    }


def choices_section(config: TableConfig, runs: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the page's section on choices, paragraph by paragraph; none if no run says.

    Args:
        config: The table's.
        runs: Notes on its runs, by label.
    """
    rows = []
    for part in config.parts():
        for name in config.lines:
            row = row_name(name, part)
            own = [told["choices"] for told in runs.values() if _of(told, row)]
            if own:
                cells = [_cell([found[key] for found in own]) for key in STEPS]
                rows.append(f"| {row} | {' | '.join(cells)} |")
    if not rows:
        return []
    head = f"|  | {' | '.join(STEPS.values())} |\n|{' --- |' * (len(STEPS) + 1)}"
    title = "## What choosing on the selection episodes does"
    return [title, "\n".join([head, *rows]), _WORDS]


def _of(told: Mapping[str, Any], row: str) -> bool:
    return told.get("row") == row and bool(told.get("choices"))


def _cell(values: list[float]) -> str:
    error = stdev(values) / math.sqrt(len(values)) if len(values) > 1 else None
    return with_error(fmean(values), error, 2)
