"""Results as JSON and as tables."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from auctionsim.cli.output import key_value_table, plain, table, write_json


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


def test_a_result_that_cannot_be_written_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        write_json(str(tmp_path / "x.json"), {"a": object()})
    assert list(tmp_path.iterdir()) == []


leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
values = st.recursive(
    leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10
)


@given(st.dictionaries(st.text(), values))
def test_any_plain_result_survives_json(result: dict[str, Any]) -> None:
    once = plain(result)
    assert json.loads(json.dumps(once, allow_nan=False)) == once


def rendered(renderable: object) -> str:
    buffer = io.StringIO()
    Console(file=buffer, width=80).print(renderable)
    return buffer.getvalue()


def test_numbers_are_right_aligned_and_markup_is_text() -> None:
    shown = rendered(table(["name", "score"], [("[bold]pid", 1234.5), ("x", 2)], title="Scores"))
    lines = [line.rstrip() for line in shown.splitlines()]
    assert any(line.endswith("1,234.5") for line in lines)
    assert any("[bold]pid" in line for line in lines)
    ends = {len(line) for line in lines if line.endswith(("1,234.5", " 2", "score"))}
    assert len(ends) == 1


def test_nested_results_are_shown_flat() -> None:
    shown = rendered(key_value_table({"counts": {"train": 3000, "test": None}, "ok": True}))
    assert "counts.train" in shown
    assert "3,000" in shown
    assert "–" in shown
    assert "yes" in shown


def test_json_is_written_through_links_and_into_pipes_and_devices(tmp_path: Path) -> None:
    real, link = tmp_path / "real.json", tmp_path / "link.json"
    real.write_text("old")
    link.symlink_to(real)
    write_json(str(link), {"a": 1})
    assert link.is_symlink()
    assert json.loads(real.read_text()) == {"a": 1}
    with pytest.raises(OSError, match="No space left"):
        write_json("/dev/full", {"a": 1})
    assert not Path("/dev/full").is_file()
