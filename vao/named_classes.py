"""Classes that configs name: ours by a short name, one's own as module:Class."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import is_dataclass
from inspect import isabstract
from typing import Any, TypeVar

from auctionsim.errors import invalid_argument, unknown_name

__all__ = ["named_class"]

Base = TypeVar("Base")


def named_class(what: str, name: str, homes: Mapping[str, str], base: type[Base]) -> type[Base]:
    """Return the class that a name stands for; its module is imported now, if not before.

    Args:
        what: What it is a name of, for messages.
        name: A name in `homes`, or `module:Class`.
        homes: Where those with a name of their own are, as `module:Class`.
        base: What it must inherit from; it must also have `Settings`, a dataclass.

    Raises:
        InvalidArgumentError: If the name is unknown, or what it names is nothing of the kind.
    """
    if name not in homes and ":" not in name:
        raise unknown_name(what, name, homes)
    module, _, attribute = homes.get(name, name).partition(":")
    try:
        found: Any = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        mend = "Name it as module:Class, importable from here."
        raise invalid_argument(what, "must name a class", f"{name} ({error})", mend) from error
    whole = isinstance(found, type) and issubclass(found, base) and not isabstract(found)
    if not (whole and is_dataclass(getattr(found, "Settings", None))):
        of = base.__name__
        rule = f"must be a subclass of {of} with all its methods, and Settings, a dataclass"
        raise invalid_argument(what, rule, name, f"See {base.__module__}.{of}.")
    of_base: type[Base] = found
    return of_base
