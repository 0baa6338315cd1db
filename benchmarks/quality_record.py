"""Sums the results of the study of planners up: means, intervals, differences, shares of bounds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auctionsim.statistics import Interval, Sample, interval, paired_difference
from auctionsim.tasks import TASKS
from benchmarks.quality_play import CONSTANT, DATA, RULES, label_of

Columns = Mapping[str, NDArray[Any]]


_BY_LABEL = {label_of(name): name for name in RULES}


@dataclass(frozen=True)
class Played:
    """An entrant's results from all its seeds.

    Attributes:
        name: The entrant's.
        columns: Results by trajectory (see `quality_play.columns_of`), by seed.
        notes: What was noted beside them, by seed.
    """

    name: str
    columns: dict[int, Columns]
    notes: dict[int, dict[str, Any]]

    def sample(self, task: str, metric: str, seeds: Sequence[int] | None = None) -> Sample:
        """Results by trajectory, labelled; repeated for each seed where there is only one."""
        own = list(self.columns)
        used = own if seeds is None else list(seeds)
        parts = [self.columns[seed if seed in own else own[0]] for seed in used]
        labels = [np.full(len(p[f"{task}/episode"]), s) for p, s in zip(parts, used, strict=True)]
        factors = {
            "seed": np.concatenate(labels),
            "episode": np.concatenate([p[f"{task}/episode"] for p in parts]),
            "seat": np.concatenate([p[f"{task}/seat"] for p in parts]),
        }
        if len(used) == 1:
            del factors["seed"]
        return Sample(np.concatenate([p[f"{task}/{metric}"] for p in parts]), factors)


def read(folder: Path) -> dict[str, Played]:
    """Read all that was played."""
    found: dict[str, Played] = {}
    for path in sorted(folder.glob("*.json")):
        label, _, seed = path.stem.rpartition("-")
        name = _BY_LABEL.get(label, label)
        played = found.setdefault(name, Played(name, {}, {}))
        with np.load(path.with_suffix(".npz"), allow_pickle=False) as file:
            played.columns[int(seed)] = {key: file[key] for key in file.files}
        played.notes[int(seed)] = json.loads(path.read_text(encoding="utf-8"))
    return found


def record(folder: Path) -> dict[str, Any]:
    """Return the study's record in plain values."""
    played = read(folder)
    rows = [_row(entrant, task, played) for entrant in played.values() for task in _tasks(entrant)]
    return {
        "rows": rows,
        "bounds": {task: _bounds(played[CONSTANT], task) for task in _tasks(played[CONSTANT])},
        "entrants": {name: _entrant(of) for name, of in played.items()},
    }


def _tasks(entrant: Played) -> list[str]:
    first = next(iter(entrant.columns.values()))
    return [task for task in TASKS if f"{task}/episode" in first]


def _row(entrant: Played, task: str, played: Mapping[str, Played]) -> dict[str, Any]:
    score = entrant.sample(task, "expected_score")
    optimum = played[CONSTANT].columns[0][f"{task}/optimum"].mean()
    row: dict[str, Any] = {
        "entrant": entrant.name,
        "task": task,
        "seeds": len(entrant.columns),
        "episodes": len(np.unique(np.asarray(score.factors["episode"]))),
        "trajectories": len(np.asarray(score.numerator)),
        "share_of_optimum": float(np.mean(np.asarray(score.numerator)) / optimum),
    }
    for metric in ("expected_score", "expected_value"):
        sample = entrant.sample(task, metric)
        row[metric] = _plain(interval(sample.numerator, sample.factors))
    for name, other in (("over_data", DATA), ("over_constant", CONSTANT)):
        if entrant.name != other:
            against = played[other].sample(task, "expected_score", list(entrant.columns))
            row[name] = _plain(paired_difference(score, against, relative=True))
    return row


def _bounds(constant: Played, task: str) -> dict[str, float]:
    columns = constant.columns[0]
    return {name: float(columns[f"{task}/{name}"].mean()) for name in ("constant_score", "optimum")}


def _entrant(played: Played) -> dict[str, Any]:
    """What was chosen, how long it took, and how it swings, by seed."""
    kept = ("requests", "factors", "training_seconds", "swing", "trials")
    notes = {seed: {k: of[k] for k in kept if k in of} for seed, of in played.notes.items()}
    first = next(iter(played.notes.values()))
    return {"seeds": notes, "config": first.get("config"), "foresight": first.get("foresight")}


def _plain(found: Interval) -> list[float]:
    return [round(float(x), 4) for x in (found.estimate, found.low, found.high)]
