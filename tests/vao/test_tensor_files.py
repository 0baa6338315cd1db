"""Tensors and their card on disk: what comes back, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from auctionsim import SEMANTICS
from auctionsim.dataset.files import sha256_of_file
from auctionsim.errors import InvalidDataError
from vao.tensor_files import WEIGHTS, read_state, write_state

CARD, FORMAT, VERSION = "card.json", "a-format", 3
TENSORS = {
    "matrix": torch.arange(6.0).reshape(2, 3),
    "turned": torch.arange(6.0, dtype=torch.float64).reshape(2, 3).T,
    "count": torch.tensor(7),
    "none": torch.zeros(0, 2),
    "half": torch.tensor([1.5], dtype=torch.bfloat16),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a state."""
    write_state(tmp_path, CARD, FORMAT, VERSION, {"mine": [1, 0.1, None]}, TENSORS)
    return tmp_path


def _read(folder: Path) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    return read_state(folder, CARD, FORMAT, VERSION)


def test_all_comes_back_bit_for_bit(folder: Path) -> None:
    card, tensors = _read(folder)
    assert card["mine"] == [1, 0.1, None]
    assert set(tensors) == set(TENSORS)
    for name, tensor in TENSORS.items():
        assert tensors[name].dtype == tensor.dtype
        assert torch.equal(tensors[name], tensor)


def test_only_the_two_files_are_left(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == [CARD, WEIGHTS]


def test_tensors_read_can_be_written_to(folder: Path) -> None:
    _, tensors = _read(folder)
    tensors["matrix"].add_(1.0)
    assert torch.equal(_read(folder)[1]["matrix"], TENSORS["matrix"])


@pytest.mark.parametrize("name", [CARD, WEIGHTS])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(InvalidDataError, match=name):
        _read(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "null", '{"format": "other"}', "\x80"])
def test_a_card_of_something_else_is_named(folder: Path, text: str) -> None:
    (folder / CARD).write_bytes(text.encode("latin-1"))
    with pytest.raises(InvalidDataError, match=CARD):
        _read(folder)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"version": VERSION + 1}, "must have version 3; found 4"),
        ({"version": None}, "version"),
        ({"semantics": SEMANTICS + 1}, "semantics"),
        ({"weights_sha256": "0" * 64}, WEIGHTS),
    ],
)
def test_another_version_is_named(folder: Path, changes: dict[str, Any], named: str) -> None:
    card = json.loads((folder / CARD).read_text())
    (folder / CARD).write_text(json.dumps(card | changes))
    with pytest.raises(InvalidDataError, match=named):
        _read(folder)


def _fit_checksum(folder: Path) -> None:
    card = json.loads((folder / CARD).read_text())
    card["weights_sha256"] = sha256_of_file(folder / WEIGHTS)
    (folder / CARD).write_text(json.dumps(card))


@pytest.mark.parametrize("keep", [0, 5, 50, -1])
@pytest.mark.parametrize("checked", [False, True])
def test_weights_cut_short_are_named(folder: Path, keep: int, checked: bool) -> None:
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:keep])
    if checked:  # even where the checksum was made of the rest
        _fit_checksum(folder)
    with pytest.raises(InvalidDataError, match=WEIGHTS):
        _read(folder)


def test_one_altered_bit_is_found(folder: Path) -> None:
    content = bytearray((folder / WEIGHTS).read_bytes())
    content[-3] ^= 1
    (folder / WEIGHTS).write_bytes(content)
    with pytest.raises(InvalidDataError, match=WEIGHTS):
        _read(folder)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_is_not_finite_is_named(tmp_path: Path, value: float) -> None:
    tensors = {**TENSORS, "broken": torch.tensor([0.0, value])}
    write_state(tmp_path, CARD, FORMAT, VERSION, {}, tensors)
    with pytest.raises(InvalidDataError, match=f"{WEIGHTS}.*broken"):
        _read(tmp_path)
