"""VAO's numbers on the linear regression, in NumPy and closed form."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.vao.weighting.linear import SIZE, FixedSampler, closed_form
from vao.weighting.settings import VaoSettings
from vao.weighting.validation_aligned import ValidationAligned

Vector = NDArray[np.float64]
START = [0.3, -1.2, 0.8, 0.1]
KINDS = ("cosine", "inner_product")


def vao(**settings: Any) -> ValidationAligned:
    """The rule with these settings, and defaults else."""
    return ValidationAligned(VaoSettings(**settings))


def aligned(kind: str, pair: Vector, wanted: Vector) -> float:
    """Cosine or inner product of two gradients."""
    length = np.linalg.norm(pair) * np.linalg.norm(wanted) if kind == "cosine" else 1.0
    return float(pair @ wanted / length)


def closed_alignment(sampler: FixedSampler, size: int | None = 8, kind: str = "cosine") -> Vector:
    """The m_ik at `START`, with so many held-out samples; (targets, sources)."""
    rows = []
    for target in range(sampler.targets):
        wanted = closed_form(START, sampler.validation(target, size))
        pairs = [closed_form(START, points) for points in sampler.by_source(target)]
        rows.append([aligned(kind, pair, wanted) for pair in pairs])
    return np.array(rows)


def closed_update(sampler: FixedSampler, weights: Vector) -> Vector:
    """Equation 9 at `START`: the sum over targets and sources of w_ik g_ik."""
    total = np.zeros(SIZE)
    for target in range(sampler.targets):
        for source, points in enumerate(sampler.by_source(target)):
            total += weights[target, source] * closed_form(START, points)
    return total
