"""The PettingZoo environment: all advertisers of a market act at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from pettingzoo import ParallelEnv

from auctionsim.envs.actions import action_space, check_actions
from auctionsim.envs.day import MarketRecord
from auctionsim.envs.episode import Episode, why_not
from auctionsim.envs.infos import brief_infos, campaign_infos, episode_metrics
from auctionsim.envs.observations import Encoder, Observations, row_of
from auctionsim.envs.rendering import show_market, warn_not_rendering
from auctionsim.envs.rewards import rewards_of
from auctionsim.envs.seeding import (
    EpisodeCounter,
    check_episode,
    check_options,
    check_reset_seed,
    reset_needed,
)
from auctionsim.envs.settings import RENDER_FPS, RENDER_MODES, check_settings
from auctionsim.errors import unknown_name
from auctionsim.market import MarketConfig
from auctionsim.simulator import StepOutcome

ByAgent = dict[str, Any]


class AutoBiddingParallelEnv(ParallelEnv[str, Any, Any]):
    """All advertisers of a market bid against each other: `auctionsim.parallel_env` makes it.

    The agents are "advertiser_0", "advertiser_1" and so on, the same ones for all steps of the day;
    who has spent its budget stays, with bids of 0 and `infos[agent]["exhausted"]` true. What an
    agent sees, does and is rewarded for is as in `AutoBiddingEnv`, and so are seeds and episodes.
    Infos hold the `cost` and `conversions` of the step just played and whether the agent is
    `exhausted`: numbers alone, and the same ones after `reset`, so that they fit in tensors.
    `campaigns()` tells what each agent is after, `episode_metrics()` what its day brought so far.

    Args:
        market: A market, its name or a path.
        task: Task of all advertisers, each with its target of the market's distribution; None for
            the tasks the market gives them.
        reward: What is rewarded.
        bidding: How bids are given.
        observation: In what units observations are.
        render_mode: "ansi", "rgb_array" or None.

    Raises:
        InvalidArgumentError: If an argument breaks its rule.
    """

    metadata = {  # noqa: RUF012 - PettingZoo's own form
        "name": "auto_bidding_v0",
        "render_modes": list(RENDER_MODES),
        "render_fps": RENDER_FPS,
        "is_parallelizable": True,
    }

    def __init__(
        self,
        market: MarketConfig | str = "small",
        *,
        task: str | None = None,
        reward: str = "value",
        bidding: str = "multiplier",
        observation: str = "scaled",
        render_mode: str | None = None,
    ) -> None:
        self.settings = check_settings(
            market=market,
            task=task,
            reward=reward,
            bidding=bidding,
            observation=observation,
            render_mode=render_mode,
        )
        self.render_mode = render_mode
        advertisers = self.settings.market.advertisers
        self.possible_agents = [f"advertiser_{i}" for i in range(advertisers)]
        self.agents: list[str] = []
        self._encoder = encoder = Encoder(self.settings)
        self._size = encoder.action_size
        # One object an agent, so that seeding an agent's space leaves the others' alone.
        self.observation_spaces = {agent: encoder.space() for agent in self.possible_agents}
        self.action_spaces = {agent: action_space(self._size) for agent in self.possible_agents}
        high = np.tile(encoder.high.astype(np.float32), (advertisers, 1))
        self.state_space = spaces.Box(np.zeros_like(high), high, dtype=np.float32)
        # Copied at every step, which is faster than built.
        self._ended = {end: dict.fromkeys(self.possible_agents, end) for end in (False, True)}
        self._counter = EpisodeCounter()
        self._seats = np.arange(advertisers)
        self._episode: Episode | None = None
        self._record: MarketRecord | None = None

    def observation_space(self, agent: str) -> spaces.Space[Any]:
        """Return an agent's observation space, always the same object."""
        return self.observation_spaces[self._known(agent)]

    def action_space(self, agent: str) -> spaces.Space[Any]:
        """Return an agent's action space, always the same object."""
        return self.action_spaces[self._known(agent)]

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[ByAgent, dict[str, dict[str, Any]]]:
        """Begin an episode.

        Args:
            seed: Begins episode 0 of this seed, 0 <= seed < 2^63; None goes on to the next episode,
                and at first takes a seed from the system.
            options: {"episode": k} begins episode k of the seed; others are left to other
                environments, as PettingZoo has it.

        Returns:
            By agent: its first observation, and information of the form that `step` gives.

        Raises:
            InvalidArgumentError: If an argument breaks its rule.
        """
        number = check_episode(check_options(options, lenient=True))
        seed_now, episode = self._counter.begin(check_reset_seed(seed), number)
        self._episode = Episode(self._encoder, [seed_now], [episode], self._seats, None)
        self.agents = self.possible_agents.copy()
        campaigns = self._episode.campaigns
        if self.render_mode is not None:
            day = f"seed {seed_now}, episode {episode}"
            title = f"{self.settings.market.name}: all advertisers, {day}"
            names = tuple(self.possible_agents)
            self._record = MarketRecord(title, campaigns.steps, names, campaigns.budget)
        infos = brief_infos(self.agents, self._episode, None)
        return self._by_agent(self._episode.observations()), infos

    def step(
        self, actions: dict[str, Any]
    ) -> tuple[ByAgent, dict[str, float], dict[str, bool], dict[str, bool], dict[str, ByAgent]]:
        """Play one step of the day.

        Args:
            actions: By agent: numbers in [-1, 1], of its action space's shape.

        Returns:
            By agent: observation, reward, whether the day is over, False, information on the step.

        Raises:
            InvalidArgumentError: If an agent is missing or unknown, or an action breaks its rule.
            ResetNeededError: Before the first reset, and when the day is over.
        """
        episode, agents = self._episode, self.agents
        if episode is None or episode.is_over() or episode.broken:
            raise reset_needed(why_not(episode))
        outcome = episode.step(check_actions(actions, agents, self._size))
        rewards = rewards_of(self.settings.reward, episode, outcome).tolist()
        infos = brief_infos(agents, episode, outcome)
        if self._record is not None:
            self._keep(self._record, outcome)
        observations = self._by_agent(episode.observations())
        if episode.is_over():
            self.agents = []
        return (
            observations,
            dict(zip(agents, rewards, strict=True)),
            self._ended[episode.is_over()].copy(),
            self._ended[False].copy(),
            infos,
        )

    def campaigns(self) -> dict[str, ByAgent]:
        """Return by agent what `AutoBiddingEnv.reset` tells of its campaign: task, budget, target.

        Raises:
            ResetNeededError: Before the first reset.
        """
        episode, names = self._begun("campaigns"), self.possible_agents
        seed, number = self._counter.seed or 0, self._counter.episode
        infos = campaign_infos(episode.campaigns, [seed] * len(names), [number] * len(names))
        return dict(zip(names, infos, strict=True))

    def episode_metrics(self) -> dict[str, ByAgent]:
        """Return by agent what the day so far brought: value, Scores, cost, and so on.

        Raises:
            ResetNeededError: Before the first reset.
        """
        metrics = episode_metrics(self._begun("episode_metrics"))
        return dict(zip(self.possible_agents, metrics, strict=True))

    def state(self) -> NDArray[np.float32]:
        """Return all agents' states, (agents, entries); they stand in `observation` order.

        Raises:
            ResetNeededError: Before the first reset.
        """
        return self._begun("state").states()

    def render(self) -> Any:
        """Return the day so far as text or as a picture, by the render mode.

        Raises:
            ResetNeededError: Before the first reset.
        """
        if self.render_mode is None:
            return warn_not_rendering()
        if self._record is None:
            raise reset_needed("no reset yet", "render")
        return show_market(self._record, self.render_mode)

    def _begun(self, method: str) -> Episode:
        if self._episode is None:
            raise reset_needed("no reset yet", method)
        return self._episode

    def _known(self, agent: str) -> str:
        if agent not in self.action_spaces:
            raise unknown_name("agent", agent, self.possible_agents)
        return agent

    def _by_agent(self, observations: Observations) -> ByAgent:
        if isinstance(observations, dict):
            rows = (row_of(observations, place) for place in range(len(self.agents)))
            return dict(zip(self.agents, rows, strict=True))
        return dict(zip(self.agents, observations, strict=True))

    def _keep(self, record: MarketRecord, outcome: StepOutcome) -> None:
        record.add(
            market_price=outcome.market_price.item(0),
            cost=outcome.cost[0],
            wins=outcome.wins[0],
            value=outcome.value[0],
        )


def parallel_env(
    market: MarketConfig | str = "small",
    *,
    task: str | None = None,
    reward: str = "value",
    bidding: str = "multiplier",
    observation: str = "scaled",
    render_mode: str | None = None,
) -> AutoBiddingParallelEnv:
    """Make the PettingZoo environment; see `AutoBiddingParallelEnv` for the arguments."""
    return AutoBiddingParallelEnv(
        market, task=task, reward=reward, bidding=bidding, observation=observation,
        render_mode=render_mode,
    )  # fmt: skip
