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
    "Mean over a training's renewals of the weight that a target (a column) gave its own data, in "
    "brackets what it gave the other tasks' in order, and of the number of sources that count (exp "
    "of the entropy of a target's weights), mean over targets; ± standard error over seeds. Only "
    "weights that were measured."
)


def measured_weights(history: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the mean weights of sources by name for each target by name, and `effective`.

    Args:
        history: Records of a run; nothing is returned for one that measured no alignments.
    """
    seen: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    effective: list[float] = []
    for record in history:
        if record["kind"] != "weights" or "alignment" not in record:
            continue
        for task, weights in zip(record["tasks"], record["weights"], strict=True):
            for source, weight in zip(record["sources"], weights, strict=True):
                seen[task][source].append(weight)
            effective.append(math.exp(-sum(w * math.log(w) for w in weights if w > 0.0)))
    if not effective:
        return {}
    means = {
        task: {source: fmean(found) for source, found in by.items()} for task, by in seen.items()
    }
    return {"targets": means, "effective": fmean(effective)}


def measured_weights_section(
    config: TableConfig, runs: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """Return the page's section on weights, paragraph by paragraph; none if no run measured any.

    Args:
        config: The table's.
        runs: Notes on its runs, by label.
    """
    rows = []
    for row in (row_name(name, part) for part in config.parts() for name in config.lines):
        own = [run["weights"] for run in runs.values() if _of(run, row)]
        if own:
            cells = [_target(task, [found["targets"].get(task) for found in own]) for task in TASKS]
            cells.append(_mean([found["effective"] for found in own]))
            rows.append(f"| {row} | {' | '.join(cells)} |")
    if not rows:
        return []
    heads = [*TASKS, "effective sources"]
    head = f"|  | {' | '.join(heads)} |\n|{' --- |' * (len(heads) + 1)}"
    return ["## What weights were measured", "\n".join([head, *rows]), _WORDS]


def _of(told: Mapping[str, Any], row: str) -> bool:
    return told.get("row") == row and bool(told.get("weights"))


def _target(task: str, weights: list[Mapping[str, float] | None]) -> str:
    """Return a target's weights: of its own data, and of the others'."""
    known = [found for found in weights if found is not None]
    if not known:
        return "–"
    others = [fmean(found[name] for found in known) for name in known[0] if name != task]
    told = f" ({', '.join(f'{weight:.2f}' for weight in others)})" if others else ""
    return _mean([found[task] for found in known]) + told


def _mean(values: list[float]) -> str:
    error = stdev(values) / math.sqrt(len(values)) if len(values) > 1 else None
    return with_error(fmean(values), error, 2)
