"""Short runs of the loop on made-up data, and what to compare of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from tests.vao.factories import make_trajectories, tiny_config
from tests.vao.toys import TOY
from vao.config import TrainingConfig
from vao.policy import PlannerBidder
from vao.training import Record, TrainingResult, train

TRAINING, VALIDATION = make_trajectories(seed=1), make_trajectories(seed=2)


def toy_config(settings: Mapping[str, Any] | None = None, **changes: Any) -> TrainingConfig:
    """A config that trains in a moment."""
    return tiny_config(TOY, settings, **changes)


def run(config: TrainingConfig, **options: Any) -> TrainingResult:
    """Train on the made-up data."""
    return train(TRAINING, config, validation=VALIDATION, progress=False, **options)


def weights_of(policy: PlannerBidder) -> list[Tensor]:
    """All tensors of a policy's models."""
    return [t.clone() for model in policy.models for t in model.planner.state_dict().values()]


def same(one: PlannerBidder, other: PlannerBidder) -> bool:
    """Whether two policies have the same weights, bit for bit."""
    return all(map(torch.equal, weights_of(one), weights_of(other)))


def of_kind(result: TrainingResult, kind: str, stage: str | None = None) -> list[Record]:
    """Records of a kind, of one stage if it is named."""
    records = [record for record in result.history if record["kind"] == kind]
    return [record for record in records if stage in (None, record["stage"])]


class Script:
    """Scores snapshots from a list, over and over, and remembers their weights."""

    def __init__(self, scores: list[Mapping[str, float]]) -> None:
        self.scores = scores
        self.seen: list[list[Tensor]] = []

    def __call__(self, policy: PlannerBidder) -> Mapping[str, float]:
        """Score a policy."""
        self.seen.append(weights_of(policy))
        return self.scores[(len(self.seen) - 1) % len(self.scores)]
