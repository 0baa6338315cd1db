"""What to ask a trained planner for, chosen by roll-outs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from tqdm import tqdm

from auctionsim.errors import invalid_argument
from vao.policy import PlannerBidder
from vao.request import Request
from vao.training import Score, checked_scores

__all__ = ["QUANTILES", "RATIOS", "Trial", "choose_requests"]

QUANTILES: tuple[float, ...] = (0.5, 0.9)
RATIOS: tuple[float, ...] = (0.75, 0.9, 1.0)
"""The grid of requests that is tried unless told otherwise (see `Request`)."""


@dataclass(frozen=True)
class Trial:
    """One request, put to all tasks, and the scores by task name it earned."""

    request: Request
    scores: dict[str, float]


def choose_requests(
    policy: PlannerBidder,
    score: Score,
    quantiles: Sequence[float] = QUANTILES,
    ratios: Sequence[float] = RATIOS,
    *,
    progress: bool = False,
) -> tuple[PlannerBidder, list[Trial]]:
    """Choose each task's request on a grid, by its Score in roll-outs.

    A trial puts one request to all tasks at once, so the grid costs as many scorings as it has
    points. Of equals the first is taken.

    Args:
        policy: A trained policy.
        score: Plays a policy on the selection set; see `vao.training.Score`.
        quantiles: Returns to ask for (see `Request`).
        ratios: CPA and ROAS ratios to ask for.
        progress: Whether to show a progress bar.

    Returns:
        The policy asking for the best, and all trials.

    Raises:
        InvalidArgumentError: If the grid is empty, or a Score is missing or not finite.
    """
    grid = [Request(quantile, ratio) for quantile, ratio in product(quantiles, ratios)]
    if not grid:
        raise invalid_argument("quantiles", "must hold a number", quantiles, "Try (0.75,).")
    trials = []
    for request in tqdm(grid, desc="choosing requests", leave=False, disable=not progress):
        candidate = policy.asking(dict.fromkeys(policy.tasks, request))
        trials.append(Trial(request, checked_scores(score(candidate), policy.tasks)))
    best = {task: max(trials, key=lambda t: t.scores[task]).request for task in policy.tasks}
    return policy.asking(best), trials
