"""Generative planners for auto-bidding, and validation-aligned sharing of data across tasks."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vao.config import TrainingConfig, load_training_config
    from vao.history import read_history, write_history
    from vao.metrics import delta_m
    from vao.policy import PlannerBidder
    from vao.request import Request
    from vao.selection import choose_requests
    from vao.storage import load_policy, save_policy
    from vao.training import TrainingResult, train
    from vao.weighting.softmax import alignment_weights

__all__ = [
    "PlannerBidder",
    "Request",
    "TrainingConfig",
    "TrainingResult",
    "alignment_weights",
    "choose_requests",
    "delta_m",
    "load_policy",
    "load_training_config",
    "read_history",
    "save_policy",
    "train",
    "write_history",
]

# Loaded on first use: most names need torch, which takes seconds to import.
_HOMES = {
    "PlannerBidder": "policy",
    "Request": "request",
    "TrainingConfig": "config",
    "TrainingResult": "training",
    "alignment_weights": "weighting.softmax",
    "choose_requests": "selection",
    "delta_m": "metrics",
    "load_policy": "storage",
    "load_training_config": "config",
    "read_history": "history",
    "save_policy": "storage",
    "train": "training",
    "write_history": "history",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
