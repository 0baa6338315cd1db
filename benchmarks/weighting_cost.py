"""What a step costs under each rule of weighting, beside one with equal weights."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from auctionsim.bench.timing import Patience, Run, take_turns
from benchmarks.growth_work import HELD_OUT, REFRESH, SAMPLES, objective_of, small_planner
from benchmarks.planners_speed import CLIP, LEARNING_RATE, SHAPE, made_up
from vao.conditions import FIELDS
from vao.planners import Planner, Shape
from vao.sharing import Source
from vao.task_sampler import TaskSampler
from vao.weighting.protocol import trainable
from vao.weighting.registry import make

TASKS = 3
EQUAL, VAO = "equal", "vao"
#: What each rule is called in tables, its name, and what it is told.
RULES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    EQUAL: ("equal", {}),
    "uniform": ("uniform", {}),
    VAO: ("vao", {}),
    "vao, refresh 1": ("vao", {"refresh": 1}),
    "vao, refresh_batch 96, validation_batch 32": (
        "vao", {"refresh_batch": 96, "validation_batch": 32},
    ),
    "vao, per_target": ("vao", {"update": "per_target"}),
    "sampled_vao": ("sampled_vao", {}),
    **{
        name: (name, {})
        for name in (
            "famo", "pcgrad", "fairgrad", "cagrad", "mgda", "imtl_g", "nash_mtl", "grad_norm",
            "uw", "dwa", "rlw", "go4align",
        )
    },
}  # fmt: skip
CYCLE = REFRESH
PATIENCE = Patience(seconds=0.0, least=14, most=14)
#: Has glibc give tensors' memory back at once, so that the peak is what is in use, to 1 %.
GIVEN_BACK = {"MALLOC_MMAP_THRESHOLD_": str(2**16)}


@dataclass(frozen=True)
class Cost:
    """What a rule's steps cost: gradients, clipping, and Adam.

    Attributes:
        rule: What it is called in `RULES`.
        device: "cpu", one thread and CPU time; or "cuda".
        step: Milliseconds of a step on average over a cycle of `CYCLE`; median of the cycles.
        first: Of the first step of a cycle, in which weights are renewed if they are at all.
        rest: Of the others, on average.
        ratio: A cycle over one of equal weights in the same round; median of the rounds.
        low: Their lower quartile.
        high: Their upper quartile.
        memory: MiB that a cycle adds to a process in which the model is built.
        rounds: How many cycles were timed.
    """

    rule: str
    device: str
    step: float
    first: float
    rest: float
    ratio: float
    low: float
    high: float
    memory: float
    rounds: int


def devices_here() -> tuple[str, ...]:
    """Return the devices that this machine has."""
    return ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",)


def sampler_of(planner: Planner, samples: int, device: str) -> TaskSampler:
    """Return a sampler of noise, alike for all tasks."""
    batch = made_up(planner, HELD_OUT, device)
    fields = batch.requirements[:, : len(FIELDS)]
    known = torch.ones_like(fields, dtype=torch.bool)
    source = Source(
        batch.states, batch.actions, batch.active, batch.static, batch.to_go, fields, known
    )
    sources, rng = [source] * TASKS, np.random.default_rng(0)
    return TaskSampler(
        sources, range(TASKS), samples, rng, validation=sources, noise=planner.loss_noise
    )


def steps_of(
    rule: str, device: str = "cpu", samples: int = SAMPLES, shape: Shape = SHAPE
) -> Callable[[int], float]:
    """Return a rule's steps, by index: as in training, but without a schedule; they give losses."""
    name, settings = RULES[rule]
    planner = small_planner(shape).to(device)
    objective = objective_of(planner)
    sampler = sampler_of(planner, samples, device)
    weighting = make(name, **settings)
    parameters = list(trainable(objective).values())
    optimiser = torch.optim.Adam(parameters, lr=LEARNING_RATE)
    updates = weighting.updates(TASKS)

    def step(index: int) -> float:
        total = 0.0
        for update in range(index * updates, (index + 1) * updates):
            report = weighting.accumulate(objective, sampler, update)
            nn.utils.clip_grad_norm_(parameters, CLIP)
            optimiser.step()
            weighting.stepped(objective)
            total += float(report.losses.sum())  # waits for the device
        return total

    return step


def measure(
    rules: Sequence[str] = tuple(RULES),
    patience: Patience = PATIENCE,
    samples: int = SAMPLES,
) -> list[Cost]:
    """Time the cycles of all rules in turns, then take the memory of each."""
    torch.set_num_threads(1)
    found = []
    for device in devices_here():
        steps = {rule: steps_of(rule, device, samples) for rule in rules}
        jobs = {rule: partial(cycle, step, device) for rule, step in steps.items()}
        for run in jobs.values():
            run()  # loads, allocates, and fills caches
        runs = take_turns(jobs, patience)
        found += [
            _cost(rule, device, runs[rule], runs[EQUAL], memory_of(rule, device, samples))
            for rule in rules
        ]
    return found


def cycle(step: Callable[[int], float], device: str) -> Run:
    """Time the steps from one renewal of the weights to the next."""
    clock = time.process_time if device == "cpu" else time.perf_counter
    ends = [clock()]
    for index in range(CYCLE):
        result = step(index)
        ends.append(clock())
    spent = np.diff(ends)
    stages = {"first": float(spent[0]), "rest": float(spent[1:].mean())}
    return Run(float(spent.mean()), result, stages)


def _cost(rule: str, device: str, runs: list[Run], equal: list[Run], memory: float) -> Cost:
    ratios = [own.seconds / other.seconds for own, other in zip(runs, equal, strict=True)]
    low, middle, high = (float(q) for q in np.quantile(ratios, (0.25, 0.5, 0.75)))
    whole = statistics.median(run.seconds for run in runs)
    first, rest = (statistics.median(run.stages[s] for run in runs) for s in ("first", "rest"))
    return Cost(
        rule, device, 1000.0 * whole, 1000.0 * first, 1000.0 * rest, middle, low, high, memory,
        len(runs),
    )  # fmt: skip


def memory_of(rule: str, device: str = "cpu", samples: int = SAMPLES) -> float:
    """Return the MiB that a cycle adds to a fresh process."""
    command = [sys.executable, "-m", "benchmarks.weighting_memory", rule, device, str(samples)]
    root = Path(__file__).parents[1]
    done = subprocess.run(
        command, cwd=root, env=os.environ | GIVEN_BACK, capture_output=True, text=True, check=True
    )
    return float(done.stdout)
