"""AuctionNet's own strategies, from a checkout that the user names, and never written to.

Loading them runs code of that checkout, its pickles and TorchScript archives included: name one
that you trust.
"""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agents.auctionnet import AuctionNetBidder, from_auctionnet
from auctionsim.errors import invalid_argument
from benchmarks.strategies_tables import HEADER, Table, write_table

Float64Array = NDArray[np.float64]

STRATEGIES = {
    "pid": ("pid_bidding_strategy", "PidBiddingStrategy"),
    "iql": ("iql_bidding_strategy", "IqlBiddingStrategy"),
    "cql": ("cql_bidding_strategy", "CqlBiddingStrategy"),
    "bc": ("bc_bidding_strategy", "BcBiddingStrategy"),
    "online_lp": ("onlinelp_bidding_strategy", "OnlineLpBiddingStrategy"),
    "mopo": ("mbrl_mopo_bidding_strategy", "MbrlMopoBiddingStrategy"),
    "combo": ("mbrl_combomicro_bidding_strategy", "MbrlComboMicroBiddingStrategy"),
    "td3_bc": ("td3_bc_bidding_strategy", "TD3_BCBiddingStrategy"),
}
_PACKAGE = "simul_bidding_env"
_TABLES = "strategy/official_agent/onlineLpTest"
_TD3_BC = "strategy/official_agent/TD3_bctest"
_GENERATOR = "PvGenerator/NeurIPSPvGen.py"


@dataclass(frozen=True)
class Traffic:
    """What describes the opportunities of one episode of AuctionNet's.

    Attributes:
        volumes: Opportunities of each step, (T,).
        value_mean: Mean value, (T, A).
        value_deviation: Standard deviation of the values, (T, A).
        error_ratio: Prediction error over value, mean of the episode, (A,).
    """

    volumes: NDArray[np.int64]
    value_mean: Float64Array
    value_deviation: Float64Array
    error_ratio: Float64Array


class Checkout:
    """A copy of what is needed of a checkout, in which OnlineLP's tables can be put.

    Args:
        folder: The copy of its package.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write_tables(self, tables: Mapping[int, Table]) -> None:
        """Put the tables of some episodes in the copy."""
        for episode, table in tables.items():
            write_table(self._table(episode), table)

    def without_tables(self, episodes: range) -> None:
        """Put empty tables in the copy: OnlineLP then bids its CPA constraint times the value."""
        for episode in episodes:
            path = self._table(episode)
            path.parent.mkdir(exist_ok=True)
            path.write_text(",".join(HEADER) + "\n", encoding="utf-8")

    def has_tables(self, episodes: range) -> bool:
        """Return whether the checkout came with OnlineLP's tables."""
        return all(self._table(episode).exists() for episode in episodes)

    def bidder(self, strategy: str, table: int | None) -> AuctionNetBidder:
        """Load a strategy as its authors wrote it.

        Args:
            strategy: A name of `STRATEGIES`.
            table: Episode of OnlineLP's table; None for others.
        """
        file, name = STRATEGIES[strategy]
        kind = getattr(importlib.import_module(f"{_PACKAGE}.strategy.{file}"), name)
        if strategy == "pid":  # even pacing, as AuctionNet's Controller asks for
            return from_auctionnet(kind(exp_tempral_ratio=np.ones(48)))
        return from_auctionnet(kind() if table is None else kind(episode=table))

    def traffic(self, episode: int) -> Traffic:
        """Draw an episode's opportunities as AuctionNet does, and describe them."""
        module = importlib.import_module(f"{_PACKAGE}.PvGenerator.NeurIPSPvGen")
        drawn = module.NeurIPSPvGen(episode=episode)
        values, errors = drawn.pv_values, drawn.pValueSigmas
        ratios = (
            np.divide(e, v, out=np.zeros_like(v), where=v > 0).sum(0)
            for v, e in zip(values, errors, strict=True)
        )
        return Traffic(
            volumes=np.array([len(v) for v in values]),
            value_mean=np.stack([v.mean(axis=0) for v in values]),
            value_deviation=np.stack([v.std(axis=0) for v in values]),
            error_ratio=sum(ratios) / sum((v > 0).sum(axis=0) for v in values),
        )

    def _table(self, episode: int) -> Path:
        return self._folder / _TABLES / f"episode-{episode}.csv"


@contextmanager
def opened(checkout: Path, folder: Path) -> Iterator[Checkout]:
    """Copy what is needed of a checkout to an empty folder, from which it can then be imported.

    Args:
        checkout: A checkout of AuctionNet.
        folder: Where the copy goes.

    Raises:
        InvalidArgumentError: If the checkout lacks a strategy or the generator of traffic.
    """
    source, copied = checkout / _PACKAGE, folder / _PACKAGE
    for file in [_GENERATOR, *(f"strategy/{file}.py" for file, _ in STRATEGIES.values())]:
        if not (source / file).exists():
            mend = "Clone https://github.com/alimama-tech/AuctionNet."
            found = f"no {source / file}"
            raise invalid_argument("--auctionnet", "must be a checkout of AuctionNet", found, mend)
    shutil.copytree(source / "strategy", copied / "strategy")
    (copied / _GENERATOR).parent.mkdir()
    shutil.copy(source / _GENERATOR, copied / _GENERATOR)
    _fill_in_weights(copied / _TD3_BC)
    sys.path.insert(0, str(folder))
    try:
        yield Checkout(copied)
    finally:
        sys.path.remove(str(folder))
        for name in [n for n in sys.modules if n.partition(".")[0] == _PACKAGE]:
            del sys.modules[name]


def _fill_in_weights(folder: Path) -> None:
    """Let an earlier state of TD3_BC's weights stand in where the last one is missing."""
    wanted, earlier = folder / "td3_bc_model.pth", folder / "td3_bc_model_30000.pth"
    if not wanted.exists() and earlier.exists():
        shutil.copy(earlier, wanted)
