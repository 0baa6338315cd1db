"""What is in a dataset, in a few numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from auctionsim.dataset.reader import Dataset
from auctionsim.dataset.schema import Trajectories
from auctionsim.tasks import TASKS

QUANTILES: tuple[float, ...] = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)

BEHIND_PAGE = ("page", "sample", "spread", "coverage", "shift")

_COLUMNS = ("reward", "value", "cost", "active")


def inspect(
    folder: Path | str,
    verify: bool = False,
    *,
    page: Path | str | None = None,
    progress: bool = False,
) -> dict[str, Any]:
    """Summarise a dataset, and draw a page of it if wanted.

    Args:
        folder: The dataset's folder.
        verify: Whether to check every file against the card's checksums first.
        page: HTML file to write, self-contained; None for neither the page nor the numbers behind
            it, which take the time.
        progress: Whether to show a progress bar.

    Returns:
        JSON values: "card" (what it says, without shards and config), "bytes" and "shards",
        "trajectories" and "counts" by split, task and bidder, "statistics" by split and task with
        quantiles (of finite values) of value, cost / budget, CPA and ROAS over target, the share of
        active steps, and "verified".

        Of the page, all None without one: "page", its path; "sample", the "trajectories" and
        "episodes" that the following are from; "spread", a list by task and bidder (None: all of
        the task's) with quantiles of each metric (`auctionsim.report.quality.Spread`); "coverage"
        by task, the cells of states and actions (`auctionsim.report.coverage.Cells`); "shift", the
        two-sample tests and distances of each pair of tasks (`auctionsim.report.shift.Shift`).

    Raises:
        InvalidDataError: If it is no dataset, or damaged.
        OSError: If the page cannot be written.
    """
    dataset = Dataset.open(folder)
    if verify:
        dataset.verify()
    statistics: dict[str, dict[str, Any]] = {}
    bidders: Counter[str] = Counter()

    def count(split: str, trajectories: Trajectories) -> None:
        bidders.update(trajectories.bidder.tolist())
        statistics[split] = _by_task(trajectories)

    behind: dict[str, Any] = dict.fromkeys(BEHIND_PAGE)
    if page is None:
        for split in dataset.splits:
            count(split, dataset.load(split, columns=_COLUMNS))
    else:
        behind |= _draw(dataset, Path(page), count, progress)
    return {
        "folder": str(folder),
        **_held(dataset, bidders),
        "statistics": statistics,
        "verified": verify,
        **behind,
    }


def _held(dataset: Dataset, bidders: Counter[str]) -> dict[str, Any]:
    """Return what the card says, and counts."""
    card = dataset.card
    by_task: Counter[str] = sum((Counter(c) for c in card.counts.values()), Counter())
    return {
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
        "bytes": _bytes(dataset),
        "trajectories": sum(shard.rows for shard in card.shards),
        "counts": {
            "split": {split: sum(tasks.values()) for split, tasks in card.counts.items()},
            "task": dict(by_task),
            "bidder": dict(sorted(bidders.items())),
        },
    }


def _draw(
    dataset: Dataset, page: Path, count: Callable[[str, Trajectories], None], progress: bool
) -> dict[str, Any]:
    """Write the page; returns the numbers behind it."""
    # Figures and classifiers are heavy libraries, which only a page needs.
    from tqdm import tqdm

    from auctionsim.cli.output import plain
    from auctionsim.report.dataset_page import render_dataset
    from auctionsim.report.layout import write_page
    from auctionsim.report.sample import draw_sample
    from auctionsim.report.study import parts_of, study

    with tqdm(total=len(dataset.splits) + 1, unit="part", disable=not progress) as bar:
        bar.set_description("reading")

        def read(split: str, trajectories: Trajectories) -> None:
            count(split, trajectories)
            bar.update()

        sample = draw_sample(dataset, read)
        bar.total = len(dataset.splits) + 1 + parts_of(sample)
        bar.set_description("comparing")
        found = study(dataset.card, _bytes(dataset), sample, bar.update)
        bar.set_description("drawing")
        write_page(page, render_dataset(_name(dataset), found))
        bar.update()
    numbers: dict[str, Any] = plain(found.summary())
    return {"page": str(page), **numbers}


def _name(dataset: Dataset) -> str:
    settings = dataset.card.config.get("dataset")
    named = settings.get("name") if isinstance(settings, dict) else None
    return named if isinstance(named, str) and named else dataset.folder.resolve().name


def _bytes(dataset: Dataset) -> int:
    return sum((dataset.folder / shard.file).stat().st_size for shard in dataset.card.shards)


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
