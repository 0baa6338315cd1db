"""Whether kernels were compiled before, told from what lies on disk."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from auctionsim.simulator import Simulation, compiled
from auctionsim.simulator.kernels import settle_runs
from tests.auctionsim.simulator.equal_market import equal_market


def cached_in(folder: Path | None) -> Any:
    """Return a stand-in for the kernel whose cache lies elsewhere."""
    stats = SimpleNamespace(cache_path=None if folder is None else str(folder))
    return SimpleNamespace(stats=stats, py_func=settle_runs.py_func)


def test_what_was_played_is_compiled() -> None:
    Simulation(equal_market(), [0]).step([4.0, 2.0, 1.0])
    assert compiled.is_compiled()


def test_nothing_is_compiled_where_nothing_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in (None, tmp_path, tmp_path / "nowhere"):
        monkeypatch.setattr(compiled, "settle_runs", cached_in(folder))
        assert not compiled.is_compiled()


def test_what_was_compiled_from_other_lines_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Simulation(equal_market(), [0]).step([4.0, 2.0, 1.0])
    folder: Any = settle_runs.stats.cache_path
    (index,) = Path(folder).glob("kernels.settle_runs-*.nbi")
    monkeypatch.setattr(compiled, "settle_runs", cached_in(tmp_path))
    (tmp_path / index.name.replace("-", "-9", 1)).touch()
    assert not compiled.is_compiled()
    (tmp_path / index.name).touch()
    assert compiled.is_compiled()
