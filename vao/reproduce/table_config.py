"""A table or figure of a study: who stands in it, on which data, and what it plays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from auctionsim.config_files import load
from auctionsim.errors import invalid_argument, unknown_name
from auctionsim.evaluation import PROTOCOLS
from vao.reproduce.layout import Line
from vao.reproduce.plan import REFERENCES, Study
from vao.reproduce.run import Run
from vao.reproduce.variants import DataVariant

__all__ = ["TableConfig", "load_table", "row_name"]


@dataclass(frozen=True)
class TableConfig:
    """A table or figure of the study.

    Attributes:
        title: Stands above it.
        lines: Entrants, in order.
        kind: "table", or a "figure" over `places`.
        baseline: Entrant that delta-m compares with.
        ours: Entrant that the others are compared with.
        protocols: Whose seats are shown.
        dataset: Dataset config by scale, in place of the scale's.
        variants: What is changed in the data, by name; each makes a part of its own.
        against: Variant that the others are compared with, in a table of one entrant alone; the
            first if empty.
        places: Where entrants (or variants) stand on a figure's axis, by name.
        axis: What a figure's axis is called.
        seeds: Most training seeds it is played with; 0 for as many as are asked for.
        respond: Whether the others respond in the test (see `Run`); only on the tasks' own seats,
            as every seat's day is then simulated anew, and without references.
    """

    title: str
    lines: tuple[str, ...]
    kind: Literal["table", "figure"] = "table"
    baseline: str = "mdmm-equal"
    ours: str = "odom-vao"
    protocols: tuple[str, ...] = ("wide", "paper")
    dataset: dict[str, str] = field(default_factory=dict)
    variants: dict[str, DataVariant] = field(default_factory=dict)
    against: str = ""
    places: dict[str, float] = field(default_factory=dict)
    axis: str = ""
    seeds: int = 0
    respond: bool = False

    def __post_init__(self) -> None:
        _check_names("lines", self.lines)
        _check_names("protocols", self.protocols, PROTOCOLS)
        for name in ("baseline", "ours"):
            if getattr(self, name) not in self.lines:
                raise unknown_name(name, getattr(self, name), self.lines)
        if self.seeds < 0:
            raise invalid_argument("seeds", "must be >= 0", self.seeds, "0 sets no limit.")
        if self.respond and not (self.variants and self.protocols == ("paper",)):
            rule = "must be false but for named variants on protocol paper"
            raise invalid_argument("respond", rule, True, "Name a variant; set protocols.")
        if "" in self.variants:
            raise invalid_argument("variants", "must have names", "", "Name each.")
        if self.against and not (self.across and self.against in self.variants):
            rule = "must be a variant, in a table of one entrant and several of them"
            raise invalid_argument("against", rule, self.against, "Leave it out.")
        self._check_places()

    def _check_places(self) -> None:
        placed = tuple(self.variants) or self.lines
        for name, place in self.places.items():
            if name not in placed:
                raise unknown_name("places", name, placed)
            if not (math.isfinite(place) and place > 0.0):
                rule, mend = "must be finite and > 0: the axis is logarithmic", "Change it."
                raise invalid_argument(f"places.{name}", rule, place, mend)
        lacking = [name for name in self.variants if name not in self.places]
        if self.kind == "figure" and lacking:
            rule, mend = "must give every variant of a figure its place", "Add it."
            raise invalid_argument("places", rule, f"none for {lacking[0]!r}", mend)

    @property
    def across(self) -> bool:
        """Whether variants are compared with each other, as there is one entrant alone."""
        return len(self.lines) == 1 and len(self.variants) > 1

    def parts(self) -> dict[str, DataVariant]:
        """Return its parts: variants by name, or one of the data as they are, under ""."""
        return self.variants or {"": DataVariant()}

    def dataset_of(self, study: Study, scale: str) -> str:
        """Return the name of the dataset config that it is played on."""
        return self.dataset.get(scale, study.scale(scale).dataset)

    def line(self, study: Study, entrant: str, part: str) -> Line:
        """Return an entrant's line in a part."""
        known = study.entrant(entrant)
        return Line(row_name(entrant, part), known.label, known.group)

    def runs(self, study: Study, scale: str, seeds: int) -> list[Run]:
        """Return all its runs, references first, then seed by seed.

        Args:
            study: Where its entrants are.
            scale: Name of the scale.
            seeds: Training seeds, 0, 1, ..., as far as the table takes them.

        Raises:
            InvalidArgumentError: If there is no such scale or entrant, no seed, or two runs would
                have files of the same name.
        """
        if seeds < 1:
            raise invalid_argument("seeds", "must be >= 1", seeds, "Try 5.")
        for known in self.dataset:
            study.scale(known)
        dataset, base = self.dataset_of(study, scale), study.base(scale)
        references = () if self.respond else REFERENCES
        found = [Run(name, 0, dataset, DataVariant(), None) for name in references]
        for seed in range(min(seeds, self.seeds or seeds)):
            for part, variant in self.parts().items():
                for name in self.lines:
                    config = study.entrant(name).config(base, study.chosen(scale, name))
                    row = row_name(name, part)
                    config = replace(config, seed=seed)
                    found.append(Run(row, seed, dataset, variant, config, self.respond))
        labels = [run.label for run in found]
        for label in labels:
            if labels.count(label) > 1:
                rule, mend = "must give each run a name of its own", "Call an entrant otherwise."
                raise invalid_argument("lines", rule, f"{label} twice", mend)
        return found


def row_name(entrant: str, part: str) -> str:
    """Return what an entrant's lines are called in the results of a part."""
    return f"{entrant} @ {part}" if part else entrant


def load_table(name: str) -> TableConfig:
    """Read a table's config by name or path.

    Raises:
        InvalidArgumentError: No such config, an unknown key, a wrong type or a broken rule.
    """
    return load(TableConfig, "tables", name)


def _check_names(argument: str, names: Sequence[str], known: Sequence[str] = ()) -> None:
    if not names:
        raise invalid_argument(argument, "must not be empty", "none", "Name one.")
    for name in names:
        if known and name not in known:
            raise unknown_name(argument, name, known)
        if names.count(name) > 1:
            raise invalid_argument(argument, "must hold each once", name, "Take one out.")
