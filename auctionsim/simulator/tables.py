"""The opportunities of one step, drawn for several episodes side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auctionsim.market import MarketConfig
from auctionsim.random_numbers import BLOCK, split_key
from auctionsim.threads import share
from auctionsim.traffic.day import Day
from auctionsim.traffic.kernels import GROUP, draw_values

Float32Array = NDArray[np.float32]
Float64Array = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class StepTables:
    """The opportunities of one step in E episodes.

    A value row is an advertiser's values of all opportunities. The first A rows hold the
    probabilities p; a row beyond holds p e for an advertiser whose conversions vary in worth.

    Attributes:
        volumes: Opportunities, (E,).
        values: Value rows, (E, rows, >= volume) float32.
        sums: Sum of each row, (E, rows).
        highest: Largest value of each row, (E, rows) float32.
        keys: Low and high words of the step's keys, each (E,) uint32.
        bias: True over predicted probability, (E, A).
        run_episode: Place of each run's episode, (R,).
        value_rows: Value row of each seat, (R, A).
    """

    volumes: IntArray
    values: Float32Array
    sums: Float64Array
    highest: Float32Array
    keys: tuple[NDArray[np.uint32], NDArray[np.uint32]]
    bias: Float64Array
    run_episode: IntArray
    value_rows: IntArray

    def mean_value(self, run_episode: IntArray) -> Float64Array:
        """Mean value of the opportunities for each seat, (R, A); 0 without opportunities."""
        sums = self.sums[run_episode[:, None], self.value_rows]
        volumes = self.volumes[run_episode][:, None]
        return np.where(volumes > 0, sums / np.maximum(volumes, 1), 0.0)

    def probabilities(self, episode: int, advertiser: int) -> Float32Array:
        """Conversion probabilities an advertiser is told, (volume,), read-only."""
        return _kept(self.values[episode, advertiser, : self.volumes[episode]])

    def row(self, episode: int, run: int, advertiser: int) -> Float32Array:
        """Values of the opportunities for one seat, (volume,), read-only."""
        row = self.value_rows[run, advertiser]
        return _kept(self.values[episode, row, : self.volumes[episode]])


def _kept(row: Float32Array) -> Float32Array:
    """Copy a row for keeps, read-only: the next step is drawn into the same memory."""
    copy = row.copy()
    copy.flags.writeable = False
    return copy


class StepTraffic:
    """Draws the opportunities of any step for some episodes.

    Args:
        market: The market.
        days: Traffic parameters of each episode.
        spreads: Spread of the known values of each seat, flat.
        run_episode: Place of each run's episode.
    """

    def __init__(
        self,
        market: MarketConfig,
        days: Sequence[Day],
        spreads: Float32Array,
        run_episode: IntArray,
    ) -> None:
        self._run_episode = run_episode
        # Fresh memory costs a page fault every 4 KiB, about as much as filling it.
        self._room = np.empty(0, np.float32)
        self._value_rows, self._row_advertiser, self._row_spread = _value_rows(
            spreads.reshape(len(run_episode), market.advertisers)
        )
        # By step, so that a step needs no more than a place in them.
        self._volumes = np.stack([day.volumes for day in days], axis=1, dtype=np.int64)
        self._mean = _singles([day.mean for day in days])
        self._deviation = _singles([day.deviation for day in days])
        self._keys = split_key(np.stack([day.step_keys for day in days], axis=1))
        self._bias = np.stack([day.bias for day in days], dtype=np.float64)

    def draw(self, step: int) -> StepTables:
        """Draw one step's opportunities; the tables of the step before lose their values."""
        volumes, (low, high) = self._volumes[step], self._keys
        episodes, rows, width = len(volumes), len(self._row_advertiser), int(volumes.max())
        if self._room.size < episodes * rows * width:
            self._room = np.empty(episodes * rows * width, np.float32)
        tables = StepTables(
            volumes=volumes,
            values=self._room[: episodes * rows * width].reshape(episodes, rows, width),
            sums=np.zeros((episodes, rows)),
            highest=np.zeros((episodes, rows), np.float32),
            keys=(low[step], high[step]),
            bias=self._bias,
            run_episode=self._run_episode,
            value_rows=self._value_rows,
        )
        self._fill(tables, step)
        return tables

    def _fill(self, tables: StepTables, step: int) -> None:
        episodes, rows, width = tables.values.shape
        advertisers = tables.bias.shape[1]
        for first, end in ((0, advertisers), (advertisers, rows)):
            cells = episodes * -(-(end - first) // GROUP)
            work = episodes * (end - first) * -(-width // BLOCK) * BLOCK
            if cells:
                share(
                    draw_values, cells, work, first, end,
                    tables.volumes, self._mean[step], self._deviation[step], self._row_advertiser,
                    self._row_spread, *tables.keys, tables.values, tables.sums, tables.highest,
                )  # fmt: skip


def _singles(arrays: list[Float32Array]) -> Float32Array:
    """Put episodes' arrays by step side by side, as the kernels are compiled for."""
    return np.stack(arrays, axis=1, dtype=np.float32, casting="same_kind")


def _value_rows(spreads: Float32Array) -> tuple[IntArray, IntArray, Float32Array]:
    """Give every seat a value row: its advertiser's own, or one shared by seats of equal spread.

    Args:
        spreads: (R, A) spread of each seat's known values.

    Returns:
        Value row of each seat (R, A), advertiser of each row, spread of each row.
    """
    advertisers = spreads.shape[1]
    rows = np.tile(np.arange(advertisers), (len(spreads), 1))
    owner, spread_of = list(range(advertisers)), [np.float32(0.0)] * advertisers
    for i in range(advertisers):
        for spread in np.unique(spreads[:, i]):
            if spread > 0:
                rows[spreads[:, i] == spread, i] = len(owner)
                owner.append(i)
                spread_of.append(spread)
    return rows, np.array(owner, np.int64), np.array(spread_of, np.float32)
