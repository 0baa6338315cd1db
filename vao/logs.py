"""Where the records of a run go while it trains: lines of JSON always, TensorBoard if wanted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TextIO

from auctionsim.errors import how_to_install, invalid_argument

__all__ = ["check_tensorboard", "json_lines", "tensorboard"]

Record = dict[str, Any]
Recorder = Callable[[Record], None]


@contextmanager
def json_lines(path: Path | str) -> Iterator[Recorder]:
    """Write records to a JSONL file as they come, a line each, whole lines only.

    Args:
        path: The file; begun anew with the first record, and left alone without one.

    Yields:
        A function that writes one record.
    """
    path = Path(path)
    with ExitStack() as opened:
        file: TextIO | None = None

        def record(entry: Record) -> None:
            nonlocal file
            line = json.dumps(entry, allow_nan=False, sort_keys=True) + "\n"
            if file is None:
                path.parent.mkdir(parents=True, exist_ok=True)
                file = opened.enter_context(path.open("w", encoding="utf-8"))
            file.write(line)
            file.flush()

        yield record


def check_tensorboard() -> None:
    """Raise `InvalidArgumentError` unless TensorBoard is installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter  # noqa: F401
    except ImportError as error:
        rule, mend = "needs the package tensorboard", how_to_install("tensorboard")
        raise invalid_argument("--tensorboard", rule, str(error), mend) from error


@contextmanager
def tensorboard(folder: Path | str) -> Iterator[Recorder]:
    """Write the numbers of records as TensorBoard scalars.

    Losses go to `STAGE/loss/TASK`, Scores to `STAGE/score/TASK`, weights of tasks against each
    other to `STAGE/balance/TASK`; weights of sources, alignments and their noise to
    `STAGE/weight/TARGET/SOURCE`, `STAGE/alignment/TARGET/SOURCE` and `STAGE/noise/TARGET/SOURCE`.

    Args:
        folder: The log folder of the run.

    Yields:
        A function that writes one record.

    Raises:
        InvalidArgumentError: If TensorBoard is not installed.
    """
    check_tensorboard()
    from torch.utils.tensorboard import SummaryWriter

    # What an earlier, cut short run wrote there comes again from its checkpoint.
    writer = SummaryWriter(str(folder), purge_step=0)
    try:

        def record(entry: Record) -> None:
            for name, number in scalars(entry).items():
                writer.add_scalar(name, number, entry["step"])

        yield record
    finally:
        writer.close()


def scalars(entry: Record) -> dict[str, float]:
    """Return the numbers of a record by the names TensorBoard shows them under."""
    stage = entry["stage"]
    if entry["kind"] == "loss":
        return {f"{stage}/loss/{task}": loss for task, loss in entry["losses"].items()}
    if entry["kind"] == "select":
        return {f"{stage}/score/{task}": score for task, score in entry["scores"].items()}
    if entry["kind"] == "balance":
        pairs = zip(entry["tasks"], entry["balance"], strict=True)
        return {f"{stage}/balance/{task}": number for task, number in pairs}
    if entry["kind"] != "weights":
        return {}
    matrices = [("alignment", "alignment"), ("noise", "noise"), ("weight", "weights")]
    sources: list[str] = entry.get("sources") or entry["tasks"]
    return {
        f"{stage}/{name}/{target}/{source}": number
        for name, key in matrices
        for target, row in zip(entry["tasks"], entry.get(key, ()), strict=False)
        for source, number in zip(sources, row, strict=True)
    }
