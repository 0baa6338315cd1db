"""Results as plain values."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auctionsim.plain_values import plain


@dataclass(frozen=True)
class Report:
    folder: Path
    counts: dict[str, int]


def test_arrays_dataclasses_and_paths_become_plain() -> None:
    value = {
        "report": Report(Path("a/b"), {"train": 3}),
        "array": np.array([[1.0, np.nan]]),
        "number": np.int64(3),
        "flag": np.bool_(True),
        "tuple": (1, "x"),
        "infinite": float("inf"),
        5: None,
    }
    assert plain(value) == {
        "report": {"folder": "a/b", "counts": {"train": 3}},
        "array": [[1.0, None]],
        "number": 3,
        "flag": True,
        "tuple": [1, "x"],
        "infinite": None,
        "5": None,
    }


def test_what_has_no_json_form_is_refused() -> None:
    with pytest.raises(TypeError, match="no JSON form for object"):
        plain({"a": object()})


leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
values = st.recursive(
    leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10
)


@given(st.dictionaries(st.text(), values))
def test_any_plain_result_survives_json(result: dict[str, Any]) -> None:
    once = plain(result)
    assert json.loads(json.dumps(once, allow_nan=False)) == once
