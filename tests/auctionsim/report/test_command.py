"""`auctionsim inspect` and its page."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from auctionsim.cli import main
from tests.auctionsim.dataset.samples import make_dataset
from tests.auctionsim.report.samples import Page


@pytest.fixture
def data(tmp_path: Path) -> Path:
    make_dataset(tmp_path / "data")
    return tmp_path / "data"


def test_the_page_lies_beside_the_folder_which_stays_as_it_was(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(path.name for path in data.iterdir())
    assert main(["inspect", str(data), "--json", str(data.parent / "found.json")]) == 0
    shown = capsys.readouterr()
    page = data.parent / "data.html"
    assert f"Page: {page}" in shown.out
    assert "%" in shown.err
    assert "How far apart the tasks are" in Page(page.read_text(encoding="utf-8")).text
    assert sorted(path.name for path in data.iterdir()) == before
    found = json.loads((data.parent / "found.json").read_text())
    assert found["page"] == str(page)
    assert found["sample"] == {"trajectories": 11, "episodes": 11}


def test_the_page_goes_where_it_is_wanted_and_quietly(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", str(data), "--page", str(tmp_path / "p.html"), "--quiet"]) == 0
    assert capsys.readouterr().err == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "p.html"]


def test_without_a_page_there_is_none(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(data), "--no-page"]) == 0
    assert "Page:" not in capsys.readouterr().out
    assert [path.name for path in data.parent.iterdir()] == ["data"]


@pytest.mark.parametrize(
    ("flags", "rule"),
    [
        (["--page", "nowhere/p.html"], "must be a file to write"),
        (["--page", "."], "must be a file to write"),
        (["--page", "p.html", "--no-page"], "must not stand beside --no-page"),
        (["--page", ""], "`--page` must name a file"),
        (["--page", "data/card.json"], "`--page` must lie apart from the dataset"),
        (["--page", "data/card.json", "--overwrite"], "`--page` must lie apart from the dataset"),
        (["--page", "link/new.html"], "`--page` must lie apart from the dataset"),
        (["--json", "data/card.json"], "`--json` must lie apart from the dataset"),
        (["--page", "mine.html"], "`--page` must be new, or a dataset's page"),
        ([], "`--page` must be new, or a dataset's page"),
    ],
)
def test_a_page_that_cannot_be_written_is_refused_before_the_work(
    data: Path,
    flags: list[str],
    rule: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(data.parent)
    (data.parent / "link").symlink_to(data)
    for name in ("mine.html", "data.html"):
        (data.parent / name).write_text("<!DOCTYPE html>my own")
    card = (data / "card.json").read_bytes()
    (data / "train-00000.parquet").unlink()  # read, it would be the error
    assert main(["inspect", str(data), *flags]) == 2
    line = capsys.readouterr().err
    assert rule in line
    assert line.count("\n") == 1
    assert (data / "card.json").read_bytes() == card
    assert (data.parent / "data.html").read_text() == "<!DOCTYPE html>my own"


def test_a_page_is_drawn_anew_and_anything_else_replaced_only_when_told(data: Path) -> None:
    page, line = data.parent / "data.html", ["inspect", str(data), "--quiet"]
    assert main(line) == 0
    drawn = page.read_bytes()
    page.write_bytes(drawn + b"<!-- older -->")
    assert main(line) == 0
    assert page.read_bytes() == drawn
    page.write_text("my own")
    assert main([*line, "--overwrite"]) == 0
    assert page.read_bytes() == drawn


def test_a_page_goes_into_a_pipe_which_stays_one(data: Path) -> None:
    pipe = data.parent / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as pool:
        read = pool.submit(pipe.read_text, encoding="utf-8")
        assert main(["inspect", str(data), "--quiet", "--page", str(pipe)]) == 0
        assert "How far apart the tasks are" in Page(read.result()).text
    assert pipe.is_fifo()
