"""Pairs results of two methods by their labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auctionsim.errors import invalid_argument

Labels = tuple[Any, ...]

_SHOWN = 3


def match(
    labels: Mapping[str, NDArray[Any]], other: Mapping[str, NDArray[Any]]
) -> NDArray[np.int64]:
    """Return for each row of `labels` the row of `other` with the same labels, (n,).

    Args:
        labels: Labels by factor, each (n,).
        other: The same factors, each (n,).

    Raises:
        InvalidArgumentError: If the factors differ, a combination of labels occurs twice, or one
            has no partner; the message names some.
    """
    if set(labels) != set(other):
        found = f"{sorted(labels)} and {sorted(other)}"
        mend = "Label both results by the same factors."
        raise invalid_argument("a.factors", "must be those of b.factors", found, mend)
    names = sorted(labels)
    ours = _rows("a", names, labels)
    theirs = _rows("b", names, other)
    for which, missing in (("b", ours.keys() - theirs), ("a", theirs.keys() - ours)):
        if missing:
            rule = f"must hold every ({', '.join(names)}) of the other"
            mend = "Run both on the same seeds, episodes and seats."
            raise invalid_argument(f"{which}.factors", rule, _some(missing), mend)
    return np.array([theirs[key] for key in ours], np.int64)


def _rows(which: str, names: list[str], labels: Mapping[str, NDArray[Any]]) -> dict[Labels, int]:
    keys = list(zip(*(labels[name].tolist() for name in names), strict=True))
    rows = dict(zip(keys, range(len(keys)), strict=True))
    if len(rows) < len(keys):
        twice = {key for row, key in enumerate(keys) if rows[key] != row}
        rule = f"must hold every ({', '.join(names)}) once"
        mend = "Add the factor that tells them apart, or average them first."
        raise invalid_argument(f"{which}.factors", rule, f"twice {_some(twice)}", mend)
    return rows


def _some(keys: set[Labels]) -> str:
    shown = ", ".join(str(key) for key in sorted(keys, key=repr)[:_SHOWN])
    return shown if len(keys) <= _SHOWN else f"{shown} and {len(keys) - _SHOWN} more"
