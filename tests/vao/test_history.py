"""Histories on disk, and the lazy front door."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import vao
from auctionsim.errors import InvalidDataError
from vao import read_history, write_history


def test_records_come_back(tmp_path: Path) -> None:
    records = [{"kind": "loss", "step": 0, "losses": {"bcb": 0.1}}, {"kind": "select", "step": 5}]
    write_history(records, tmp_path / "history.jsonl")
    assert read_history(tmp_path / "history.jsonl") == records


@pytest.mark.parametrize("line", ["{", "[]", "null"])
def test_broken_lines_are_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text('{"kind": "loss"}\n' + line)
    with pytest.raises(InvalidDataError, match=":2"):
        read_history(path)


def test_every_promised_name_is_there() -> None:
    assert all(getattr(vao, name) is not None for name in vao.__all__)
    assert set(vao.__all__) <= set(dir(vao))
    with pytest.raises(AttributeError, match="nonsense"):
        _ = vao.nonsense


def test_importing_vao_does_not_import_torch() -> None:
    check = "import sys, vao; vao.delta_m; vao.TrainingConfig; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", check], check=True)
