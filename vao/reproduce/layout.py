"""What a table shows, before there are results: its lines, and what they are compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from auctionsim.errors import invalid_argument, unknown_name
from auctionsim.evaluation import PROTOCOLS
from auctionsim.tasks import TASKS

__all__ = ["Layout", "Line"]


@dataclass(frozen=True)
class Line:
    """A line of a table.

    Attributes:
        entrant: Its name in the results.
        label: What it is called in the table.
        group: What it stands under, such as its setting; empty for nothing.
        learns: Whether its seeds are a sample; what does not learn has one seed.
        bound: Whether it is what hindsight would have made possible: nothing but its expected Score
            is known, and it is no rival to be tested against.
    """

    entrant: str
    label: str
    group: str = ""
    learns: bool = True
    bound: bool = False

    def __post_init__(self) -> None:
        for name in ("entrant", "label"):
            if not getattr(self, name).strip():
                raise invalid_argument(f"line.{name}", "must be text", "", "Name it.")
        if self.bound and self.learns:
            rule, mend = "must be false for a bound", "Hindsight learns nothing."
            raise invalid_argument("line.learns", rule, True, mend)
        for name in ("label", "group"):
            if any(sign in getattr(self, name) for sign in "|\n"):
                found, mend = getattr(self, name), "Say it in other words."
                raise invalid_argument(f"line.{name}", "must fit a table's cell", found, mend)


@dataclass(frozen=True)
class Layout:
    """A table to be filled with results.

    Attributes:
        title: Stands above it.
        lines: Methods, in order; the best of each column is marked among them.
        baseline: Entrant that delta-m compares with; one of the lines.
        ours: Entrant that all others are compared with; one of the lines.
        references: Lines below the methods for orientation, such as the behaviour data: never
            marked as best.
        optimum: Entrant that holds hindsight's optimum as its expected Score; None for no shares
            of it.
        protocol: Whose seats were played.
        tasks: Tasks in the order of columns.
        seeds: Seeds that each line that learns must have; None for all that any of them has.
    """

    title: str
    lines: tuple[Line, ...]
    baseline: str
    ours: str
    references: tuple[Line, ...] = ()
    optimum: str | None = "optimum"
    protocol: str = "wide"
    tasks: tuple[str, ...] = TASKS
    seeds: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        entrants = [line.entrant for line in self.lines]
        if not entrants:
            raise invalid_argument("lines", "must not be empty", "none", "Name an entrant.")
        _check_different("lines", [line.entrant for line in (*self.lines, *self.references)])
        for name in ("baseline", "ours"):
            if getattr(self, name) not in entrants:
                raise unknown_name(name, getattr(self, name), entrants)
        if self.protocol not in PROTOCOLS:
            raise unknown_name("protocol", self.protocol, PROTOCOLS)
        for task in self.tasks:
            if task not in TASKS:
                raise unknown_name("tasks", task, TASKS)
        if not self.tasks:
            raise invalid_argument("tasks", "must not be empty", "none", "Name a task.")
        _check_different("tasks", self.tasks)
        if self.seeds is not None:
            if not self.seeds:
                raise invalid_argument("seeds", "must not be empty", "none", "Use None for all.")
            _check_different("seeds", self.seeds)

    def line(self, entrant: str) -> Line:
        """Return the line of an entrant."""
        return next(line for line in (*self.lines, *self.references) if line.entrant == entrant)


def _check_different(argument: str, values: Sequence[object]) -> None:
    for value in values:
        if values.count(value) > 1:
            raise invalid_argument(argument, "must hold each once", value, "Take one out.")
