"""What the growth with the number of tasks is measured on, and its record."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from auctionsim.bench.timing import Patience, Run
from benchmarks import growth, growth_error, growth_passes, growth_work
from benchmarks.growth import KINDS, RECORD
from benchmarks.growth_error import Error
from benchmarks.growth_passes import Pass
from benchmarks.growth_tables import (
    FEW,
    GOAL,
    MANY,
    error_table,
    memory_table,
    pass_table,
    ratio,
    ratio_table,
    reached_table,
    tables,
    time_table,
)
from benchmarks.growth_work import MOST_EXACT, RULES, TASKS, Cost
from benchmarks.planners_speed import made_up
from benchmarks.power_record import read_record
from vao.conditions import REQUIREMENTS
from vao.planners import Planner, Shape, new_planner
from vao.sharing import Source
from vao.weighting.protocol import trainable

LITTLE = Shape(requirements=REQUIREMENTS, features=3, static=2, steps=4)
COSTS = [
    Cost("equal", 8, 32, 200.0, math.nan, 200.0, 210.0, 300.0, 3),
    Cost("equal", 64, 32, 1600.0, math.nan, 1600.0, 1700.0, 2000.0, 2),
    Cost("vao", 8, 32, 250.0, 400.0, 280.0, 290.0, 500.0, 3),
    Cost("sampled_vao", 8, 32, 200.0, 350.0, 230.0, 250.0, 200.0, 3),
    Cost("sampled_vao", 64, 32, 1700.0, 2300.0, 1840.0, 2000.0, 400.0, 2),
]
ERRORS = [
    Error("uniform", 8, 32, 0, 0, 0.25, math.nan, 0.2),
    Error("vao", 8, 32, 0, 1, 0.5, 0.3, 0.25),
    Error("vao", 8, 32, 0, 3, 0.4, 0.35, 0.26),
    Error("vao", 8, 32, 1, 3, 0.6, 0.25, 0.22),
    Error("sampled_vao", 8, 64, 0, 3, 0.3, 0.456, 0.3),
]


@pytest.fixture(scope="module")
def small() -> Planner:
    sizes = {"width": 8, "heads": 2, "blocks": 1, "inverse_width": 8}
    return new_planner("aigb", sizes, LITTLE, seed=0)


@pytest.fixture
def quick(small: Planner, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small planner and no processes."""
    for module in (growth_work, growth_passes, growth_error):
        monkeypatch.setattr(module, "small_planner", lambda *_: small)
    monkeypatch.setattr(growth_work, "memory_of", lambda *_: 7.0)


@pytest.mark.usefixtures("quick")
def test_all_rules_are_timed_with_as_many_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(range(10_000))
    monkeypatch.setattr("time.process_time", lambda: float(next(now)))
    monkeypatch.setattr(growth_work, "MOST_EXACT", 3)
    costs = growth_work.measure((2, 3, 5), Patience(0.0, 2, 2), samples=4)
    assert [(c.rule, c.tasks) for c in costs] == [
        (rule, tasks) for rule in RULES for tasks in (2, 3, 5) if (rule, tasks) != ("vao", 5)
    ]
    for cost in costs:
        assert (cost.samples, cost.runs, cost.memory) == (4, 2, 7.0)
        assert cost.step == cost.cycle == cost.median == 1000.0
        assert math.isnan(cost.renewal) == (cost.rule == "equal")


def test_all_pairs_need_a_sample_each() -> None:
    assert growth_work.samples_of("vao", 64, 32) == 64
    assert growth_work.samples_of("sampled_vao", 64, 32) == 32


def test_a_cycle_has_one_renewal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth_work, "memory_of", lambda *_: 7.0)
    runs = {
        growth_work.STEP: [Run(1.0, 0.0, {}), Run(2.0, 0.0, {}), Run(6.0, 0.0, {})],
        growth_work.RENEWAL: [Run(11.0, 0.0, {}), Run(12.0, 0.0, {})],
    }
    cost = growth_work._cost("vao", 8, 32, runs)
    assert (cost.step, cost.renewal, cost.runs) == (1000.0, 11_000.0, 2)
    assert cost.cycle == pytest.approx((4 * 1000.0 + 11_000.0) / 5)
    assert cost.median == pytest.approx((4 * 2000.0 + 11_500.0) / 5)


def test_memory_is_taken_in_a_process_of_its_own() -> None:
    assert growth_work.memory_of("equal", 2, 4) >= 0.0


# Forward mode compiles its own rules the old way when first used.
@pytest.mark.filterwarnings("ignore:`torch.jit.script`:DeprecationWarning")
@pytest.mark.usefixtures("quick")
def test_forward_mode_finds_the_slopes_that_sample_gradients_have() -> None:
    objective = growth_work.objective_of(growth_work.small_planner())
    ways = growth_passes.passes(growth_work.small_planner(), objective)
    backward, forward, by_sample = ways.values()
    assert backward() == 0.0
    # Mean gradient along ones, times samples.
    whole = sum(float(p.grad.sum()) for p in trainable(objective).values() if p.grad is not None)
    assert forward() == pytest.approx(growth_work.SAMPLES * whole, rel=1e-3, abs=1e-3)
    batch = made_up(growth_work.small_planner(), growth_work.SAMPLES, "cpu")
    assert by_sample() == pytest.approx(float(objective(batch).detach().sum()), rel=1e-5)
    assert [x.name for x in growth_passes.measure(Patience(0.0, 1, 1))] == list(ways)


@pytest.mark.usefixtures("quick")
def test_true_alignments_are_cosines_of_mean_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sources of two trajectories, and of one: mean gradients are known."""
    planner = growth_work.small_planner()
    whole = growth_work.made_up_sampler(planner, 2, 4)._sources[0]
    ends = ((0, 2), (2, 3))
    sources = [Source(*(part[a:b] for part in vars(whole).values())) for a, b in ends]
    objective = growth_work.objective_of(planner)
    world = growth_error.World(objective, sources, sources[::-1], [2, 2])
    monkeypatch.setattr(growth_error, "AT_ONCE", 1)  # samples one by one come to the same
    found = growth_error.true_alignment(world)
    gradients = []
    for source in sources:
        objective.zero_grad()
        objective(source.relabelled(np.arange(len(source)), 2)).mean().backward()
        parts = [p.grad.flatten() for p in trainable(objective).values() if p.grad is not None]
        gradients.append(torch.cat(parts))
    cosine = float(torch.cosine_similarity(gradients[0], gradients[1], dim=0))
    expected = torch.tensor([[cosine, 1.0], [1.0, cosine]])
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_errors_are_measured_on_simulated_data(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = {"width": 8, "heads": 2, "blocks": 1, "inverse_width": 8}
    monkeypatch.setattr(
        growth_error, "small_planner", lambda shape, seed: new_planner("aigb", sizes, shape, seed)
    )
    monkeypatch.setattr(growth_error, "WARM", (1, 1))
    played = growth_error.simulated({"train": 3, "val_align": 2}, 1, "tiny")
    monkeypatch.setattr(growth_error, "simulated", lambda: played)
    monkeypatch.setattr(growth_error, "MOST_EXACT", 3)
    together = growth_error.measure((3, 4), (1, 2), samples=6, seeds=(0, 1))
    assert [(e.tasks, e.seed) for e in together if e.rule == "uniform"] == [
        (tasks, seed) for tasks in (3, 4) for seed in (0, 1)
    ]
    assert {e.rule for e in together if e.tasks == 4} == {"uniform", "true", "sampled_vao"}
    errors = [e for e in together if (e.tasks, e.seed) == (3, 0)]
    other = [e for e in together if (e.tasks, e.seed) == (3, 1)]
    assert errors[0].reached != other[0].reached
    rules = ("vao", "vao, smoothed", "sampled_vao")
    assert [(e.rule, e.renewals) for e in errors] == [
        ("uniform", 0),
        ("true", 0),
        *((rule, renewals) for rule in rules for renewals in (1, 2)),
    ]
    assert errors[1].misplaced == 0.0
    assert all(0.0 < e.misplaced < 1.0 for e in errors if e.rule != "true")
    assert all(-1.0 <= e.correlation <= 1.0 for e in errors[2:])
    # No weights but the true ones reach more; uniform ones reach the mean.
    assert errors[0].reached < errors[1].reached


def test_tables_have_a_row_a_number_of_tasks() -> None:
    assert time_table(COSTS).splitlines()[2:] == [
        "| 8 | 200 | 280 | 250, 400 | 32 | 230 | 200, 350 | 32 |",
        "| 64 | 1,600 | – | – | – | 1,840 | 1,700, 2,300 | 32 |",
    ]
    assert memory_table(COSTS).splitlines()[2:] == [
        "| 8 | 300 | 500 | 200 |",
        "| 64 | 2,000 | – | 400 |",
    ]
    assert ratio_table(COSTS).splitlines()[2:] == [
        "| `equal` | 8.0 | 8.1 | 6.7 |",
        "| `vao` | – | – | – |",
        "| `sampled_vao` | 8.0 | 8.0 | 2.0 |",
    ]
    passes = [Pass("one", 20.0), Pass("two", 30.0)]
    assert pass_table(passes).splitlines()[2:] == ["| one | 20.0 | 1.00 |", "| two | 30.0 | 1.50 |"]
    assert reached_table(ERRORS).splitlines()[4:] == ["| 8 | sampled_vao | 64 | – | 0.300 |"]
    assert error_table(ERRORS).splitlines() == [
        "| tasks | weights | samples | 1 | 3 |",
        "|---|---|---|---|---|",
        "| 8 | uniform | 32 | 0.25 | 0.25 |",
        "| 8 | vao | 32 | 0.50 (0.30) | 0.50 ± 0.10 (0.30) |",
        "| 8 | sampled_vao | 64 | – | 0.30 (0.46) |",
    ]


def test_the_record_is_whole_and_meets_the_goal() -> None:
    record = read_record(RECORD, KINDS)
    assert [(c.rule, c.tasks) for c in record["costs"]] == [
        (rule, tasks) for rule in RULES for tasks in TASKS if rule != "vao" or tasks <= MOST_EXACT
    ]
    assert {FEW, MANY} <= set(TASKS)
    assert ratio(record["costs"], "sampled_vao") <= GOAL
    assert {e.tasks for e in record["errors"]} == set(growth_error.TASKS)


def test_the_command_prints_the_tables_of_the_record(capsys: pytest.CaptureFixture[str]) -> None:
    assert growth.main([]) == 0
    record = read_record(RECORD, KINDS)
    expected = tables(record["costs"], record["passes"], record["errors"])
    assert capsys.readouterr().out.strip() == expected


def test_the_command_writes_what_it_prints(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    passes = [Pass("one", 20.0)]
    monkeypatch.setattr(growth_work, "measure", lambda: COSTS)
    monkeypatch.setattr(growth_passes, "measure", lambda: passes)
    monkeypatch.setattr(growth_error, "measure", lambda: ERRORS)
    path = tmp_path / "growth.json"
    assert growth.main(["--json", str(path)]) == 0
    assert capsys.readouterr().out.strip() == tables(COSTS, passes, ERRORS)
    assert read_record(path, KINDS)["passes"] == passes
    # Errors can be measured anew beside the times that there are.
    monkeypatch.setattr(growth_error, "measure", lambda: ERRORS[:2])
    monkeypatch.setattr(growth_work, "measure", lambda: pytest.fail("times are to be kept"))
    assert growth.main(["--json", str(path), "--errors-only"]) == 0
    assert capsys.readouterr().out.strip() == tables(COSTS, passes, ERRORS[:2])


def test_errors_alone_need_a_record_to_go_into(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        growth.main(["--errors-only"])
    assert "--errors-only goes with --json" in capsys.readouterr().err


def test_the_readme_has_the_tables_of_the_record(capsys: pytest.CaptureFixture[str]) -> None:
    assert growth.main([]) == 0
    printed = capsys.readouterr().out
    text = RECORD.with_name("README.md").read_text(encoding="utf-8")
    rows = [line for line in printed.splitlines() if line.startswith("|")]
    assert len(rows) > 20
    assert not [line for line in rows if line not in text]
