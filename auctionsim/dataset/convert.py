"""AuctionNet's raw logs to a dataset of trajectories, in memory that does not grow with the log."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from auctionsim.dataset.card import SPLITS, Card
from auctionsim.dataset.files import sha256_of_file, write_json
from auctionsim.dataset.log_columns import LogBatch
from auctionsim.dataset.log_source import find_logs, read_batches
from auctionsim.dataset.log_sums import PeriodSums, add_up
from auctionsim.dataset.log_tasks import TaskPlan, read_tasks, tasks_beside
from auctionsim.dataset.log_trajectories import trajectories_of
from auctionsim.dataset.run_costs import peak_memory_mib
from auctionsim.dataset.schema import Trajectories
from auctionsim.dataset.staging import staged_folder
from auctionsim.dataset.writer import RUN_FILE, DatasetWriter
from auctionsim.errors import invalid_argument, invalid_data, unknown_name

PERIODS_A_SHARD = 20

_COSTS = ("files", "rows", "seconds", "peak_memory_mib")


@dataclass(frozen=True)
class ConversionReport:
    """What a conversion did.

    Attributes:
        folder: The dataset's folder.
        files: Log files read.
        rows: Rows read.
        periods: Delivery periods found.
        trajectories: Trajectories written.
        tasks: Trajectories by task name.
        seconds: Wall time.
        peak_memory_mib: Largest resident memory of the process so far; None where not known.
    """

    folder: str
    files: int
    rows: int
    periods: int
    trajectories: int
    tasks: dict[str, int]
    seconds: float
    peak_memory_mib: float | None


def convert_log(
    source: str | Path | Sequence[str | Path],
    out: str | Path,
    tasks: str | Path | None = None,
    overwrite: bool = False,
    progress: bool = True,
    *,
    splits: Mapping[str, Collection[int]] | None = None,
    min_remaining_budget: float = 0.1,
) -> ConversionReport:
    """Convert raw logs, AuctionNet's or our own, to a dataset folder.

    Delivery periods must be complete: steps 0 to T-1, T the same in all; in each step equally many
    rows for every advertiser; isEnd 1 in the last. Rows of a period must follow one another, within
    a file or across files; their order within the period is free.

    Of logs of our own the trajectories are those they were written beside, bit by bit, but for the
    bidder's name ("log"), the split, and the features of mean bids (to 3e-7 of their value).

    Args:
        source: A log (CSV, gzipped CSV or Parquet), a folder of logs, or a list of files.
        out: The dataset's folder, written whole or not at all.
        tasks: A tasks file (see `log_tasks.read_tasks`); by default the one beside logs of our own.
            In AuctionNet's all play cpa_mcb.
        overwrite: Whether a dataset at `out` may be replaced, once the new one is complete.
        progress: Whether to show a progress bar on standard error.
        splits: Delivery periods that go to another split than "train", by split.
        min_remaining_budget: Advertisers are active in steps they begin with so much, in currency.

    Raises:
        InvalidArgumentError: For an argument that breaks its rule.
        InvalidDataError: For a log that cannot be read, or is not AuctionNet's.
    """
    began, split_of = time.perf_counter(), _split_of(splits or {})
    _check_least_budget(min_remaining_budget)
    files, out = find_logs(source), Path(out)
    _check_apart(files, out)
    plan = _plan(tasks, files)
    with staged_folder(out, overwrite) as staging:
        rows = _RowCounter(files, progress)
        periods = _Periods(add_up(rows.counted(read_batches(files))))
        parts = (
            (split_of.get(p.period, "train"), _trajectories(p, plan, min_remaining_budget))
            for p in periods
        )
        card = _write(staging, parts, _config(files, plan, split_of, min_remaining_budget))
        plan.check_all_met(periods.advertisers)
        _check_all_found(split_of, periods.numbers)
        report = ConversionReport(
            folder=str(out),
            files=len(files),
            rows=rows.rows,
            periods=len(periods.numbers),
            trajectories=sum(shard.rows for shard in card.shards),
            tasks=dict(sum((Counter(shard.tasks) for shard in card.shards), Counter())),
            seconds=round(time.perf_counter() - began, 3),
            peak_memory_mib=peak_memory_mib(),
        )
        write_json(staging / RUN_FILE, {n: v for n, v in asdict(report).items() if n in _COSTS})
    return report


def _trajectories(period: PeriodSums, plan: TaskPlan, least: float) -> Trajectories:
    return trajectories_of(period, plan.codes(period.advertisers), least)


def _plan(tasks: str | Path | None, logs: Sequence[Path]) -> TaskPlan:
    """Read the tasks file; logs of our own have one beside them."""
    if tasks is None and next(read_batches(logs)).own:
        tasks = tasks_beside(logs)
    return read_tasks(tasks)


def _check_least_budget(least: float) -> None:
    if not 0.0 <= least < float("inf"):
        rule = "must be finite and >= 0"
        raise invalid_argument("min_remaining_budget", rule, least, "Change it.")


class _RowCounter:
    """Counts the rows that pass, and shows how far the files are read."""

    def __init__(self, files: Sequence[Path], progress: bool) -> None:
        self.rows = 0
        self._bytes = sum(path.stat().st_size for path in files)
        self._progress = progress

    def counted(self, batches: Iterable[LogBatch]) -> Iterator[LogBatch]:
        from tqdm import tqdm

        with tqdm(total=self._bytes, unit="B", unit_scale=True, disable=not self._progress) as bar:
            for batch in batches:
                yield batch
                self.rows += len(batch)
                bar.update(batch.read - bar.n)


class _Periods:
    """Passes periods on, remembering what they have in common."""

    def __init__(self, periods: Iterable[PeriodSums]) -> None:
        self.numbers: list[int] = []
        self.advertisers: set[int] = set()
        self._periods = periods
        self._steps = 0

    def __iter__(self) -> Iterator[PeriodSums]:
        for period in self._periods:
            steps = len(period.sums["rows"])
            if self.numbers and steps != self._steps:
                rule = f"must have {self._steps} steps in every period, as in the first"
                found = f"{steps} in period {period.period}"
                raise invalid_data("timeStepIndex", rule, found, "Convert such logs one by one.")
            self._steps = steps
            self.numbers.append(period.period)
            self.advertisers.update(period.advertisers.tolist())
            yield period


def _split_of(splits: Mapping[str, Collection[int]]) -> dict[int, str]:
    """Return the split of each period that is named."""
    result: dict[int, str] = {}
    for split, periods in splits.items():
        if split not in SPLITS:
            raise unknown_name("splits", split, SPLITS)
        for period in periods:
            if result.setdefault(period, split) != split:
                rule = f"must name period {period} once"
                raise invalid_argument("splits", rule, f"{result[period]}, {split}", "Choose one.")
    return result


def _check_all_found(split_of: Mapping[int, str], periods: Sequence[int]) -> None:
    missing = sorted(set(split_of) - set(periods))
    if missing:
        found = f"{missing[0]}, of {min(periods)} to {max(periods)}"
        raise invalid_argument("splits", "must name periods of the log", found, "Correct it.")


def _write(folder: Path, parts: Iterator[tuple[str, Trajectories]], config: dict[str, Any]) -> Card:
    """Write periods as shards, some of one split at a time."""
    from auctionsim import SEMANTICS

    first = next(parts)
    writer = DatasetWriter(
        folder,
        kind="auctionnet-log",
        semantics=SEMANTICS,
        steps=first[1].action.shape[1],
        seeds={},
        config=config,
    )
    waiting: dict[str, list[Trajectories]] = {}
    written: Counter[str] = Counter()

    def flush(split: str) -> None:
        writer.write_shard(split, written[split], Trajectories.concatenate(waiting.pop(split)))
        written[split] += 1

    for split, part in chain([first], parts):
        waiting.setdefault(split, []).append(part)
        if len(waiting[split]) == PERIODS_A_SHARD:
            flush(split)
    for split in list(waiting):
        flush(split)
    return writer.finish()


def _config(
    files: Sequence[Path], plan: TaskPlan, split_of: Mapping[int, str], min_remaining_budget: float
) -> dict[str, Any]:
    return {
        "logs": [{"name": path.name, "sha256": sha256_of_file(path)} for path in files],
        "tasks": plan.as_config(),
        "splits": {str(period): split for period, split in sorted(split_of.items())},
        "min_remaining_budget": min_remaining_budget,
    }


def _check_apart(files: Sequence[Path], out: Path) -> None:
    """Raise if a log lies in the folder to be written, where overwriting would remove it."""
    inside = next((path for path in files if out.resolve() in path.resolve().parents), None)
    if inside is not None:
        rule = "must not hold the log that is converted"
        raise invalid_argument("out", rule, str(inside), "Choose another folder.")
