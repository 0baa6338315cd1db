"""Lines of the figures, and the small figures that hold them, as plain values."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from numpy.typing import ArrayLike

from auctionsim.errors import invalid_argument

__all__ = ["Line", "Panel", "check_unique", "finite"]

Heights = tuple[float | None, ...]


def check_unique(argument: str, names: Iterable[str]) -> None:
    """Raise if a name comes twice."""
    for name, count in Counter(names).items():
        if count > 1:
            raise invalid_argument(
                argument, "must hold each name once", name, "Rename one of them."
            )


def finite(numbers: ArrayLike) -> Heights:
    """Return numbers of shape (points,) as plain values; nan and inf become None."""
    import numpy as np

    plain = np.asarray(numbers, np.float64).tolist()
    return tuple(number if math.isfinite(number) else None for number in plain)


@dataclass(frozen=True)
class Line:
    """One line of a figure.

    Attributes:
        name: A method or a task; the same name has the same colour and dashes in all figures.
        x: Positions.
        y: Heights, as many; None leaves a gap.
        low: Lower edge of a band around it, as many heights; empty without a band.
        high: Upper edge, likewise.
        raw: What `y` is a running mean of, as many heights, drawn pale behind it; empty if `y` is
            none.
    """

    name: str
    x: tuple[float, ...]
    y: Heights
    low: Heights = ()
    high: Heights = ()
    raw: Heights = ()

    def __post_init__(self) -> None:
        self._check_length("y", self.y)
        if self.low or self.high:
            self._check_length("low", self.low)
            self._check_length("high", self.high)
        if self.raw:
            self._check_length("raw", self.raw)

    def _check_length(self, part: str, heights: Heights) -> None:
        if len(self.x) != len(heights):
            found = f"{len(self.x)} and {len(heights)}"
            raise invalid_argument(
                f"{part} of {self.name}", "must be as long as x", found, "Mend one."
            )

    @classmethod
    def of(
        cls,
        name: str,
        x: ArrayLike,
        y: ArrayLike,
        low: ArrayLike = (),
        high: ArrayLike = (),
        raw: ArrayLike = (),
    ) -> Line:
        """Build a line from arrays of shape (points,); nan and inf leave gaps."""
        import numpy as np

        positions = tuple(np.asarray(x, np.float64).tolist())
        return cls(name, positions, finite(y), finite(low), finite(high), finite(raw))


@dataclass(frozen=True)
class Panel:
    """One small figure: lines over a common axis.

    Attributes:
        title: Stands above it.
        lines: At least one.
        stages: Where the stages of training begin, by name; empty where there is but one.
        unit: What the heights are, where that is not the same in all figures of its kind.
    """

    title: str
    lines: tuple[Line, ...]
    stages: dict[str, float] = field(default_factory=dict)
    unit: str = ""

    def __post_init__(self) -> None:
        if not self.lines:
            raise invalid_argument(
                f"lines of {self.title}", "must not be empty", 0, "Leave it out."
            )
        check_unique(f"lines of {self.title}", (line.name for line in self.lines))
