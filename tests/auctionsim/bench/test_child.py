"""Peak memory and compilation, in processes of their own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from auctionsim.bench import child, compilation
from auctionsim.bench.child import ask
from auctionsim.bench.compilation import measure_compilation
from auctionsim.bench.memory import Memory, measure_memory
from auctionsim.bench.sizes import resize
from auctionsim.market import MarketConfig
from tests.auctionsim.worlds import WORLD


def test_memory_grows_with_the_market() -> None:
    # One step of 400,000 opportunities holds 8 rows of values of 4 bytes each.
    found = measure_memory(resize(WORLD, opportunities=400_000, steps=1), "fixed", 0)
    if found.peak_mib is None:
        pytest.skip("this system does not tell a process's memory")
    assert (found.market, found.case) == ("world", "fixed")
    assert found.before_mib is not None
    assert found.before_mib > 20
    assert found.growth_mib == found.peak_mib - found.before_mib
    assert found.growth_mib > 400_000 * 8 * 4 / 2**20 / 2


def test_memory_may_be_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    unknown = {"before_mib": None, "peak_mib": None}
    monkeypatch.setattr("auctionsim.bench.memory.ask", lambda *request: unknown)
    assert measure_memory(WORLD, "fixed", 0) == Memory("world", "fixed", None, None, None)


def test_a_fresh_process_tells_import_first_and_second_episode_apart() -> None:
    found = ask("compilation", "fixed", WORLD, 0)
    assert set(found) == {"import_seconds", "first_seconds", "second_seconds"}
    # The import is that of numba and the simulator: it must not have happened before the clock.
    assert (found["import_seconds"] or 0.0) > 0.05
    assert all(seconds is not None and seconds > 0 for seconds in found.values())


def test_both_processes_share_a_cache_that_is_gone_afterwards(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folders: list[Path] = []

    def answer(
        measure: str, case: str, market: MarketConfig, seed: int, environment: Mapping[str, str]
    ) -> dict[str, float]:
        folder = Path(environment["NUMBA_CACHE_DIR"])
        assert sorted(path.name for path in folder.iterdir()) == ["compiled"] * len(folders)
        (folder / "compiled").touch()
        folders.append(folder)
        return {"import_seconds": 1.0, "first_seconds": 3.0, "second_seconds": 2.0}

    finished: list[None] = []
    monkeypatch.setattr(compilation, "ask", answer)
    processes = measure_compilation(0, lambda: finished.append(None))
    assert [p.cache for p in processes] == ["empty", "filled"]
    assert [p.first_seconds for p in processes] == [3.0, 3.0]
    assert len(finished) == 2
    assert folders[0] == folders[1]
    assert not folders[0].exists()


def test_a_process_that_fails_says_why() -> None:
    with pytest.raises(
        RuntimeError, match=r"(?s)memory of nothing on world: exit code 1.*KeyError"
    ):
        ask("memory", "nothing", WORLD, 0)


def test_a_peak_that_cannot_be_forgotten_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> int:
        raise PermissionError

    monkeypatch.setattr(Path, "write_text", refuse)
    child._forget_peak()
