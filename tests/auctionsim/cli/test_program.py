"""Exit codes, one-line complaints, JSON results, and help of the base of all commands."""

from __future__ import annotations

import importlib.abc
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from auctionsim.cli import COMMANDS, Program, main
from auctionsim.cli.parsing import _one_line

TOY = Program(
    "toy",
    "Try things.",
    {"work": "tests.auctionsim.cli.toy:Work", "named": "tests.auctionsim.cli.toy:Named"},
)


def complaint(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 2) -> str:
    """Run the toy program, expect this exit code and one line on standard error; return it."""
    assert TOY.main(list(arguments)) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert captured.err.endswith("\n")
    return captured.err.rstrip("\n")


def result_of(tmp_path: Path, *arguments: str) -> dict[str, object]:
    """Run the toy program, expect success, and return its JSON."""
    target = tmp_path / "result.json"
    assert TOY.main([*arguments, "--json", str(target)]) == 0
    found: dict[str, object] = json.loads(target.read_text())
    return found


def test_a_command_prints_a_table_and_ends_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert TOY.main(["work", "here"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert "learning_rate" in captured.out
    assert "1.5" in captured.out


def test_the_result_is_written_as_json(tmp_path: Path) -> None:
    assert result_of(tmp_path, "work", "here", "--episodes", "7", "--quiet") == {
        "source": "here",
        "episodes": 7,
        "market": "tiny",
        "learning_rate": 1e-3,
        "score": 1.5,
        "nothing": None,
        "progress": False,
    }
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]


def test_json_on_standard_output_stands_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert TOY.main(["work", "here", "--json", "-"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["episodes"] == 4
    assert "episodes" in captured.err


def test_a_failed_command_leaves_the_old_json(tmp_path: Path) -> None:
    target = tmp_path / "result.json"
    target.write_text("old")
    assert TOY.main(["work", "here", "--json", str(target), "--fail", "argument"]) == 2
    assert target.read_text() == "old"


@pytest.mark.parametrize("target", ["", "/nowhere/result.json", "/"])
def test_a_json_target_that_cannot_be_written_is_refused_before_the_work(
    capsys: pytest.CaptureFixture[str], target: str
) -> None:
    line = complaint(capsys, "work", "here", "--json", target, "--fail", "bug")
    assert line.startswith("toy work: `--json` must ")


SLIPS: list[tuple[list[str], str]] = [
    ([], "toy: `command` must be one of named, work; found ''."),
    (["wrok"], "toy: `command` must be one of named, work; found 'wrok'. Did you mean 'work'?"),
    (["--quiet"], "toy: `command` must be one of"),
    (["work"], "toy work: Missing: SOURCE. See `toy work --help`."),
    (["work", "a", "b"], "toy work: Not understood: b."),
    (["work", "a", "--epsodes", "3"], "found '--epsodes'. Did you mean `--episodes`?"),
    (["work", "a", "--epsodes=3"], "found '--epsodes=3'. Did you mean `--episodes`?"),
    (["work", "a", "--episodes"], "toy work: `--episodes` must have a value (1); found none."),
    (["work", "a", "--episodes", "x"], "`--episodes` must be a whole number; found 'x'."),
    (["work", "a", "--episodes", "1.5"], "`--episodes` must be a whole number; found '1.5'."),
    (["work", "a", "--market", "big"], "`--market` must be one of 'small', 'tiny'; found 'big'."),
    (["work", "a", "--optimizer.learning-rate", "x"], "must be a number; found 'x'."),
    (["work", "a", "--optimizer.lr", "1"], "`--optimizer.lr` is not a flag of `toy work`"),
    (["work", "a", "--config", "none.yaml"], "`--config` must be a YAML file; found 'none.yaml'."),
    (["work", "a", "--config", "/"], "`--config` must be a YAML file; found '/'."),
    (["named", "--config", "tni"], "`market` must be one of"),
]


@pytest.mark.parametrize(("arguments", "message"), SLIPS)
def test_slips_on_the_command_line_are_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert message in complaint(capsys, *arguments)


def test_errors_of_the_work_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    line = complaint(capsys, "work", "a", "--fail", "argument")
    assert line == "toy work: `episodes` must be at least 1; found 0. Raise it."
    line = complaint(capsys, "work", "a", "--fail", "disk")
    assert line == (
        "toy work: `/data/x.parquet` cannot be used: No space left on device. "
        "Free some space, or choose another disk."
    )
    assert "weird" in complaint(capsys, "work", "a", "--fail", "odd")


def test_ctrl_c_ends_with_130(capsys: pytest.CaptureFixture[str]) -> None:
    line = complaint(capsys, "work", "a", "--fail", "interrupt", code=130)
    assert line == "toy work: interrupted"


def test_a_bug_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError, match="a bug"):
        TOY.main(["work", "a", "--fail", "bug"])


def test_flags_win_over_the_file_and_the_file_over_defaults(tmp_path: Path) -> None:
    config = tmp_path / "run.yaml"
    config.write_text("source: there\nepisodes: 9\nmarket: small\noptimizer:\n  learning_rate: 1\n")
    found = result_of(tmp_path, "work", "--config", str(config), "--episodes", "2")
    assert (found["source"], found["episodes"], found["market"]) == ("there", 2, "small")
    assert found["learning_rate"] == 1.0
    found = result_of(tmp_path, "work", f"--config={config}", "here")
    assert (found["source"], found["episodes"]) == ("here", 9)


FILES: list[tuple[str, str]] = [
    (
        "epsodes: 3\n",
        "run.yaml: `epsodes` is not a known key; found 'epsodes'. Did you mean `episodes`?",
    ),
    ("config: x.yaml\n", "run.yaml: `config` is not a known key"),
    ("episodes: many\n", "run.yaml: `episodes` must be a whole number; found 'many'."),
    ("optimizer: {learning_rate: '3e-4'}\n", "found '3e-4'. Write 3e-4 without quotes"),
    ("optimizer: {lr: 3}\n", "run.yaml: `optimizer.lr` is not a key of `optimizer`"),
    ("market: big\n", "run.yaml: `market` must be one of small, tiny; found 'big'."),
    ("[", "`run.yaml` must be YAML"),
]


@pytest.mark.parametrize(("content", "message"), FILES)
def test_slips_in_the_file_are_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, content: str, message: str
) -> None:
    config = tmp_path / "run.yaml"
    config.write_text(content)
    assert message in complaint(capsys, "work", "here", "--config", str(config))


def test_a_config_can_be_named_where_the_command_says_so(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    line = complaint(capsys, "named", "--config", "tiny")
    assert "tiny.yaml: `reserve_price` is not a known key" in line
    mine = tmp_path / "mine.yaml"
    mine.write_text("name: mine\n")
    assert result_of(tmp_path, "named", "--config", str(mine))["name"] == "mine"


def test_help_lists_the_commands_and_explains_the_flags(capsys: pytest.CaptureFixture[str]) -> None:
    assert TOY.main(["--help"]) == 0
    assert "  work   Work a little.\n" in capsys.readouterr().out
    assert TOY.main(["work", "--help"]) == 0
    shown = capsys.readouterr().out
    assert "How many. (default: 4)" in shown
    assert "SOURCE" in shown


def test_every_command_of_auctionsim_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    for name in COMMANDS:
        assert main([name, "--help"]) == 0
        assert f"usage: auctionsim {name}" in capsys.readouterr().out


def test_the_version_is_the_distributions(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("auctionsim 0.")


def test_a_reader_that_leaves_early_is_no_error() -> None:
    code = "import sys; from auctionsim.cli import main; sys.exit(main(['--help']))"
    shell = f'{sys.executable} -c "{code}" | true; exit ${{PIPESTATUS[0]}}'
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.returncode in (0, 141)


def test_complaints_on_a_colour_terminal_are_plain_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    line = complaint(capsys, "work", "a", "--episodes", "x")
    assert (
        line == "toy work: `--episodes` must be a whole number; found 'x'. See `toy work --help`."
    )


@pytest.mark.parametrize("framed", [True, False])
def test_a_framed_message_becomes_one_line(framed: bool) -> None:
    frame = "╭─ Required options ─╮\n│ {} │\n│ ──── │\n│ {} │\n╰────╯\n"
    spaces = " Required options \n ------ \n  {}  \n  ------\n  {} \n\n"
    text = (frame if framed else spaces).format("\x1b[1mMissing from x:\x1b[0m", "For help, run x")
    assert _one_line(text) == "Missing from x:."


@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_command_told_to_end_says_so(
    capsys: pytest.CaptureFixture[str], name: str, code: int
) -> None:
    assert complaint(capsys, "work", "a", "--fail", name, code=code) == f"toy work: ended by {name}"


def test_too_little_memory_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    line = complaint(capsys, "work", "a", "--fail", "memory")
    assert line.startswith("toy work: memory ran out (Unable to allocate 9 TiB). Ask for less")


TOY_MAIN = """
import sys
from tests.auctionsim.cli.test_program import TOY
sys.exit(TOY.main(sys.argv[1:]))
"""


def shell(redirection: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the toy program in a process of its own, its streams redirected."""
    command = f'exec "$0" -c "$1" "${{@:2}}" {redirection}'
    return subprocess.run(
        ["bash", "-c", command, sys.executable, TOY_MAIN, *arguments],
        cwd=Path(__file__).parents[3], capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_closed_streams_are_no_fault(tmp_path: Path) -> None:
    done = shell(">&-", "work", "a", "--json", str(tmp_path / "r.json"))
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads((tmp_path / "r.json").read_text())["episodes"] == 4
    assert shell("2>&-", "work", "a", "--fail", "argument").returncode == 2
    assert shell("<&- >&- 2>&-", "work", "a").returncode == 0


def test_json_cannot_go_to_a_closed_standard_output() -> None:
    done = shell(">&-", "work", "a", "--json", "-")
    assert done.returncode == 2
    assert "`--json` must not be -; found 'standard output is closed'" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [[], ["--json", "-"]])
def test_a_reader_who_has_left_is_told_by_the_exit_code(arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-c", TOY_MAIN, "work", "a", *arguments],
        cwd=Path(__file__).parents[3], stdout=writing, stderr=subprocess.PIPE, timeout=60,
        check=False,
    )  # fmt: skip
    os.close(writing)
    assert done.returncode == 141
    assert done.stderr == b""


def test_ctrl_c_while_the_program_loads_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    class Impatient(importlib.abc.MetaPathFinder):
        def find_spec(self, name: str, *_: object) -> None:
            if name == "auctionsim.cli.program":
                raise KeyboardInterrupt

    monkeypatch.setattr(sys, "meta_path", [Impatient(), *sys.meta_path])
    monkeypatch.delitem(sys.modules, "auctionsim.cli.program")
    assert main(["--version"]) == 130
