"""AuctionNet's training data: the CSV from which its learned baselines are trained.

Written from the form that `strategy_train_env`'s TrainDataGenerator writes and the training scripts
read (alimama-tech/AuctionNet, commit c20de63): a row a step, states as texts of tuples.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
from numpy.typing import NDArray

from auctionsim.dataset.export.parts import ExportReport, Parts, choose
from auctionsim.dataset.reader import Dataset
from auctionsim.dataset.schema import CAMPAIGN_COLUMNS, Trajectories
from auctionsim.dataset.targets import check_apart, write_target
from auctionsim.errors import invalid_argument, invalid_data
from auctionsim.observation import FEATURES
from auctionsim.tasks import CPA_MCB, TARGET_ROAS

if TYPE_CHECKING:
    from auctionsim.dataset.selection import Selection

#: AuctionNet's features: the first 16 of ours.
STATE_FEATURES: tuple[str, ...] = FEATURES[:16]

_SCHEMA = pa.schema(
    [
        ("deliveryPeriodIndex", pa.int32()),
        ("advertiserNumber", pa.int32()),
        ("advertiserCategoryIndex", pa.int16()),
        ("budget", pa.float32()),
        ("CPAConstraint", pa.float32()),
        ("realAllCost", pa.float64()),
        ("realAllConversion", pa.float64()),
        ("timeStepIndex", pa.int32()),
        ("state", pa.string()),
        ("action", pa.float32()),
        ("reward", pa.float32()),
        ("reward_continuous", pa.float32()),
        ("done", pa.int8()),
        ("next_state", pa.string()),
    ]
)
COLUMNS: tuple[str, ...] = tuple(_SCHEMA.names)

_READ = (
    *CAMPAIGN_COLUMNS, "state", "action", "active", "reward", "cost", "expected_value",
)  # fmt: skip
_ROWS = 1 << 15  # written at a time


def export_auctionnet(
    folder: Path | str,
    out: Path | str,
    *,
    split: str = "train",
    selection: Selection | None = None,
    limit: int | None = None,
    overwrite: bool = False,
    progress: bool = True,
) -> ExportReport:
    """Write trajectories as AuctionNet's training CSV, whole or not at all.

    Numbers are written so that float32 gets them back exactly. `done` is 1 in the last step and in
    all steps that the advertiser sat out, and `next_state` is empty there. `reward` counts
    conversions, and `reward_continuous` sums the expected value, in AuctionNet's market the
    conversion probability, of exposed wins. `CPAConstraint` is the CPA target; 1 / ROAS target for
    target_roas (the cost it allows a unit of value), and empty for bcb. States hold AuctionNet's 16
    features.

    Args:
        folder: The dataset's folder.
        out: The CSV file, outside the dataset's folder; a pipe is written into.
        split: One of the dataset's splits.
        selection: Which trajectories; all if None.
        limit: The most trajectories: the first of those selected.
        overwrite: Whether a file at `out` may be replaced.
        progress: Whether to show a progress bar on standard error.

    Raises:
        InvalidArgumentError: For an argument that breaks its rule, or if nothing is selected.
        InvalidDataError: If the dataset is damaged, or lacks a feature.
    """
    from tqdm import tqdm

    began = time.perf_counter()
    dataset, out = Dataset.open(folder), Path(out)
    _check_out(out, overwrite)
    check_apart("out", out, dataset.folder)
    features = _places(dataset)
    parts = choose(dataset, split, selection, limit)
    with tqdm(total=len(parts), unit=" trajectories", disable=not progress) as bar:
        write_target(out, lambda file: _write(file, parts, features, bar))
    return ExportReport(
        format="auctionnet",
        out=str(out),
        trajectories=len(parts),
        steps=len(parts) * dataset.card.steps,
        seconds=round(time.perf_counter() - began, 3),
        bytes=out.stat().st_size if out.is_file() else None,
    )


def table_of(trajectories: Trajectories, features: Sequence[int]) -> pa.Table:
    """Return AuctionNet's rows of trajectories, a row a step.

    Args:
        trajectories: n of T steps.
        features: Places of `STATE_FEATURES` in the state.

    Returns:
        Columns `COLUMNS`, n * T rows.
    """
    rows, steps = trajectories.action.shape
    done = ~trajectories.active
    done[:, -1] = True
    target = np.where(trajectories.task == CPA_MCB, trajectories.cpa_target, np.nan)
    roas = trajectories.task == TARGET_ROAS
    target[roas] = 1.0 / trajectories.roas_target[roas].astype(np.float64)
    states = _texts(trajectories.state[:, :, list(features)].reshape(rows * steps, -1))
    a_trajectory = {
        "deliveryPeriodIndex": trajectories.episode,
        "advertiserNumber": trajectories.advertiser,
        "advertiserCategoryIndex": trajectories.category,
        "budget": trajectories.budget,
        "CPAConstraint": target.astype(np.float32),
        "realAllCost": trajectories.cost.sum(axis=1, dtype=np.float64),
        "realAllConversion": trajectories.reward.sum(axis=1, dtype=np.float64),
    }
    columns: dict[str, Any] = {n: np.repeat(a, steps) for n, a in a_trajectory.items()}
    columns |= {
        "timeStepIndex": np.tile(np.arange(steps, dtype=np.int32), rows),
        "state": states,
        "action": trajectories.action.reshape(-1),
        "reward": trajectories.reward.reshape(-1),
        "reward_continuous": trajectories.expected_value.reshape(-1),
        "done": done.reshape(-1).astype(np.int8),
        "next_state": _next(states, done.reshape(-1)),
    }
    return pa.Table.from_arrays([_column(columns[f.name], f.type) for f in _SCHEMA], schema=_SCHEMA)


def _write(file: BinaryIO, parts: Parts, features: Sequence[int], bar: Any) -> None:
    most = max(_ROWS // parts.dataset.card.steps, 1)
    with pa_csv.CSVWriter(file, _SCHEMA, write_options=pa_csv.WriteOptions(batch_size=1024)) as csv:
        for part in parts.read(_READ):
            for start in range(0, len(part), most):
                chunk = part.take(np.arange(start, min(start + most, len(part))))
                csv.write_table(table_of(chunk, features))
                bar.update(len(chunk))


def _column(array: NDArray[Any] | pa.Array, kind: pa.DataType) -> pa.Array:
    if isinstance(array, pa.Array):
        return array
    known = ~np.isnan(array) if array.dtype.kind == "f" else None
    nulls = None if known is None or known.all() else np.packbits(known, bitorder="little")
    # From buffers, as pa.array() imports pandas (0.4 s) where that is installed.
    buffers = [None if nulls is None else pa.py_buffer(nulls), pa.py_buffer(array)]
    return pa.Array.from_buffers(kind, len(array), buffers)


def _texts(states: NDArray[np.float32]) -> pa.Array:
    """Return states (rows, features) as texts "(1, 0.5, ...)"."""
    columns = [
        pc.cast(_column(np.ascontiguousarray(column), pa.float32()), pa.string())
        for column in states.T
    ]
    inside = pc.binary_join_element_wise(*columns, ", ")
    return pc.binary_join_element_wise("(", inside, ")", "")


def _next(states: pa.Array, done: NDArray[np.bool_]) -> pa.Array:
    """Return the text of the next row's state, null where there is none."""
    following = np.minimum(np.arange(1, len(done) + 1), len(done) - 1)
    places = np.where(done, 0, following)
    none = np.packbits(~done, bitorder="little")
    buffers = [pa.py_buffer(none), pa.py_buffer(places.astype(np.int64))]
    return states.take(pa.Array.from_buffers(pa.int64(), len(done), buffers))


def _places(dataset: Dataset) -> tuple[int, ...]:
    held = dataset.card.features
    for name in STATE_FEATURES:
        if name not in held:
            rule, mend = "must hold AuctionNet's features", "Make it with all of them."
            raise invalid_data(str(dataset.folder), rule, f"no {name}", mend)
    return tuple(held.index(name) for name in STATE_FEATURES)


def _check_out(out: Path, overwrite: bool) -> None:
    if out.is_dir():
        mend = "Name the CSV file to write."
        raise invalid_argument("out", "must be a file", f"the folder {out}", mend)
    if out.is_file() and not overwrite:
        mend = "Choose another name, or allow overwriting."
        raise invalid_argument("out", "must not be there yet", str(out), mend)
    if not out.parent.is_dir():
        mend = "Make the folder first."
        raise invalid_argument("out", "must lie in an existing folder", str(out), mend)
