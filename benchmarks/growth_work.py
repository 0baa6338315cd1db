"""What an update costs with few tasks or many: time in turns, memory in a process of its own."""

from __future__ import annotations

import math
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from auctionsim.bench.timing import Patience, Run, fastest, median_seconds, take_turns
from benchmarks.planners_speed import SHAPE, made_up
from vao.conditions import FIELDS
from vao.config import load_training_config
from vao.planners import Planner, Shape, new_planner
from vao.sharing import Source
from vao.task_sampler import TaskSampler
from vao.training.objective import StageObjective
from vao.weighting.registry import make
from vao.weighting.sampled import SampledVaoSettings

TASKS = (3, 8, 16, 32, 64, 128)
RULES = ("equal", "vao", "sampled_vao")
SAMPLES = 32
HELD_OUT = 40
#: Updates from one renewal of the weights to the next, by default.
REFRESH = SampledVaoSettings().refresh
#: All pairs of more tasks than these take minutes an update.
MOST_EXACT = 64
PATIENCE = Patience(seconds=1.0, least=2, most=12)
STEP, RENEWAL = 1, 0


@dataclass(frozen=True)
class Cost:
    """What a rule's updates cost.

    Attributes:
        rule: Its name; its settings are the default ones.
        tasks: K, targets as well as sources.
        samples: Samples a target and update: 32, or one a source where that is more.
        step: Milliseconds of CPU time, on one thread, of an update that does not renew the
            weights; fastest run.
        renewal: Of one that does; nan for a rule that has none.
        cycle: Of an update on average from one renewal to the next, from the fastest runs.
        median: The same from the median runs.
        memory: MiB that updates add to what the process takes.
        runs: How many updates of the rarer kind were timed.
    """

    rule: str
    tasks: int
    samples: int
    step: float
    renewal: float
    cycle: float
    median: float
    memory: float
    runs: int


def small_planner(shape: Shape = SHAPE, seed: int = 0) -> Planner:
    """Return the planner of configs/training/small.yaml."""
    return new_planner("aigb", load_training_config("small").settings, shape, seed)


def objective_of(planner: Planner) -> StageObjective:
    """Return what its stage of shared data minimises."""
    return StageObjective(planner, next(stage for stage in planner.stages() if stage.shared))


def made_up_sampler(planner: Planner, tasks: int, samples: int) -> TaskSampler:
    """Return a sampler of noise, alike for all tasks."""
    batch = made_up(planner, HELD_OUT, "cpu")
    fields = batch.requirements[:, : len(FIELDS)]
    source = Source(
        batch.states, batch.actions, batch.active, batch.static, batch.to_go, fields,
        torch.ones_like(fields, dtype=torch.bool),
    )  # fmt: skip
    sources, rng = [source] * tasks, np.random.default_rng(0)
    codes = [target % 3 for target in range(tasks)]
    return TaskSampler(
        sources, codes, samples, rng, validation=sources, noise=planner.loss_noise
    )  # fmt: skip


def samples_of(rule: str, tasks: int, samples: int = SAMPLES) -> int:
    """Return the samples a target and update that a rule draws; all pairs need one each."""
    return max(samples, tasks) if rule == "vao" else samples


def updates_of(rule: str, tasks: int, samples: int = SAMPLES) -> Callable[[int], float]:
    """Return a rule's updates, by index: 0 renews the weights, 1 does not; they give the loss."""
    planner = small_planner()
    objective = objective_of(planner)
    weighting = make(rule)
    sampler = made_up_sampler(planner, tasks, samples_of(rule, tasks, samples))

    def update(step: int) -> float:
        losses = weighting.accumulate(objective, sampler, step).losses
        return float(losses.sum())

    return update


def measure(
    tasks: Sequence[int] = TASKS, patience: Patience = PATIENCE, samples: int = SAMPLES
) -> list[Cost]:
    """Time all rules at all numbers of tasks, in turns, then take the memory of each."""
    torch.set_num_threads(1)
    cases = [(r, k) for r in RULES for k in tasks if r != "vao" or k <= MOST_EXACT]
    jobs: dict[tuple[str, int, int], Callable[[], Run]] = {}
    for rule, count in cases:
        update = updates_of(rule, count, samples)
        for kind in (STEP,) if rule == "equal" else (RENEWAL, STEP):
            jobs[rule, count, kind] = partial(timed, partial(update, kind))
    for (_, count, _), run in jobs.items():
        if count == min(tasks):
            run()  # loads what every case needs
    runs = take_turns(jobs, patience)
    kinds = [
        {kind: runs[case] for case in jobs for kind in case[2:] if case[:2] == wanted}
        for wanted in cases
    ]
    return [_cost(*case, samples, each) for case, each in zip(cases, kinds, strict=True)]


def _cost(rule: str, tasks: int, samples: int, runs: dict[int, list[Run]]) -> Cost:
    best = {kind: 1000.0 * fastest(each).seconds for kind, each in runs.items()}
    middle = {kind: 1000.0 * median_seconds(each) for kind, each in runs.items()}

    def cycle(by: dict[int, float]) -> float:
        return ((REFRESH - 1) * by[STEP] + by.get(RENEWAL, by[STEP])) / REFRESH

    return Cost(
        rule, tasks, samples_of(rule, tasks, samples), best[STEP], best.get(RENEWAL, math.nan),
        cycle(best), cycle(middle), memory_of(rule, tasks, samples),
        min(len(each) for each in runs.values()),
    )  # fmt: skip


def timed(work: Callable[[], float]) -> Run:
    """Do something once; its time is the process's own, which others disturb less."""
    begin = time.process_time()
    result = work()
    return Run(time.process_time() - begin, result, {})


def memory_of(rule: str, tasks: int, samples: int = SAMPLES) -> float:
    """Return the MiB that a renewal and an update add to a fresh process."""
    command = [sys.executable, "-m", "benchmarks.growth_memory", rule, str(tasks), str(samples)]
    root = Path(__file__).parents[1]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    return float(done.stdout)
