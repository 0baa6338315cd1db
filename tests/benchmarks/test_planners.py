"""What the speeds of planners are measured on, and their record."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from auctionsim.bench.timing import Patience
from benchmarks import planners, planners_speed
from benchmarks.planners import KINDS, RECORD, Machine
from benchmarks.planners_speed import (
    ACTING,
    CPU,
    SHAPE,
    Setting,
    Speed,
    made_up,
    measure,
    settings_here,
)
from benchmarks.planners_tables import acting_table, tables, training_table
from benchmarks.power_record import read_record
from vao.conditions import REQUIREMENTS
from vao.planners import PLANNERS, Shape, new_planner

README = RECORD.with_name("README.md")
LITTLE = Shape(requirements=REQUIREMENTS, features=3, static=2, steps=4)
SIZES = {name: {"width": 8, "heads": 2, "blocks": 1} for name in ("aigb", "direct")}


def quick(*settings: Setting) -> list[Speed]:
    return measure(["aigb", "direct"], settings, Patience(0.0, 2, 2), SIZES, LITTLE)


@pytest.fixture(scope="module")
def kept() -> list[Speed]:
    speeds: list[Speed] = read_record(RECORD, KINDS)["speeds"]
    return speeds


def test_all_stages_and_the_acting_are_timed_in_every_setting() -> None:
    lower = Setting("lower", precision="bfloat16")
    threads = torch.get_num_threads()
    speeds = quick(CPU[0], lower)
    works = [("aigb", "inverse"), ("aigb", "planner"), ("direct", "planner")]
    works += [("aigb", ACTING), ("direct", ACTING)]
    assert sorted((x.planner, x.work, x.setting) for x in speeds) == sorted(
        (*work, setting.title) for work in works for setting in (CPU[0], lower)
    )
    assert all(speed.milliseconds > 0.0 and speed.runs == 2 for speed in speeds)
    assert torch.get_num_threads() == threads


def test_an_action_is_a_share_of_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(range(1000))
    monkeypatch.setattr("time.perf_counter", lambda: float(next(now)))
    for speed in quick(CPU[0]):
        assert speed.milliseconds == (250.0 if speed.work == ACTING else 1000.0)


def test_updates_change_the_parts_of_their_stage_alone() -> None:
    planner = new_planner("aigb", SIZES["aigb"], LITTLE, seed=0)
    before = {name: p.detach().clone() for name, p in planner.named_parameters()}
    stage = next(stage for stage in planner.stages() if stage.name == "planner")
    batch = made_up(planner, 5, "cpu")
    update = planners_speed.updates(planner, stage, batch, CPU[0])
    losses = [float(update()) for _ in range(20)]
    assert losses[-1] < losses[0]
    changed = {n.partition(".")[0] for n, p in planner.named_parameters() if (p != before[n]).any()}
    assert changed == set(stage.parts)


def test_lower_precision_is_lower() -> None:
    planner = new_planner("direct", SIZES["direct"], LITTLE, seed=0)
    (stage,) = planner.stages()
    batch = made_up(planner, 5, "cpu")
    lower = Setting("lower", precision="bfloat16")
    first, second = (
        float(planners_speed.updates(planner, stage, batch, setting)())
        for setting in (CPU[0], lower)
    )
    assert first != second
    assert first == pytest.approx(second, rel=0.2)


def test_settings_are_those_of_the_machine() -> None:
    devices = {setting.device for setting in settings_here()}
    assert devices == ({"cpu", "cuda"} if torch.cuda.is_available() else {"cpu"})
    assert len({setting.title for setting in (*CPU, *planners_speed.CUDA)}) == 6


def test_tables_have_a_column_a_setting() -> None:
    speeds = [
        Speed("aigb", "planner", "CPU", 20.0, 5),
        Speed("aigb", "acting", "CPU", 0.1234, 5),
        Speed("aigb", "planner", "CUDA", 0.4, 5),
        Speed("direct", "planner", "CPU", 6000.0, 5),
    ]
    assert training_table(speeds).splitlines() == [
        "| planner | stage | CPU | CUDA |",
        "|---|---|---|---|",
        "| `aigb` | planner | 50.0 | 2,500 |",
        "| `direct` | planner | 0.17 | – |",
    ]
    assert acting_table(speeds).splitlines()[2:] == ["| `aigb` | 0.12 |"]


def test_the_record_is_whole(kept: list[Speed]) -> None:
    works = {
        (name, work)
        for name in PLANNERS
        for work in (
            ACTING,
            *(stage.name for stage in new_planner(name, {}, SHAPE, seed=0).stages()),
        )
    }
    assert {(speed.planner, speed.work) for speed in kept} == works
    for setting in CPU:
        timed = [x for x in kept if x.setting == setting.title]
        assert {(x.planner, x.work) for x in timed} == works
        assert all(x.runs >= planners_speed.PATIENCE.least for x in timed)


def test_the_readme_has_the_tables_of_the_record(
    kept: list[Speed], capsys: pytest.CaptureFixture[str]
) -> None:
    assert planners.main([]) == 0
    printed = capsys.readouterr().out
    assert printed.strip() == tables(kept)
    text = README.read_text(encoding="utf-8")
    assert not [line for line in printed.splitlines() if line.startswith("|") and line not in text]


def test_the_command_writes_what_it_prints(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    speeds = quick(CPU[0])
    monkeypatch.setattr(planners, "measure", lambda names, settings: speeds)
    path = tmp_path / "new.json"
    assert planners.main(["--json", str(path)]) == 0
    written = read_record(path, KINDS)
    assert capsys.readouterr().out.strip() == tables(written["speeds"])
    machine: Machine = written["machine"][0]
    assert machine.torch == torch.__version__
    assert machine.cores >= 1
