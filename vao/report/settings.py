"""Settings as a reader of the page wants them: words in place of names and of Python's signs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["facts_of", "pairs_in_words", "weighting_in_words"]

_OFF_AT_ZERO = ("ema", "patience", "groups")
"""Settings of a training that change nothing when they are 0."""


def facts_of(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return what is set, in words by name in words; what is unset or off is left out.

    Args:
        settings: Plain values by name, as in `vao.TrainingConfig`.
    """
    return {
        _spaced(name): _in_words(value)
        for name, value in settings.items()
        if not (_unset(value) or (name in _OFF_AT_ZERO and value == 0))
    }


def pairs_in_words(settings: Mapping[str, Any]) -> str:
    """Write settings down in a line: "width 32, blocks 2"."""
    return ", ".join(f"{_spaced(name)} {_in_words(value)}" for name, value in settings.items())


def weighting_in_words(rule: str, told: Mapping[str, Any], known: int) -> str:
    """Say by which rule data were weighed, and what it was told.

    Args:
        rule: Its name.
        told: What it was told, by name.
        known: How many settings it has.
    """
    if known == 0:
        return f"{rule}: nothing to set"
    if not told:
        return f"{rule}: all settings at their defaults"
    rest = "; all else at its default" if known > len(told) else ""
    return f"{rule}: {pairs_in_words(told)}{rest}"


def _unset(value: Any) -> bool:
    return value is None or value is False or (isinstance(value, Mapping) and not value)


def _spaced(name: str) -> str:
    """A name in words, which may be parted over lines between them."""
    return name.replace("_", " ")


def _in_words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "none"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        return pairs_in_words(value)
    if isinstance(value, list | tuple):
        return ", ".join(map(_in_words, value))
    return str(value)
