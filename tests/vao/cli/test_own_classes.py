"""Planners and rules of the working directory: found by all commands, imported only when named."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from shutil import copytree

import pytest

from vao.cli import COMMANDS, main
from vao.quickstart import QuickstartResult

MODULE = """
from vao.planners.direct import Direct
from vao.weighting.equal import EqualWeights

class Planner(Direct):
    pass

class Rule(EqualWeights):
    pass
"""
# As the installed program does it: neither the working directory nor the clone's root is searched.
PROGRAM = "import sys; from vao.cli import main; sys.exit(main())"


@pytest.fixture
def world(
    demonstration: tuple[Path, QuickstartResult], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Return the demonstration's folder, from within one that holds nothing but a module."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lone.py").write_text(MODULE)
    return demonstration[0]


def run(*arguments: str, code: int = 0) -> None:
    """Run a command in this process, which has not imported the module yet, or has forgotten it."""
    sys.modules.pop("lone", None)
    assert main([*arguments, "--quiet"]) == code
    assert str(Path.cwd()) not in sys.path


def test_the_installed_program_trains_them_in_any_folder(world: Path) -> None:
    line = ["train", str(world / "out" / "dataset"), "out", "--steps", "2", "--quiet"]
    line += ["--training", str(world / "training.yaml"), "--method", "naive", "odom-lone:Rule"]
    command = [sys.executable, "-P", "-c", PROGRAM, *line, "--planner", "lone:Planner"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for method in ("naive", "odom-lone:Rule"):
        config = json.loads(Path("out", method, "policy.json").read_text())["config"]
        assert (config["planner"], config["method"]) == ("lone:Planner", method)


def test_they_are_scored_and_diagnosed_as_the_error_says(
    world: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, market = str(world / "out" / "dataset"), str(world / "market.yaml")
    options = ["--training", str(world / "training.yaml"), "--steps", "2"]
    methods, classes = ["naive", "odom-lone:Rule"], ["lone:Planner", "lone:Rule"]
    run("train", data, "out", *options, "--method", *methods, "--planner", "lone:Planner")
    policies = ["out/naive", "out/odom-lone:Rule"]
    asked = ["evaluate", *policies, "--market", market, "--episodes", "1"]
    capsys.readouterr()
    run(*asked, code=2)
    assert "`--planner lone:Planner` on the command line" in capsys.readouterr().err
    run(*asked, "--planner", "lone:Planner", code=2)
    assert "`--planner lone:Rule` on the command line" in capsys.readouterr().err
    run(*asked, "--planner", *classes)
    run("diagnose", policies[1], data, "--quantiles", "0.5", "--planner", *classes)


def test_a_policy_alone_makes_no_file_of_the_folder_run(
    world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copytree(world / "out" / "policies" / "vao", tmp_path / "given")
    (tmp_path / "trap.py").write_text("open('sprung', 'w').close()\n")
    card = tmp_path / "given" / "policy.json"
    whole = json.loads(card.read_text())
    for changes in ({"planner": "trap:It"}, {"method": "odom-trap:It"}):
        card.write_text(json.dumps(whole | {"config": whole["config"] | changes}))
        run("evaluate", "given", "--market", str(world / "market.yaml"), code=2)
        assert "`--planner trap:It`" in capsys.readouterr().err
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("name", sorted({*COMMANDS} - {"report"}))
def test_all_commands_that_train_or_play_find_them(name: str) -> None:
    module, _, attribute = COMMANDS[name].partition(":")
    assert getattr(importlib.import_module(module), attribute).own_classes
