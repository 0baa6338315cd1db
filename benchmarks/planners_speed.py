"""How long planners take to learn from a batch and to act for all seats of an episode."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor, nn

from auctionsim.bench.timing import Patience, Run, median_seconds, take_turns
from vao.batch import Batch, History
from vao.conditions import FIELDS, REQUIREMENTS
from vao.planners import Memory, Planner, Shape, Stage, new_planner

#: Sizes of the `paper` market's data: 17 features, 6 categories and the budget, 48 steps.
SHAPE = Shape(requirements=REQUIREMENTS, features=17, static=7, steps=48)
SEATS = 48
SAMPLES = 32
PATIENCE = Patience(seconds=3.0, least=5, most=200)

#: Gradients are clipped and applied as in training.
CLIP, LEARNING_RATE = 1.0, 3e-4
ACTING = "acting"


@dataclass(frozen=True)
class Setting:
    """Where and how a planner computes.

    Attributes:
        title: What it is called in tables.
        device: Of torch.
        threads: Threads on the CPU.
        precision: float32, or bfloat16 wherever autocast allows it.
        compiled: Whether by `torch.compile`.
    """

    title: str
    device: str = "cpu"
    threads: int = 1
    precision: Literal["float32", "bfloat16"] = "float32"
    compiled: bool = False


CPU = (Setting("CPU, 1 thread"), Setting("CPU, 2 threads", threads=2))
CUDA = (
    Setting("CUDA", "cuda"),
    Setting("CUDA, bfloat16", "cuda", precision="bfloat16"),
    Setting("CUDA, compiled", "cuda", compiled=True),
    Setting("CUDA, bfloat16, compiled", "cuda", precision="bfloat16", compiled=True),
)


@dataclass(frozen=True)
class Speed:
    """How long something took.

    Attributes:
        planner: Its name; its settings are the default ones.
        work: Name of a stage of training, or "acting".
        setting: Title of the setting.
        milliseconds: Median time of an update, or of an action for all seats.
        runs: How many updates, or days of 48 actions, were timed.
    """

    planner: str
    work: str
    setting: str
    milliseconds: float
    runs: int


def settings_here() -> tuple[Setting, ...]:
    """Return the settings that this machine has."""
    return (*CPU, *CUDA) if torch.cuda.is_available() else CPU


def measure(
    names: Sequence[str],
    settings: Sequence[Setting],
    patience: Patience = PATIENCE,
    sizes: Mapping[str, Mapping[str, Any]] | None = None,
    shape: Shape = SHAPE,
) -> list[Speed]:
    """Time all stages and the acting of planners, in turns.

    Args:
        names: Planners.
        settings: Where and how each computes.
        patience: How often each is run.
        sizes: Settings of planners that are not the default ones.
        shape: Sizes of the made-up data.
    """
    jobs: dict[tuple[str, str, str], Callable[[], Run]] = {}
    for name in names:
        for setting in settings:
            planner = new_planner(name, (sizes or {}).get(name, {}), shape, seed=0)
            for work, run in _jobs(planner.to(setting.device), setting).items():
                run()  # compiles, allocates, and fills caches
                jobs[name, work, setting.title] = run
    runs = take_turns(jobs, patience)
    return [
        Speed(*key, 1000.0 * median_seconds(each) / _actions(key[1], shape), len(each))
        for key, each in runs.items()
    ]


def _actions(work: str, shape: Shape) -> int:
    """Return how many of what is asked for a run has."""
    return shape.steps if work == ACTING else 1


def _jobs(planner: Planner, setting: Setting) -> dict[str, Callable[[], Run]]:
    """Return what is timed, by name of the work."""
    batch = made_up(planner, SAMPLES, setting.device)
    jobs: dict[str, Callable[[], Run]] = {}
    for stage in planner.stages():
        planner.measure(batch, stage)
        jobs[stage.name] = partial(_timed, setting, updates(planner, stage, batch, setting))
    day = made_up(planner, SEATS, setting.device)
    jobs[ACTING] = partial(_timed, setting, _day(planner, day, setting))
    return jobs


def _timed(setting: Setting, work: Callable[[], Tensor]) -> Run:
    """Run something once, with all that the device still owes."""
    with _computing(setting):
        begin = time.perf_counter()
        result = float(work())  # waits for the device
        if setting.device == "cuda":
            torch.cuda.synchronize()
        return Run(time.perf_counter() - begin, result, {})


@contextlib.contextmanager
def _computing(setting: Setting) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(setting.threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _lowered(setting: Setting) -> torch.autocast:
    lower = setting.precision == "bfloat16"
    return torch.autocast(setting.device, torch.bfloat16, enabled=lower)


def updates(planner: Planner, stage: Stage, batch: Batch, setting: Setting) -> Callable[[], Tensor]:
    """Return one update of a stage: forward, backward, clipping, Adam; it gives the mean loss."""
    parts = nn.ModuleList(planner.get_submodule(part) for part in stage.parts)
    optimiser = torch.optim.Adam(parts.parameters(), lr=LEARNING_RATE)
    method: Callable[[Batch], Tensor] = getattr(planner, stage.loss)
    loss = torch.compile(method) if setting.compiled else method

    def update() -> Tensor:
        planner.requires_grad_(False)
        parts.requires_grad_(True)
        optimiser.zero_grad()
        with _lowered(setting):
            mean = loss(batch).mean()
        mean.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(parts.parameters(), CLIP)
        optimiser.step()
        return mean.detach()

    return update


def _day(planner: Planner, batch: Batch, setting: Setting) -> Callable[[], Tensor]:
    """Return an episode of actions for all seats, with memory."""
    noise = _draw(setting.device, 3, len(batch.states), planner.action_noise)
    histories = [
        History(
            states=batch.states[:, : step + 1],
            actions=batch.actions[:, :step],
            static=batch.static,
            requirements=batch.requirements.unsqueeze(1).expand(-1, step + 1, -1),
            to_go=batch.to_go[:, : step + 1],
            noise=noise,
        )
        for step in range(planner.shape.steps)
    ]
    act = torch.compile(planner.act) if setting.compiled else planner.act

    def day() -> Tensor:
        memory: Memory = {}
        with torch.no_grad(), _lowered(setting):
            # Each action is fetched before the next: it must be played first.
            actions = [act(history, memory).float().cpu() for history in histories]
        return torch.stack(actions).mean()

    return day


def made_up(planner: Planner, samples: int, device: str) -> Batch:
    """Return trajectories of noise, all steps active, no requirement masked."""
    shape = planner.shape
    fields = _draw(device, 2, samples, len(FIELDS))
    return Batch(
        states=_draw(device, 0, samples, shape.steps + 1, shape.features),
        actions=_draw(device, 1, samples, shape.steps),
        active=torch.ones(samples, shape.steps, device=device),
        static=_draw(device, 4, samples, shape.static),
        requirements=torch.cat([fields, torch.ones_like(fields)], dim=1),
        to_go=torch.linspace(1.0, 0.0, shape.steps, device=device).repeat(samples, 1),
        noise=_draw(device, 5, samples, planner.loss_noise),
    )


def _draw(device: str, seed: int, *shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(device)
