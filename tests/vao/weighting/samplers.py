"""A sampler of data made up beforehand, so that what a rule makes of them can be told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray


def joined(batches: Sequence[Any]) -> Any:
    """All samples of several batches, in a named tuple of their kind."""
    return type(batches[0])(*(torch.cat(parts) for parts in zip(*batches, strict=True)))


def cycled(batch: Any, samples: int | None) -> Any:
    """The first so many samples of a batch, from the beginning again where it ends; None: all."""
    if samples is None:
        return batch
    places = torch.arange(samples) % len(batch[0])
    return type(batch)(*(tensor[places] for tensor in batch))


class GivenSampler:
    """Gives the same samples at every draw, but for `mixed`, which draws by chance.

    Args:
        points: points[k][i], the samples of source i for target k.
        held_out: held_out[k], the held-out samples of target k.
        own: The source of each target's own data; target k's is k if None.
    """

    def __init__(
        self,
        points: Sequence[Sequence[Any]],
        held_out: Sequence[Any],
        own: Sequence[int] | None = None,
    ) -> None:
        self.points = [list(row) for row in points]
        self.held_out = list(held_out)
        self.targets, self.sources = len(self.points), len(self.points[0])
        self._own = own
        self._rng = np.random.default_rng(0)
        self.calls: Counter[str] = Counter()

    def own(self, target: int) -> int:
        """Which source holds a target's own data; they go round where sources are few."""
        return target % self.sources if self._own is None else self._own[target]

    def batch(self, target: int) -> Any:
        """All samples of a target, the same as `pooled`."""
        self.calls["batch"] += 1
        return self.pooled(target)

    def pooled(self, target: int) -> Any:
        """The samples of all sources."""
        return joined(self.points[target])

    def by_source(self, target: int, samples: int | None = None) -> list[Any]:
        """The samples of each source; an even share of so many, the first sources more."""
        self.calls["by_source"] += 1
        if samples is None:
            return list(self.points[target])
        base, rest = divmod(samples, self.sources)
        return [cycled(part, base + (i < rest)) for i, part in enumerate(self.points[target])]

    def mixed(self, target: int, chances: NDArray[np.float64]) -> tuple[Any, NDArray[np.int64]]:
        """As many samples as there are, each of a source drawn by chances; and the sources."""
        self.calls["mixed"] += 1
        total = sum(len(part[0]) for part in self.points[target])
        owners = self._rng.choice(self.sources, size=total, p=chances)
        drawn = []
        for owner in owners:
            part = self.points[target][owner]
            place = int(self._rng.integers(len(part[0])))
            drawn.append(type(part)(*(tensor[place : place + 1] for tensor in part)))
        return joined(drawn), owners

    def validation(self, target: int, samples: int | None = None) -> Any:
        """The held-out samples."""
        self.calls["validation"] += 1
        return cycled(self.held_out[target], samples)

    def own_training(self, target: int, samples: int | None = None) -> Any:
        """The samples of the target's own source."""
        self.calls["own_training"] += 1
        return cycled(self.points[target][self.own(target)], samples)
