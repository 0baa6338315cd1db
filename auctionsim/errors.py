"""The project's errors: every message names the argument, the rule, the value found, the mend."""

from __future__ import annotations

import difflib
import traceback
from collections.abc import Iterable
from pathlib import Path


class AuctionSimError(Exception):
    """Base of every error raised on purpose by the project."""


class InvalidArgumentError(AuctionSimError, ValueError):
    """An argument, option or configuration key breaks its rule."""


class InvalidDataError(AuctionSimError, ValueError):
    """A file or table holds what it must not hold, or lacks what it must hold."""


class BidderError(AuctionSimError):
    """A bidder broke its contract during a roll-out."""


def describe(argument: str, rule: str, found: object, mend: str) -> str:
    """Compose the one-line message that all errors share.

    Args:
        argument: Name of the argument, option, column or key at fault.
        rule: What is allowed, phrased to follow the name ("must be ...").
        found: The value met instead.
        mend: What the user can do about it.

    Returns:
        One line: argument, rule, value found, mend.
    """
    return f"`{argument}` {rule}; found {' '.join(_shown(found).split())}. {mend}"


def _shown(found: object) -> str:
    try:
        return repr(found) if isinstance(found, str) else str(found)
    except Exception:  # a whole number of many digits, or a foreign object, may have no text
        return f"a {type(found).__name__} that cannot be shown"


def invalid_argument(argument: str, rule: str, found: object, mend: str) -> InvalidArgumentError:
    """Build an `InvalidArgumentError` with the shared message form (see `describe`)."""
    return InvalidArgumentError(describe(argument, rule, found, mend))


def invalid_data(argument: str, rule: str, found: object, mend: str) -> InvalidDataError:
    """Build an `InvalidDataError` with the shared message form (see `describe`)."""
    return InvalidDataError(describe(argument, rule, found, mend))


def unknown_name(argument: str, found: object, known: Iterable[str]) -> InvalidArgumentError:
    """Build the error for a name that is not registered, with the nearest known name.

    Args:
        argument: The argument that held the name.
        found: The unknown name, or what stands in its place.
        known: All names that would have been accepted.
    """
    names = sorted(known)
    mend = "Use one of these names."
    if isinstance(found, str) and (
        near := difflib.get_close_matches(found, names, n=1, cutoff=0.5)
    ):
        mend = f"Did you mean {near[0]!r}?"
    return invalid_argument(argument, f"must be one of {', '.join(names)}", found, mend)


def how_to_install(extra: str) -> str:
    """Return the mend for a missing package that comes with one of the project's extras.

    Args:
        extra: Its name in `pyproject.toml`.
    """
    return f'Install it in a clone of the project: pip install -e ".[{extra}]"'


def in_short(error: BaseException) -> str:
    """Put a foreign error in a few words: its class, its message, and where it arose.

    Args:
        error: As caught; the place is left out where it is the catching file itself.
    """
    frames = traceback.extract_tb(error.__traceback__)
    ours = frames[0].filename if frames else ""
    files = [(Path(f.filename), f.lineno) for f in frames if f.filename not in (ours, "<string>")]
    known = [(p, n) for p, n in files if p.parent.name != "importlib" and p.name[0] != "<"]
    place = f", {known[-1][0].name} line {known[-1][1]}" if known else ""
    return f"{type(error).__name__}: {_shown(error)}{place}"
