"""Results with known effects: value = mean + seed + episode + seat + noise."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from auctionsim.statistics import Sample

Float64Array = NDArray[np.float64]


def crossed(
    rng: np.random.Generator,
    sizes: dict[str, int],
    deviations: dict[str, float],
    noise: float,
    mean: float = 0.0,
) -> tuple[Float64Array, dict[str, NDArray[Any]]]:
    """Return one value a combination of levels, and the labels.

    Args:
        rng: Draws the effects.
        sizes: Levels of each factor.
        deviations: Standard deviation of each factor's effect; 0 where it is not named.
        noise: Standard deviation of what is left.
        mean: True mean.
    """
    grids = np.meshgrid(*(np.arange(n) for n in sizes.values()), indexing="ij")
    labels = {name: grid.ravel() for name, grid in zip(sizes, grids, strict=True)}
    values = mean + rng.normal(0.0, noise, grids[0].size)
    for name, row in labels.items():
        values += rng.normal(0.0, deviations.get(name, 0.0), sizes[name])[row]
    return values, labels


def sample(values: Float64Array, labels: dict[str, NDArray[Any]]) -> Sample:
    return Sample(values, labels)
