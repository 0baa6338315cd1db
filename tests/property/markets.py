"""Random small markets: ties, budgets that run out, odd sizes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from auctionsim.day_conditions import DayConditions
from auctionsim.market import CampaignTerms, MarketConfig, Traffic, ValueSpreads
from auctionsim.simulator import StepOutcome
from auctionsim.simulator.reference import ReferenceEpisode, simulate_reference
from tests.auctionsim.simulator.comparing import play

# Sizes around the block of 256 opportunities that share Philox calls.
ODD_SIZES = (0, 1, 2, 255, 256, 257, 600)


@dataclass(frozen=True)
class Play:
    """A market, an episode, and multipliers (T, A) to play it with."""

    market: MarketConfig
    episode: int
    seed: int
    multipliers: NDArray[np.float64]

    def simulate(self, chunk: int = 8192, keep_sales: bool = False) -> list[StepOutcome]:
        world = self.market, self.episode, self.seed, self.multipliers
        return play(*world, chunk=chunk, keep_sales=keep_sales)[1]

    def walk(self) -> ReferenceEpisode:
        return simulate_reference(self.market, self.episode, self.seed, self.multipliers)


def traffics() -> st.SearchStrategy[Traffic]:
    # No spread at all makes probabilities equal: with equal multipliers every bid is a tie.
    spread = st.sampled_from([0.0, 0.0, 0.5])
    return st.builds(
        Traffic,
        daily_profile=st.sampled_from([(1.0,), (1.0, 0.0, 2.0)]),
        volume_spread=spread,
        volume_blocks=st.integers(1, 4),
        mean_probability=st.sampled_from([0.001, 0.05, 0.4, 1.0]),
        category_spread=spread,
        advertiser_spread=spread,
        profile_blocks=st.integers(1, 4),
        deviation_mean=st.sampled_from([0.0, 0.0, 0.5, 1.0]),
        deviation_spread=st.sampled_from([0.0, 0.1]),
        deviation_step_spread=st.sampled_from([0.0, 0.2]),
        error_mean=st.sampled_from([0.0, 0.3]),
        error_spread=st.sampled_from([0.0, 0.1]),
        prediction_bias=st.sampled_from([0.0, 1.0]),
    )


@st.composite
def conditions(draw: st.DrawFn) -> DayConditions:
    spread, jumps = st.sampled_from([0.0, 0.5]), st.sampled_from([(0.0, 0.0), (3.0, 0.4)])
    quality, price = draw(jumps), (0.0, 0.0)
    # Where nothing else spreads, outside bids of 1 and 5 a unit of value tie with multipliers.
    outside = draw(st.sampled_from([0.0, 1.0, 5.0, 60.0]))
    path = {}
    if outside > 0.0:
        price = draw(jumps)
        path = {"price_by_day": draw(spread), "price_drift": draw(spread)}
    return DayConditions(
        volume_by_day=draw(spread),
        quality_drift=draw(spread),
        quality_jump_rate=quality[0],
        quality_jump_size=quality[1],
        quality_spread=draw(spread),
        outside_price=outside,
        price_jump_rate=price[0],
        price_jump_size=price[1],
        **path,
    )


@st.composite
def terms(draw: st.DrawFn) -> CampaignTerms:
    low = draw(st.sampled_from([0.01, 0.5, 3.0, 40.0, 1e6]))
    shares = draw(st.sampled_from([(1.0, 1.0, 1.0), (0.0, 1.0, 0.0), (2.0, 6.0, 40.0)]))
    return CampaignTerms(
        seed=draw(st.integers(0, 2**64 - 1)),
        budget=(low, low * draw(st.sampled_from([1.0, 4.0]))),
        budget_step=low / 7,
        task_shares=dict(zip(("cpa_mcb", "target_roas", "bcb"), shares, strict=True)),
    )


@st.composite
def markets(
    draw: st.DrawFn, rules: str = "default", most: int = 600, min_remaining: float | None = None
) -> MarketConfig:
    mechanism = draw(st.sampled_from(["gsp", "gsp", "first_price", "second_price"]))
    slots = 1 if mechanism == "second_price" else draw(st.integers(1, 5))
    looks = draw(st.lists(st.sampled_from([0.0, 0.3, 0.8, 1.0]), min_size=slots, max_size=slots))
    advertisers = draw(st.integers(1, 6) | st.sampled_from([20]))
    sizes = st.sampled_from([n for n in ODD_SIZES if n <= most]) | st.integers(0, 60)
    known = draw(st.sampled_from([0.0, 0.5, 1.5]))
    return MarketConfig(
        name="random",
        opportunities=draw(sizes),
        steps=draw(st.integers(1, 3)),
        advertisers=advertisers,
        categories=draw(st.integers(1, 3)),
        slots=slots,
        mechanism=mechanism,
        rules=rules,
        exposure=tuple(sorted(looks, reverse=True)),
        reserve_price=draw(st.sampled_from([0.0, 0.01, 0.1, 1e6])),
        min_remaining_budget=(
            draw(st.sampled_from([0.0, 0.1, 2.0])) if min_remaining is None else min_remaining
        ),
        traffic=draw(traffics()),
        campaigns=draw(terms()),
        values=ValueSpreads(
            known={"cpa_mcb": 0.0, "target_roas": known, "bcb": draw(st.sampled_from([0.0, 0.2]))},
            realised=draw(st.sampled_from([0.0, 0.7])),
        ),
        days=draw(st.just(DayConditions()) | conditions()),
    )


@st.composite
def plays(draw: st.DrawFn, rules: str = "default", most: int = 600) -> Play:
    market = draw(markets(rules, most))
    shape = (market.steps, market.advertisers)
    few = st.sampled_from([0.0, 0.1, 1.0, 1.0, 5.0, 60.0, 1e4])
    numbers = draw(st.lists(few, min_size=shape[0] * shape[1], max_size=shape[0] * shape[1]))
    return Play(
        market=market,
        episode=draw(st.integers(0, 2**32 - 1)),
        seed=draw(st.integers(0, 2**64 - 1)),
        multipliers=np.array(numbers).reshape(shape),
    )


def any_rules(most: int = 600) -> st.SearchStrategy[Play]:
    return plays(most=most) | plays(rules="auctionnet", most=min(most, 257))
