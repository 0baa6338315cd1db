"""Ways to weight shared data, behind one protocol; they work on any model and any losses."""

from __future__ import annotations

from vao.weighting.equal import EqualWeights
from vao.weighting.protocol import Context, DivergedError, Sampler, StepReport, Weighting
from vao.weighting.registry import WEIGHTINGS, make
from vao.weighting.settings import VaoSettings
from vao.weighting.softmax import alignment_weights
from vao.weighting.tensors import Losses, TensorSampler
from vao.weighting.validation_aligned import ValidationAligned

__all__ = [
    "WEIGHTINGS",
    "Context",
    "DivergedError",
    "EqualWeights",
    "Losses",
    "Sampler",
    "StepReport",
    "TensorSampler",
    "ValidationAligned",
    "VaoSettings",
    "Weighting",
    "alignment_weights",
    "make",
]
