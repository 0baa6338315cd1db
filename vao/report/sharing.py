"""What a report shows of how sources were weighed, beside the weights themselves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from auctionsim.errors import invalid_argument
from vao.report.lines import Heights, Panel, check_unique

__all__ = ["Grid", "Overview", "Sharing"]


@dataclass(frozen=True)
class Grid:
    """A matrix shown as shades.

    Attributes:
        title: Stands above it.
        rows: Names of the target tasks.
        columns: Names of the sources, or of the other targets.
        values: A number a row and column; None where there is none.
    """

    title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: tuple[Heights, ...]

    def __post_init__(self) -> None:
        check_unique(f"rows of {self.title}", self.rows)
        check_unique(f"columns of {self.title}", self.columns)
        widths = {len(row) for row in self.values}
        if len(self.values) != len(self.rows) or widths - {len(self.columns)}:
            found = f"{len(self.values)} rows, {', '.join(map(str, sorted(widths)))} wide"
            rule = f"must be {len(self.rows)} rows of {len(self.columns)} numbers"
            raise invalid_argument(f"values of {self.title}", rule, found, "Mend one.")


@dataclass(frozen=True)
class Overview:
    """All pairs of many tasks at once, where a line a pair could not be told apart.

    Attributes:
        grid: Every pair, late in training.
        panels: Their spread over training.
    """

    grid: Grid
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Sharing:
    """How the highlighted method weighed sources.

    Few tasks have a panel a target; many have an overview of all pairs.

    Attributes:
        averaged: Records that each point averages over before all else.
        running: Records that each height of a line is a running mean over at most, where it has its
            raw points behind it; 1 where there are none.
        effective: A panel a target; exp of the entropy of its weights, 1 to the number of sources.
        alignments: A panel a target, a line a source; the band is one standard deviation of a
            measurement to either side.
        conflicts: A panel a target, a line another target; cosine of their gradients.
        many_weights: Weights of many tasks.
        many_alignments: Alignments of many tasks.
        many_conflicts: Cosines between the gradients of many targets.
        noise_shares: By target, the variance of an alignment from one measurement to the next over
            that between sources within a measurement, in the second half of training.
    """

    averaged: int = 1
    running: int = 1
    effective: tuple[Panel, ...] = ()
    alignments: tuple[Panel, ...] = ()
    conflicts: tuple[Panel, ...] = ()
    many_weights: Overview | None = None
    many_alignments: Overview | None = None
    many_conflicts: Overview | None = None
    noise_shares: dict[str, float] = field(default_factory=dict)

    @property
    def panels(self) -> Iterable[Panel]:
        """All panels, in reading order."""
        yield from (*self.effective, *self.alignments, *self.conflicts)
        for overview in (self.many_weights, self.many_alignments, self.many_conflicts):
            yield from overview.panels if overview else ()
