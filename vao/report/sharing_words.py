"""What the figures on weights show and how to read them, in words."""

from __future__ import annotations

import statistics
from collections.abc import Mapping

from auctionsim.report.words import task_name

__all__ = [
    "ALIGNMENTS",
    "ALIGNMENTS_READ",
    "BALANCE",
    "BALANCE_READ",
    "CONFLICTS",
    "CONFLICTS_READ",
    "MANY",
    "NOISE_READ",
    "NOISE_READ_MANY",
    "WEIGHTS",
    "WEIGHTS_READ",
    "WEIGHTS_READ_MANY",
    "averaged_in_words",
    "noise_in_words",
]

_EFFECTIVE = (
    "Effective sources are exp of the weights' entropy: the number of sources if all count alike, "
    "1 if one source has all the weight."
)
WEIGHTS = (
    "How much each source task's data counted while a target task was trained, and how many "
    "sources that amounts to."
)
WEIGHTS_READ = (
    "How to read it: the thin line in the upper figures is an equal share, in the lower ones the "
    f"number of sources. {_EFFECTIVE} Weights that swing from one renewal to the next follow the "
    "noise of the alignments."
)
WEIGHTS_READ_MANY = (
    "How to read it: a deep column is a source that helps many targets, a deep diagonal says that "
    f"targets keep to their own data. {_EFFECTIVE}"
)
ALIGNMENTS = (
    "How far each source's gradient points the way of the target's gradient on held-out data: what "
    "the weights are made of."
)
ALIGNMENTS_READ = "How to read it: above 0 a source helps the target, below 0 it works against it."
NOISE_READ = (
    "Each band is the noise of what the weights are made of: one standard deviation to either "
    "side, less what all sources of a target have in common, which changes no weight. Where the "
    "bands are wider than the lines are apart, the weights are mostly noise."
)
NOISE_READ_MANY = (
    "Measured differences between sources hold the noise of a measurement: where the two lines of "
    "the last figure meet, the weights are mostly noise, unless they are smoothed over many "
    "measurements."
)
CONFLICTS = "The cosine between a target's own gradient and that of each other target."
CONFLICTS_READ = (
    "How to read it: below 0 two targets pull the model apart, so that what helps one harms the "
    "other; near 1 they ask for the same; near 0 they have little to do with each other."
)
BALANCE = "How much each target task counted against the others, for methods that weigh those."
BALANCE_READ = (
    "How to read it: the weights are 1 on average, the thin line. A target above it was given more "
    "say, by most rules because it learned more slowly."
)
MANY = (
    "With so many tasks, the shades show every pair, averaged over the last tenth of the records "
    "(blank is near 0 or not measured; every few rows and columns are named). The lines are "
    "medians, with a band from the 10th to the 90th percentile."
)

_LISTED = 8


def averaged_in_words(averaged: int, running: int = 1, *, swings: bool = False) -> str:
    """Say what a point of a line is, where it is not a single renewal of the weights.

    Args:
        averaged: Most renewals in a point.
        running: Most renewals in a point of a running mean; 1 where there is none.
        swings: Whether bands show how those differ.
    """
    if averaged == running == 1:
        return ""
    swings = swings and averaged > 1  # else the pale lines show them
    bands = "; the bands are one standard deviation of those to either side" if swings else ""
    if running == 1:
        return f"Each point is the mean of up to {averaged} neighbouring renewals{bands}."
    points = "single renewals" if averaged == 1 else f"means of up to {averaged} renewals"
    bold = f"Bold lines are running means over up to {running} renewals of the weights{bands}"
    return f"{bold}. The pale lines behind them are {points}."


def noise_in_words(shares: Mapping[str, float]) -> tuple[str, ...]:
    """Say how much of the differences between sources is noise.

    Args:
        shares: See `Sharing.noise_shares`.
    """
    if not shares:
        return ()
    told = "In the second half of training, the variance from one measurement to the next was this "
    told += "share of the variance between sources within a measurement: "
    if len(shares) <= _LISTED:
        parts = (f"{task_name(task)} {share:.0%}" for task, share in shares.items())
        told += ", ".join(parts).replace("%", " %")
    else:
        low, middle, high = (
            min(shares.values()),
            statistics.median(shares.values()),
            max(shares.values()),
        )
        told += f"median {middle:.0%} over {len(shares)} targets ({low:.0%} to {high:.0%})".replace(
            "%", " %"
        )
    return (
        f"{told}. Near 100 % or above it, the sources cannot be told apart by one measurement.",
    )
