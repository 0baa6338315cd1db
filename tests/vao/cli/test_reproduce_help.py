"""What `vao reproduce` says of itself, and how many processes it takes."""

from __future__ import annotations

import os

import pytest

from vao.cli import main
from vao.cli import reproduce as command


def test_help_says_what_is_played_and_where_it_goes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reproduce", "--help"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    for part in (
        "Play the runs of published tables and write their pages.",
        "give the same command again",
        "`search` in place of a table",
        "OUT/search/SCALE.yaml",
        "0 for one a core",
        "Leave out methods that are not finished, and play nothing.",
    ):
        assert part in shown
    assert main(["--help"]) == 0
    assert "reproduce" in capsys.readouterr().out


def test_as_many_processes_as_cores_that_may_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 1 <= command.available_cores() <= (os.cpu_count() or 1)
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert command.available_cores() == 1
