"""Ways to weight shared data, behind one protocol."""

from __future__ import annotations

from vao.weighting.alignment import alignment_weights
from vao.weighting.equal import EqualWeights
from vao.weighting.protocol import DivergedError, Sampler, StepReport, Weighting
from vao.weighting.validation_aligned import ValidationAligned

__all__ = [
    "DivergedError",
    "EqualWeights",
    "Sampler",
    "StepReport",
    "ValidationAligned",
    "Weighting",
    "alignment_weights",
]
