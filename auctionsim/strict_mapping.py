"""Turns a mapping, as read from YAML or JSON, into a dataclass; every slip is a one-line error.

dacite checks the types. What it cannot know is added before: unknown keys get a suggestion, YAML's
lists stand for tuples, whole numbers for numbers, and the numbers that YAML reads as text or as
true/false are named as such.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import types
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from auctionsim.errors import invalid_argument

__all__ = ["build"]

T = TypeVar("T")
PLAIN_NAMES: dict[object, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    Path: "a path",
    type(None): "null",
    Any: "anything",
}


def build(cls: type[T], mapping: object) -> T:
    """Build a dataclass from a mapping, strictly.

    Args:
        cls: A dataclass; its fields may be dataclasses, tuples, lists, dicts, unions and literals.
        mapping: Field names to values; anything but a mapping is refused.

    Raises:
        InvalidArgumentError: An unknown key, a missing one, a wrong type, or what the dataclass
            itself refuses.
    """
    import dacite

    if not isinstance(mapping, Mapping):
        rule, found = f"must be {describe_type(cls)}", type(mapping).__name__
        raise invalid_argument(cls.__name__, rule, found, "Give its keys and values.")
    try:
        prepared = _prepare(cls, mapping, "")
        return dacite.from_dict(cls, prepared, dacite.Config(strict=True))
    except dacite.WrongTypeError as error:
        rule = f"must be {describe_type(error.field_type)}"
        raise invalid_argument(error.field_path or "", rule, error.value, "Change it.") from None
    except dacite.MissingValueError as error:
        raise invalid_argument(error.field_path or "", "must be given", None, "Add it.") from None
    except RecursionError:
        raise invalid_argument("config", "must not hold itself", "a loop", "Mend it.") from None


def describe_type(hint: Any) -> str:
    """Say in plain words what a type hint allows."""
    arguments = get_args(hint)
    if get_origin(hint) is Literal:
        return f"one of {', '.join(map(str, arguments))}"
    if _is_union(hint):
        return " or ".join(describe_type(option) for option in arguments)
    if get_origin(hint) is tuple and arguments[-1] is not Ellipsis:
        return f"a list of {len(arguments)} ({', '.join(map(describe_type, arguments))})"
    if get_origin(hint) in (tuple, list):
        return f"a list, each item {describe_type(arguments[0])}"
    if get_origin(hint) in (dict, Mapping):
        return f"`key: value` lines, each value {describe_type(arguments[1])}"
    if dataclasses.is_dataclass(hint):
        return f"`key: value` lines ({', '.join(f.name for f in dataclasses.fields(hint))})"
    return PLAIN_NAMES.get(hint, getattr(hint, "__name__", str(hint)))


def _is_union(hint: Any) -> bool:
    return get_origin(hint) in (Union, types.UnionType)


def _prepare(hint: Any, value: Any, path: str) -> Any:
    """Return `value` with what YAML cannot say put right, as far as `hint` asks for it."""
    options = get_args(hint) if _is_union(hint) else (hint,)
    if isinstance(value, Mapping) and any(_takes_keys(option) for option in options):
        return _prepare_mapping(options, value, path)
    if isinstance(value, list):
        return _prepare_list(options, value, path)
    if isinstance(value, str) and Path in options and str not in options:
        return Path(value)
    if int in options or float in options:
        return _prepare_number(options, value, path)
    if isinstance(value, (str, Mapping)) and any(map(_takes_items, options)) and str not in options:
        # dacite would take the text apart letter by letter, and the mapping key by key.
        raise invalid_argument(path, f"must be {describe_type(hint)}", value, "Put it in [ ].")
    return value


def _takes_items(option: Any) -> bool:
    return get_origin(option) in (list, tuple)


def _takes_keys(option: Any) -> bool:
    return dataclasses.is_dataclass(option) or get_origin(option) is dict


def _prepare_mapping(options: Iterable[Any], value: Mapping[Any, Any], path: str) -> Any:
    for option in options:
        if dataclasses.is_dataclass(option) and isinstance(option, type):
            hints = get_type_hints(option)
            names = [f.name for f in dataclasses.fields(option) if f.init]
            _refuse_unknown_keys(value, names, path)
            return {k: _prepare(hints[k], v, _join(path, k)) for k, v in value.items()}
        if get_origin(option) is dict:
            item = get_args(option)[1]
            return {k: _prepare(item, v, _join(path, k)) for k, v in value.items()}
    return value


def _prepare_list(options: Iterable[Any], value: list[Any], path: str) -> Any:
    for option in options:
        kind, items = get_origin(option), get_args(option)
        if kind is list or (kind is tuple and items[-1] is Ellipsis):
            items = items[:1] * len(value)
        if kind in (list, tuple) and len(items) == len(value):
            pairs = enumerate(zip(items, value, strict=True))
            return kind(_prepare(item, v, f"{path}[{i}]") for i, (item, v) in pairs)
    return value


def _prepare_number(options: tuple[Any, ...], value: Any, path: str) -> Any:
    rule = f"must be {' or '.join(describe_type(option) for option in options)}"
    if isinstance(value, bool) and bool not in options:
        mend = "Write a number; YAML reads yes, no, on and off as true and false."
        raise invalid_argument(path, rule, value, mend)
    if isinstance(value, str) and str not in options and _is_number(value):
        mend = f"Write {value.strip()} without quotes."
        raise invalid_argument(path, rule, value, mend)
    if isinstance(value, int) and int not in options and bool not in options:
        try:
            return float(value)
        except OverflowError:
            raise invalid_argument(path, rule, "a number beyond 1e308", "Lower it.") from None
    return value


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _refuse_unknown_keys(mapping: Mapping[Any, Any], names: list[str], path: str) -> None:
    for key in mapping:
        if key not in names:
            near = difflib.get_close_matches(str(key), names, n=1)
            known = f"Known here: {', '.join(names)}." if names else "There is nothing to set here."
            mend = f"Did you mean `{near[0]}`?" if near else known
            where = f"a key of `{path}`" if path else "a known key"
            raise invalid_argument(_join(path, key), f"is not {where}", str(key), mend)


def _join(path: str, key: object) -> str:
    return f"{path}.{key}" if path else str(key)
