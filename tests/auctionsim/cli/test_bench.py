from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from auctionsim.bench.cases import CASES
from auctionsim.bench.environments import ENVIRONMENTS
from auctionsim.bench.stages import STAGES
from auctionsim.cli import main
from auctionsim.threads import get_threads
from tests.auctionsim.worlds import write_world


@pytest.fixture
def world_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    return write_world(tmp_path)


@pytest.fixture
def no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer at once where a fresh process would be asked."""

    def answer(
        measure: str,
        case: str,
        market: Any,
        seed: int,
        environment: Mapping[str, str] | None = None,
    ) -> dict[str, float]:
        if measure == "memory":
            return {"before_mib": 100.0, "peak_mib": 164.0}
        return {"import_seconds": 0.5, "first_seconds": 17.0, "second_seconds": 0.25}

    monkeypatch.setattr("auctionsim.bench.memory.ask", answer)
    monkeypatch.setattr("auctionsim.bench.compilation.ask", answer)


def test_the_result_holds_every_measurement(
    world_file: str, tmp_path: Path, no_processes: None, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["bench", "--market", world_file, "--threads", "1", "--seconds", "0.01", "--seed", "3"]
    assert main([*line, "--json", "found.json"]) == 0
    found = json.loads((tmp_path / "found.json").read_text())
    assert [(s["case"], s["threads"]) for s in found["speed"]] == [(name, 1) for name in CASES]
    for speed in found["speed"]:
        assert list(speed["stages"]) == list(STAGES)
        assert speed["cost"] == CASES[speed["case"]].play(_market(world_file), 3)
        assert speed["same_result"] is True
    assert [r["same_result"] for r in found["reference"]] == [True]
    assert [e["environment"] for e in found["environments"]] == list(ENVIRONMENTS)
    assert all(e["same_result"] for e in found["environments"])
    assert [(m["case"], m["growth_mib"]) for m in found["memory"]] == [(c, 64.0) for c in CASES]
    assert [p["cache"] for p in found["compilation"]] == ["empty", "filled"]
    assert (found["seed"], found["version"] != "", found["semantics"] >= 1) == (3, True, True)
    assert {"processor", "cores", "numba", "threads"} <= set(found["machine"])
    assert found["seconds"] > 0
    shown = capsys.readouterr()
    for words in (
        "Market world: time",
        "stages",
        "NumPy reference",
        "Environments",
        "Peak",
        "compilation",
        "numba",
    ):
        assert words in shown.out
    assert all(CASES[name].title in shown.out for name in CASES)
    assert "DIFFER" not in shown.out
    assert "Goals" not in shown.out
    assert "23/23" not in shown.err
    assert "21/21" in shown.err


def _market(path: str) -> Any:
    from auctionsim.market import load_market

    return load_market(path)


def test_what_is_not_wanted_is_left_out(
    world_file: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def asked(*request: Any) -> None:
        raise AssertionError

    monkeypatch.setattr("auctionsim.bench.child.subprocess", asked)
    line = ["bench", "--market", world_file, "--quick", "--quiet", "--json", "-"]
    assert main([*line, "--no-reference", "--no-memory", "--no-environments"]) == 0
    shown = capsys.readouterr()
    found = json.loads(shown.out)
    assert found["reference"] == found["memory"] == found["compilation"] == []
    assert found["environments"] == []
    assert {s["threads"] for s in found["speed"]} == {1, get_threads()}
    assert "Peak" not in shown.err
    assert "case/s" not in shown.err


def test_growth_comes_with_formulas_and_a_picture(
    world_file: str, tmp_path: Path, no_processes: None, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["bench", "--growth", "--quick", "--quiet", "--market", world_file]
    assert main([*line, "--plot", "growth.svg", "--json", "found.json"]) == 0
    growth = json.loads((tmp_path / "found.json").read_text())["growth"]
    assert growth["market"] == "world"
    assert growth["points"][0]["sizes"] == {
        "opportunities": 800, "advertisers": 8, "slots": 3, "steps": 8,
    }  # fmt: skip
    assert all(p["mib"] == 64.0 for p in growth["points"])
    assert growth["memory"]["coefficients"]["1"] == pytest.approx(64.0)
    assert growth["time"]["largest_relative_error"] >= 0
    assert "seconds an episode =" in capsys.readouterr().out
    assert (tmp_path / "growth.svg").read_text().startswith("<?xml")


SLIPS: list[tuple[list[str], str]] = [
    (["--market", "tinny"], "`market` must be one of .* found 'tinny'. Did you mean 'tiny'"),
    (["--market", "tiny", "tiny"], "`--market` must differ from each other"),
    (["--threads", "0"], "`--threads` must be an integer from 1 to"),
    (["--threads", "1", "100000"], "found 100000. Use no more than there are cores"),
    (["--seconds", "0"], "`--seconds` must be above 0"),
    (["--seconds", "nan"], "`--seconds` must be above 0"),
    (["--seed", "-1"], "`--seed` must be an integer from 0"),
    (["--plot", "growth.svg"], "`--plot` must come with --growth"),
    (["--growth", "--plot", "growth.gif"], "`--plot` must end in .svg"),
    (["--growth", "--plot", "nowhere/growth.svg"], "`--plot` must lie in an existing folder"),
    (["--quik"], "Did you mean `--quick`"),
]


@pytest.mark.parametrize(("arguments", "message"), SLIPS)
def test_slips_are_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "--quiet", *arguments]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    assert shown.err.startswith("auctionsim bench: ")
    assert all(part in shown.err for part in message.split(" .* "))
