"""Times of things to compare, taken in turns, so that a machine's noise hits all alike."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Run:
    """One timed run.

    Attributes:
        seconds: How long it took.
        result: What came of it; equal for equal work.
        stages: Seconds by stage, as far as they were told apart.
    """

    seconds: float
    result: float
    stages: Mapping[str, float]


@dataclass(frozen=True)
class Patience:
    """How often something is run.

    Attributes:
        seconds: It is run again until so much time was spent on it,
        least: but so often at least,
        most: and so often at most.
    """

    seconds: float = 1.0
    least: int = 2
    most: int = 50

    def ends(self, runs: list[Run]) -> bool:
        """Return whether these runs are enough."""
        spent = sum(run.seconds for run in runs)
        return len(runs) >= self.most or (len(runs) >= self.least and spent >= self.seconds)


def take_turns(
    variants: Mapping[Key, Callable[[], Run]],
    patience: Patience,
    on_finished: Callable[[], object] = lambda: None,
) -> dict[Key, list[Run]]:
    """Run variants round by round: each once a round, until it was run often enough.

    Args:
        variants: What to run; already warm.
        patience: How often.
        on_finished: Called when a variant is through.

    Returns:
        All runs of each variant, in order.
    """
    runs: dict[Key, list[Run]] = {key: [] for key in variants}
    waiting = list(variants)
    while waiting:
        for key in tuple(waiting):
            runs[key].append(variants[key]())
            if patience.ends(runs[key]):
                waiting.remove(key)
                on_finished()
    return runs


def fastest(runs: list[Run]) -> Run:
    """Return the run that noise disturbed least."""
    return min(runs, key=lambda run: run.seconds)


def median_seconds(runs: list[Run]) -> float:
    """Return the median time of some runs."""
    return statistics.median(run.seconds for run in runs)
