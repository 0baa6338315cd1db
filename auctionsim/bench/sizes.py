"""Markets of other sizes, in which the play stays alike."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from auctionsim.config_files import build
from auctionsim.market import MarketConfig

_WARM_UP_OPPORTUNITIES = 64


def cut(market: MarketConfig, opportunities: int) -> MarketConfig:
    """Return the market with at most so many opportunities.

    Steps and budgets are cut by the same factor, so that a step keeps its size (one step remains).
    """
    if market.opportunities <= opportunities:
        return market
    share, terms = opportunities / market.opportunities, market.campaigns
    low, high = terms.budget
    step = terms.budget_step * share
    return replace(
        market,
        opportunities=opportunities,
        steps=max(round(market.steps * share), 1),
        min_remaining_budget=market.min_remaining_budget * share,
        campaigns=replace(terms, budget=(low * share, high * share), budget_step=step),
    )


def warm_up(market: MarketConfig) -> MarketConfig:
    """Return a cut of the market that is played in no time, by the same kernels."""
    return cut(market, _WARM_UP_OPPORTUNITIES)


def resize(market: MarketConfig, **sizes: int) -> MarketConfig:
    """Return the market with other sizes.

    Other numbers of opportunities keep budgets and the day's expected conversions: probabilities
    and the reserve price take up the factor, as they do in the `small` and the `tiny` market.
    Slots beyond the market's own are each seen with three quarters of the last one's probability.

    Args:
        market: The market to start from.
        **sizes: Any of opportunities, advertisers, slots and steps.
    """
    seen = market.slot_exposure
    while len(seen) < sizes.get("slots", market.slots):
        seen += (0.75 * seen[-1],)
    factor = market.opportunities / sizes.get("opportunities", market.opportunities)
    probability = min(market.traffic.mean_probability * factor, 1.0)
    changes: dict[str, Any] = dict(sizes)
    return replace(
        market,
        **changes,
        exposure=seen[: sizes.get("slots", market.slots)],
        reserve_price=market.reserve_price * factor,
        traffic=replace(market.traffic, mean_probability=probability),
    )


def to_plain(market: MarketConfig) -> dict[str, Any]:
    """Return the market as JSON knows it."""
    return asdict(market)


def from_plain(mapping: dict[str, Any]) -> MarketConfig:
    """Return the market that `to_plain` took apart, checked anew."""
    return build(MarketConfig, mapping)
