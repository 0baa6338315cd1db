"""Plays one run of a study and keeps what it found."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.fixed import FixedMultiplier
from agents.online_lp import OnlineLp
from auctionsim import SEMANTICS
from auctionsim.bench.machine import describe_machine
from auctionsim.dataset import Dataset
from auctionsim.dataset.card import package_versions
from auctionsim.dataset.files import write_json
from auctionsim.errors import AuctionSimError
from auctionsim.evaluation import PROTOCOLS, Evaluation
from auctionsim.plain_values import plain
from auctionsim.registry import AnyBidder
from vao.arena import Arena
from vao.experiment import Experiment, fit
from vao.history import read_history, write_history
from vao.reproduce.results import METRICS, Results
from vao.reproduce.run import Run

__all__ = ["finished", "made", "open_experiment", "play"]

Notes = dict[str, Any]


def finished(run: Run, folder: Path) -> bool:
    """Return whether a run's results lie whole in a folder, made with the same settings.

    What is damaged counts as not played, so that the same command mends it.
    """
    try:
        notes = json.loads((folder / f"{run.label}.json").read_text(encoding="utf-8"))
        results = Results.read(folder / f"{run.label}.parquet")
        history = [] if run.config is None else read_history(folder / f"{run.label}.jsonl")
    except (OSError, ValueError, AuctionSimError):
        return False
    whole = isinstance(notes, dict) and notes.get("fingerprint") == run.fingerprint
    whole = whole and _has_notes(notes) and (run.config is None) == (not history)
    return whole and {*results.row} == {run.row} and {*results.seed} == {run.seed}


def _has_notes(notes: Mapping[str, Any]) -> bool:
    of_run, seconds, by = (notes.get(name) for name in ("run", "seconds", "made"))
    return (
        isinstance(of_run, Mapping)
        and "config" in of_run
        and isinstance(seconds, int | float)
        and not isinstance(seconds, bool)
        and (by is None or (isinstance(by, Mapping) and "finished" in by))
    )


def play(run: Run, experiment: Experiment, folder: Path) -> None:
    """Play a run and write `LABEL.parquet`, `LABEL.jsonl` if it trained, and last `LABEL.json`.

    Args:
        run: What to play.
        experiment: Its dataset and arena.
        folder: Where files go.
    """
    began = time.perf_counter()
    folder.mkdir(parents=True, exist_ok=True)
    if run.config is None:
        results, notes = _reference(run, experiment)
    else:
        results, notes = _trained(run, experiment, folder)
    # Notes on other settings must not vouch for these results, if this is cut short in between.
    (folder / f"{run.label}.json").unlink(missing_ok=True)
    results.write(folder / f"{run.label}.parquet")
    seconds = {"seconds": time.perf_counter() - began}
    told = {"fingerprint": run.fingerprint, "run": asdict(run), **notes, **seconds, "made": made()}
    write_json(folder / f"{run.label}.json", plain(told))


def made() -> Notes:
    """Return what plays here: versions, machine and time."""
    return {
        "finished": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "semantics": SEMANTICS,
        "versions": package_versions() | {name: _version(name) for name in ("torch", "torchjd")},
        "machine": describe_machine(),
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _trained(run: Run, experiment: Experiment, folder: Path) -> tuple[Results, Notes]:
    assert run.config is not None
    dataset, arena = experiment.dataset, experiment.arena
    began = time.perf_counter()
    vary = partial(run.variant, seed=run.seed)
    policy, history, trials = fit(dataset, run.config, arena, vary=vary, progress=False)
    trained = time.perf_counter() - began
    write_history(history, folder / f"{run.label}.jsonl")
    notes: Notes = {
        "training_seconds": trained,
        "requests": {task: asdict(request) for task, request in policy.requests.items()},
        "trials": len(trials),
        "selected": [entry for entry in history if entry["kind"] == "select"],
    }
    return _tested(run, arena, policy), notes


def _tested(run: Run, arena: Arena, bidder: AnyBidder) -> Results:
    """Play a bidder on all protocols' seats of the test episodes; see `Run.respond`."""
    protocols = ("paper",) if run.respond else PROTOCOLS
    seats = [(t, p) for p in protocols for t in replace(arena, protocol=p).tasks]
    played = (replace(arena, frozen=False) if run.respond else arena).contest(
        bidder, seats, arena.testing
    )
    return Results.join(
        _lines(run, protocol, found) for (_, protocol), found in zip(seats, played, strict=True)
    )


def _lines(run: Run, protocol: str, found: Evaluation) -> Results:
    numbers = {name: np.asarray(found.sample(name).numerator) for name in METRICS}
    return _means(run, protocol, found.task, found.trajectories.episode, numbers)


def _means(
    run: Run,
    protocol: str,
    task: str,
    episode: NDArray[np.int32],
    numbers: dict[str, NDArray[np.float64]],
) -> Results:
    """Means over the seats of each episode, of one number a trajectory."""
    episodes, place, seats = np.unique(episode, return_inverse=True, return_counts=True)
    means = {name: np.bincount(place, column) / seats for name, column in numbers.items()}
    return Results.of(run.row, run.seed, protocol, task, episodes, seats, means)


def _reference(run: Run, experiment: Experiment) -> tuple[Results, Notes]:
    """Play one that learns nothing."""
    arena = experiment.arena
    if run.row == "behaviour":
        own = experiment.behaviour().values()
        return Results.join(_lines(run, "paper", found) for found in own), {}
    if run.row == "online-lp":
        bidder = OnlineLp(margin=1.0, factor=1.0, noise=0.0, lineup=arena.lineup)
        bidder.prepare(arena.market)
        return _tested(run, arena, bidder), {}
    if run.row == "constant":
        factors = arena.best_factors()
        parts = []
        for task, factor in factors.items():
            tested = _tested(run, arena, FixedMultiplier(factor))
            parts.append(tested.where(task=task))
        return Results.join(parts), {"factors": factors}
    return Results.join(_bounds(run, arena)), {}


def _bounds(run: Run, arena: Arena) -> Iterable[Results]:
    """What was possible in hindsight, as expected Scores; all else 0."""
    seats = [(t, p) for p in PROTOCOLS for t in replace(arena, protocol=p).tasks]
    played = arena.contest(FixedMultiplier(1.0), seats, arena.testing, bounds=True)
    for (task, protocol), found in zip(seats, played, strict=True):
        assert found.bounds is not None
        best = run.row == "optimum"
        score = found.bounds.optimum if best else found.bounds.constant_score
        numbers = {name: np.zeros(len(score)) for name in METRICS} | {"expected_score": score}
        yield _means(run, protocol, task, found.trajectories.episode, numbers)


def open_experiment(folder: Path) -> Experiment:
    """Open a study's dataset and the arena it comes from."""
    dataset = Dataset.open(folder)
    return Experiment(dataset, Arena.of(dataset))
