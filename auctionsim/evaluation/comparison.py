"""How two bidders differ on the same seats and days."""

from __future__ import annotations

from collections.abc import Sequence

from auctionsim.evaluation.result import Evaluation, check_comparable
from auctionsim.statistics import Interval, paired_difference


def compare(
    a: Evaluation,
    b: Evaluation,
    metric: str = "expected_score",
    *,
    relative: bool = False,
    level: float = 0.95,
    resample: Sequence[str] | None = None,
) -> Interval:
    """Return by how much one bidder exceeds another, paired by seat and episode.

    Both met the same traffic, so that most of what days and seats do cancels: the interval of the
    difference is far shorter than those of the two results suggest.

    Args:
        a: The one.
        b: The other, evaluated with the same task, seats, episodes and seed.
        metric: One of `METRICS`.
        relative: Whether to give 100 (a / b - 1), in percent, instead of a - b.
        level: Share of such intervals that hold the truth.
        resample: See `Evaluation.interval`.

    Raises:
        InvalidArgumentError: If tasks, markets, line-ups or seeds differ, or the trajectories do
            not pair.
    """
    check_comparable("b", a, b)
    one, two = a.sample(metric), b.sample(metric)
    return paired_difference(one, two, relative=relative, resample=resample, level=level)
