"""Observations of environments: features and what the task asks, scaled and within bounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from numba import njit
from numpy.typing import NDArray

from auctionsim.campaigns import Campaigns
from auctionsim.envs.settings import Settings
from auctionsim.envs.table import TABLE, amount_of, market_constants, within_range
from auctionsim.observation import FEATURES
from auctionsim.tasks import TASKS

Float32Array = NDArray[np.float32]
Float64Array = NDArray[np.float64]
Box = spaces.Box
#: States by row; with bids one by one, a dictionary of `state`, `opportunity_values` and `volume`
#: by row.
Observations = Float32Array | dict[str, NDArray[Any]]

_WIDTH, _FEATURES = len(TABLE), len(FEATURES)


@njit(cache=True, nogil=True)
def _scale(features, scale, high, states):  # type: ignore[no-untyped-def]
    """Write features, scaled and within bounds, into the first entries of states."""
    for seat in range(features.shape[0]):
        for entry in range(features.shape[1]):
            amount = min(features[seat, entry] / scale[entry], high[entry])
            # Sums of costs may round past the budget.
            states[seat, entry] = np.float32(max(amount, 0.0))


class Encoder:
    """Makes observations of a market.

    Args:
        settings: How the environment is set up.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        constants = market_constants(settings.market)
        scaled = settings.observation == "scaled"
        high = np.array([amount_of(entry.high, constants) for entry in TABLE])
        scale = np.array([amount_of(entry.scale, constants) for entry in TABLE])
        self.scale = scale if scaled else np.ones(_WIDTH)
        self.high = np.array([within_range(x) for x in (high / self.scale).tolist()])
        #: Room for the values of a step's opportunities.
        self.volume = int(constants["V"])
        self._value_scale = np.float32(amount_of("p", constants) if scaled else 1.0)
        self._value_high = np.float32(within_range(constants["v"] / float(self._value_scale)))
        self._feature_scale, self._feature_high = self.scale[:_FEATURES], self.high[:_FEATURES]

    @property
    def action_size(self) -> int:
        """Numbers in an action: one, or one an opportunity."""
        return self.volume if self.settings.one_by_one else 1

    def space(self) -> Box | spaces.Dict:
        """Return a new space of one advertiser's observations."""
        state = Box(np.zeros(_WIDTH, np.float32), self.high.astype(np.float32), dtype=np.float32)
        if not self.settings.one_by_one:
            return state
        return spaces.Dict(
            {
                "state": state,
                "opportunity_values": Box(0.0, float(self._value_high), (self.volume,), np.float32),
                "volume": Box(0, self.volume, (1,), np.int32),
            }
        )

    def requirements(self, campaigns: Campaigns) -> Float32Array:
        """Return rows of zeros (features) and what each campaign asks, (campaigns, width)."""
        rows = np.zeros((len(campaigns), _WIDTH))
        asked = rows[:, _FEATURES:]
        asked[:, 0] = campaigns.budget
        asked[:, 1] = np.nan_to_num(campaigns.cpa_target)
        asked[:, 2] = np.nan_to_num(campaigns.roas_target)
        asked[:, 3:] = campaigns.task[:, None] == np.arange(len(TASKS))
        scaled: Float64Array = np.minimum(rows / self.scale, self.high)
        return scaled.astype(np.float32)

    def states(self, features: Float64Array, requirements: Float32Array) -> Float32Array:
        """Return states as a new array, (seats, width).

        Args:
            features: (seats, 17).
            requirements: Rows of the same seats, from `requirements`.
        """
        states = requirements.copy()
        _scale(features, self._feature_scale, self._feature_high, states)
        return states

    def with_opportunities(
        self, states: Float32Array, values: Sequence[Float32Array]
    ) -> dict[str, NDArray[Any]]:
        """Return states together with the values of each seat's opportunities, padded with 0.

        Args:
            states: (seats, width).
            values: Values of the coming step's opportunities, a row a seat.
        """
        padded = np.zeros((len(values), self.volume), np.float32)
        for place, row in enumerate(values):
            np.divide(row, self._value_scale, out=padded[place, : len(row)])
        np.minimum(padded, self._value_high, out=padded)
        volumes = np.array([[len(row)] for row in values], np.int32)
        return {"state": states, "opportunity_values": padded, "volume": volumes}


def row_of(observations: Observations, place: int) -> Any:
    """Return the observation of one seat out of those of several."""
    if isinstance(observations, dict):
        return {name: array[place] for name, array in observations.items()}
    return observations[place]
