"""Made-up numbers to render a report with; nothing here was measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.vao.report.weighing import history
from vao.report import Estimate, Line, MethodResult, Pacing, Panel, ReportData, Sharing
from vao.report.data import METRICS
from vao.sharing_findings import balance_of, sharing_of, weights_of

TASKS = ("cpa_mcb", "target_roas", "bcb")
METHODS = ("No sharing", "Naive sharing", "VAO")
BEHAVIOUR = "Behaviour data"
SCALES = {BEHAVIOUR: 0.8, "No sharing": 1.0, "Naive sharing": 1.04, "VAO": 1.16, "PID": 1.05}


def _result(name: str, **more: object) -> MethodResult:
    rng = np.random.default_rng(len(name))
    cells = {}
    for place, task in enumerate(TASKS):
        level = SCALES[name] * (24.0 + 3 * place)
        values = level * np.array([1.0, 0.97, 0.8, 0.83]) + rng.normal(0, 1, 4)
        errors = np.abs(rng.normal(0.4, 0.2, 4))
        names = ("value", "expected_value", "score_strict", "score_paper")
        pairs = zip(values.tolist(), errors.tolist(), strict=True)
        cells[task] = {m: Estimate(v, e) for m, (v, e) in zip(names, pairs, strict=True)}
    if name != BEHAVIOUR:
        more["gains"] = _differences(name, BEHAVIOUR)
    if name not in (BEHAVIOUR, "No sharing"):
        more["gaps"] = _differences(name, "No sharing")
    if "delta_m" not in more:
        more["delta_m"] = Estimate(100 * (1 - SCALES[name]), 1.2)
    return MethodResult(name, cells, **more)  # type: ignore[arg-type]


def _differences(name: str, other: str) -> dict[str, dict[str, Estimate]]:
    gap = 25.0 * (SCALES[name] - SCALES[other])
    cells = {m: Estimate(gap - 0.2 * place, 0.5) for place, m in enumerate(METRICS)}
    return dict.fromkeys(TASKS, cells)


def _campaign(title: str, seed: int) -> Pacing:
    rng = np.random.default_rng(seed)
    steps = np.arange(49)
    spent, multiplier = [], []
    for name in (*METHODS, "PID"):
        rate = rng.uniform(0.8, 1.3)
        share = np.minimum(1, (steps / 48) ** rng.uniform(0.8, 1.4) * rate)
        spent.append(Line.of(name, steps, share))
        path = 80 + np.cumsum(rng.normal(0, 3, 48))
        multiplier.append(Line.of(name, steps[:-1], np.where(share[:-1] < 1, path, np.nan)))
    return Pacing(title, tuple(spent), tuple(multiplier))


def _validation(task: str, seed: int) -> Panel:
    rng = np.random.default_rng(seed)
    steps = np.arange(100, 1501, 100)
    curve = 22 * (1 - np.exp(-steps / 400))
    lines = (
        Line.of(name, steps, curve * SCALES[name] + rng.normal(0, 0.7, 15)) for name in METHODS
    )
    return Panel(task, tuple(lines))


def demo() -> ReportData:
    """Return a full report's data."""
    weighed = history(TASKS, 300)
    return ReportData(
        title="Sharing data across bidding tasks: a small run",
        summary=(
            "Behaviour bidders played 60 days in the small market. Planners learned from what "
            "they did, and then bid in place of single advertisers on 10 days kept apart.",
            "Each of three tasks is learned from its own data (no sharing), from all data alike "
            "(naive sharing), and from all data weighted by agreement with validation (VAO).",
        ),
        tasks=TASKS,
        results=(
            _result(BEHAVIOUR, reference=True, delta_m=None, explanation="What the data holds."),
            _result("No sharing", explanation="One planner a task, trained on that task's data."),
            _result("Naive sharing", explanation="One planner a task, trained on all data alike."),
            _result("VAO", explanation="All data, weighted by agreement with validation data."),
            _result("PID", reference=True, explanation="Steers its multiplier by feedback."),
        ),
        baseline="No sharing",
        highlight="VAO",
        note="This is a demonstration at small scale: few episodes, short training, one market. "
        "It shows that everything works, not which method is best.",
        pacing=(
            _campaign("Advertiser 0, CPA-MCB, budget 2,400, CPA ≤ 80", 1),
            _campaign("Advertiser 5, TargetROAS, budget 3,150, ROAS ≥ 0.012", 2),
            _campaign("Advertiser 31, BCB, budget 4,100", 3),
        ),
        weights=weights_of(weighed),
        sharing=sharing_of(weighed),
        balance=balance_of({"FAMO": weighed}),
        validation=tuple(_validation(task, i) for i, task in enumerate(TASKS)),
        provenance={
            "Settings": {
                "command": "vao quickstart --seed 0",
                "market": "small (50,000 opportunities a day)",
                "training episodes": "60",
                "training steps": "1,500",
                "temperature λ": "0.1",
                "seed": "0",
            },
            "Versions": {"auctionsim": "0.1.0", "Python": "3.11.7", "torch": "2.13.0+cpu"},
            "Run time": {"generate": "21 s", "train": "74 s", "score": "33 s", "processors": "2"},
        },
    )


def short_demo() -> ReportData:
    """Return a report's data with one task and no figures over time: quick to render."""
    data = demo()
    results = (
        replace(r, cells=_of_bcb(r.cells), gaps=_of_bcb(r.gaps), gains=_of_bcb(r.gains))
        for r in data.results
    )
    return replace(
        data,
        tasks=("bcb",),
        results=tuple(results),
        pacing=(),
        weights=(),
        sharing=Sharing(),
        balance=(),
        validation=(),
    )


def many_demo(tasks: int = 128, times: int = 40) -> ReportData:
    """Return a report's data with many tasks and two stages that share data."""
    names = tuple(f"campaign type {i}" for i in range(tasks))
    weighed = history(names, times, stages=("ahead", "policy"))
    return replace(
        short_demo(),
        weights=weights_of(weighed),
        sharing=sharing_of(weighed),
        balance=balance_of({"FAMO": weighed}),
    )


def _of_bcb(cells: dict[str, dict[str, Estimate]]) -> dict[str, dict[str, Estimate]]:
    return {task: of for task, of in cells.items() if task == "bcb"}
