"""How long ways to differentiate one batch take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, jvp

from auctionsim.bench.timing import Patience, fastest, take_turns
from benchmarks.growth_work import PATIENCE, SAMPLES, objective_of, small_planner, timed
from benchmarks.planners_speed import made_up
from vao.planners import Planner
from vao.weighting.protocol import trainable
from vao.weighting.source_gradients import source_gradients


@dataclass(frozen=True)
class Pass:
    """A way to differentiate one batch of 32.

    Attributes:
        name: What it is.
        milliseconds: Of CPU time, on one thread; fastest run.
    """

    name: str
    milliseconds: float


def measure(patience: Patience = PATIENCE) -> list[Pass]:
    """Time ways to differentiate a batch, in turns."""
    torch.set_num_threads(1)
    planner = small_planner()
    objective = objective_of(planner)
    jobs = {name: partial(timed, work) for name, work in passes(planner, objective).items()}
    for run in jobs.values():
        run()
    runs = take_turns(jobs, patience)
    return [Pass(name, 1000.0 * fastest(each).seconds) for name, each in runs.items()]


def passes(planner: Planner, objective: nn.Module) -> dict[str, Callable[[], float]]:
    """Return ways to differentiate a batch."""
    batch = made_up(planner, SAMPLES, "cpu")
    parameters = trainable(objective)
    values = {name: parameter.detach() for name, parameter in parameters.items()}
    ahead = {name: torch.ones_like(value) for name, value in values.items()}
    sources = np.arange(SAMPLES)

    def backward() -> float:
        objective.zero_grad()
        objective(batch).mean().backward()
        return 0.0

    def forward_mode() -> float:
        def losses(at: dict[str, Tensor]) -> Tensor:
            found: Tensor = functional_call(objective, at, (batch,))
            return found

        with torch.no_grad():
            slopes: Tensor = jvp(losses, (values,), (ahead,))[1]
        return float(slopes.sum())

    def sample_by_sample() -> float:
        return float(source_gradients(objective, parameters, batch, sources).losses.sum())

    return {
        "backward": backward,
        "forward mode along one direction": forward_mode,
        "backward, sample by sample": sample_by_sample,
    }
