"""Plays one entrant of the study of planners: trains it if it learns, and keeps its results."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.online_lp import OnlineLp
from auctionsim.dataset import Dataset
from auctionsim.dataset.files import write_json, write_whole
from auctionsim.evaluation import Evaluation
from auctionsim.plain_values import plain
from auctionsim.tasks import TASKS
from vao.arena import Arena, TaskResults
from vao.config import TrainingConfig
from vao.diagnostics import foresight, swing
from vao.experiment import Experiment, fit
from vao.sharing import TRAINING_COLUMNS

METRICS = ("expected_score", "expected_value", "score_strict", "value", "utilisation")
DATA, CONSTANT, LP, UNTRAINED = "behaviour data", "best constant", "online LP", "untrained"
RULES = (DATA, CONSTANT, LP)

Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Entrant:
    """Who plays.

    Attributes:
        name: A baseline's name, or a planner's.
        seed: Seed of its training; 0 for what does not learn.
    """

    name: str
    seed: int = 0

    @property
    def label(self) -> str:
        """What its files are called."""
        return f"{label_of(self.name)}-{self.seed}"


def label_of(name: str) -> str:
    """Return a name as files have it."""
    return name.replace(" ", "_").replace(":", ".")


def play(entrant: Entrant, dataset: Dataset, config: TrainingConfig, folder: Path) -> None:
    """Train, choose, test and write: `LABEL.npz` with results by trajectory, and `LABEL.json`.

    Args:
        entrant: Who plays; what was played before is left alone.
        dataset: Simulated; its `train` split is trained on, `val_select` chosen on, `test` tested
            on.
        config: How planners are trained; planner and seed are the entrant's.
        folder: Where files go.
    """
    if (folder / f"{entrant.label}.json").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    experiment = Experiment(dataset, Arena.of(dataset))
    began = time.perf_counter()
    if entrant.name in RULES:
        results, notes = _by_rule(entrant.name, experiment)
    else:
        results, notes = _by_planner(entrant, experiment, config)
    notes["seconds"] = time.perf_counter() - began
    notes["metrics"] = {task: result.metrics for task, result in results.items()}
    columns = {
        f"{task}/{name}": c for task, r in results.items() for name, c in columns_of(r).items()
    }
    write_whole(
        folder / f"{entrant.label}.npz",
        lambda file: np.savez_compressed(file, allow_pickle=False, **columns),
    )
    write_json(folder / f"{entrant.label}.json", plain(notes))


def columns_of(result: Evaluation) -> Columns:
    """Return one number a trajectory of each metric, with its labels, and bounds if there are."""
    samples = {name: result.sample(name) for name in METRICS}
    found: Columns = {name: np.asarray(s.numerator) for name, s in samples.items()}
    found["budget"] = result.trajectories.budget
    found |= {"episode": result.trajectories.episode, "seat": result.trajectories.advertiser}
    if result.bounds is not None:
        found |= asdict(result.bounds)
    return found


def _by_rule(name: str, experiment: Experiment) -> tuple[TaskResults, dict[str, Any]]:
    arena = experiment.arena
    if name == DATA:
        return experiment.behaviour(), {}
    if name == LP:
        bidder = OnlineLp(margin=1.0, factor=1.0, noise=0.0, lineup=arena.lineup)
        bidder.prepare(arena.market)
        return {t: arena.play(bidder, t, arena.testing, bounds=False) for t in arena.tasks}, {}
    results, factors = arena.best_constant(progress=False)
    return results, {"factors": factors}


def _by_planner(
    entrant: Entrant, experiment: Experiment, config: TrainingConfig
) -> tuple[TaskResults, dict[str, Any]]:
    arena, dataset = experiment.arena, experiment.dataset
    if entrant.name == UNTRAINED:
        own = replace(config, planner="aigb", settings={}, seed=entrant.seed, steps=0)
    else:
        settings = config.settings if entrant.name == config.planner else {}
        own = replace(config, planner=entrant.name, settings=settings, seed=entrant.seed)
    began = time.perf_counter()
    policy, history, trials = fit(dataset, own, arena, progress=False)
    trained = time.perf_counter() - began
    results = {t: arena.play(policy, t, arena.testing, bounds=False) for t in arena.tasks}
    held_out = dataset.load("val_select", TRAINING_COLUMNS)
    notes = {
        "config": asdict(own),
        "training_seconds": trained,
        "requests": {task: asdict(request) for task, request in policy.requests.items()},
        "trials": len(trials),
        "selected": [entry for entry in history if entry["kind"] == "select"],
        "foresight": {
            TASKS[model.tasks[0]]: asdict(foresight(model, held_out, dataset.card.features))
            for model in policy.models
        },
        "swing": {task: swing(result.trajectories) for task, result in results.items()},
    }
    return results, notes
