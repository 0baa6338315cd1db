"""What to ask a trained planner for, chosen by roll-outs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

from tqdm import tqdm

from auctionsim.errors import invalid_argument, unknown_name
from vao.policy import PlannerBidder
from vao.request import Request
from vao.training.loop import Score, checked_scores

__all__ = ["SEARCH", "START", "Search", "Trial", "choose_requests"]

Search = Sequence[tuple[str, Sequence[float]]]
"""Parts of a `Request` in the order in which they are chosen, and the values tried for each."""

START = Request(quantile=0.9, ratio=0.9)
"""What all tasks are asked for at first."""

SEARCH: Search = (
    ("quantile", (0.5, 0.75, 0.9, 1.0)),
    ("ratio", (0.75, 0.85, 0.9, 1.0)),
    ("adapt", (0.0, 0.5, 1.0, 2.0)),
    ("factor", (0.9, 1.0, 1.05, 1.2)),
)
"""The search made unless told otherwise: 13 trials, the same for every planner."""


@dataclass(frozen=True)
class Trial:
    """What each task was asked for, and the score it earned, both by task name."""

    requests: dict[str, Request]
    scores: dict[str, float]


def choose_requests(
    policy: PlannerBidder,
    score: Score,
    search: Search = SEARCH,
    start: Request = START,
    *,
    progress: bool = False,
) -> tuple[PlannerBidder, list[Trial]]:
    """Choose each task's request part by part, by its Score in roll-outs.

    From `start` on, one part of the request is varied at a time and left at its best, of equals at
    the first tried. All tasks are tried at once, each with its own best so far, so a search costs
    as many scorings as it has values, less those that were tried before; it is the same number for
    every policy.

    Args:
        policy: A trained policy.
        score: Plays a policy on the selection set; see `vao.training.Score`.
        search: What to vary, in order.
        start: Where to begin.
        progress: Whether to show a progress bar.

    Returns:
        The policy asking for the best, and all trials.

    Raises:
        InvalidArgumentError: If the search names no part of a request or no value for one, a value
            is not allowed, or a Score is missing or not finite.
    """
    _check(search)
    best = dict.fromkeys(policy.tasks, start)
    trials: list[Trial] = []
    total = 1 + sum(value != getattr(start, part) for part, values in search for value in values)
    with tqdm(total=total, desc="choosing requests", leave=False, disable=not progress) as bar:

        def attempt(requests: Mapping[str, Request]) -> dict[str, float]:
            scores = checked_scores(score(policy.asking(requests)), policy.tasks)
            trials.append(Trial(dict(requests), scores))
            bar.update()
            return scores

        scores = dict(attempt(best))
        for part, values in search:
            held = dict(best)
            for value in values:
                if value == getattr(start, part):
                    continue
                tried = {t: replace(r, **{part: value}) for t, r in held.items()}
                for task, found in attempt(tried).items():
                    if found > scores[task]:
                        best[task], scores[task] = tried[task], found
    return policy.asking(best), trials


def _check(search: Search) -> None:
    parts = [field.name for field in fields(Request)]
    for part, values in search:
        if part not in parts:
            raise unknown_name("search", part, parts)
        if not values:
            raise invalid_argument("search", "must name values to try", part, "Leave it out.")
