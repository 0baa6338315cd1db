"""Rewards of environments."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from auctionsim.envs.episode import Episode
from auctionsim.simulator import StepOutcome

Float64Array = NDArray[np.float64]


def rewards_of(kind: str, episode: Episode, outcome: StepOutcome) -> Float64Array:
    """Return the step's reward of each outside seat, (seats,).

    Args:
        kind: "value" or "expected_value", of the step's conversions; "score_strict" or
            "score_paper", of the whole episode, given at its end.
        episode: The episode, after the step.
        outcome: What the step brought.
    """
    if kind == "value":
        return episode.mine(outcome.value)
    if kind == "expected_value":
        return episode.mine(outcome.expected_value)
    if not episode.is_over():
        return np.zeros(len(episode.seats))
    totals = episode.totals()
    return totals.score_strict if kind == "score_strict" else totals.score_paper()
