"""The numbers of the VAO paper's Tables 1 to 3, to be printed beside our own.

Value and Score are in the paper's units and markets: relative differences can be compared with
ours, sizes cannot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from auctionsim.tasks import TASKS
from vao.metrics import delta_m

__all__ = ["BASELINE", "PUBLISHED", "TABLES", "WITHOUT_FILM", "PublishedRow", "recomputed"]

BASELINE = "mdmm-equal"
"""Entrant that the paper's delta-m compares with: a model a task, no sharing."""

WITHOUT_FILM = "odom-vao without film"
"""The entrant of Table 3."""

Measured = tuple[float, float]
"""A mean and its standard error, over five seeds."""


@dataclass(frozen=True)
class PublishedRow:
    """A row of the paper's tables.

    Attributes:
        value: Value by task.
        score: Score by task.
        delta_m: As printed, in percent; None where the paper prints none.
    """

    value: Mapping[str, Measured]
    score: Mapping[str, Measured]
    delta_m: float | None = None


def recomputed(row: PublishedRow) -> float:
    """Return delta-m from the printed cells, in percent."""

    def cells(of: PublishedRow) -> dict[tuple[str, str], float]:
        pairs = (("value", of.value), ("score", of.score))
        return {(task, name): by[task][0] for name, by in pairs for task in TASKS}

    return delta_m(cells(row), cells(PUBLISHED[BASELINE]))


def _row(*means_and_errors: float, delta: float | None = None) -> PublishedRow:
    """Build a row from Value, error, Score, error of the tasks, in the paper's order."""
    numbers = iter(means_and_errors)
    pairs = list(zip(numbers, numbers, strict=True))
    value, score = (
        dict(zip(TASKS, pairs[::2], strict=True)),
        dict(zip(TASKS, pairs[1::2], strict=True)),
    )
    return PublishedRow(MappingProxyType(value), MappingProxyType(score), delta)


# fmt: off
_ROWS = {
    "mdmm-equal": _row(
        25.46, 0.54, 19.14, 0.55, 24.05, 0.36, 24.32, 0.43, 19.37, 0.25, 13.34, 0.26),
    "odmm-equal": _row(
        22.63, 1.25, 17.57, 0.92, 28.01, 0.33, 28.41, 0.37, 20.52, 0.25, 13.97, 0.23),
    "odmm-vao": _row(
        34.68, 0.25, 29.24, 0.17, 32.80, 0.07, 33.42, 0.11, 28.13, 0.13, 24.27, 0.12),
    "mdom-equal": _row(
        21.12, 1.39, 19.26, 1.27, 15.43, 0.56, 13.38, 0.64, 12.93, 0.74, 7.22, 0.55, delta=29.39),
    "mdom-famo": _row(
        23.00, 0.16, 18.80, 0.20, 20.94, 0.28, 20.19, 0.29, 17.99, 0.26, 12.21, 0.27, delta=9.49),
    "mdom-pcgrad": _row(
        31.65, 0.23, 27.87, 0.25, 25.60, 0.41, 24.56, 0.51, 21.63, 0.18, 14.72, 0.16, delta=-16.56),
    "mdom-fairgrad": _row(
        20.35, 0.57, 15.40, 0.38, 22.73, 0.30, 22.45, 0.37, 19.81, 0.17, 14.82, 0.19, delta=6.57),
    "odom-equal": _row(
        27.45, 0.41, 21.95, 0.44, 27.58, 0.36, 27.57, 0.39, 26.34, 0.41, 21.32, 0.48, delta=-24.39),
    "odom-famo": _row(
        26.90, 0.27, 20.28, 0.35, 29.43, 0.18, 30.03, 0.23, 27.29, 0.13, 23.85, 0.15, delta=-29.52),
    "odom-pcgrad": _row(
        30.33, 1.01, 25.08, 1.01, 29.46, 0.61, 29.84, 0.65, 26.17, 0.62, 20.51, 0.69, delta=-30.70),
    "odom-fairgrad": _row(
        33.64, 0.39, 24.50, 0.36, 27.71, 0.26, 27.90, 0.22, 25.77, 0.16, 22.73, 0.15, delta=-32.25),
    "odom-vao": _row(
        36.10, 0.25, 31.48, 0.13, 30.38, 0.15, 30.94, 0.14, 28.01, 0.13, 23.97, 0.19, delta=-47.35),
    WITHOUT_FILM: _row(
        32.73, 0.12, 29.30, 0.22, 29.77, 0.13, 29.70, 0.15, 27.35, 0.44, 23.06, 0.52, delta=-40.27),
}
# fmt: on

PUBLISHED: Mapping[str, PublishedRow] = MappingProxyType(_ROWS)
"""Rows by entrant, named "SETTING-WEIGHTING" as in `vao.methods.Method`."""

TABLES: Mapping[int, tuple[str, ...]] = MappingProxyType({
    1: ("mdmm-equal", "odmm-equal", "odmm-vao"),
    2: ("mdmm-equal", *(name for name in _ROWS if name[2:4] == "om" and name != WITHOUT_FILM)),
    3: (WITHOUT_FILM, "odom-vao"),
})  # fmt: skip
"""Entrants by number of the paper's table, in its order."""
