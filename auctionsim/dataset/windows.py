"""Stretches of steps, for sequence models: plain views, and windows with what went before."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from auctionsim.dataset.schema import (
    CAMPAIGN_COLUMNS,
    SERIES_COLUMNS,
    Trajectories,
    has_steps,
)
from auctionsim.errors import invalid_argument, unknown_name
from auctionsim.mechanism.arguments import check_integer

_SHORTER = "Choose at least 1 and at most the number of steps."


def step_windows(array: NDArray[Any], length: int, stride: int = 1) -> NDArray[Any]:
    """Return all stretches of consecutive steps of a per-step column, as a view without copies.

    Windows overlap, so do not write into them: a step stands in several.

    Args:
        array: (n, T, ...), a per-step column such as `Trajectories.state` or `.cost`.
        length: Steps a window, 1 to T.
        stride: Steps from the beginning of one window to that of the next.

    Returns:
        (n, (T - length) // stride + 1, length, ...).

    Raises:
        InvalidArgumentError: If there are no steps, or no such windows.
    """
    if array.ndim < 2:
        rule, mend = "must have two dimensions (trajectories, steps) or more", "Pass `state`, say."
        raise invalid_argument("array", rule, f"shape {array.shape}", mend)
    steps = array.shape[1]
    length = check_integer("length", length, 1, steps, _SHORTER)
    stride = check_integer("stride", stride, 1, max(steps, 1), _SHORTER)
    # Writable where the array is: torch warns of arrays that are not.
    writeable = array.flags.writeable
    windows = sliding_window_view(array, length, axis=1, writeable=writeable)[:, ::stride]
    return np.moveaxis(windows, -1, 2)


class ContextWindows:
    """The windows of K steps that end at any step of any trajectory, read when asked for.

    This is what a model of sequences learns from: a step with the steps before it. Windows that
    would begin before the episode are filled up in front with zeros, which `mask` tells apart. Only
    places are kept (8 bytes a window); a batch is gathered from the columns, so mapped trajectories
    need not fit into memory.

    Has what `torch.utils.data.DataLoader` asks of a dataset, and hands it whole batches:
    `DataLoader(windows, batch_size=64, shuffle=True, collate_fn=default_convert)`.

    Args:
        trajectories: Loaded or mapped.
        length: Steps a window, K.
        rows: Which trajectories, as `select` gives them; all if None.
        columns: Columns that batches hold; all per-step columns held if None. Columns about the
            campaigns, and `final_state`, come once a window.
        stride: Steps from one window's end to the next within a trajectory.
        padding: Whether windows may begin before the episode; else the first ends at step K - 1.
        active: Whether to leave out windows with a step in which the advertiser took no part.

    Attributes:
        row: (windows,) int32, the trajectory of each window.
        end: (windows,) int32, the last step of each window.

    Raises:
        InvalidArgumentError: If an argument breaks its rule.
    """

    def __init__(
        self,
        trajectories: Trajectories,
        length: int,
        rows: ArrayLike | None = None,
        *,
        columns: Collection[str] | None = None,
        stride: int = 1,
        padding: bool = True,
        active: bool = False,
    ) -> None:
        steps = _steps(trajectories)
        most = 2**15 if padding else steps
        self.length = check_integer("length", length, 1, most, _SHORTER)
        stride = check_integer("stride", stride, 1, max(steps, 1), _SHORTER)
        self._columns = _check_columns(trajectories, columns)
        self._arrays = {name: getattr(trajectories, name) for name in self._columns}
        chosen = _check_rows(rows, len(trajectories))
        ends = np.arange(0 if padding else self.length - 1, steps, stride, dtype=np.int32)
        wanted = np.ones((chosen.size, ends.size), np.bool_)
        if active:
            wanted = _all_active(trajectories.active, chosen, ends, self.length)
        which, place = np.nonzero(wanted)
        self.row: NDArray[np.int32] = chosen.astype(np.int32)[which]
        self.end: NDArray[np.int32] = ends[place]

    def __len__(self) -> int:
        return len(self.row)

    def __getitem__(self, place: int) -> dict[str, Any]:
        """Return one window, its columns of shape (K, ...)."""
        return {name: array[0] for name, array in self.batch([place]).items()}

    def __getitems__(self, places: Sequence[int]) -> dict[str, NDArray[Any]]:
        """Return several windows at once; torch asks for batches by this name."""
        return self.batch(places)

    def batch(self, places: ArrayLike) -> dict[str, NDArray[Any]]:
        """Return windows, copied out of the columns.

        Args:
            places: (b,) whole numbers, -len(self) <= place < len(self).

        Returns:
            The columns by name, per-step ones (b, K, ...) with the latest step last; `mask` (b, K)
            bool, False where a window begins before the episode; `step` (b, K) int32, 0 there; and
            `row` (b,) int32, the trajectory.

        Raises:
            IndexError: For a place that is not there.
        """
        where = np.asarray(places, np.int64)
        row, end = self.row[where], self.end[where]
        step = end[:, None] - np.arange(self.length - 1, -1, -1, dtype=np.int32)
        mask = step >= 0
        step[~mask] = 0
        result: dict[str, NDArray[Any]] = {}
        for name, array in self._arrays.items():
            if has_steps(name):
                result[name] = array[row[:, None], step]
                result[name][~mask] = 0
            else:
                result[name] = array[row]
        return result | {"mask": mask, "step": step, "row": row}


def _steps(trajectories: Trajectories) -> int:
    held = [name for name in trajectories.columns if has_steps(name)]
    if not held:
        rule, mend = "must hold a per-step column", "Load some, such as `state`."
        raise invalid_argument("trajectories", rule, "none", mend)
    steps: int = getattr(trajectories, held[0]).shape[1]
    return steps


def _check_columns(trajectories: Trajectories, columns: Collection[str] | None) -> tuple[str, ...]:
    held = trajectories.columns
    if columns is None:
        return tuple(name for name in held if has_steps(name))
    for name in columns:
        if name not in held:
            raise unknown_name("columns", name, held)
    known = (*CAMPAIGN_COLUMNS, *SERIES_COLUMNS)
    return tuple(name for name in known if name in columns)


def _check_rows(rows: ArrayLike | None, count: int) -> NDArray[np.int64]:
    if rows is None:
        return np.arange(count)
    rule = f"must be a row of whole numbers from 0 to {count - 1}"
    mend = "Pass what `select` returns."
    array = np.asarray(rows)
    if array.ndim != 1 or (array.dtype.kind not in "iu" and array.size):
        found = f"{array.dtype} of shape {array.shape}"
        raise invalid_argument("rows", rule, found, mend)
    if array.size and not 0 <= array.min() <= array.max() < count:
        found = f"{array.min()} to {array.max()}"
        raise invalid_argument("rows", rule, found, mend)
    return array.astype(np.int64)


def _all_active(
    active: NDArray[np.bool_], rows: NDArray[np.int64], ends: NDArray[np.int32], length: int
) -> NDArray[np.bool_]:
    """Return whether all steps of each window were active, (rows, ends)."""
    idle = np.zeros((rows.size, active.shape[1] + 1), np.int32)
    np.cumsum(~active[rows], axis=1, out=idle[:, 1:])
    begins = np.maximum(ends + 1 - length, 0)
    result: NDArray[np.bool_] = idle[:, ends + 1] == idle[:, begins]
    return result
