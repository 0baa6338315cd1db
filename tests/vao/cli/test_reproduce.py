"""`vao reproduce`: from configs to pages, again and again, cut short, and mistaken."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from tests.auctionsim.factory.samples import children, environment, finish, living, wait_until
from tests.benchmarks.test_tables import check_configs, check_page
from tests.vao.reproduce.small import TABLE, Small, write, write_small, write_study
from vao.cli import main
from vao.reproduce import runner
from vao.reproduce.plan import REFERENCES, load_study
from vao.reproduce.publish import PAGE, RAW, published
from vao.reproduce.runner import Task, Worker
from vao.reproduce.table_config import load_table

_MAIN = "import sys; from vao.cli import main; sys.exit(main())"
needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").is_file(), reason="needs /proc")


def _line(small: Small, *names: str, out: Path, seeds: int = 1) -> list[str]:
    flags = ["--study", small.study, "--scale", "toy", "--seeds", str(seeds), "--out", str(out)]
    return ["reproduce", *names, *flags, "--quiet"]


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Play in this process; returns the labels played, a list for each time."""
    told: list[list[str]] = []

    def run_all(
        tasks: Sequence[Task], worker: Worker, jobs: int, *, title: str, progress: bool
    ) -> dict[str, str]:
        told.append([task.run.label for task in tasks])
        for task in tasks:
            worker(task)
        return {}

    monkeypatch.setattr(runner, "run_all", run_all)
    return told


@pytest.fixture
def toy(tmp_path: Path) -> Small:
    """Return a small study of one's own, whose dataset is not made yet."""
    return write_small(tmp_path)


def test_a_table_is_played_and_goes_on_where_it_stopped(
    toy: Small, tmp_path: Path, here: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    out, scores = tmp_path / "out", tmp_path / "found.json"
    line = _line(toy, toy.table, out=out)
    runs = load_table(toy.table).runs(load_study(toy.study), "toy", 1)
    assert main([*line, "--json", str(scores)]) == 0
    assert here == [[run.label for run in runs]]
    assert f"Page: {out / 'little' / PAGE}" in capsys.readouterr().out.splitlines()
    found = json.loads(scores.read_text())
    assert found["little"]["page"] == str(out / "little" / PAGE)
    assert set(found["little"]["tables"]) == {"wide", "paper"}
    told, _ = published(out / "little")
    assert (told.made["scale"], told.made["seeds"], told.made["study"]) == ("toy", 1, toy.study)
    assert told.made["dataset"] == toy.dataset
    check_page(out / "little")
    check_configs(out / "little", load_table(toy.table), load_study(toy.study))
    first = (out / "little" / PAGE).read_bytes(), (out / "little" / RAW).read_bytes()

    assert main(line) == 0  # all is there
    assert len(here) == 1
    assert ((out / "little" / PAGE).read_bytes(), (out / "little" / RAW).read_bytes()) == first

    folder = out / "runs" / "toydata"
    (folder / "odom-vao-0.json").write_text("{")
    (folder / "constant-0.parquet").unlink()
    write(Path(toy.study), _with_other_settings(toy, "odom-equal"))
    assert main(line) == 0
    assert here[1:] == [["constant-0", "odom-equal-0", "odom-vao-0"]]
    assert (out / "little" / RAW).read_bytes() != first[1]
    check_configs(out / "little", load_table(toy.table), load_study(toy.study))
    write(Path(toy.study), _with_other_settings(toy, "odom-vao"))
    with pytest.raises(AssertionError, match="odom-vao-0"):
        check_configs(out / "little", load_table(toy.table), load_study(toy.study))
    page = out / "little" / PAGE
    page.write_text(page.read_text().replace("EW", "EV"))
    with pytest.raises(AssertionError, match="EV"):
        check_page(out / "little")

    # A second table plays only what it has for itself.
    more = write(
        tmp_path / "more.yaml", {**TABLE, "lines": ["mdmm-equal", "odom-vao 0.3", "odom-vao"]}
    )
    assert main(_line(toy, toy.table, more, out=out)) == 0
    assert here[2:] == [["odom-vao-0"], ["odom-vao_0.3-0"]]
    assert {path.name for path in out.iterdir()} == {"data", "runs", "little", "more"}


def _with_other_settings(toy: Small, entrant: str) -> dict[str, object]:
    study = yaml.safe_load(Path(toy.study).read_text())
    study["entrants"][entrant]["settings"] = {"bid": 0.4}
    return study  # type: ignore[no-any-return]


def test_it_plays_side_by_side_and_one_that_fails_leaves_the_others(
    toy: Small, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    content = yaml.safe_load(Path(toy.study).read_text())
    wild = {"method": "odom-vao", "label": "Wild", "training": {"learning_rate": 1e30}}
    content["entrants"]["wild"] = wild
    study = write(tmp_path / "wild.yaml", content)
    table = write(tmp_path / "parts.yaml", {**TABLE, "lines": [*TABLE["lines"], "wild"]})
    out = tmp_path / "out"
    line = [*_line(replace(toy, study=study), table, out=out), "--jobs", "2"]
    assert main(line) == 2
    error = capfd.readouterr().err
    assert error.count("\n") == 1
    assert "1 that failed, the first wild-0" in error
    played = {path.stem for path in (out / "runs" / "toydata").glob("*.parquet")}
    runs = load_table(table).runs(load_study(study), "toy", 1)
    assert played == {run.label for run in runs} - {"wild-0"}
    assert not (out / "parts").exists()
    assert main([*line, "--partial"]) == 0
    text = (out / "parts" / PAGE).read_text()
    assert "Left out, not finished: Wild (no results)" in text


@pytest.mark.parametrize("variant", [{"held_out": 900}, {"episodes": {"cpa_mcb": 900}}])
def test_nothing_is_played_of_variants_that_want_more_data_than_there_are(
    variant: dict[str, object],
    toy: Small,
    tmp_path: Path,
    here: list[list[str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    content = {**TABLE, "variants": {"whole": {}, "more": variant}}
    table = write(tmp_path / "parts.yaml", content)
    assert main(_line(toy, table, out=tmp_path / "out")) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert next(iter(variant)) in error
    assert "found 900" in error
    assert here == []


def test_partial_plays_nothing(
    toy: Small, tmp_path: Path, here: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main([*_line(toy, toy.table, out=out), "--partial"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "Play some runs first" in error
    assert here == []
    assert not out.exists()


def test_the_search_writes_what_it_chose(
    toy: Small, tmp_path: Path, here: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    line = _line(toy, "search", out=out)
    assert main(line) == 0
    assert [len(labels) for labels in here] == [2, 4]
    path = out / "search" / "toy.yaml"
    assert "odom-threshold" in capsys.readouterr().out
    scale = {"dataset": toy.dataset, "training": toy.training, "chosen": str(path)}
    study = load_study(write_study(tmp_path / "chosen_study.yaml", scale))
    assert study.base("toy").learning_rate == 0.002
    assert set(study.choices["toy"].entrants) == {"odom-threshold", "odom-vao"}
    before = path.read_bytes()
    assert main(line) == 0
    assert len(here) == 2  # nothing is left to play
    assert path.read_bytes() == before
    # What was chosen before does not weigh on a search.
    again = Small(toy.folder, str(tmp_path / "chosen_study.yaml"), "", "", "")
    assert main(_line(again, "search", out=out)) == 0
    assert len(here) == 2
    assert path.read_bytes() == before


def test_a_score_of_nothing_is_a_score(toy: Small, tmp_path: Path, here: list[list[str]]) -> None:
    line, folder = _line(toy, "search", out=tmp_path / "out"), tmp_path / "out" / "search" / "toy"
    assert main(line) == 0
    for path in folder.glob("*.json"):
        path.write_text(json.dumps(json.loads(path.read_text()) | {"score": 0.0}))
    assert main(line) == 0
    assert len(here) == 2


@needs_proc
@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        (signal.SIGINT, 130, "vao reproduce: interrupted\n"),
        pytest.param(
            signal.SIGTERM, 143, "vao reproduce: ended by SIGTERM\n", marks=pytest.mark.slow
        ),
        pytest.param(signal.SIGKILL, -9, None, marks=pytest.mark.slow),
    ],
    ids=lambda value: value.name if isinstance(value, signal.Signals) else "",
)
def test_told_to_stop_it_ends_its_processes_and_keeps_what_is_finished(
    tmp_path: Path, number: signal.Signals, code: int, said: str | None
) -> None:
    endless = write_small(tmp_path, steps=10_000_000)
    out = tmp_path / "out"
    process = subprocess.Popen(
        [sys.executable, "-c", _MAIN, *_line(endless, endless.table, out=out), "--jobs", "2"],
        env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    folder = out / "runs" / "toydata"
    try:
        wait_until(lambda: list(folder.glob("*.json")), 120)
        workers = children(process.pid)
        assert len(workers) >= 2
        group = number == signal.SIGINT  # as a terminal does
        os.killpg(process.pid, number) if group else process.send_signal(number)
    finally:
        found = finish(process)
    assert found == (code, found[1] if said is None else said)
    wait_until(lambda: not living(workers), 20)
    kept = [path.stem for path in folder.glob("*.json")]
    assert kept
    assert set(kept) <= {f"{name}-0" for name in REFERENCES}
    assert all((folder / f"{label}.parquet").is_file() for label in kept)


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ([], "`NAME` must name a table"),
        (["tabel2"], "Did you mean 'table2'"),
        (["table2", "tabel2"], "Did you mean 'table2'"),
        (["table2", "--scale", "smal"], "Did you mean 'small'"),
        (["table2", "--study", "shering"], "Did you mean 'sharing'"),
        (["table2", "--seeds", "0"], "`--seeds` must be >= 1"),
        (["table2", "--seeds", "-1"], "`--seeds` must be >= 1"),
        (["search", "--seeds", "0"], "`--seeds` must be >= 1"),
        (["table2", "--jobs", "-1"], "`--jobs` must be >= 0"),
        (["search", "table2"], "`search` must stand alone"),
        (["search", "--partial"], "`--partial` must not go with search"),
        (["table2", "--partial"], "Play some runs first"),
        (["nowhere.yaml"], "must be an existing file"),
    ],
)
def test_mistakes_cost_one_line(
    line: list[str], named: str, tmp_path: Path, here: list[list[str]],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    out = tmp_path / "out"
    assert main(["reproduce", *line, "--out", str(out), "--quiet"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert error.startswith("vao reproduce: ")
    assert named in error
    assert here == []
    assert not out.exists()


@pytest.mark.parametrize("names", [("a/one.yaml", "b/one.yaml"), ("runs.yaml",), ("data.yaml",)])
def test_each_table_has_a_folder_of_its_own(
    names: tuple[str, ...], tmp_path: Path, here: list[list[str]],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    paths = [tmp_path / name for name in names]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        write(path, TABLE)
    assert main(["reproduce", *map(str, paths), "--out", str(tmp_path / "out"), "--quiet"]) == 2
    assert "a folder of its own" in capsys.readouterr().err
    assert here == []


def test_a_mistake_in_the_last_table_shows_before_the_first_is_played(
    toy: Small, tmp_path: Path, here: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = write(tmp_path / "wrong.yaml", {**TABLE, "lines": [*TABLE["lines"], "odom-famoo"]})
    assert main(_line(toy, toy.table, wrong, out=tmp_path / "out")) == 2
    assert "odom-famoo" in capsys.readouterr().err
    assert here == []
