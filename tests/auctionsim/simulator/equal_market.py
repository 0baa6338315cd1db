"""A market in which all opportunities are worth the same, so that outcomes are known by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from auctionsim.market import CampaignTerms, MarketConfig, Traffic

# Every opportunity is worth 0.5 to everybody: bids are half the multipliers.
EQUAL = Traffic(
    mean_probability=0.5, category_spread=0.0, advertiser_spread=0.0, deviation_mean=0.0,
    deviation_spread=0.0, volume_spread=0.0, daily_profile=(1.0,),
)  # fmt: skip


def equal_market(**changes: Any) -> MarketConfig:
    base = MarketConfig(
        name="equal", opportunities=100, steps=2, advertisers=3, categories=1, slots=1,
        exposure=(1.0,), reserve_price=0.25, min_remaining_budget=1.0, traffic=EQUAL,
        campaigns=CampaignTerms(budget=(40.25, 40.25), budget_step=0.25, task_shares={"bcb": 1.0}),
    )  # fmt: skip
    return replace(base, **changes)
