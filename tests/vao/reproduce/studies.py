"""Made-up results of a study; nothing here was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from auctionsim.tasks import TASKS
from vao.reproduce.crossed import Crossed
from vao.reproduce.layout import Layout, Line
from vao.reproduce.results import METRICS, Results

#: How good entrants are, over the baseline.
LEVELS: dict[str, float] = {
    "mdmm-equal": 1.0,
    "odom-equal": 1.1,
    "odom-famo": 1.15,
    "odom-vao": 1.3,
}
FIXED: dict[str, float] = {"behaviour": 0.9, "constant": 1.2}
SCALES = dict(zip(METRICS, (20.0, 24.0, 19.0, 21.0, 23.9, 0.8), strict=True))

LAYOUT = Layout(
    "Table 2: one model for all tasks",
    (
        Line("mdmm-equal", "no sharing", "MDMM"),
        Line("odom-equal", "equal", "ODOM"),
        Line("odom-famo", "FAMO", "ODOM"),
        Line("odom-vao", "VAO", "ODOM"),
    ),
    baseline="mdmm-equal",
    ours="odom-vao",
    references=(
        Line("behaviour", "behaviour data", learns=False),
        Line("constant", "best constant", learns=False),
    ),
)


def study(
    levels: Mapping[str, float] = LEVELS,
    fixed: Mapping[str, float] = FIXED,
    *,
    seeds: Sequence[int] = (0, 1, 2),
    episodes: int = 6,
    seats: int = 4,
    noise: float = 0.05,
    protocol: str = "wide",
    tasks: Sequence[str] = TASKS,
    of: int = 0,
) -> Results:
    """Return results of entrants that learn, of fixed ones, and of the optimum.

    Args:
        levels: Of those that learn.
        fixed: Of those that do not.
        seeds: Training seeds.
        episodes: How many; their numbers start at 100.
        seats: Trajectories an episode.
        noise: Deviation of days, of seeds and of the rest, relative.
        protocol: Protocol.
        tasks: Tasks played.
        of: Seed of the noise.
    """
    rng = np.random.default_rng(of)
    numbers = np.arange(100, 100 + episodes)
    days = {task: 1 + noise * rng.normal(size=episodes) for task in tasks}
    parts = []
    for names, runs in ((levels, seeds), (fixed, (0,))):
        for name, level in names.items():
            for seed in runs:
                luck = 1 + noise * rng.normal() if names is levels else 1.0
                for task in tasks:
                    rest = 1 + noise * rng.normal(size=episodes)
                    good = level * luck * days[task] * rest
                    metrics = {metric: scale * good for metric, scale in SCALES.items()}
                    metrics["utilisation"] = np.clip(metrics["utilisation"], 0.0, 1.0)
                    key = (name, seed, protocol, task)
                    parts.append(Results.of(*key, numbers, seats, metrics))
    for task in tasks:
        best = dict.fromkeys(METRICS, np.zeros(episodes))
        best["expected_score"] = 40.0 * days[task]
        parts.append(Results.of("optimum", 0, protocol, task, numbers, seats, best))
    return Results.join(parts)


def sides(results: Results, *names: str, fixed: tuple[str, ...] = ()) -> list[Crossed]:
    """Return entrants' results as boxes; those named in `fixed` do not learn."""
    return [Crossed.of(results, name, "wide", learns=name not in fixed) for name in names]


def hand_made(
    values: Mapping[str, Sequence[Sequence[float]]],
    *,
    task: str = "bcb",
    seats: Sequence[int] | int = 1,
    protocol: str = "wide",
    seeds: Sequence[int] | None = None,
) -> Results:
    """Return results of which every metric of a task is as given, (seeds, episodes) by entrant."""
    parts = []
    for name, box in values.items():
        for seed, row in zip(seeds or range(len(box)), box, strict=True):
            metrics = dict.fromkeys(METRICS, np.asarray(row, np.float64))
            parts.append(Results.of(name, seed, protocol, task, range(len(row)), seats, metrics))
    return Results.join(parts)
