"""Area under the ROC curve for rows that come in groups: itself, its null, its interval."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["GroupedRanks", "block_wins", "bootstrap_auc", "shuffled_within"]

FloatArray = NDArray[np.float64]


class GroupedRanks:
    """Ranks of all rows' scores, summed by unit, so that relabelling units costs little.

    Args:
        scores: (rows,) higher speaks for the label.
        unit: (rows,) index of the unit a row belongs to.
        units: How many units there are.
    """

    def __init__(self, scores: FloatArray, unit: NDArray[np.int64], units: int) -> None:
        from scipy.stats import rankdata

        self._rank_sum = np.bincount(unit, rankdata(scores), minlength=units)
        self._rows = np.bincount(unit, minlength=units).astype(np.float64)

    def auc(self, labels: NDArray[np.bool_]) -> FloatArray:
        """Return the probability that a labelled row outranks another, ties counting half.

        Args:
            labels: (..., units).

        Returns:
            (...) the area; nan where all rows or none are labelled.
        """
        positive = labels @ self._rows
        negative = self._rows.sum() - positive
        wins = labels @ self._rank_sum - positive * (positive + 1) / 2
        with np.errstate(divide="ignore", invalid="ignore"):
            result: FloatArray = wins / (positive * negative)
        return result


def shuffled_within(
    labels: NDArray[np.bool_],
    block: NDArray[np.int64],
    times: int,
    rng: np.random.Generator,
) -> NDArray[np.bool_]:
    """Return labels shuffled among the units of each block, shape (times, units)."""
    home = np.argsort(block, kind="stable")
    keys = block[None, :] + rng.random((times, len(block)))
    result = np.empty((times, len(block)), np.bool_)
    # Sorting by block and a random key permutes within blocks, which stay where they are.
    result[:, home] = labels[np.argsort(keys, axis=1, kind="stable")]
    return result


def block_wins(
    scores: FloatArray, positive: NDArray[np.bool_], block: NDArray[np.int64], blocks: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Count how often a positive row of one block outranks a negative one of another.

    Args:
        scores: (rows,).
        positive: (rows,) their labels.
        block: (rows,) index of their block.
        blocks: How many blocks there are.

    Returns:
        Wins (blocks, blocks), ties counting half; positive rows (blocks,); negative ones (blocks,).
    """
    up = np.bincount(block[positive], minlength=blocks).astype(np.float64)
    down = np.bincount(block[~positive], minlength=blocks).astype(np.float64)
    wins = np.zeros((blocks, blocks))
    for index in np.flatnonzero(down):
        rivals = np.sort(scores[~positive & (block == index)])
        below = np.searchsorted(rivals, scores[positive], side="left")
        upto = np.searchsorted(rivals, scores[positive], side="right")
        wins[:, index] = np.bincount(block[positive], (below + upto) / 2, minlength=blocks)
    return wins, up, down


def bootstrap_auc(
    scores: FloatArray,
    positive: NDArray[np.bool_],
    block: NDArray[np.int64],
    times: int,
    rng: np.random.Generator,
) -> FloatArray:
    """Return areas with the blocks drawn anew, with replacement; draws of one label are none."""
    names, index = np.unique(block, return_inverse=True)
    count = len(names)
    wins, up, down = block_wins(scores, positive, index, count)
    weights = rng.multinomial(count, np.full(count, 1 / count), times).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        areas = np.einsum("tb,bc,tc->t", weights, wins, weights, optimize=True)
        areas = areas / ((weights @ up) * (weights @ down))
    result: FloatArray = areas[np.isfinite(areas)]
    return result
