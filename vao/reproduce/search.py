"""The search for hyper-parameters: equally many trials, judged on the selection episodes."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import yaml

from auctionsim.dataset.files import write_json, write_whole
from auctionsim.errors import invalid_data
from auctionsim.plain_values import plain
from vao.config import TrainingConfig
from vao.experiment import Experiment
from vao.reproduce.plan import Chosen, Study
from vao.reproduce.run import Run
from vao.reproduce.runner import Task, experiment_of
from vao.reproduce.variants import DataVariant
from vao.sharing import TRAINING_COLUMNS
from vao.training import train
from vao.weighting import DivergedError

__all__ = [
    "best_common",
    "best_of_each",
    "common_runs",
    "played",
    "search_runs",
    "search_task",
    "searched",
    "write_chosen",
]


def common_runs(study: Study, scale: str) -> list[Run]:
    """Return the first round: what is tried for all entrants, by those that choose."""
    return [
        _run(study, scale, name, place, trial)
        for place, trial in enumerate(study.common.trials)
        for name in study.common.entrants
    ]


def search_runs(study: Study, scale: str) -> list[Run]:
    """Return the second round: each trial of each entrant that has any."""
    return [
        _run(study, scale, name, place, trial)
        for name, entrant in study.entrants.items()
        for place, trial in enumerate(entrant.trials)
    ]


def _run(study: Study, scale: str, name: str, place: int, trial: Mapping[str, Any]) -> Run:
    config = study.entrant(name).config(study.base(scale), trial)
    config = replace(config, seed=study.search_seed)
    changed = ", ".join(sorted(trial))
    row = f"{name} # {place} {changed}"
    return Run(row, study.search_seed, study.scale(scale).dataset, DataVariant(), config)


def search_task(task: Task) -> None:
    """Train a trial and write down its best Score on the selection episodes, `LABEL.json`.

    A trial is judged by the mean over tasks of the best checkpoint's Score (strict, of expected
    values), each task's at the request of its training config. One that diverges has no Score.
    """
    run = task.run
    experiment = experiment_of(task.data)
    told: dict[str, Any] = {"fingerprint": run.fingerprint, "config": asdict(_config(run))}
    try:
        scores = _scores_of(run, experiment)
        told |= {"scores": scores, "score": sum(scores.values()) / len(scores)}
    except DivergedError as error:
        told |= {"scores": {}, "score": None, "diverged": str(error)}
    task.folder.mkdir(parents=True, exist_ok=True)
    write_json(task.folder / f"{run.label}.json", plain(told))


def _scores_of(run: Run, experiment: Experiment) -> dict[str, float]:
    """Train a trial; returns its Scores on the selection episodes by task."""
    dataset, config = experiment.dataset, _config(run)
    held_out = config.wants_validation
    trained = train(
        dataset.load("train", TRAINING_COLUMNS),
        config,
        validation=dataset.load("val_align", TRAINING_COLUMNS) if held_out else None,
        features=dataset.card.features,
        select=experiment.arena.select,
        progress=False,
    )
    return experiment.arena.select(trained.policy)


def _config(run: Run) -> TrainingConfig:
    assert run.config is not None
    return run.config


def searched(run: Run, folder: Path) -> float | None:
    """Return the Score of a trial that was played with the same settings; None if none was.

    It is -inf if the trial diverged. What is damaged counts as not played.
    """
    try:
        found = json.loads((folder / f"{run.label}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(found, Mapping) or found.get("fingerprint") != run.fingerprint:
        return None
    score = found.get("score")
    if score is None:
        return -math.inf if "diverged" in found else None
    kept = isinstance(score, int | float) and not isinstance(score, bool) and math.isfinite(score)
    return float(score) if kept else None


def played(run: Run, folder: Path) -> bool:
    """Return whether a trial was played with the same settings."""
    return searched(run, folder) is not None


def best_common(study: Study, scale: str, folder: Path) -> dict[str, Any]:
    """Return the first round's best trial, by the mean over those that choose.

    Raises:
        InvalidDataError: If a trial was not played, or all diverged.
    """
    scores = _scores(common_runs(study, scale), folder)
    if not scores:
        return {}
    each = len(study.common.entrants)
    means = [sum(scores[i : i + each]) for i in range(0, len(scores), each)]
    return dict(study.common.trials[_best(means, "all entrants")])


def best_of_each(study: Study, scale: str, folder: Path) -> dict[str, dict[str, Any]]:
    """Return the second round's best trial of each entrant, of equals the first.

    Raises:
        InvalidDataError: If a trial was not played, or all diverged.
    """
    left = _scores(search_runs(study, scale), folder)
    chosen: dict[str, dict[str, Any]] = {}
    for name, entrant in study.entrants.items():
        own, left = left[: len(entrant.trials)], left[len(entrant.trials) :]
        if own:
            chosen[name] = dict(entrant.trials[_best(own, name)])
    return chosen


def write_chosen(path: Path, chosen: Chosen, runs: Sequence[Run], folder: Path) -> None:
    """Write what was chosen as YAML, the Score of every trial in a comment above it."""
    lines = ["# Chosen by `vao reproduce search`; mean Score over tasks of each trial:"]
    for run, score in zip(runs, _scores(runs, folder), strict=True):
        config = _config(run)
        told = {"learning_rate": config.learning_rate, "share_above": config.share_above}
        told |= {f"its {name}": value for name, value in config.weighting.items()}
        words = ", ".join(f"{name} {value}" for name, value in told.items() if value is not None)
        found = f"{score:.3f}" if math.isfinite(score) else "diverged"
        lines.append(f"#   {run.row.partition(' # ')[0]}: {words}: {found}")
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "\n".join(lines) + "\n" + yaml.safe_dump(asdict(chosen), sort_keys=False)
    write_whole(path, lambda file: file.write(text.encode()))


def _best(scores: Sequence[float], of: str) -> int:
    """Return the place of the best Score, of equals the first."""
    if max(scores) == -math.inf:
        rule, mend = "must have one that does not diverge", "Try lower learning rates."
        raise invalid_data(f"trials of {of}", rule, f"{len(scores)} that did", mend)
    return scores.index(max(scores))


def _scores(runs: Sequence[Run], folder: Path) -> list[float]:
    found = []
    for run in runs:
        score = searched(run, folder)
        if score is None:
            mend = "Run the search again: it goes on where it stopped."
            raise invalid_data(str(folder), "must hold every trial", f"no {run.label}", mend)
        found.append(score)
    return found
