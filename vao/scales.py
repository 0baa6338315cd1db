"""Everything a model learns about scales from its training data, fitted in one go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auctionsim.dataset import Trajectories
from auctionsim.errors import invalid_argument
from vao.conditions import LOG_BUDGET, RequirementEncoder
from vao.models import ActionNormaliser, StateNormaliser
from vao.models.normaliser import check_scale

FloatArray = NDArray[np.float64]

__all__ = ["Scales", "feature_columns"]


@dataclass(frozen=True, eq=False)
class Scales:
    """The normalisers of one model; with its weights they make the trained model.

    Attributes:
        states: Normaliser of the state features.
        actions: Normaliser of the multipliers.
        requirements: Encoder of the requirement vector.
        categories: Advertiser categories; others get a one-hot code of zeros.
        pace: (steps,) share of a day's expected value that trajectories have brought before each
            step, on average; from 0, not falling.
    """

    states: StateNormaliser
    actions: ActionNormaliser
    requirements: RequirementEncoder
    categories: int
    pace: FloatArray

    def __post_init__(self) -> None:
        check_scale("pace", self.pace, len(self.pace))

    @property
    def steps(self) -> int:
        """Steps in an episode."""
        return len(self.pace)

    @classmethod
    def fit(
        cls,
        trajectories: Trajectories,
        features: Sequence[str],
        columns: Sequence[int],
        categories: int,
    ) -> Scales:
        """Fit on the active steps of training trajectories.

        Args:
            trajectories: Training data of the model's data setting.
            features: Names of the features to use.
            columns: Their columns in the trajectories' states.
            categories: Number of advertiser categories.
        """
        active = trajectories.active
        return cls(
            states=StateNormaliser.fit(trajectories.state[active][:, list(columns)], features),
            actions=ActionNormaliser.fit(trajectories.action[active]),
            requirements=RequirementEncoder.fit(trajectories.totals(expected=True)),
            categories=categories,
            pace=_pace(trajectories.expected_value),
        )

    @property
    def static_size(self) -> int:
        """Size of the static features."""
        return self.categories + 1

    def static(self, category: NDArray[np.integer], budget: ArrayLike) -> NDArray[np.float32]:
        """Static features of n campaigns: one-hot category and standardised log budget.

        Returns:
            (n, categories + 1) float32.
        """
        one_hot = category[:, None] == np.arange(self.categories)
        requirements = self.requirements
        with np.errstate(divide="ignore"):
            log_budget = np.log(np.asarray(budget, np.float64))
        scaled = requirements.scale(log_budget, LOG_BUDGET)
        return np.concatenate([one_hot, scaled[:, None]], axis=1, dtype=np.float32)


def _pace(value: NDArray[np.float32]) -> FloatArray:
    """Mean share of a day's value brought before each step, (steps,), of values (n, steps)."""
    total = value.sum(axis=1, dtype=np.float64)
    won = total > 0.0
    shares = value[won] / total[won, None]
    before = np.cumsum(shares, axis=1) - shares
    pace: FloatArray = before.mean(axis=0) if won.any() else np.zeros(value.shape[1])
    return pace


def feature_columns(wanted: Sequence[str] | None, present: Sequence[str]) -> list[int]:
    """Columns of the wanted features (all for None) among the present ones.

    Raises:
        InvalidArgumentError: If a wanted feature is not present, or none or one twice is wanted.
    """
    if wanted is None:
        return list(range(len(present)))
    missing = [name for name in wanted if name not in present]
    if missing or not wanted or len(set(wanted)) < len(wanted):
        raise invalid_argument(
            "features",
            f"must be different names out of {', '.join(present)}",
            missing or list(wanted),
            "Leave it out to use all.",
        )
    return [list(present).index(name) for name in wanted]
