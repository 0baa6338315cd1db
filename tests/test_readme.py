"""README and docs: their code runs, commands work on the examples, links lead somewhere."""

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
# The README first: commands of docs/ take up what its commands left.
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXTS = {page: page.read_text(encoding="utf-8") for page in PAGES}
PROGRAMS = {"auctionsim": auctionsim.cli.main, "vao": vao.cli.main}


def blocks(language: str) -> list[str]:
    """Return the pages' code blocks in a language, in order."""
    pattern = re.compile(rf"^```{language}\n(.*?)^```", re.MULTILINE | re.DOTALL)
    return [block for text in TEXTS.values() for block in pattern.findall(text)]


def block_of(name: str) -> str:
    """Return the Python block that holds a class."""
    (block,) = (block for block in blocks("python") if f"class {name}(" in block)
    return block


def links() -> list[tuple[Path, str]]:
    """Return what the pages link to and show, each with the page."""
    return [
        (p, target) for p, text in TEXTS.items() for target in re.findall(r"\]\(([^)]+)\)", text)
    ]


def commands() -> list[list[str]]:
    """Return the pages' command lines of our programs, comments left out, in order."""
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
    module = ModuleType("memoryless")
    code = compile(block_of("Memoryless"), "README.md", "exec", dont_inherit=True)
    exec(code, module.__dict__)  # noqa: S102 - our own README
    monkeypatch.setitem(sys.modules, "memoryless", module)
    planner = build_planner("memoryless:Memoryless")
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
    for name in ("Impatient", "Memoryless", "Later"):  # as the README says: the class with imports
        code = block_of(name).partition("\n\n\nresult =")[0]
        (tmp_path / f"{name.lower()}.py").write_text(f"{code.rstrip()}\n", encoding="utf-8")
    assert {line[1] for line in commands()} >= {"simulate", "generate", "convert", "train"}
    for line in commands():
        shorter = ["--steps", "10"] if line[:2] == ["vao", "train"] else []
        assert PROGRAMS[line[0]]([*line[1:], *shorter, "--quiet"]) == 0, capsys.readouterr().err


@pytest.mark.parametrize(("page", "target"), links(), ids=lambda part: str(part).rpartition("/")[2])
def test_relative_links_lead_to_files_and_headings(page: Path, target: str) -> None:
    if "://" not in target:
        path, _, heading = target.partition("#")
        found = page.parent / path if path else page
        assert found.exists()
        if heading:
            headings = re.findall(r"^#+ (.*)$", found.read_text(encoding="utf-8"), re.MULTILINE)
            anchors = [re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings]
            assert heading in anchors


def test_every_page_of_docs_is_linked_from_the_readme() -> None:
    targets = {target for page, target in links() if page == PAGES[0]}
    assert {page.relative_to(ROOT).as_posix() for page in PAGES[1:]} <= targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_placeholder_is_left(page: Path) -> None:
    assert not re.search(r"^[A-Z_]{6,}$", TEXTS[page], re.MULTILINE)
