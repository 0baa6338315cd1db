"""Observations and actions of exported episodes: an environment's, or the data's own.

Gymnasium is imported only when a form is made.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import auctionsim
from auctionsim.campaigns import Campaigns
from auctionsim.dataset.card import Card
from auctionsim.dataset.schema import Trajectories
from auctionsim.errors import AuctionSimError, invalid_argument
from auctionsim.lineup import load_lineup
from auctionsim.market import MarketConfig, load_market
from auctionsim.mechanism.arguments import check_name
from auctionsim.observation import FEATURES
from auctionsim.strict_mapping import build
from auctionsim.tasks import CPA_MCB, TARGET_ROAS, TASKS

if TYPE_CHECKING:
    from gymnasium.envs.registration import EnvSpec

Float32Array = NDArray[np.float32]
Float64Array = NDArray[np.float64]

# -1 itself bids nothing, which is another thing than bidding little.
_LEAST = np.nextafter(np.float32(-1.0), np.float32(0.0))


class NaturalForm:
    """Observations and actions as the dataset has them, for data that no market is known of.

    Observations are the features, the budget, the CPA target and the ROAS target (0 for none), and
    for each task whether it is the campaign's; actions are multipliers.

    Args:
        card: The dataset's card.
    """

    def __init__(self, card: Card) -> None:
        from gymnasium import spaces

        width = len(card.features) + 3 + len(TASKS)
        self.observation_space = spaces.Box(-np.inf, np.inf, (width,), np.float32)
        self.action_space = spaces.Box(0.0, np.inf, (1,), np.float32)

    def observations(self, trajectories: Trajectories) -> Float32Array:
        """Return observations before every step and after the last, (n, T + 1, width)."""
        states = with_final(trajectories)
        asked = np.column_stack(
            [
                trajectories.budget,
                np.nan_to_num(trajectories.cpa_target),
                np.nan_to_num(trajectories.roas_target),
                trajectories.task[:, None] == np.arange(len(TASKS)),
            ]
        ).astype(np.float32)
        repeated = np.broadcast_to(asked[:, None], (*states.shape[:2], asked.shape[1]))
        return np.concatenate([states, repeated], axis=2)

    def actions(self, trajectories: Trajectories) -> Float32Array:
        """Return actions, (n, T, 1)."""
        return trajectories.action[:, :, None]

    def clipped(self, trajectories: Trajectories) -> int | None:
        """Return how many active steps' actions lie beyond the action space: not a question."""
        return None

    def spec(self, tasks: tuple[int, ...]) -> EnvSpec | None:
        """Return the environment's specification: there is none."""
        return None


class EnvironmentForm:
    """Observations and actions as `auctionsim/AutoBidding-v0` has them in the dataset's market.

    An action x stands for the multiplier reference * 20^x, and -1 for none. Multipliers beyond
    that range are brought to its edge; a small one stays apart from none at all.

    Args:
        card: The dataset's card.
        market: The market it was made in.
        observation: "scaled" or "natural".
    """

    def __init__(self, card: Card, market: MarketConfig, observation: str) -> None:
        from auctionsim.envs.actions import action_space
        from auctionsim.envs.observations import Encoder
        from auctionsim.envs.settings import check_settings

        self._settings = check_settings(
            market=market,
            task=None,
            reward="value",
            bidding="multiplier",
            observation=observation,
            render_mode=None,
        )
        self._card = card
        self._encoder = Encoder(self._settings)
        self.observation_space = self._encoder.space()
        self.action_space = action_space(1)

    def observations(self, trajectories: Trajectories) -> Float32Array:
        """Return observations before every step and after the last, (n, T + 1, width)."""
        states = with_final(trajectories)
        asked = self._encoder.requirements(self._campaigns(trajectories))
        count, moments, features = states.shape
        rows = self._encoder.states(
            states.reshape(-1, features).astype(np.float64), np.repeat(asked, moments, axis=0)
        )
        return rows.reshape(count, moments, -1)

    def actions(self, trajectories: Trajectories) -> Float32Array:
        """Return actions, (n, T, 1)."""
        x = self._exponents(trajectories)
        inside: Float32Array = np.clip(x, _LEAST, 1.0).astype(np.float32)
        inside[trajectories.action <= 0.0] = -1.0
        return inside[:, :, None]

    def clipped(self, trajectories: Trajectories) -> int | None:
        """Return how many active steps' multipliers lie beyond the action space."""
        beyond = np.abs(self._exponents(trajectories)) > 1.0 + 1e-6
        return int((beyond & trajectories.active & (trajectories.action > 0.0)).sum())

    def spec(self, tasks: tuple[int, ...]) -> EnvSpec | None:
        """Return the specification of the environment; None if names do not say all of it.

        Args:
            tasks: Codes of the tasks in the data; the environment's seat plays the only one, or
                whichever is its own.
        """
        config, market = self._card.config, self._settings.market
        lineup = config.get("lineup")
        others = lineup.get("name") if isinstance(lineup, Mapping) else None
        if not _same(load_market, market.name, config.get("market")):
            return None
        if not isinstance(others, str) or not _same(load_lineup, others, lineup):
            return None
        import gymnasium

        spec = copy.deepcopy(gymnasium.spec(auctionsim.ENVIRONMENT))
        spec.kwargs = {
            "market": market.name,
            "opponents": others,
            "observation": self._settings.observation,
            "task": TASKS[tasks[0]] if len(tasks) == 1 else None,
        }
        return spec

    def _exponents(self, trajectories: Trajectories) -> Float64Array:
        """Return the logarithms of multipliers over references to the base of actions, (n, T)."""
        from auctionsim.envs.table import ACTION_BASE

        reference = self._reference(trajectories)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = trajectories.action / reference[:, None]
            return np.asarray(np.log(ratio) / np.log(ACTION_BASE))

    def _reference(self, trajectories: Trajectories) -> Float64Array:
        """Return the multiplier around which each campaign's actions are scaled, (n,)."""
        price = self._settings.market.campaigns.reference_price
        result = np.full(len(trajectories), price)
        cpa, roas = trajectories.task == CPA_MCB, trajectories.task == TARGET_ROAS
        result[cpa] = trajectories.cpa_target[cpa]
        result[roas] = 1.0 / trajectories.roas_target[roas].astype(np.float64)
        return result

    def _campaigns(self, trajectories: Trajectories) -> Campaigns:
        return Campaigns(
            advertiser=trajectories.advertiser.astype(np.int64),
            category=trajectories.category.astype(np.int64),
            task=trajectories.task,
            budget=trajectories.budget.astype(np.float64),
            cpa_target=trajectories.cpa_target.astype(np.float64),
            roas_target=trajectories.roas_target.astype(np.float64),
            reference=self._reference(trajectories),
            key=np.zeros(len(trajectories), np.uint64),
            steps=trajectories.action.shape[1],
        )


def form_of(card: Card, observation: str | None) -> NaturalForm | EnvironmentForm:
    """Return the form of a dataset's episodes: the environment's where its market is known.

    Args:
        card: The dataset's card.
        observation: "scaled" or "natural"; None for the environment's default.

    Raises:
        InvalidArgumentError: For another name, or "scaled" where there is no market to scale by.
    """
    from auctionsim.envs.settings import OBSERVATIONS

    if observation is not None:
        check_name("observation", observation, OBSERVATIONS)
    market = _market_of(card)
    if market is not None:
        return EnvironmentForm(card, market, observation or "scaled")
    if observation == "scaled":
        rule = "must be natural for data that no market is known of"
        raise invalid_argument("observation", rule, observation, "Leave it out.")
    return NaturalForm(card)


def with_final(trajectories: Trajectories) -> Float32Array:
    """Return the states with the final one behind, (n, T + 1, F)."""
    return np.concatenate([trajectories.state, trajectories.final_state[:, None]], axis=1)


def _market_of(card: Card) -> MarketConfig | None:
    """Return the market a card tells of; None if there is none that this release can build."""
    if card.kind != "simulated" or card.features != FEATURES:
        return None
    try:
        market = build(MarketConfig, card.config.get("market"))
    except AuctionSimError:
        return None
    return market if market.steps == card.steps else None


def _same(load: Any, name: str, settings: object) -> bool:
    """Whether a name stands for just these settings."""
    try:
        return bool(json.loads(json.dumps(asdict(load(name)))) == settings)
    except AuctionSimError:
        return False
