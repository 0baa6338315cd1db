"""What weights came out of measuring alignments: the mean over a training, by entrant."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from statistics import fmean, stdev
from typing import Any

from auctionsim.tasks import TASKS
from vao.reproduce.numbers import with_error
from vao.reproduce.table_config import TableConfig, row_name

__all__ = ["measured_weights", "measured_weights_section"]

_WORDS = (
    "Mean over a training's renewals of the weight that a target gave its own data, and of the "
    "number of sources that count (exp of the entropy of a target's weights), mean over targets; "
    "± standard error over seeds. Only weights that were measured."
)


def measured_weights(history: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Return the mean weight of each task's own data by task, and the effective `sources`.

    Args:
        history: Records of a run; nothing is returned for one that measured no alignments.
    """
    own: dict[str, list[float]] = defaultdict(list)
    effective: list[float] = []
    for record in history:
        if record["kind"] != "weights" or "alignment" not in record:
            continue
        for task, weights in zip(record["tasks"], record["weights"], strict=True):
            own[task].append(weights[record["sources"].index(task)])
            effective.append(math.exp(-sum(w * math.log(w) for w in weights if w > 0.0)))
    if not effective:
        return {}
    return {task: fmean(found) for task, found in own.items()} | {"sources": fmean(effective)}


def measured_weights_section(
    config: TableConfig, runs: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """Return the page's section on weights, paragraph by paragraph; none if no run measured any.

    Args:
        config: The table's.
        runs: Notes on its runs, by label.
    """
    rows = []
    columns = [*TASKS, "sources"]
    for row in (row_name(name, part) for part in config.parts() for name in config.lines):
        own = [run["weights"] for run in runs.values() if _of(run, row)]
        if own:
            cells = [_cell([found[key] for found in own if key in found]) for key in columns]
            rows.append(f"| {row} | {' | '.join(cells)} |")
    if not rows:
        return []
    heads = [*(f"own weight, {task}" for task in TASKS), "effective sources"]
    head = f"|  | {' | '.join(heads)} |\n|{' --- |' * (len(heads) + 1)}"
    return ["## What weights were measured", "\n".join([head, *rows]), _WORDS]


def _of(told: Mapping[str, Any], row: str) -> bool:
    return told.get("row") == row and bool(told.get("weights"))


def _cell(values: list[float]) -> str:
    if not values:
        return "–"
    error = stdev(values) / math.sqrt(len(values)) if len(values) > 1 else None
    return with_error(fmean(values), error, 2)
