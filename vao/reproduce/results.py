"""Raw results of a study: a line for each entrant, seed, protocol, task and episode."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auctionsim.errors import invalid_argument, invalid_data, unknown_name
from auctionsim.evaluation import PROTOCOLS
from auctionsim.tasks import TASKS
from vao.reproduce.results_columns import COLUMNS, KEYS, METRICS

__all__ = ["COLUMNS", "KEYS", "METRICS", "Results"]

_MEND = "Play it again, or take the line out."


@dataclass(frozen=True, eq=False)
class Results:
    """Raw results, sorted by their keys; each column has shape (lines,).

    Bounds in hindsight have their Score as `expected_score`, and 0 for the rest.

    Attributes:
        row: Entrant, such as "odom-famo".
        protocol: Whose seats are played: of `auctionsim.evaluation.PROTOCOLS`.
        task: Of `TASKS`.
        seed: Training seed; 0 for what does not learn.
        episode: Number of the test episode.
        seats: Trajectories that the means of the line are over.
        expected_score: Score (strict) of expected Value.
        expected_value: Value expected before coins are tossed.
        score_strict: Value where the limit is kept, less elsewhere.
        score_paper: The paper's Score.
        value: Value won.
        utilisation: Share of the budget spent.

    Raises:
        InvalidDataError: If columns differ in length, a key occurs twice, a name or number is none,
            or an entrant's seeds cover different episodes.
    """

    row: NDArray[np.str_]
    protocol: NDArray[np.str_]
    task: NDArray[np.str_]
    seed: NDArray[np.int16]
    episode: NDArray[np.int32]
    seats: NDArray[np.int16]
    expected_score: NDArray[np.float32]
    expected_value: NDArray[np.float32]
    score_strict: NDArray[np.float32]
    score_paper: NDArray[np.float32]
    value: NDArray[np.float32]
    utilisation: NDArray[np.float32]

    def __post_init__(self) -> None:
        columns = {name: _column(name, getattr(self, name), kind) for name, kind in COLUMNS.items()}
        lengths = {name: len(column) for name, column in columns.items()}
        if len(set(lengths.values())) > 1:
            rule = "must have columns of one length"
            raise invalid_data("results", rule, lengths, "Give every line all columns.")
        order = np.lexsort([columns[name] for name in reversed(KEYS)])
        for name, column in columns.items():
            object.__setattr__(self, name, column[order])
        _check_names("protocol", self.protocol, PROTOCOLS)
        _check_names("task", self.task, TASKS)
        self._check_lines()
        self._check_seeds()

    @classmethod
    def of(
        cls,
        row: str,
        seed: int,
        protocol: str,
        task: str,
        episodes: ArrayLike,
        seats: ArrayLike,
        metrics: Mapping[str, ArrayLike],
    ) -> Results:
        """Build the lines of one entrant and seed in one task.

        Args:
            row: Entrant.
            seed: Training seed; 0 for what does not learn.
            protocol: Protocol.
            task: Task.
            episodes: Numbers of episodes, (episodes,).
            seats: Seats that the means are over, (episodes,) or one for all.
            metrics: Means over seats, each (episodes,); names beyond `METRICS` are left aside.
        """
        numbers = np.asarray(episodes)
        for name in METRICS:
            if name not in metrics:
                rule = f"must hold {', '.join(METRICS)}"
                raise invalid_argument("metrics", rule, sorted(metrics), f"Add {name}.")
        same: dict[str, ArrayLike] = {
            "row": row,
            "protocol": protocol,
            "task": task,
            "seed": seed,
            "seats": seats,
        }
        columns: dict[str, NDArray[Any]] = {
            name: np.broadcast_to(value, numbers.shape) for name, value in same.items()
        }
        return cls(episode=numbers, **columns, **{m: np.asarray(metrics[m]) for m in METRICS})

    @classmethod
    def join(cls, parts: Iterable[Results]) -> Results:
        """Put results together; a line in two of the parts is refused."""
        found = list(parts)
        if not found:
            return cls(**{name: np.zeros(0, kind) for name, kind in COLUMNS.items()})
        return cls(**{n: np.concatenate([getattr(p, n) for p in found]) for n in COLUMNS})

    @classmethod
    def read(cls, path: Path) -> Results:
        """Read a file that `write` wrote.

        Raises:
            InvalidDataError: If it is missing, damaged, or holds what results must not hold.
        """
        from vao.reproduce.results_file import read_columns

        return cls(**read_columns(path))

    def write(self, path: Path) -> None:
        """Write a Parquet file, whole or not at all; equal results give equal bytes."""
        from vao.reproduce.results_file import write_columns

        write_columns(path, {name: getattr(self, name) for name in COLUMNS})

    def __len__(self) -> int:
        return len(self.row)

    def names(self, column: str) -> list[Any]:
        """Return what occurs in a key's column, sorted; tasks in the order of `TASKS`."""
        if column not in KEYS:
            raise unknown_name("column", column, KEYS)
        found = np.unique(getattr(self, column)).tolist()
        return [task for task in TASKS if task in found] if column == "task" else found

    def where(
        self,
        *,
        row: str | Sequence[str] | None = None,
        protocol: str | Sequence[str] | None = None,
        task: str | Sequence[str] | None = None,
        seed: int | Sequence[int] | None = None,
    ) -> Results:
        """Return the lines with these keys: one, or one of several; None for any.

        Raises:
            InvalidArgumentError: If there is no line with one of these names.
        """
        kept = np.ones(len(self), np.bool_)
        wanted = {"row": row, "protocol": protocol, "task": task, "seed": seed}
        for name, value in wanted.items():
            if value is None:
                continue
            values = [value] if isinstance(value, str | int) else list(value)
            known = self.names(name)
            for one in values:
                if one not in known:
                    raise unknown_name(name, one, map(str, known))
            kept &= np.isin(getattr(self, name), np.array(values))
        return self.take(kept)

    def take(self, kept: NDArray[np.bool_]) -> Results:
        """Return the lines marked, (lines,)."""
        return Results(**{name: getattr(self, name)[kept] for name in COLUMNS})

    def _check_lines(self) -> None:
        if (self.row == "").any():
            raise invalid_data("row", "must name an entrant", "", "Name it.")
        for name, least in (("seed", 0), ("episode", 0), ("seats", 1)):
            column = getattr(self, name)
            if (column < least).any():
                raise invalid_data(name, f"must be >= {least}", column.min(), _MEND)
        for name in METRICS:
            wrong = ~np.isfinite(getattr(self, name))
            if wrong.any():
                line = int(wrong.argmax())
                found = f"{getattr(self, name)[line]} of {self._key(line)}"
                raise invalid_data(name, "must be finite", found, _MEND)
        same = np.ones(max(len(self) - 1, 0), np.bool_)
        for name in KEYS:
            column = getattr(self, name)
            same &= column[1:] == column[:-1]
        if same.any():
            rule = f"must hold every ({', '.join(KEYS)}) once"
            raise invalid_data("results", rule, f"twice {self._key(int(same.argmax()))}", _MEND)

    def _check_seeds(self) -> None:
        """Raise unless an entrant's seeds played the same episodes of a task."""
        bounds = _starts(self.row, self.protocol, self.task)
        for first, last in pairwise(bounds):
            starts = first + _starts(self.seed[first:last])
            parts = [self.episode[a:b] for a, b in pairwise(starts)]
            for start, part in zip(starts, parts, strict=False):
                if not np.array_equal(part, parts[0]):
                    one, other = (self._key(int(line))[:4] for line in (first, start))
                    odd = np.setxor1d(part, parts[0])[0]
                    rule = "must hold the same episodes for all seeds of an entrant"
                    found = f"episode {odd} in only one of {one} and {other}"
                    raise invalid_data("results", rule, found, "Play the seed to its end.")

    def _key(self, line: int) -> tuple[Any, ...]:
        return tuple(getattr(self, name)[line].item() for name in KEYS)


def _column(name: str, given: object, kind: str) -> NDArray[Any]:
    """Return a column in its kind, if that loses nothing but a float's precision."""
    array: NDArray[Any] = np.asarray(given)
    found = f"{array.dtype} of shape {array.shape}"
    if kind == "U":
        if array.ndim != 1 or array.dtype.kind != "U":
            raise invalid_data(name, "must be a row of texts", found, "Give one a line.")
        return array
    whole = kind != "f4"
    if array.ndim != 1 or array.dtype.kind not in ("iu" if whole else "fiu"):
        rule = f"must be a row of {'whole ' if whole else ''}numbers"
        raise invalid_data(name, rule, found, "Give one a line.")
    with np.errstate(over="ignore"):  # inf, refused below
        column = array.astype(kind)
    if whole and not np.array_equal(column, array):
        most = np.iinfo(kind).max
        raise invalid_data(name, f"must be at most {most}", array[column != array][0], _MEND)
    return column


def _check_names(column: str, names: NDArray[np.str_], known: Sequence[str]) -> None:
    for name in np.unique(names).tolist():
        if name not in known:
            raise invalid_data(column, f"must be one of {', '.join(known)}", name, "Correct it.")


def _starts(*columns: NDArray[Any]) -> NDArray[np.int64]:
    """Return where runs of equal labels start, and the end."""
    length = len(columns[0])
    new = np.zeros(max(length - 1, 0), np.bool_)
    for column in columns:
        new |= column[1:] != column[:-1]
    first = [0] if length else []
    return np.concatenate([first, np.flatnonzero(new) + 1, [length]]).astype(np.int64)
