from __future__ import annotations

import json
import platform
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

from auctionsim.bench.machine import describe_machine, load_average
from auctionsim.threads import get_threads


def test_the_machine_is_described() -> None:
    found = describe_machine()
    assert found["processor"]
    assert isinstance(found["cores"], int)
    assert found["cores"] >= 1
    assert found["python"] == platform.python_version()
    assert (found["numpy"], found["numba"]) == (np.__version__, numba.__version__)
    assert found["threads"] == get_threads()
    json.dumps(found, allow_nan=False)
    load = load_average()
    assert load is None or load >= 0


def test_what_the_system_does_not_tell_is_left_open(monkeypatch: pytest.MonkeyPatch) -> None:
    read = Path.read_text

    def read_but(path: Path, *args: Any, **kwargs: Any) -> str:
        if path == Path("/proc/cpuinfo"):
            raise OSError
        return read(path, *args, **kwargs)

    monkeypatch.setattr(Path, "read_text", read_but)
    monkeypatch.delattr("os.sysconf")
    monkeypatch.delattr("os.sched_getaffinity", raising=False)
    monkeypatch.delattr("os.getloadavg", raising=False)
    found = describe_machine()
    assert found["processor"]
    assert found["memory_gib"] is None
    assert load_average() is None
