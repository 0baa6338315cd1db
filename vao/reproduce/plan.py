"""What a study plays: its entrants, their settings, and the data they learn from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from auctionsim.config_files import load
from auctionsim.errors import InvalidArgumentError, invalid_argument, unknown_name
from vao.config import TrainingConfig, load_training_config

__all__ = [
    "BOUNDS",
    "REFERENCES",
    "Chosen",
    "Common",
    "Entrant",
    "Scale",
    "Study",
    "load_study",
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

_OWN = ("method", "settings", "seed", "train_on_validation")
"""Settings that belong to an entrant or a run, so that no search changes them."""


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
        training: Other changes to the training config, whatever was chosen.
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
    training: Overrides = field(default_factory=dict)
    trials: tuple[dict[str, Any], ...] = ()
    like: str | None = None

    def config(self, base: TrainingConfig, changes: Overrides) -> TrainingConfig:
        """Return its training config.

        Args:
            base: What all entrants share.
            changes: What is chosen for it, or tried.

        Raises:
            InvalidArgumentError: If something else is to be changed, or a setting breaks its rule.
        """
        own = {**_checked(changes), **_checked(self.training)}
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

    def __post_init__(self) -> None:
        liked = [made.like for made in self.entrants.values() if made.like is not None]
        chosen = [name for made in self.choices.values() for name in made.entrants]
        for name in (*self.common.entrants, *liked, *chosen):
            self.entrant(name)
        for scale in self.choices:
            self.scale(scale)
        if self.common.trials and not self.common.entrants:
            rule, mend = "must name who chooses what all share", "Name an entrant."
            raise invalid_argument("common.entrants", rule, "none", mend)

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
        return replace(load_training_config(self.scale(scale).training), **_checked(common))


def load_study(name: str = "sharing") -> Study:
    """Read a study by name or path, with what was chosen by its search.

    Raises:
        InvalidArgumentError: No such config, an unknown key, a wrong type or a broken rule.
    """
    study = load(Study, "studies", name)
    if study.choices:
        rule = "must be left to the files that `scales` name"
        raise invalid_argument("choices", rule, ", ".join(study.choices), "Take it out.")
    named = {scale: made.chosen for scale, made in study.scales.items() if made.chosen is not None}
    choices = {scale: load(Chosen, "chosen", file) for scale, file in named.items()}
    study = replace(study, choices=choices)
    for scale in study.scales:
        _check_configs(study, scale)
    return study


def _check_configs(study: Study, scale: str) -> None:
    """Raise if an entrant's settings, tried or chosen, break a rule: before hours are spent."""
    base = study.base(scale)
    for trial in study.common.trials:
        replace(base, **_checked(trial))
    for name, entrant in study.entrants.items():
        try:
            for changes in ({}, *entrant.trials, study.chosen(scale, name)):
                entrant.config(base, changes)
        except InvalidArgumentError as error:
            raise type(error)(f"entrant {name!r}: {error}") from None


def _checked(changes: Overrides) -> dict[str, Any]:
    """Return changes to a training config, all of them to settings that may be changed."""
    known = [field.name for field in fields(TrainingConfig) if field.name not in _OWN]
    for name in changes:
        if name not in known:
            raise unknown_name("setting to change", name, known)
    told = changes.get("weighting", {})
    if not isinstance(told, Mapping):
        rule, mend = "must be `key: value` lines", "Say what the rule is told."
        raise invalid_argument("weighting", rule, told, mend)
    return dict(changes)
