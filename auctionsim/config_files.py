"""Finds the configs that come with the package and reads YAML files into dataclasses.

In an installed wheel the files lie inside the package (`auctionsim/configs`); in a source checkout
or an editable install they are the top-level `configs/` beside it.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from auctionsim.errors import InvalidArgumentError, invalid_argument, unknown_name
from auctionsim.strict_mapping import build

__all__ = ["build", "config_names", "config_path", "load", "read_mapping"]

T = TypeVar("T")
SUFFIXES = (".yaml", ".yml")


def configs_root() -> Traversable:
    """Return the folder that holds the configs, one sub-folder a kind."""
    packaged = files("auctionsim").joinpath("configs")
    return packaged if packaged.is_dir() else Path(__file__).resolve().parent.parent / "configs"


def config_names(kind: str) -> tuple[str, ...]:
    """Return the names of all configs of a kind, sorted.

    Args:
        kind: Folder of `configs/`, such as "markets".

    Raises:
        InvalidArgumentError: There is no such kind.
    """
    root = configs_root()
    kinds = [entry.name for entry in root.iterdir() if entry.is_dir()]
    if kind not in kinds:
        raise unknown_name("kind", kind, kinds)
    entries = root.joinpath(kind).iterdir()
    return tuple(sorted(e.name.removesuffix(".yaml") for e in entries if e.name.endswith(".yaml")))


def config_path(kind: str, name: str | os.PathLike[str]) -> Traversable:
    """Return the file of a config, given its name or the path of a YAML file of one's own.

    Args:
        kind: Folder of `configs/`, such as "markets".
        name: A name from `config_names(kind)`, or a path that ends in .yaml or .yml.

    Raises:
        InvalidArgumentError: There is no such kind, name or file.
    """
    name = os.fspath(name) if isinstance(name, os.PathLike) else name
    _check_text(kind, name)
    if name.endswith(SUFFIXES):
        path = Path(name)
        if not _is_file(path):
            rule = "must be an existing file when it ends in .yaml"
            raise invalid_argument(_argument(kind), rule, name, _mend_path(kind, path))
        return path
    names = config_names(kind)
    if name not in names:
        raise unknown_name(_argument(kind), name, names)
    return configs_root().joinpath(kind, f"{name}.yaml")


def _check_text(kind: str, name: object) -> None:
    if not isinstance(name, str):
        rule = "must be a name, or a path that ends in .yaml, as text"
        raise invalid_argument(_argument(kind), rule, name, "Pass it as text.")


def _argument(kind: str) -> str:
    """Return what an argument is called that names a config: the kind, but one of it."""
    return f"{kind[:-3]}y" if kind.endswith("ies") else kind.removesuffix("s")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # too long a path, or one that may not be looked up
        return False


def _mend_path(kind: str, path: Path) -> str:
    near = difflib.get_close_matches(path.stem, config_names(kind), n=1)
    return f"Correct the path, or name the built-in {near[0]!r}." if near else "Correct the path."


def load(
    cls: type[T],
    kind: str,
    name: str | os.PathLike[str],
    lacking: Mapping[str, Any] = MappingProxyType({}),
) -> T:
    """Read a config by name or path into a dataclass; see `config_path` and `build`.

    Args:
        cls: The dataclass.
        kind: Folder of `configs/`.
        name: A config's name or path.
        lacking: What holds where the file says nothing, in place of the dataclass's defaults.

    Raises:
        InvalidArgumentError: No such config, not YAML, unknown key, wrong type, or a broken rule of
            the dataclass; the message begins with the file.
    """
    path = config_path(kind, name)
    mapping = {**lacking, **read_mapping(path)}
    try:
        return build(cls, mapping)
    except InvalidArgumentError as error:
        raise type(error)(f"{path.name}: {error}") from None


def read_mapping(path: Traversable) -> dict[str, Any]:
    """Read a YAML file that holds a mapping; an empty file is an empty mapping.

    Raises:
        InvalidArgumentError: Not UTF-8, not YAML, a key given twice, or no mapping.
        OSError: The file cannot be read.
    """
    from auctionsim.strict_yaml import parse

    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        mend = "Save the file as UTF-8."
        raise invalid_argument(path.name, "must be UTF-8 text", error.reason, mend) from None
    mapping = parse(text, path.name)
    if not isinstance(mapping, dict):
        found = type(mapping).__name__
        raise invalid_argument(path.name, "must hold `key: value` lines", found, "Add the keys.")
    return mapping
