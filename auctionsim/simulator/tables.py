"""The opportunities of one step, drawn for several episodes side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auctionsim.random_numbers import BLOCK, split_key
from auctionsim.threads import share
from auctionsim.traffic.day import Day
from auctionsim.traffic.kernels import GROUP, draw_values

Float32Array = NDArray[np.float32]
Float64Array = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class StepTables:
    """The opportunities of one step in E episodes, as they are worth to some advertisers.

    A value row is an advertiser's values of all opportunities. The first U rows hold the
    probabilities p of U advertisers; a row beyond holds p e for one of them whose conversions vary
    in worth.

    Attributes:
        volumes: Opportunities, (E,).
        values: Value rows, (E, rows, >= volume) float32.
        sums: Sum of each row, (E, rows).
        highest: Largest value of each row, (E, rows) float32.
        keys: Low and high words of the step's keys, each (E,) uint32.
        bias: True over predicted probability of all A advertisers, (E, A).
        floor: What competitors from outside bid on every opportunity, (E,) float32; 0 for none.
        run_episode: Place of each run's episode, (R,).
        probability_rows: Row of each seat's probabilities, (R, seats).
        value_rows: Value row of each seat, (R, seats).
    """

    volumes: IntArray
    values: Float32Array
    sums: Float64Array
    highest: Float32Array
    keys: tuple[NDArray[np.uint32], NDArray[np.uint32]]
    bias: Float64Array
    floor: Float32Array
    run_episode: IntArray
    probability_rows: IntArray
    value_rows: IntArray

    def mean_value(self, run_episode: IntArray) -> Float64Array:
        """Mean value of the opportunities for each seat, (R, seats); 0 without opportunities."""
        sums = self.sums[run_episode[:, None], self.value_rows]
        volumes = self.volumes[run_episode][:, None]
        return np.where(volumes > 0, sums / np.maximum(volumes, 1), 0.0)

    def row(self, episode: int, row: int) -> Float32Array:
        """Return a value row for keeps, (volume,), read-only."""
        # A copy: the next step is drawn into the same memory.
        copy = self.values[episode, row, : self.volumes[episode]].copy()
        copy.flags.writeable = False
        return copy


class StepTraffic:
    """Draws the opportunities of any step for some episodes.

    Args:
        days: Traffic parameters of each episode.
        advertisers: Advertiser of each seat, (R, seats).
        spreads: Spread of the known values of each seat, (R, seats).
        run_episode: Place of each run's episode, (R,).
    """

    def __init__(
        self,
        days: Sequence[Day],
        advertisers: IntArray,
        spreads: Float32Array,
        run_episode: IntArray,
    ) -> None:
        self._run_episode = run_episode
        # Fresh memory costs a page fault every 4 KiB, about as much as filling it.
        self._room = np.empty(0, np.float32)
        ids = np.unique(advertisers)
        self._ids = ids.astype(np.uint32)
        self._probability_rows = np.searchsorted(ids, advertisers)
        self._value_rows, self._row_place, self._row_spread = _value_rows(
            self._probability_rows, spreads, len(ids)
        )
        # By step, so that a step needs no more than a place in them.
        self._volumes = np.stack([day.volumes for day in days], axis=1, dtype=np.int64)
        self._mean = _singles([day.mean[:, ids] for day in days])
        self._deviation = _singles([day.deviation[:, ids] for day in days])
        self._keys = split_key(np.stack([day.step_keys for day in days], axis=1))
        self._bias = np.stack([day.bias for day in days], dtype=np.float64)
        self._floor = np.stack([day.floor for day in days], axis=1, dtype=np.float32)
        self._quality_spread = np.array([day.quality_spread for day in days], np.float32)

    def draw(self, step: int) -> StepTables:
        """Draw one step's opportunities; the tables of the step before lose their values."""
        volumes, (low, high) = self._volumes[step], self._keys
        episodes, rows, width = len(volumes), len(self._row_place), int(volumes.max())
        if self._room.size < episodes * rows * width:
            self._room = np.empty(episodes * rows * width, np.float32)
        tables = StepTables(
            volumes=volumes,
            values=self._room[: episodes * rows * width].reshape(episodes, rows, width),
            sums=np.zeros((episodes, rows)),
            highest=np.zeros((episodes, rows), np.float32),
            keys=(low[step], high[step]),
            bias=self._bias,
            floor=self._floor[step],
            run_episode=self._run_episode,
            probability_rows=self._probability_rows,
            value_rows=self._value_rows,
        )
        self._fill(tables, step)
        return tables

    def _fill(self, tables: StepTables, step: int) -> None:
        episodes, rows, width = tables.values.shape
        advertisers = len(self._ids)
        for first, end in ((0, advertisers), (advertisers, rows)):
            cells = episodes * -(-(end - first) // GROUP)
            work = episodes * (end - first) * -(-width // BLOCK) * BLOCK
            if cells:
                share(
                    draw_values, cells, work, first, end, tables.volumes, self._ids,
                    self._mean[step], self._deviation[step], self._row_place, self._row_spread,
                    self._quality_spread, *tables.keys, tables.values, tables.sums, tables.highest,
                )  # fmt: skip


def _singles(arrays: list[Float32Array]) -> Float32Array:
    """Put episodes' arrays by step side by side, as the kernels are compiled for."""
    return np.stack(arrays, axis=1, dtype=np.float32, casting="same_kind")


def _value_rows(
    places: IntArray, spreads: Float32Array, advertisers: int
) -> tuple[IntArray, IntArray, Float32Array]:
    """Give every seat a value row: its advertiser's own, or one shared by seats of equal spread.

    Args:
        places: (R, seats) place of each seat's advertiser among those that play.
        spreads: (R, seats) spread of each seat's known values.
        advertisers: How many play.

    Returns:
        Value row of each seat (R, seats), place of each row's advertiser, spread of each row.
    """
    rows = places.copy()
    owner, spread_of = list(range(advertisers)), [np.float32(0.0)] * advertisers
    for i in np.unique(places[spreads > 0]):
        for spread in np.unique(spreads[(places == i) & (spreads > 0)]):
            rows[(places == i) & (spreads == spread)] = len(owner)
            owner.append(int(i))
            spread_of.append(spread)
    return rows, np.array(owner, np.int64), np.array(spread_of, np.float32)
