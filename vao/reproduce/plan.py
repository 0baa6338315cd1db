"""What a study plays: its entrants, the data they learn from, and the tables they stand in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from auctionsim.config_files import load
from auctionsim.errors import invalid_argument, unknown_name
from vao.config import TrainingConfig, load_training_config
from vao.reproduce.layout import Line
from vao.reproduce.variants import DataVariant

__all__ = [
    "BOUNDS",
    "REFERENCES",
    "Entrant",
    "Run",
    "Scale",
    "Study",
    "TableConfig",
    "load_study",
    "load_table",
    "row_name",
]

REFERENCES: dict[str, str] = {
    "behaviour": "Behaviour data",
    "constant": "Best constant multiplier",
    "online-lp": "Online LP",
    "hindsight-constant": "Best constant in hindsight",
    "optimum": "Optimum in hindsight",
}
"""Entrants that learn nothing, for orientation; name and label."""

BOUNDS = ("hindsight-constant", "optimum")
"""Those of them that nobody could have played."""

Overrides = Mapping[str, Any]


@dataclass(frozen=True)
class Entrant:
    """A method as it stands in a table.

    Attributes:
        label: What it is called there.
        method: How it shares data; see `vao.methods.Method`.
        group: What it stands under.
        weighting: What its rule is told.
        settings: Settings of the planner that differ from the training config's.
        share_above: See `TrainingConfig`.
        train_on_validation: See `TrainingConfig`.
        trials: Values tried for it in the search: changes to the training config, one mapping a
            trial; `weighting` in them is added to its own.
        like: Entrant whose chosen values it has; its own if null.
    """

    label: str
    method: str
    group: str = ""
    weighting: Overrides = field(default_factory=dict)
    settings: Overrides = field(default_factory=dict)
    share_above: float | None = None
    train_on_validation: bool = False
    trials: tuple[dict[str, Any], ...] = ()
    like: str | None = None

    def config(self, base: TrainingConfig, changes: Overrides) -> TrainingConfig:
        """Return its training config.

        Args:
            base: What all entrants share.
            changes: What is chosen for it, or tried.
        """
        own = dict(changes)
        weighting = {**own.pop("weighting", {}), **self.weighting}
        return replace(
            replace(base, method="none", weighting={}),
            method=self.method,
            weighting=weighting,
            settings={**base.settings, **self.settings},
            **{"share_above": self.share_above, **own},
            train_on_validation=self.train_on_validation,
        )


@dataclass(frozen=True)
class Scale:
    """How large a study is.

    Attributes:
        dataset: Dataset config, by name.
        training: Training config, by name, of all entrants but for what was chosen.
        chosen: Config of what the search chose, by name; null before there is one.
    """

    dataset: str
    training: str
    chosen: str | None = None


@dataclass(frozen=True)
class Common:
    """What is chosen for all entrants together.

    Attributes:
        entrants: Those that choose, by the mean of their Scores.
        trials: What is tried: changes to the training config.
    """

    entrants: tuple[str, ...] = ()
    trials: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Chosen:
    """What a search chose.

    Attributes:
        common: For all entrants: changes to the training config.
        entrants: For each that had something to try: changes to its training config.
    """

    common: dict[str, Any] = field(default_factory=dict)
    entrants: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Study:
    """Entrants and the scales they are played at.

    Attributes:
        common: What is chosen for all of them.
        entrants: By name.
        scales: By name.
        search_seed: Training seed of the search, apart from those of the results.
        choices: What was chosen at each scale, read from the configs that the scales name.
    """

    entrants: dict[str, Entrant]
    scales: dict[str, Scale]
    common: Common = Common()
    search_seed: int = 1000
    choices: dict[str, Chosen] = field(default_factory=dict)

    def entrant(self, name: str) -> Entrant:
        """Return an entrant by name."""
        if name not in self.entrants:
            raise unknown_name("entrant", name, self.entrants)
        return self.entrants[name]

    def scale(self, name: str) -> Scale:
        """Return a scale by name."""
        if name not in self.scales:
            raise unknown_name("scale", name, self.scales)
        return self.scales[name]

    def chosen(self, scale: str, entrant: str) -> dict[str, Any]:
        """Return what the search chose for an entrant."""
        found = self.choices.get(scale, Chosen()).entrants
        return found.get(self.entrant(entrant).like or entrant, {})

    def base(self, scale: str) -> TrainingConfig:
        """Return the training config that all entrants share."""
        common = self.choices.get(scale, Chosen()).common
        return replace(load_training_config(self.scale(scale).training), **common)


@dataclass(frozen=True)
class Run:
    """One training and its test, or the play of one that does not learn.

    Attributes:
        row: Its name in the results: the entrant's, and the variant's if there is one.
        seed: Training seed; 0 for what does not learn.
        dataset: Dataset config, by name.
        variant: What is changed in the training data.
        config: How it is trained; None for what does not learn.
    """

    row: str
    seed: int
    dataset: str
    variant: DataVariant
    config: TrainingConfig | None

    @property
    def label(self) -> str:
        """What its files are called."""
        return f"{self.row.replace(' ', '_')}-{self.seed}"

    @property
    def fingerprint(self) -> str:
        """Tells it from any other run by all that its results depend on."""
        config = None if self.config is None else asdict(self.config) | {"device": ""}
        told = [self.row, self.seed, self.dataset, asdict(self.variant), config]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]


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
        places: Where entrants (or variants) stand on a figure's axis, by name.
        axis: What a figure's axis is called.
        seeds: Most training seeds it is played with; 0 for as many as are asked for.
    """

    title: str
    lines: tuple[str, ...]
    kind: Literal["table", "figure"] = "table"
    baseline: str = "mdmm-equal"
    ours: str = "odom-vao"
    protocols: tuple[str, ...] = ("wide", "paper")
    dataset: dict[str, str] = field(default_factory=dict)
    variants: dict[str, DataVariant] = field(default_factory=dict)
    places: dict[str, float] = field(default_factory=dict)
    axis: str = ""
    seeds: int = 0

    def __post_init__(self) -> None:
        for name in ("baseline", "ours"):
            if getattr(self, name) not in self.lines:
                raise unknown_name(name, getattr(self, name), self.lines)
        for name in self.places:
            if name not in (*self.lines, *self.variants):
                raise unknown_name("places", name, (*self.lines, *self.variants))

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
        """
        if seeds < 1:
            raise invalid_argument("seeds", "must be >= 1", seeds, "Try 5.")
        dataset, base = self.dataset_of(study, scale), study.base(scale)
        found = [Run(name, 0, dataset, DataVariant(), None) for name in REFERENCES]
        for seed in range(min(seeds, self.seeds or seeds)):
            for part, variant in self.parts().items():
                for name in self.lines:
                    config = study.entrant(name).config(base, study.chosen(scale, name))
                    row = row_name(name, part)
                    found.append(Run(row, seed, dataset, variant, replace(config, seed=seed)))
        return found


def row_name(entrant: str, part: str) -> str:
    """Return what an entrant's lines are called in the results of a part."""
    return f"{entrant} @ {part}" if part else entrant


def load_study(name: str = "sharing") -> Study:
    """Read a study by name or path, with what was chosen by its search.

    Raises:
        InvalidArgumentError: No such config, an unknown key, a wrong type or a broken rule.
    """
    study = load(Study, "studies", name)
    for entrant in study.entrants.values():
        for trial in ({}, *entrant.trials):
            entrant.config(TrainingConfig(), trial)  # raises where it breaks a rule
    named = {scale: made.chosen for scale, made in study.scales.items() if made.chosen is not None}
    return replace(
        study, choices={scale: load(Chosen, "chosen", file) for scale, file in named.items()}
    )


def load_table(name: str) -> TableConfig:
    """Read a table's config by name or path; errors are those of `load_study`."""
    return load(TableConfig, "tables", name)
