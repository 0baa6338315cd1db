"""Standardisation of states and actions, fitted on training data only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auctionsim.errors import invalid_data

__all__ = [
    "LIMIT",
    "LINEAR_FEATURES",
    "ActionNormaliser",
    "StateNormaliser",
    "check_scale",
    "standard_scale",
]

LIMIT = 5.0
"""Standardised numbers are clipped to +-LIMIT, in training as at acting."""

LINEAR_FEATURES = frozenset({"time_left", "budget_left"})
"""Left linear; all other features are amounts, heavy-tailed in some markets, put on a log scale."""

FloatArray = NDArray[np.float64]

_ENOUGH = 500_000


def check_scale(name: str, values: FloatArray, size: int, positive: bool = False) -> None:
    """Raise unless so many finite numbers are given, all > 0 if they must be.

    Raises:
        InvalidDataError: If they are not.
    """
    values = np.asarray(values, np.float64)
    whole = values.shape == (size,) and bool(np.isfinite(values).all())
    if not whole or (positive and not (values > 0.0).all()):
        rule = f"must be {size} finite numbers" + (" > 0" if positive else "")
        raise invalid_data(name, rule, values.tolist(), "Train it again.")


def standard_scale(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean and deviation of each column; a column that does not vary gets deviation 1.

    Args:
        values: (rows, columns), finite.
    """
    mean, deviation = values.mean(axis=0), values.std(axis=0)
    constant = deviation <= 1e-8 * np.maximum(1.0, np.abs(mean))
    return mean, np.where(constant, 1.0, deviation)


@dataclass(frozen=True, eq=False)
class StateNormaliser:
    """Puts state features in natural units on a common scale.

    A feature x becomes clip((f(x) - mean) / deviation, -5, 5), with f(x) = x for `LINEAR_FEATURES`
    and f(x) = sign(x) log(1 + |x| / unit) otherwise. `unit` is the feature's mean size in the
    training data, so the same form serves volumes in the thousands and probabilities of 1e-4, in
    simulated data and in AuctionNet's logs.

    Attributes:
        features: Names of the features, in the order of the columns.
        unit: (features,) the unit of the log scale; ignored for `LINEAR_FEATURES`.
        mean: (features,) mean after the log.
        deviation: (features,) standard deviation after the log.
    """

    features: tuple[str, ...]
    unit: FloatArray
    mean: FloatArray
    deviation: FloatArray

    def __post_init__(self) -> None:
        for name in ("unit", "mean", "deviation"):
            check_scale(f"states.{name}", getattr(self, name), len(self.features), name != "mean")

    @classmethod
    def fit(cls, states: ArrayLike, features: Sequence[str]) -> StateNormaliser:
        """Fit on states of shape (rows, features); of more than half a million, on every k-th.

        Raises:
            InvalidDataError: If there is no row, or a number that is not finite.
        """
        states = np.asarray(states)
        states = states[:: 1 + len(states) // _ENOUGH].astype(np.float64)
        if not len(states):
            raise invalid_data("state", "must hold an active step", "none", "Add training data.")
        if not np.isfinite(states).all():
            place = features[int(np.argwhere(~np.isfinite(states))[0, 1])]
            raise invalid_data("state", "must be finite", f"nan or inf in {place}", "Drop it.")
        size = np.abs(states).mean(axis=0)
        unit = np.where(size > 0.0, size, 1.0)
        mean, deviation = standard_scale(_compress(states, unit, features))
        return cls(tuple(features), unit, mean, deviation)

    def __call__(self, states: ArrayLike) -> NDArray[np.float32]:
        """Normalise states of shape (..., features); float32, within +-5."""
        compressed = _compress(np.asarray(states, np.float64), self.unit, self.features)
        scaled = (compressed - self.mean) / self.deviation
        return np.clip(scaled, -LIMIT, LIMIT).astype(np.float32)


@dataclass(frozen=True)
class ActionNormaliser:
    """Standardised log multipliers.

    Attributes:
        floor: Multipliers below it (a bid of 0 has no logarithm) count as it: a hundredth of the
            median positive multiplier in the training data.
        mean: Mean of the log multiplier.
        deviation: Its standard deviation.
        lowest: Lowest multiplier in the training data, at least `floor`.
        highest: Highest multiplier in the training data.
    """

    floor: float
    mean: float
    deviation: float
    lowest: float
    highest: float

    def __post_init__(self) -> None:
        check_scale("actions.mean", np.array([self.mean]), 1)
        for name in ("floor", "deviation", "lowest", "highest"):
            check_scale(f"actions.{name}", np.array([getattr(self, name)]), 1, positive=True)
        if self.lowest > self.highest:
            found = f"{self.lowest:g} and {self.highest:g}"
            raise invalid_data("actions.lowest", "must be <= actions.highest", found, "Fit anew.")

    @classmethod
    def fit(cls, multipliers: ArrayLike) -> ActionNormaliser:
        """Fit on the multipliers of active steps, shape (rows,).

        Raises:
            InvalidDataError: If one is negative or not finite, or none is positive.
        """
        multipliers = np.asarray(multipliers, np.float64)
        if not np.all(np.isfinite(multipliers) & (multipliers >= 0.0)):
            raise invalid_data("action", "must be finite and >= 0", "another", "Mend the data.")
        positive = multipliers[multipliers > 0.0]
        if not len(positive):
            raise invalid_data("action", "must be positive somewhere", "only zeros", "Add data.")
        floor = float(np.median(positive)) / 100.0
        raised = np.maximum(multipliers, floor)
        mean, deviation = standard_scale(np.log(raised)[:, None])
        lowest, highest = float(raised.min()), float(raised.max())
        return cls(floor, float(mean[0]), float(deviation[0]), lowest, highest)

    def __call__(self, multipliers: ArrayLike) -> NDArray[np.float32]:
        """Standardise multipliers of any shape; float32, within +-5."""
        logs = np.log(np.maximum(np.asarray(multipliers, np.float64), self.floor))
        return np.clip((logs - self.mean) / self.deviation, -LIMIT, LIMIT).astype(np.float32)

    def inverse(self, actions: ArrayLike) -> FloatArray:
        """Return multipliers for standardised actions, within the range of the training data."""
        logs = np.asarray(actions, np.float64) * self.deviation + self.mean
        low, high = np.log(self.lowest), np.log(self.highest)
        return np.clip(np.exp(np.clip(logs, low, high)), self.lowest, self.highest)


def _compress(states: FloatArray, unit: FloatArray, features: Sequence[str]) -> FloatArray:
    linear = np.array([name in LINEAR_FEATURES for name in features])
    return np.where(linear, states, np.sign(states) * np.log1p(np.abs(states) / unit))
