"""What is in a dataset, in a few numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auctionsim.dataset.naming import given_name
from auctionsim.dataset.reader import Dataset, chosen_columns
from auctionsim.dataset.schema import Trajectories
from auctionsim.errors import invalid_data
from auctionsim.plain_values import plain
from auctionsim.tasks import TASKS, Totals

QUANTILES: tuple[float, ...] = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)

BEHIND_PAGE = ("page", "sample", "spread", "coverage", "shift")

_COLUMNS = ("reward", "value", "cost", "active")


def inspect(
    folder: Path | str,
    verify: bool = False,
    *,
    page: Path | str | None = None,
    overwrite: bool = False,
    progress: bool = False,
) -> dict[str, Any]:
    """Summarise a dataset, and draw a page of it if wanted.

    Args:
        folder: The dataset's folder.
        verify: Whether to check every file against the card's checksums first.
        page: HTML file to write, self-contained; None for neither the page nor the numbers behind
            it, which take the time. It lies outside the dataset's folder, and a page of a dataset
            that lies there is replaced.
        overwrite: Whether the page may replace a file of any other kind.
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
        InvalidDataError: If it is no dataset, or damaged, or there is nothing to draw.
        InvalidArgumentError: If the page must not be written there.
        OSError: If the page cannot be written.
    """
    dataset = Dataset.open(folder)
    if page is not None:
        _check_page(dataset, Path(page), overwrite)
    if verify:
        dataset.verify()
    found = _Found(dataset.card.steps)
    behind: dict[str, Any] = dict.fromkeys(BEHIND_PAGE)
    if page is None:
        for shard in dataset.card.shards:
            arrays = dataset.read_shard(shard, chosen_columns(_COLUMNS))
            found.add(shard.split, Trajectories.partial(arrays))
    else:
        behind |= _draw(dataset, Path(page), found.add, progress)
    return {
        "folder": str(folder),
        **_held(dataset, found.bidders),
        "statistics": {split: found.statistics(split) for split in dataset.splits},
        "verified": verify,
        **behind,
    }


class _Found:
    """What is kept of trajectories that are read shard by shard: a few numbers of each.

    Args:
        steps: Of a trajectory.

    Attributes:
        bidders: Trajectories by bidder.
    """

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self.bidders: Counter[str] = Counter()
        self._totals: dict[str, list[Totals]] = {}
        self._active: dict[str, list[NDArray[np.int64]]] = {}

    def add(self, split: str, trajectories: Trajectories) -> None:
        """Count a shard's trajectories."""
        self.bidders.update(trajectories.bidder.tolist())
        self._totals.setdefault(split, []).append(trajectories.totals())
        self._active.setdefault(split, []).append(trajectories.active.sum(axis=1))

    def statistics(self, split: str) -> dict[str, Any]:
        """Return the statistics of a split by task."""
        totals = _joined(self._totals[split])
        active = np.concatenate(self._active[split])
        by_task = {name: np.flatnonzero(totals.task == code) for code, name in enumerate(TASKS)}
        return {
            name: {
                "trajectories": rows.size,
                "share_active": float(active[rows].sum() / (rows.size * self._steps)),
                **_statistics(_taken(totals, rows)),
            }
            for name, rows in by_task.items()
            if rows.size
        }


def _check_page(dataset: Dataset, page: Path, overwrite: bool) -> None:
    from auctionsim.report.dataset_page import check_page

    check_page("page", page, dataset.folder, overwrite)
    if not any(shard.rows for shard in dataset.card.shards):
        rule, mend = "must hold trajectories to draw a page of", "Do without the page."
        raise invalid_data(str(dataset.folder), rule, "none", mend)


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

    from auctionsim.report.dataset_page import render_dataset
    from auctionsim.report.layout import write_page
    from auctionsim.report.sample import draw_sample
    from auctionsim.report.study import parts_of, study

    name = given_name(dataset.card) or dataset.folder.resolve().name
    shards = len(dataset.card.shards)
    with tqdm(total=shards + 1, unit="part", disable=not progress) as bar:
        bar.set_description("reading")

        def read(split: str, trajectories: Trajectories) -> None:
            count(split, trajectories)
            bar.update()

        sample = draw_sample(dataset, read)
        bar.total = shards + 1 + parts_of(sample)
        bar.set_description("comparing")
        found = study(dataset.card, _bytes(dataset), sample, bar.update)
        bar.set_description("drawing")
        write_page(page, render_dataset(name, found))
        bar.update()
    numbers: dict[str, Any] = plain(found.summary())
    return {"page": str(page), **numbers}


def _bytes(dataset: Dataset) -> int:
    return sum((dataset.folder / shard.file).stat().st_size for shard in dataset.card.shards)


def _joined(parts: Sequence[Totals]) -> Totals:
    names = [field.name for field in fields(Totals)]
    return Totals(**{name: np.concatenate([getattr(p, name) for p in parts]) for name in names})


def _taken(totals: Totals, rows: NDArray[np.int64]) -> Totals:
    return Totals(**{field.name: getattr(totals, field.name)[rows] for field in fields(Totals)})


def _statistics(totals: Totals) -> dict[str, Any]:
    return {
        "share_violated": float(totals.violated.mean()),
        "value": _quantiles(totals.value),
        "utilisation": _quantiles(totals.utilisation),
        "cpa_ratio": _quantiles(totals.cpa_ratio),
        "roas_ratio": _quantiles(totals.roas_ratio),
    }


def _quantiles(values: ArrayLike) -> dict[str, float] | None:
    """Return quantiles of the finite values by level, None where there are none."""
    array = np.asarray(values, np.float64)
    finite = array[np.isfinite(array)]
    if not finite.size:
        return None
    found = np.quantile(finite, QUANTILES)
    return {f"{level:g}": float(value) for level, value in zip(QUANTILES, found, strict=True)}
