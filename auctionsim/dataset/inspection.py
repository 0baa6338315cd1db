"""What is in a dataset, in a few numbers."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from auctionsim.dataset.reader import Dataset
from auctionsim.dataset.schema import Trajectories
from auctionsim.tasks import TASKS

QUANTILES: tuple[float, ...] = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)

_COLUMNS = ("reward", "value", "cost", "active")


def inspect(folder: Path | str, verify: bool = False) -> dict[str, Any]:
    """Summarise a dataset.

    Args:
        folder: The dataset's folder.
        verify: Whether to check every file against the card's checksums first.

    Returns:
        JSON values: "card" (what it says, without shards and config), "bytes" and "shards",
        "trajectories" and "counts" by split, task and bidder, "statistics" by split and task with
        quantiles (of finite values) of value, cost / budget, CPA and ROAS over target, the share of
        active steps, and "verified".

    Raises:
        InvalidDataError: If it is no dataset, or damaged.
    """
    dataset = Dataset.open(folder)
    if verify:
        dataset.verify()
    card = dataset.card
    bidders: Counter[str] = Counter()
    statistics: dict[str, dict[str, Any]] = {}
    for split in dataset.splits:
        trajectories = dataset.load(split, columns=_COLUMNS)
        bidders.update(trajectories.bidder.tolist())
        statistics[split] = _by_task(trajectories)
    by_task: Counter[str] = sum((Counter(c) for c in card.counts.values()), Counter())
    return {
        "folder": str(folder),
        "card": {
            "kind": card.kind,
            "schema_version": card.schema_version,
            "semantics": card.semantics,
            "steps": card.steps,
            "features": list(card.features),
            "seeds": card.seeds,
            "config_sha256": card.config_sha256,
            "packages": card.packages,
        },
        "shards": len(card.shards),
        "bytes": sum((dataset.folder / shard.file).stat().st_size for shard in card.shards),
        "trajectories": sum(shard.rows for shard in card.shards),
        "counts": {
            "split": {split: sum(tasks.values()) for split, tasks in card.counts.items()},
            "task": dict(by_task),
            "bidder": dict(sorted(bidders.items())),
        },
        "statistics": statistics,
        "verified": verify,
    }


def _by_task(trajectories: Trajectories) -> dict[str, Any]:
    result = {}
    for code, name in enumerate(TASKS):
        chosen = np.flatnonzero(trajectories.task == code)
        if not chosen.size:
            continue
        part = trajectories.take(chosen)
        totals = part.totals()
        result[name] = {
            "trajectories": len(part),
            "share_active": float(part.active.mean()),
            "share_violated": float(totals.violated.mean()),
            "value": _quantiles(totals.value),
            "utilisation": _quantiles(totals.utilisation),
            "cpa_ratio": _quantiles(totals.cpa_ratio),
            "roas_ratio": _quantiles(totals.roas_ratio),
        }
    return result


def _quantiles(values: ArrayLike) -> dict[str, float] | None:
    """Return quantiles of the finite values by level, None where there are none."""
    array = np.asarray(values, np.float64)
    finite = array[np.isfinite(array)]
    if not finite.size:
        return None
    found = np.quantile(finite, QUANTILES)
    return {f"{level:g}": float(value) for level, value in zip(QUANTILES, found, strict=True)}
