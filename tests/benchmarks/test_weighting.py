"""What the costs of rules of weighting are measured on, and their record."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from auctionsim.bench.timing import Patience, Run
from benchmarks import weighting, weighting_cost
from benchmarks.power_record import read_record
from benchmarks.weighting import KINDS, RECORD
from benchmarks.weighting_cost import CYCLE, EQUAL, PATIENCE, RULES, VAO, Cost
from benchmarks.weighting_tables import (
    MEMORY_GOAL,
    STEP_GOAL,
    cost_table,
    equal_weights,
    memory_ratio,
    tables,
)
from vao.conditions import REQUIREMENTS
from vao.planners import Planner, Shape, new_planner
from vao.weighting.registry import WEIGHTINGS, weighting_class

README = RECORD.with_name("README.md")
LITTLE = Shape(requirements=REQUIREMENTS, features=3, static=2, steps=4)
COSTS = [
    Cost(EQUAL, "cpu", 20.0, 21.0, 19.0, 1.0, 1.0, 1.0, 100.0, 3),
    Cost(VAO, "cpu", 23.0, 42.0, 19.5, 1.149, 1.1, 1.2, 120.0, 3),
]


def little() -> Planner:
    sizes = {"width": 8, "heads": 2, "blocks": 1, "inverse_width": 8}
    return new_planner("aigb", sizes, LITTLE, seed=0)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small planner and no processes."""
    monkeypatch.setattr(weighting_cost, "small_planner", lambda _: little())
    monkeypatch.setattr(weighting_cost, "memory_of", lambda *_: 7.0)


def test_all_rules_are_timed_but_two_that_cost_what_uniform_weights_do() -> None:
    named = {name for name, _ in RULES.values()}
    assert set(WEIGHTINGS) - named == {"own_heavy", "schedule"}
    for name, settings in RULES.values():
        weighting_class(name).Settings(**settings)


@pytest.mark.usefixtures("quick")
def test_a_cycle_renews_once_and_is_compared_with_equal_weights(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps: dict[str, list[int]] = {}
    clock = [0.0]
    seconds = {EQUAL: [1.0] * CYCLE, VAO: [3.0] + [1.0] * (CYCLE - 1)}

    def made(rule: str, *_: object) -> Callable[[int], float]:
        def step(index: int) -> float:
            steps.setdefault(rule, []).append(index)
            clock[0] += seconds[rule][index]
            return 0.0

        return step

    monkeypatch.setattr(weighting_cost, "steps_of", made)
    monkeypatch.setattr("time.process_time", lambda: clock[0])
    monkeypatch.setattr(weighting_cost, "devices_here", lambda: ("cpu",))
    equal, vao = weighting_cost.measure((EQUAL, VAO), Patience(0.0, 2, 2))
    assert steps == {rule: [*range(CYCLE)] * 3 for rule in (EQUAL, VAO)}  # one cycle to warm up
    assert (equal.step, equal.ratio, equal.rounds) == (1000.0, 1.0, 2)
    assert (vao.first, vao.rest, vao.memory) == (3000.0, 1000.0, 7.0)
    assert vao.ratio == pytest.approx((3.0 + CYCLE - 1) / CYCLE)


def test_ratios_are_taken_round_by_round() -> None:
    def runs(*seconds: float) -> list[Run]:
        return [Run(s, 0.0, {"first": s, "rest": s}) for s in seconds]

    cost = weighting_cost._cost(VAO, "cpu", runs(2.0, 30.0, 4.4), runs(2.0, 20.0, 4.0), 7.0)
    assert cost.step == 4400.0
    assert [cost.low, cost.ratio, cost.high] == pytest.approx([1.05, 1.1, 1.3])


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("rule", RULES)
def test_steps_learn(rule: str) -> None:
    # Noise, but always the same: what is learned is its mean.
    step = weighting_cost.steps_of(rule, samples=12, shape=LITTLE)
    losses = [step(index) for index in range(60)]
    assert sum(losses[-CYCLE:]) < sum(losses[:CYCLE])


def test_memory_is_taken_in_a_process_of_its_own() -> None:
    assert weighting_cost.memory_of(EQUAL, samples=3) >= 0.0


def test_devices_are_those_of_the_machine() -> None:
    found = weighting_cost.devices_here()
    assert found == (("cpu", "cuda") if torch.cuda.is_available() else ("cpu",))


def test_tables_compare_with_equal_weights() -> None:
    assert cost_table(COSTS).splitlines()[2:] == [
        "| `equal` | 20.0 | 1.00 | 1.00–1.00 | 1.00 | 1.00 | 100 | 1.00 |",
        "| `vao` | 23.0 | 1.15 | 1.10–1.20 | 2.00 | 1.03 | 120 | 1.20 |",
    ]
    assert tables(COSTS) == f"CPU, one thread\n\n{cost_table(COSTS)}"


def test_the_record_is_whole_and_meets_the_goals() -> None:
    costs = [cost for cost in read_record(RECORD, KINDS)["costs"] if cost.device == "cpu"]
    assert [cost.rule for cost in costs] == list(RULES)
    assert {cost.rounds for cost in costs} == {PATIENCE.least}
    vao = next(cost for cost in costs if cost.rule == VAO)
    assert vao.ratio <= STEP_GOAL
    assert memory_ratio(vao, equal_weights(costs)) <= MEMORY_GOAL


def test_the_readme_has_the_tables_of_the_record(capsys: pytest.CaptureFixture[str]) -> None:
    assert weighting.main([]) == 0
    printed = capsys.readouterr().out
    assert printed.strip() == tables(read_record(RECORD, KINDS)["costs"])
    text = README.read_text(encoding="utf-8")
    assert not [line for line in printed.splitlines() if line.startswith("|") and line not in text]


def test_the_command_writes_what_it_prints(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(weighting_cost, "measure", lambda: COSTS)
    path = tmp_path / "new.json"
    assert weighting.main(["--json", str(path)]) == 0
    written = read_record(path, KINDS)
    assert capsys.readouterr().out.strip() == tables(written["costs"])
    assert written["circumstances"][0].command == weighting.COMMAND
