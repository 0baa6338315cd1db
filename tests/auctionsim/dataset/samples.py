"""Small trajectories, datasets and logs that the tests of this folder share."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from auctionsim.dataset.schema import COLUMNS, Trajectories, shape_of
from auctionsim.dataset.writer import DatasetWriter
from auctionsim.observation import FEATURES

LOGS = Path(__file__).parents[3] / "examples" / "logs"
GOLDEN = Path(__file__).parents[2] / "golden" / "logs"

Log = dict[str, NDArray[np.float64]]

LOG_HEADER = (
    "deliveryPeriodIndex",
    "advertiserNumber",
    "advertiserCategoryIndex",
    "budget",
    "CPAConstraint",
    "timeStepIndex",
    "remainingBudget",
    "pvIndex",
    "pValue",
    "pValueSigma",
    "bid",
    "xi",
    "adSlot",
    "cost",
    "isExposed",
    "conversionAction",
    "leastWinningCost",
    "isEnd",
)


def make_trajectories(
    rows: int = 6, steps: int = 4, features: int = len(FEATURES), seed: int = 0
) -> Trajectories:
    """Random numbers in every column; tasks and bidders take turns."""
    rng = np.random.default_rng(seed)
    arrays: dict[str, NDArray[Any]] = {
        name: (rng.random(shape_of(name, rows, steps, features)) * 2).astype(kind)
        for name, kind in COLUMNS.items()
        if name != "bidder"
    }
    arrays["episode"] = np.arange(rows, dtype=np.int32) + 10 * seed
    arrays["task"] = (np.arange(rows) % 3).astype(np.int8)
    arrays["bidder"] = np.array([("pid", "été")[i % 2] for i in range(rows)], np.object_)
    arrays["cpa_target"][arrays["task"] != 0] = np.nan
    arrays["roas_target"][arrays["task"] != 1] = np.nan
    return Trajectories(**arrays)


def make_writer(folder: Path, steps: int = 4, **changes: Any) -> DatasetWriter:
    settings: dict[str, Any] = {
        "kind": "simulated",
        "semantics": 1,
        "seeds": {"seed": 3},
        "config": {"market": {"advertisers": 3}},
    }
    return DatasetWriter(folder, steps=steps, **settings | changes)


def make_dataset(folder: Path) -> None:
    """Two training shards and one test shard."""
    writer = make_writer(folder)
    writer.write_shard("test", 0, make_trajectories(3, seed=2))
    writer.write_shard("train", 1, make_trajectories(2, seed=1))
    writer.write_shard("train", 0, make_trajectories(6, seed=0))
    writer.finish()


def make_log(
    periods: Sequence[int] = (0,),
    volumes: Sequence[int] = (3, 2),
    advertisers: Sequence[int] = (0, 1, 2),
    seed: int = 0,
) -> Log:
    """A log in AuctionNet's order: period, step, opportunity, advertiser."""
    rng = np.random.default_rng(seed)
    rows: list[list[float]] = []
    for period in periods:
        for step, volume in enumerate(volumes):
            last = step == len(volumes) - 1
            remaining = rng.choice([0.05, 0.1, 7.5], len(advertisers))
            for opportunity in range(volume):
                market_price = rng.random()
                for seat, advertiser in enumerate(advertisers):
                    won, seen = rng.integers(0, 2, 2)
                    ended = last or remaining[seat] < 0.1
                    row = [period, advertiser, seat % 2, 10.0 + seat, 40.0 + seat, step]
                    row += [remaining[seat], opportunity, rng.random() / 100, 0.01, rng.random()]
                    row += [won, won * 2, won * rng.random(), won * seen]
                    row += [won * seen * rng.integers(0, 2), market_price, ended]
                    rows.append([float(item) for item in row])
    table = np.array(rows).reshape(-1, len(LOG_HEADER))
    return {name: table[:, place].copy() for place, name in enumerate(LOG_HEADER)}


def write_csv(path: Path, log: Log) -> Path:
    """Write a log as AuctionNet does; gzipped if the name ends so."""
    lines = [",".join(log)]
    lines += [
        ",".join(map(repr, row)) for row in zip(*(c.tolist() for c in log.values()), strict=True)
    ]
    text = "".join(f"{line}\n" for line in lines).encode()
    path.write_bytes(gzip.compress(text, mtime=0) if path.suffix == ".gz" else text)
    return path


def write_parquet(path: Path, log: Log) -> Path:
    pq.write_table(pa.table(log), path)
    return path
