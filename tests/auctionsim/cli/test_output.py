"""Results as JSON and as tables."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest
from rich.console import Console

from auctionsim.cli.output import counted, in_flags, key_value_table, table, write_json
from auctionsim.errors import InvalidArgumentError, invalid_argument


def test_a_result_that_cannot_be_written_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        write_json(str(tmp_path / "x.json"), {"a": object()})
    assert list(tmp_path.iterdir()) == []


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


def test_json_goes_into_a_pipe_that_has_no_path_of_its_own() -> None:
    read, write = os.pipe()
    write_json(f"/dev/fd/{write}", {"a": 1})
    os.close(write)
    with os.fdopen(read, encoding="utf-8") as file:
        assert json.load(file) == {"a": 1}


def test_errors_of_another_form_stay_as_they_are() -> None:
    with (
        pytest.raises(InvalidArgumentError, match=r"^a\.yaml: `root` is wrong$"),
        in_flags({"root": "x"}),
    ):
        raise InvalidArgumentError("a.yaml: `root` is wrong")


@pytest.mark.parametrize(("name", "shown"), [("root", "--out"), ("other", "other")])
def test_errors_name_the_flag_that_was_typed(name: str, shown: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught, in_flags({"root": "--out"}):
        raise invalid_argument(name, "must be `so`", "a`b", "Or allow overwriting.")
    assert str(caught.value) == f"`{shown}` must be `so`; found 'a`b'. Or give --overwrite."


@pytest.mark.parametrize(
    ("number", "thing", "said"),
    [
        (1, "episode", "1 episode"),
        (0, "episode", "0 episodes"),
        (2000, "trajectory", "2,000 trajectories"),
    ],
)
def test_things_are_counted(number: int, thing: str, said: str) -> None:
    assert counted(number, thing) == said
