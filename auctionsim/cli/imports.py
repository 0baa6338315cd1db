"""Lets `module:Class` name a class in the working directory, as `python -m` would."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["working_directory"]


@contextmanager
def working_directory() -> Iterator[None]:
    """Make modules of the working directory importable; installed ones of the same name go first.

    Were it first, any file there could take the place of a library that is imported later.
    """
    folder = str(Path.cwd())
    added = folder not in sys.path
    if added:
        sys.path.append(folder)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        if added and folder in sys.path:
            sys.path.remove(folder)
