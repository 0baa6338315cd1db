"""The Gymnasium environment: one advertiser acts, the others play a line-up."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from auctionsim.envs.actions import action_space, check_action
from auctionsim.envs.day import DayRecord
from auctionsim.envs.episode import Episode, why_not
from auctionsim.envs.infos import campaign_infos, episode_metrics, infos_of, step_columns
from auctionsim.envs.observations import Encoder, row_of
from auctionsim.envs.rendering import begin_day, keep_step, show_day, warn_not_rendering
from auctionsim.envs.rewards import rewards_of
from auctionsim.envs.seeding import (
    EpisodeCounter,
    check_episode,
    check_options,
    check_reset_seed,
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
from auctionsim.lineup import LineupConfig
from auctionsim.market import MarketConfig


class AutoBiddingEnv(gymnasium.Env[Any, NDArray[np.float32]]):
    """One advertiser bids through a day of ad auctions; the others play a line-up of bidders.

    ## Description

    A market sells ad slots on impression opportunities, step by step, to advertisers with budgets.
    Each opportunity has a value to each advertiser: the probability that it converts times what a
    conversion is worth. The acting advertiser chooses how much to bid in every step of the day, so
    as to collect conversions within its budget and, by its task, within a limit on cost per
    conversion (`cpa_mcb`), within one on value per cost (`target_roas`), or within the budget
    alone (`bcb`). An episode is the very run that `auctionsim.evaluate` plays for the same seat,
    task, seed and episode.

    ## Action Space

    A `Box(-1, 1, (1,), float32)`: x stands for the multiplier a = reference * 20^x, with which
    every opportunity of value v gets the bid a * v; x = -1 bids nothing. The reference is the CPA
    target, 1 / ROAS target, or for `bcb` the market's reference price. With
    `bidding="opportunities"` it is `Box(-1, 1, (V,), float32)`: one such number for every
    opportunity of the step, in order of arrival; numbers beyond the step's opportunities are
    ignored. What is outside the box by more than rounding (1e-6) is refused.

    ## Observation Space

    A `Box` of float32. The scaled observation, the default, is each entry over its scale, so that
    typical ones are around 1; `observation="natural"` leaves them as datasets have them. Entries
    are cut at 0 and Max (scaled: Max / Scale).

    | Num | Name                     | Meaning                | Unit     | Scale   | Min | Max  |
    |-----|--------------------------|------------------------|----------|---------|-----|------|
    | 0   | time_left                | steps to come          | share    | 1       | 0   | 1    |
    | 1   | budget_left              | budget left            | share    | 1       | 0   | 1    |
    | 2   | mean_bid                 | own bid, all steps     | currency | r p     | 0   | b    |
    | 3   | mean_bid_last_3          | own bid, last 3 steps  | currency | r p     | 0   | b    |
    | 4   | mean_market_price        | price, all steps       | currency | r p     | 0   | b    |
    | 5   | mean_value               | value, all steps       | value    | p       | 0   | v    |
    | 6   | mean_conversions         | conversions, all steps | share    | w p     | 0   | 1    |
    | 7   | mean_win                 | wins, all steps        | share    | w       | 0   | 1    |
    | 8   | mean_market_price_last_3 | price, last 3 steps    | currency | r p     | 0   | b    |
    | 9   | mean_value_last_3        | value, last 3 steps    | value    | p       | 0   | v    |
    | 10  | mean_conversions_last_3  | conversions, last 3    | share    | w p     | 0   | 1    |
    | 11  | mean_win_last_3          | wins, last 3 steps     | share    | w       | 0   | 1    |
    | 12  | current_mean_value       | value, coming step     | value    | p       | 0   | v    |
    | 13  | current_volume           | volume, coming step    | count    | N / T   | 0   | V    |
    | 14  | volume_last_3            | volume, last 3 steps   | count    | 3 N / T | 0   | 3 V  |
    | 15  | volume_so_far            | volume, all steps      | count    | N       | 0   | N    |
    | 16  | last_cost_ratio          | last cost over budget  | share    | 1 / T   | 0   | 1    |
    | 17  | budget                   | the budget             | currency | B       | 0   | Bmax |
    | 18  | cpa_target               | highest CPA, or 0      | currency | C       | 0   | Cmax |
    | 19  | roas_target              | lowest ROAS, or 0      | ratio    | R       | 0   | Rmax |
    | 20  | is_cpa_mcb               | task is cpa_mcb        | 0 or 1   | 1       | 0   | 1    |
    | 21  | is_target_roas           | task is target_roas    | 0 or 1   | 1       | 0   | 1    |
    | 22  | is_bcb                   | task is bcb            | 0 or 1   | 1       | 0   | 1    |

    Entries 2 to 12 are means over a step's opportunities, averaged over the steps meant; 0 before
    the first step. Values, prices and bids are means an opportunity. The market's constants:

    - N: most opportunities that a day can have, at least 1
    - T: steps a day
    - V: most opportunities that a step can have, at least 1
    - p: mean conversion probability
    - w: slots per advertiser, at most 1
    - r: reference price of the market
    - v: largest value that an opportunity can have
    - b: largest bid (20 times the largest reference times v), or the highest reserve if higher
    - B: middle budget (geometric mean of lowest and highest)
    - Bmax: highest budget
    - C: middle CPA target
    - Cmax: highest CPA target
    - R: middle ROAS target
    - Rmax: highest ROAS target, in value a unit of currency

    With `bidding="opportunities"` it is a `Dict` of this Box as `state`; of `opportunity_values`,
    `Box(0, v, (V,), float32)`, what the coming step's opportunities are worth, over p where
    observations are scaled, and 0 beyond their number; and of `volume`, `Box(0, V, (1,), int32)`,
    that number.

    ## Rewards

    By `reward`: `value`, the realised value of the step's conversions; `expected_value`, the same
    without the luck of the coin (conversion probability times known worth, over all ads seen);
    `score_strict` or `score_paper`, 0 until the last step and then the Score of the day (see
    `auctionsim.tasks`).

    ## Starting State

    The beginning of a day: nothing spent, nothing won. `reset(seed=s)` begins episode 0 of seed s,
    0 <= s < 2^63; `reset()` goes on to the next episode of the seed; `reset(options={"episode":
    k})` begins episode k. Seed and episode decide the day's traffic, all coins, who plays the
    other seats and, unless `advertiser` says, who acts.

    ## Episode End

    The episode terminates after the market's last step, 48 by default; it is never truncated. An
    advertiser whose budget is spent stays to the end, without bids.

    ## Information

    `reset` tells `seed`, `episode_number`, `advertiser`, `category`, `task`, `budget`,
    `reference`, and `cpa_target` or `roas_target` where the task has one. `step` tells `cost`,
    `conversions`, `value` and `wins` of the step, `multiplier` (played; 0 when sitting out),
    `market_price` (mean price of a slot just missed), `remaining_budget`, and whether it is
    `exhausted`, too small to take part. The last step adds `episode_metrics`: `value`,
    `expected_value`, `conversions`, `cost`, `score_strict`, `score_paper`, `utilisation`,
    `violated`, and `cpa_ratio` or `roas_ratio` where there is one.

    ## Arguments

    | Parameter     | Default      | Description                                                  |
    |---------------|--------------|--------------------------------------------------------------|
    | `task`        | None         | Task of the seat, its target the market's; None: its own     |
    | `market`      | "small"      | A market: its name, a path, or a `MarketConfig`              |
    | `opponents`   | "mixed"      | A line-up for the other seats: name, path or `LineupConfig`  |
    | `advertiser`  | None         | Who acts, from 0; None: drawn in every episode               |
    | `reward`      | "value"      | "value", "expected_value", "score_strict" or "score_paper"   |
    | `bidding`     | "multiplier" | "multiplier", or "opportunities" for bids one by one         |
    | `observation` | "scaled"     | "scaled" or "natural"                                        |
    | `render_mode` | None         | "ansi" for text, "rgb_array" for a picture of the day so far |

    ```python
    >>> import gymnasium, auctionsim
    >>> env = gymnasium.make("auctionsim/AutoBidding-v0", task="bcb", market="tiny")
    >>> observation, info = env.reset(seed=1)
    >>> observation, reward, terminated, truncated, info = env.step(env.action_space.sample())

    ```

    ## Vectorized environment

    `AutoBiddingVectorEnv` plays many episodes as one simulation, with the same results:

    ```python
    >>> envs = gymnasium.make_vec("auctionsim/AutoBidding-v0", num_envs=3, market="tiny")
    >>> envs
    AutoBiddingVectorEnv(auctionsim/AutoBidding-v0, num_envs=3)

    ```

    ## Version History

    * v0: semantics version 1 (`auctionsim.SEMANTICS`).
    """

    metadata = {  # noqa: RUF012 - Gymnasium's own form
        "render_modes": list(RENDER_MODES),
        "render_fps": RENDER_FPS,
    }

    def __init__(
        self,
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
        self._lineup = check_opponents(opponents)
        self._advertiser = check_advertiser(advertiser, settings.market)
        self._encoder = Encoder(settings)
        self.observation_space = self._encoder.space()
        self.action_space = action_space(self._encoder.action_size)
        self._counter = EpisodeCounter()
        self._episode: Episode | None = None
        self._record: DayRecord | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode.

        Args:
            seed: Begins episode 0 of this seed, 0 <= seed < 2^63; None goes on to the next episode,
                and at first takes a seed from the system.
            options: {"episode": k} begins episode k of the seed.

        Returns:
            The first observation, and information on the campaign.

        Raises:
            InvalidArgumentError: If an argument breaks its rule.
        """
        given, number = check_reset_seed(seed), check_episode(check_options(options))
        begun, self._episode = self._episode is not None, None  # if this fails, there is none
        seed_now, episode = self._counter.begin(given, number)
        # The simulation draws nothing from np_random; it is seeded for wrappers that do.
        super().reset(seed=seed_now if given is not None or not begun else None)
        advertiser, market = self._advertiser, self.settings.market
        if advertiser is None:
            advertiser = draw_advertiser(seed_now, episode, market.advertisers)
        seats = np.array([advertiser], np.int64)
        self._seat = advertiser
        self._episode = Episode(self._encoder, [seed_now], [episode], seats, self._lineup)
        info = campaign_infos(self._episode.campaigns, [seed_now], [episode])[0]
        if self.render_mode is not None:
            self._record = begin_day(market.name, self._episode.campaigns[0], info)
        return row_of(self._episode.observations(), 0), info

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Play one step of the day.

        Args:
            action: Numbers in [-1, 1], of the action space's shape.

        Returns:
            Observation, reward, whether the day is over, False, and information on the step.

        Raises:
            InvalidArgumentError: If the action breaks its rule.
            ResetNeededError: Before the first reset, and when the day is over.
            BidderError: If an opponent breaks its contract.
        """
        episode = self._episode
        if episode is None or episode.is_over() or episode.broken:
            raise reset_needed(why_not(episode))
        x = check_action(action, (self._encoder.action_size,))
        outcome = episode.step(x[None])
        reward = rewards_of(self.settings.reward, episode, outcome).item()
        info = infos_of(step_columns(episode, outcome))[0]
        if episode.is_over():
            info["episode_metrics"] = episode_metrics(episode)[0]
        if self._record is not None:
            keep_step(self._record, outcome, self._seat)
        return row_of(episode.observations(), 0), reward, episode.is_over(), False, info

    def render(self) -> Any:
        """Return the day so far as text or as a picture, by the render mode.

        Raises:
            ResetNeededError: Before the first reset.
        """
        if self.render_mode is None:
            return warn_not_rendering()
        if self._record is None:
            raise reset_needed("no reset yet", "render")
        return show_day(self._record, self.render_mode)
