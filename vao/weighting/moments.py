"""Alignments of all pairs of target and source from the samples of a few."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from vao.weighting.source_gradients import SourceGradients

__all__ = ["Moments", "rank_one"]

_NAMES = "count", "slope", "square", "pairs", "product"
_ROUNDS = 20


class Moments:
    """Running sums, over the samples of each pair, of what alignments are made of.

    For the gradients g_j of the samples of source i for target k, and a direction d of target k:
    how many there were, sum <d, g_j>, sum |g_j|^2, and over the ordered pairs j != j' of one batch
    their number and sum <g_j, g_j'>. The last is |g_ik|^2 times their number on average, where the
    squared norm of a batch's mean gradient would be too large by its samples' noise.

    Before each new batch of a target, what is known of it fades, so that samples count the less
    the older they are. Estimates are ratios of these sums, with some samples' worth of a guess
    added to both: a pair seen seldom, or long ago, is taken to be like the others of its target.

    Args:
        fading: Share of the old that is left, in [0, 1).
        guess: How many samples the guess is worth, > 0.
    """

    def __init__(self, fading: float, guess: float) -> None:
        self._fading, self._guess = fading, guess
        self._sums: dict[str, Tensor] = {}

    def add(
        self, found: SourceGradients, direction: Tensor, target: int, shape: tuple[int, int]
    ) -> None:
        """Add a batch of a target.

        Args:
            found: The samples' gradients, by source.
            direction: (numbers in the parameters,) whatever slopes are wanted along.
            target: Which target.
            shape: (targets, sources).
        """
        if not self._sums:
            self._sums = {name: direction.new_zeros(shape) for name in _NAMES}
        counts = found.counts
        new = {
            "count": counts,
            "slope": found.gradients @ direction.to(found.gradients),
            "square": found.squares,
            "pairs": counts * (counts - 1.0),
            # Rounding alone makes anything else of a source with one sample.
            "product": torch.where(
                counts > 1.0, found.gradients.square().sum(dim=1) - found.squares, 0.0
            ),
        }
        for name, values in new.items():
            row = self._sums[name][target]
            row *= self._fading
            row.index_add_(0, found.sources, values.to(row))

    def slopes(self) -> Tensor:
        """Mean slope of each pair's samples along its target's direction, (targets, sources)."""
        return self._towards_targets(self._sums["slope"])

    def cosines(self, samples: int) -> Tensor:
        """Slopes over norms, (targets, sources); cosines, if the directions are unit vectors.

        The norms are those of mean gradients of so many samples of a source, noise included, as
        whoever takes the cosine with a batch's gradient finds them: a noisy source aligns less.

        Args:
            samples: Of such a batch, >= 1.
        """
        norms = self._squared_norms(samples).sqrt()
        cosines = torch.where(norms == 0.0, 0.0, self._sums["slope"] / norms)
        return self._towards_targets(cosines)

    def state(self) -> dict[str, Tensor]:
        """Return what is remembered, for `resume`; nothing before the first batch."""
        return {name: tensor.clone() for name, tensor in self._sums.items()}

    def resume(self, state: Mapping[str, Tensor]) -> None:
        """Go on as the one that gave this `state` would."""
        self._sums = {name: state[name].clone() for name in _NAMES} if state else {}

    def _towards_targets(self, sums: Tensor) -> Tensor:
        """Means of sums over samples, drawn towards the mean pair of their target."""
        counts, guess = self._sums["count"], self._guess
        # A pair counts for its target's mean as far as it is known.
        trust = 1.0 / (counts + guess)
        total = (trust * counts).sum(dim=1, keepdim=True)
        typical = (trust * sums).sum(dim=1, keepdim=True) / total
        typical = torch.where(total > 0.0, typical, 0.0)
        return (sums + guess * typical) * trust

    def _squared_norms(self, samples: int) -> Tensor:
        """Squared norms of mean gradients of so many samples, (targets, sources)."""
        sums, guess = self._sums, self._guess
        squares = sums["square"] + guess * rank_one(sums["square"], sums["count"])
        squares = squares / (sums["count"] + guess)
        # How much of a sample's gradient is common to its source is told a target, not a pair:
        # few batches hold two samples of the same source.
        likely = (sums["pairs"] * squares).sum(dim=1, keepdim=True)
        common = torch.where(likely > 0.0, sums["product"].sum(dim=1, keepdim=True) / likely, 0.0)
        weight = guess * guess
        products = sums["product"] + weight * common.clamp(0.0, 1.0) * squares
        products = products / (sums["pairs"] + weight)
        shared = torch.minimum(products.clamp(min=0.0), squares)
        return shared + (squares - shared) / samples


def rank_one(sums: Tensor, counts: Tensor) -> Tensor:
    """Predict the mean of every cell of a table as a row's factor times a column's.

    The factors are such that the sums of each row and column are met (iterative proportional
    fitting), so that cells count by how much is known of them and empty ones not at all. A row or
    column with nothing in it is taken to be like the mean one.

    Args:
        sums: (rows, columns) >= 0.
        counts: (rows, columns) >= 0, what each sum consists of.

    Returns:
        (rows, columns) predicted means; 0 if there is nothing at all.
    """
    total = counts.sum()
    mean = torch.where(total > 0.0, sums.sum() / total, 0.0)
    columns = torch.ones_like(sums[0])
    rows = mean.expand(len(sums))
    for _ in range(_ROUNDS):
        known = counts @ columns
        rows = torch.where(known > 0.0, sums.sum(dim=1) / known, mean)
        known = rows @ counts
        columns = torch.where(known > 0.0, sums.sum(dim=0) / known, 1.0)
    return torch.outer(rows, columns)
