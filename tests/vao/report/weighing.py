"""A made-up history of how a run weighed its data; nothing here was measured."""

from __future__ import annotations

from typing import Any

import numpy as np

MEMORY = 0.8


def history(
    tasks: tuple[str, ...],
    times: int,
    *,
    every: int = 5,
    stages: tuple[str, ...] = ("policy",),
    noise: float = 0.1,
    seed: int = 0,
) -> list[dict[str, Any]]:
    """Return records of weights that follow alignments, measured with noise, and of a balance."""
    rng = np.random.default_rng(seed)
    count = len(tasks)
    truth = 0.5 * np.eye(count) + rng.normal(0.15, 0.12, (count, count))
    records: list[dict[str, Any]] = []
    for stage in stages:
        mean, known = truth.copy(), None
        for time in range(times):
            truth = truth + rng.normal(0, 0.004, truth.shape)
            measured = truth + rng.normal(0, noise, truth.shape)
            mean = MEMORY * mean + (1 - MEMORY) * measured
            place = {"stage": stage, "step": every * time, "tasks": list(tasks)}
            entry = {"kind": "weights", **place, "sources": list(tasks)}
            entry |= {"alignment": measured.tolist(), "weights": _softmax(mean / 0.15).tolist()}
            if known is not None:
                entry["noise"] = known.tolist()
            both = np.tanh(measured - 0.25)
            cosines = np.where(np.eye(count) == 1, 1.0, (both + both.T) / 2)
            records.append(entry | {"conflicts": cosines.tolist()})
            balance = count * _softmax(np.cumsum(rng.normal(0, 0.05, count)) * np.sqrt(time))
            records.append({"kind": "balance", **place, "balance": balance.tolist()})
            known = np.full((count, count), noise) * rng.uniform(0.9, 1.1, (count, count))
    return records


def _softmax(scores: np.ndarray[Any, np.dtype[np.float64]]) -> Any:
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)
