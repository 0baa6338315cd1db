"""The networks of a planner and the scales of what goes in and comes out."""

from __future__ import annotations

from vao.models.film import FiLM
from vao.models.inverse_dynamics import InverseDynamics
from vao.models.normaliser import ActionNormaliser, StateNormaliser
from vao.models.transformer import CausalTransformer, KeyValueCache

__all__ = [
    "ActionNormaliser",
    "CausalTransformer",
    "FiLM",
    "InverseDynamics",
    "KeyValueCache",
    "StateNormaliser",
]
