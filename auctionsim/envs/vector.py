"""The same environment many times over, stepped as one simulation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from auctionsim.envs.actions import action_space, check_action
from auctionsim.envs.day import DayRecord
from auctionsim.envs.episode import Episode, why_not
from auctionsim.envs.infos import campaign_infos, episode_metrics, infos_of, step_columns
from auctionsim.envs.observations import Encoder, row_of
from auctionsim.envs.rendering import begin_day, keep_step, show_day, warn_not_rendering
from auctionsim.envs.rewards import rewards_of
from auctionsim.envs.seeding import (
    OPTIONS,
    EpisodeCounter,
    check_episode,
    check_options,
    check_reset_seeds,
    draw_advertiser,
    reset_needed,
)
from auctionsim.envs.settings import (
    RENDER_FPS,
    RENDER_MODES,
    check_advertiser,
    check_opponents,
    check_settings,
)
from auctionsim.errors import invalid_argument
from auctionsim.lineup import LineupConfig
from auctionsim.market import MarketConfig
from auctionsim.mechanism.arguments import check_integer, shown

_MASK = "reset_mask"
_MOST_RUNS = 2**31 - 1


class AutoBiddingVectorEnv(VectorEnv[Any, NDArray[np.float32], NDArray[Any]]):
    """Many `AutoBiddingEnv`, stepped as one simulation: `gymnasium.make_vec` makes it.

    It gives what `gymnasium.vector.SyncVectorEnv` of single environments gives, bit for bit, in a
    fraction of the time. All days have the same number of steps, so all end together; the step
    that ends them returns the first observations of the next ones (`AutoresetMode.SAME_STEP`), with
    the last ones in `infos["final_obs"]` and what the steps brought in `infos["final_info"]`.
    Those of Gymnasium's vector wrappers that transform observations refuse this mode; put their
    single-environment counterparts around single environments instead.

    Args:
        num_envs: How many.
        task: As in `AutoBiddingEnv`, like all arguments that follow.
        market: The market.
        opponents: Who plays the other seats.
        advertiser: Who acts.
        reward: What is rewarded.
        bidding: How bids are given.
        observation: In what units observations are.
        render_mode: How `render` shows the days: a tuple with one text or picture each.

    Raises:
        InvalidArgumentError: If an argument breaks its rule.
    """

    metadata = {  # noqa: RUF012 - Gymnasium's own form
        "render_modes": list(RENDER_MODES),
        "render_fps": RENDER_FPS,
        "autoreset_mode": AutoresetMode.SAME_STEP,
    }

    def __init__(
        self,
        num_envs: int = 1,
        *,
        task: str | None = None,
        market: MarketConfig | str = "small",
        opponents: LineupConfig | str = "mixed",
        advertiser: int | None = None,
        reward: str = "value",
        bidding: str = "multiplier",
        observation: str = "scaled",
        render_mode: str | None = None,
    ) -> None:
        settings = check_settings(
            market=market,
            task=task,
            reward=reward,
            bidding=bidding,
            observation=observation,
            render_mode=render_mode,
        )
        self.settings, self.render_mode = settings, render_mode
        self.num_envs = check_integer("num_envs", num_envs, 1, _MOST_RUNS, "Ask for at least 1.")
        self._lineup = check_opponents(opponents)
        self._advertiser = check_advertiser(advertiser, settings.market)
        self._encoder = Encoder(settings)
        self.single_observation_space = self._encoder.space()
        self.single_action_space = action_space(self._encoder.action_size)
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.action_space = batch_space(self.single_action_space, self.num_envs)
        self.autoreset_mode = AutoresetMode.SAME_STEP  # where some libraries look for it
        self._counters = [EpisodeCounter() for _ in range(self.num_envs)]
        self._episode: Episode | None = None
        self._records: list[DayRecord] = []

    def reset(
        self,
        *,
        seed: int | list[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode in all environments.

        Args:
            seed: Seed s of the first, s + 1 of the second and so on; or a list of seeds, of which
                None goes on to the next episode of its environment.
            options: As in `AutoBiddingEnv.reset`; a `reset_mask` must ask for all environments,
                since they are played side by side.

        Raises:
            InvalidArgumentError: If an argument breaks its rule.
        """
        seeds = check_reset_seeds(seed, self.num_envs)
        checked = check_options(options, (*OPTIONS, _MASK))
        self._check_mask(checked)
        first = self._episode is None
        episode, infos = self._begin(seeds, check_episode(checked))
        if first or seeds[0] is not None:
            super().reset(seed=self._counters[0].seed)
        return episode.observations(), infos

    def step(
        self, actions: Any
    ) -> tuple[Any, NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]:
        """Play one step in all environments, and begin the next episodes where it is the last.

        Args:
            actions: Numbers in [-1, 1], a row an environment.

        Raises:
            InvalidArgumentError: If the actions break their rule.
            ResetNeededError: Before the first reset.
            BidderError: If an opponent breaks its contract.
        """
        episode = self._episode
        if episode is None or episode.broken:
            raise reset_needed(why_not(episode))
        shape = (self.num_envs, self._encoder.action_size)
        outcome = episode.step(check_action(actions, shape, "actions"))
        rewards = rewards_of(self.settings.reward, episode, outcome)
        for record, seat in zip(self._records, episode.seats.tolist(), strict=False):
            keep_step(record, outcome, seat)
        columns = step_columns(episode, outcome)
        terminated = np.full(self.num_envs, episode.is_over())
        truncated = np.zeros(self.num_envs, np.bool_)
        if not episode.is_over():
            masks = {f"_{name}": np.ones(self.num_envs, np.bool_) for name in columns}
            return episode.observations(), rewards, terminated, truncated, columns | masks
        following, infos = self._begin([None] * self.num_envs, None)
        infos = self._with_final(infos, episode, columns)
        return following.observations(), rewards, terminated, truncated, infos

    def render(self) -> Any:
        """Return each day so far, as text or as a picture, by the render mode.

        Raises:
            ResetNeededError: Before the first reset.
        """
        if self.render_mode is None:
            return warn_not_rendering()
        if self._episode is None:
            raise reset_needed("no reset yet", "render")
        return tuple(show_day(record, self.render_mode) for record in self._records)

    def _begin(self, seeds: list[int | None], number: int | None) -> tuple[Episode, dict[str, Any]]:
        """Begin the episodes asked for; return them and what is told of them."""
        begun = [c.begin(s, number) for c, s in zip(self._counters, seeds, strict=True)]
        advertisers = self.settings.market.advertisers
        acting = [
            draw_advertiser(s, e, advertisers) if self._advertiser is None else self._advertiser
            for s, e in begun
        ]
        seats = np.array(acting, np.int64) + advertisers * np.arange(self.num_envs)
        of_seed, numbers = zip(*begun, strict=True)
        episode = Episode(self._encoder, of_seed, numbers, seats, self._lineup)
        infos: dict[str, Any] = {}
        self._records = []
        for run, info in enumerate(campaign_infos(episode.campaigns, of_seed, numbers)):
            infos = self._add_info(infos, info, run)
            if self.render_mode is not None:
                name = self.settings.market.name
                self._records.append(begin_day(name, episode.campaigns[run], info))
        self._episode = episode
        return episode, infos

    def _with_final(
        self, infos: dict[str, Any], episode: Episode, columns: dict[str, NDArray[Any]]
    ) -> dict[str, Any]:
        """Add to the infos of new episodes those of the ones that are over, in Gymnasium's form."""
        seen = episode.observations()
        brought = zip(infos_of(columns), episode_metrics(episode), strict=True)
        for run, (info, metrics) in enumerate(brought):
            info["episode_metrics"] = metrics
            final = {"final_obs": row_of(seen, run), "final_info": info}
            infos = self._add_info(infos, final, run)
        return infos

    def _check_mask(self, options: Mapping[str, Any]) -> None:
        mask = options.get(_MASK)
        if mask is None:
            return
        whole = isinstance(mask, np.ndarray) and mask.dtype == np.bool_
        if not whole or mask.shape != (self.num_envs,) or not mask.all():
            rule = f"must be an array of {self.num_envs} times True: all days end together"
            mend = "Leave it out to reset all environments."
            raise invalid_argument(f"options[{_MASK!r}]", rule, shown(mask), mend)
