"""The README: its code runs, its commands work on the examples, its links lead somewhere."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

import auctionsim.cli
import vao.cli
from tests.vao.planners.samples import build_planner, history_of, make_batch

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
PROGRAMS = {"auctionsim": auctionsim.cli.main, "vao": vao.cli.main}


def blocks(language: str) -> list[str]:
    """Return the README's code blocks in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


def commands() -> list[list[str]]:
    """Return the README's command lines of our programs, comments left out, in order."""
    lines = [
        shlex.split(line, comments=True) for block in blocks("sh") for line in block.split("\n")
    ]
    return [line for line in lines if line and line[0] in PROGRAMS]


@pytest.mark.parametrize("block", blocks("python"))
def test_every_python_block_runs_by_itself(block: str, capsys: pytest.CaptureFixture[str]) -> None:
    # Not inherited: this file's future import, which would change what annotations are.
    code = compile(block, "README.md", "exec", dont_inherit=True)
    exec(code, {"__name__": "readme"})  # noqa: S102 - our own README
    printed = capsys.readouterr().out.split()
    if "print(" in block:
        value, utilisation = map(float, printed)
        assert value > 0
        assert 0 < utilisation <= 1


def test_the_readmes_planner_keeps_the_contract(monkeypatch: pytest.MonkeyPatch) -> None:
    (block,) = (block for block in blocks("python") if "class Memoryless" in block)
    module = ModuleType("mine")
    code = compile(block, "README.md", "exec", dont_inherit=True)
    exec(code, module.__dict__)  # noqa: S102 - our own README
    monkeypatch.setitem(sys.modules, "mine", module)
    planner = build_planner("mine:Memoryless")
    batch = make_batch(planner)
    losses = planner.loss(batch)
    assert losses.shape == (len(batch.states),)
    assert losses[1] == 0.0  # it never was active
    losses.sum().backward()  # type: ignore[no-untyped-call]
    assert all(parameter.grad is not None for parameter in planner.parameters())
    actions = planner.act(history_of(planner, batch, 2), {})
    assert actions.shape == losses.shape


def test_commands_run_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    assert {line[1] for line in commands()} >= {"simulate", "generate", "convert", "train"}
    for line in commands():
        shorter = ["--steps", "10"] if line[:2] == ["vao", "train"] else []
        assert PROGRAMS[line[0]]([*line[1:], *shorter, "--quiet"]) == 0, capsys.readouterr().err


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#][^)]*)\)", TEXT))
def test_relative_links_lead_to_files_and_headings(target: str) -> None:
    if "://" not in target:
        path, _, heading = target.partition("#")
        assert (ROOT / path).exists()
        if heading:
            text = (ROOT / path).read_text(encoding="utf-8")
            headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
            anchors = [re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings]
            assert heading in anchors


def test_no_placeholder_is_left() -> None:
    assert not re.search(r"^[A-Z_]{6,}$", TEXT, re.MULTILINE)
