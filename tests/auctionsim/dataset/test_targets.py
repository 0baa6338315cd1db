"""Files to write where a user names them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from auctionsim.dataset.targets import check_apart, write_target
from auctionsim.errors import InvalidArgumentError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path in ("data/logs", "data-new", "other"):
        (tmp_path / path).mkdir(parents=True)
    (tmp_path / "link").symlink_to("data")
    (tmp_path / "other" / "file").symlink_to("../data/new.csv")
    (tmp_path / "circle").symlink_to("circle")
    return tmp_path / "data"


@pytest.mark.parametrize(
    "target",
    ["data", "data/x", "data/logs/x", "data/../data/x", ".", "link", "link/x", "other/file"],
)
def test_what_is_not_apart_is_refused(
    folder: Path, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    for given in (Path("data"), folder, Path("link")):
        with pytest.raises(InvalidArgumentError, match="`out` must lie apart from the dataset"):
            check_apart("out", target, given)


@pytest.mark.parametrize("target", ["x", "data-new/x", "data/../x", "datax", "circle", "other/x"])
def test_what_is_apart_is_allowed(
    folder: Path, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    check_apart("out", target, Path("link"))


def test_a_link_stays_and_the_file_it_names_is_written(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    link.symlink_to(real)
    write_target(link, lambda file: file.write(b"new"))
    assert link.is_symlink()
    assert real.read_bytes() == b"new"


def test_a_device_stays_one() -> None:
    write_target(Path(os.devnull), lambda file: file.write(b"x"))
    assert Path(os.devnull).is_char_device()


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    def fail(file: object) -> None:
        raise OSError("full")

    (tmp_path / "x").write_bytes(b"old")
    with pytest.raises(OSError, match="full"):
        write_target(tmp_path / "x", fail)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]
