"""Markets at the edge of what is allowed, and arguments beyond it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from auctionsim.campaigns import Campaigns
from auctionsim.day_conditions import DayConditions
from auctionsim.market import CampaignTerms, MarketConfig, Traffic, ValueSpreads
from auctionsim.simulator import Simulation, StepOutcome, market_campaigns
from auctionsim.simulator.reference import ReferenceEpisode, simulate_reference
from auctionsim.traffic import draw_day, episode_key
from tests.auctionsim.simulator.comparing import play

# First what makes a market lively: it is drawn more often.
SIZES = (31, 3, 2, 1, 0, 255, 256, 257, 511, 512, 513)  # around blocks of 256
AMOUNTS = (1.0, 1.0, 1.0, 0.5, 3.0, 9e29, 0.0, 5e-324, 1e-45, 1e-38)  # ones, for ties
BUDGETS = (5.0, 40.0, 40.0, 1.0, 1e30, 9e29, 1e-45, 1e-300, 5e-324, 0.0)


@dataclass(frozen=True)
class ExtremePlay:
    """A market, campaigns with budgets of any size, multipliers (T, A) and bids one by one."""

    market: MarketConfig
    episode: int
    seed: int
    multipliers: NDArray[np.float64]
    budget: NDArray[np.float64]
    bids: Mapping[tuple[int, int], NDArray[np.float32]]

    @property
    def campaigns(self) -> Campaigns:
        key = draw_day(self.market, episode_key(self.seed, self.episode)).key
        return replace(market_campaigns(self.market, [key]), budget=self.budget)

    def simulate(self) -> tuple[Simulation, list[StepOutcome]]:
        return play(
            self.market, self.episode, self.seed, self.multipliers, campaigns=self.campaigns,
            bids=self.bids, chunk=256,
        )  # fmt: skip

    def walk(self) -> ReferenceEpisode:
        return simulate_reference(
            self.market, self.episode, self.seed, self.multipliers, campaigns=self.campaigns,
            bids=self.bids,
        )  # fmt: skip


@st.composite
def extreme_days(draw: st.DrawFn) -> DayConditions:
    wild, jumps = st.sampled_from([0.0, 2.0]), st.sampled_from([(0.0, 0.0), (50.0, 1.0)])
    quality, price = draw(jumps), draw(jumps)
    return DayConditions(
        volume_by_day=draw(st.sampled_from([0.0, 5e-324, 1.0])),
        quality_drift=draw(wild),
        quality_jump_rate=quality[0],
        quality_jump_size=quality[1],
        quality_spread=draw(st.sampled_from([0.0, 5e-324, 2.0])),
        outside_price=draw(st.sampled_from([5e-324, 1e-30, 1.0, 1e30])),
        price_by_day=draw(wild),
        price_drift=draw(wild),
        price_jump_rate=price[0],
        price_jump_size=price[1],
    )


@st.composite
def extreme_markets(draw: st.DrawFn) -> MarketConfig:
    mechanism = draw(st.sampled_from(["gsp", "gsp", "first_price", "second_price"]))
    slots = 1 if mechanism == "second_price" else draw(st.integers(1, 10))
    seen = draw(st.sampled_from([(1.0,), (1.0,), (1.0, 0.8, 0.6, 0.0), (5e-324,), (0.0,)]))
    wide = st.sampled_from([0.0, 0.0, 0.999])
    spread = st.sampled_from([0.0, 0.0, 0.5, 3.0])
    return MarketConfig(
        name="extreme",
        opportunities=draw(st.sampled_from(SIZES)),
        steps=draw(st.integers(1, 3)),
        advertisers=draw(st.sampled_from([1, 1, 2, 3, 5, 17])),
        categories=draw(st.sampled_from([1, 2, 2**31 - 1])),
        slots=slots,
        mechanism=mechanism,
        rules=draw(st.sampled_from(["default", "default", "auctionnet"])),
        exposure=(*seen, *[seen[-1]] * slots)[:slots],
        reserve_price=draw(st.sampled_from([0.0, 0.0, 0.0, 5e-324, 1e-45, 1e-38, 0.5, 1.0, 1e30])),
        min_remaining_budget=draw(st.sampled_from([0.0, 0.0, 0.0, 0.0, 5e-324, 0.1, 1.0, 1e308])),
        traffic=Traffic(
            daily_profile=draw(st.sampled_from([(1.0,), (0.0, 1.0), (5e-324, 1e308)])),
            volume_spread=draw(wide),
            volume_blocks=draw(st.sampled_from([1, 100])),
            mean_probability=draw(st.sampled_from([1.0, 1.0, 1.0, 0.5, 0.1, 1e-38, 1e-45, 5e-324])),
            category_spread=draw(wide),
            advertiser_spread=draw(wide),
            deviation_mean=draw(st.sampled_from([0.0, 0.0, 1.0, 1e30])),
            deviation_spread=draw(st.sampled_from([0.0, 1e30])),
            deviation_step_spread=draw(st.sampled_from([0.0, 1e30])),
            error_mean=draw(st.sampled_from([0.0, 0.3, 1e30])),
            error_spread=draw(st.sampled_from([0.0, 1e3])),
            prediction_bias=draw(st.sampled_from([None, None, 0.0, 1.0, 1e30])),
        ),
        campaigns=CampaignTerms(task_shares={"bcb": 1.0, "target_roas": 1.0}),
        values=ValueSpreads(
            known={"target_roas": draw(spread), "bcb": draw(spread)}, realised=draw(spread)
        ),
        days=draw(st.just(DayConditions()) | extreme_days()),
    )


@st.composite
def extreme_plays(draw: st.DrawFn) -> ExtremePlay:
    market = draw(extreme_markets())
    episode, seed = draw(st.integers(0, 2**32 - 1)), draw(st.integers(0, 2**64 - 1))
    shape, amount = (market.steps, market.advertisers), st.sampled_from(AMOUNTS)
    volumes = draw_day(market, episode_key(seed, episode)).volumes.tolist()
    places = st.tuples(*(st.integers(0, size - 1) for size in shape))
    bids = {
        (t, i): draw(hnp.arrays(np.float32, volumes[t], elements=amount.map(np.float32)))
        for t, i in draw(st.sets(places, max_size=3))
    }
    return ExtremePlay(
        market=market,
        episode=episode,
        seed=seed,
        multipliers=draw(hnp.arrays(np.float64, shape, elements=amount)),
        budget=draw(hnp.arrays(np.float64, shape[1], elements=st.sampled_from(BUDGETS))),
        bids=bids,
    )
