"""Batches for the targets of a training, out of the trajectories of its sources."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auctionsim.errors import invalid_argument
from vao.batch import Batch, join
from vao.conditions import LOG_RETURN
from vao.sharing import Source
from vao.weighting.shares import shares

__all__ = ["TaskSampler"]


class TaskSampler:
    """Draws batches for each target task, with replacement, from seeded streams.

    Steps, held-out samples and noise are drawn from streams apart, so that a rule that measures on
    held-out data trains on the same samples as one that does not.

    Args:
        sources: Trajectories of each source task.
        targets: Codes of the target tasks.
        samples: n, samples of a target and step.
        rng: Stream of the draws.
        own: Which source is each target's own; if None the source of the same place.
        pooled: Whether a target's batch comes from all sources together, or from its own alone.
        share_above: Quantile of its own returns that others' trajectories must reach to be shared
            with a target; None shares all.
        validation: Held-out trajectories of each target task, for `validation` only.
        noise: Standard normals that come with each sample.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        targets: Sequence[int],
        samples: int,
        rng: np.random.Generator,
        *,
        own: Sequence[int] | None = None,
        pooled: bool = True,
        share_above: float | None = None,
        validation: Sequence[Source] = (),
        noise: int = 0,
    ) -> None:
        self._sources = list(sources)
        self._targets = list(targets)
        self._samples = samples
        self._rng, self._validation_rng, self._noise_rng = rng.spawn(3)
        self._validation = list(validation)
        self._noise = noise
        self._own = list(range(len(targets)) if own is None else own)
        shared = range(len(self._sources))
        self._drawn_from = [tuple(shared) if pooled else (home,) for home in self._own]
        self._places = [self._shared(target, share_above) for target in range(len(targets))]

    @property
    def targets(self) -> int:
        """Number of target tasks."""
        return len(self._targets)

    @property
    def sources(self) -> int:
        """Number of sources."""
        return len(self._sources)

    def own(self, target: int) -> int:
        """Return which source holds a target's own trajectories."""
        return self._own[target]

    def batch(self, target: int, samples: int | None = None) -> Batch:
        """Draw a target's samples from what it shares, together, in proportion to their sizes.

        Args:
            target: Which target, from 0.
            samples: How many; None for n.
        """
        sources = self._drawn_from[target]
        ends = np.cumsum([self._size(target, source) for source in sources])
        places = self._rng.integers(ends[-1], size=samples or self._samples)
        which = np.searchsorted(ends, places, side="right")
        return self._mixture(target, np.array(sources)[which], places - np.append(0, ends)[which])

    def by_source(self, target: int, samples: int | None = None) -> list[Batch]:
        """Draw a target's samples, an even share of each source (see `shares`); n if None."""
        counts = shares(samples or self._samples, self.sources, self._own[target])
        drawn = [self._rng.integers(self._size(target, s), size=n) for s, n in enumerate(counts)]
        return [self._taken(target, source, places) for source, places in enumerate(drawn)]

    def mixed(self, target: int, chances: NDArray[np.float64]) -> tuple[Batch, NDArray[np.int64]]:
        """Draw n samples of a target, each from a source drawn by chances.

        Args:
            target: Which target, from 0.
            chances: (sources,) >= 0, sum to 1.

        Returns:
            The samples, ordered by source; and the source of each, (n,).
        """
        which = np.sort(self._rng.choice(self.sources, size=self._samples, p=chances))
        sizes = np.array([self._size(target, source) for source in range(self.sources)])
        return self._mixture(target, which, self._rng.integers(sizes[which])), which

    def validation(self, target: int, samples: int | None = None) -> Batch:
        """Draw held-out trajectories of a target's own; all there are if None."""
        held_out = self._validation[target]
        places = _drawn(self._validation_rng, len(held_out), samples)
        return self._relabelled(held_out, places, target, self._validation_rng)

    def own_training(self, target: int, samples: int | None = None) -> Batch:
        """Draw training trajectories of a target's own, apart from the step's; all if None."""
        home = self._sources[self._own[target]]
        places = _drawn(self._validation_rng, len(home), samples)
        return self._relabelled(home, places, target, self._validation_rng)

    def state(self) -> list[dict[str, Any]]:
        """Return the state of the streams, in plain values, for `resume`."""
        streams = self._rng, self._validation_rng, self._noise_rng
        return [dict(stream.bit_generator.state) for stream in streams]

    def resume(self, state: Sequence[dict[str, Any]]) -> None:
        """Go on drawing where a sampler was when it gave this `state`."""
        streams = self._rng, self._validation_rng, self._noise_rng
        for stream, saved in zip(streams, state, strict=True):
            stream.bit_generator.state = saved

    def _shared(self, target: int, above: float | None) -> list[NDArray[np.int64]] | None:
        """Places of each source's trajectories that a target shares; None for all of them."""
        if above is None:
            return None
        home = self._own[target]
        floor = np.quantile(self._sources[home].values[:, LOG_RETURN].cpu().numpy(), above)
        found = [
            np.flatnonzero(source.values[:, LOG_RETURN].cpu().numpy() >= floor)
            for source in self._sources
        ]
        found[home] = np.arange(len(self._sources[home]))
        for source, places in enumerate(found):
            if not len(places):
                rule = "must leave every source a trajectory"
                value = f"{above}, which leaves source {source} none for target {target}"
                raise invalid_argument("share_above", rule, value, "Lower it.")
        return found

    def _size(self, target: int, source: int) -> int:
        places = self._places[target]
        return len(self._sources[source]) if places is None else len(places[source])

    def _mixture(self, target: int, sources: NDArray[np.int64], places: NDArray[np.int64]) -> Batch:
        """Samples of a target at places of sources, both (n,), ordered by source."""
        present = np.unique(sources).tolist()
        return join([self._taken(target, s, places[sources == s]) for s in present])

    def _taken(self, target: int, source: int, places: NDArray[np.int64]) -> Batch:
        shared = self._places[target]
        own = places if shared is None else shared[source][places]
        return self._relabelled(self._sources[source], own, target, self._noise_rng)

    def _relabelled(
        self, source: Source, places: NDArray[np.int64], target: int, rng: np.random.Generator
    ) -> Batch:
        noise = rng.standard_normal((len(places), self._noise), np.float32)
        return source.relabelled(places, self._targets[target], noise)


def _drawn(rng: np.random.Generator, size: int, samples: int | None) -> NDArray[np.int64]:
    return np.arange(size) if samples is None else rng.integers(size, size=samples)
