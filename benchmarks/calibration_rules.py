"""What our default rules change, with AuctionNet's traffic, multipliers and budgets held fixed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from auctionsim import MarketConfig
from auctionsim.rules import EXPOSURE
from benchmarks.calibration_play import Played, fed_simulation, play
from benchmarks.calibration_record import Record

AUCTIONNET, DEFAULT = "AuctionNet's rules", "all default rules"


@dataclass(frozen=True)
class RuleChange:
    """Change against AuctionNet's rules, as a share of what they bring.

    Attributes:
        rules: What is changed.
        price: Mean market price.
        exposed_wins: Slots won and seen.
        cost: Spend.
        conversions: Expected conversions.
        cost_per_conversion: Spend over expected conversions.
        win_rate: Root mean square over advertisers, as a share of their mean.
        conversions_by_advertiser: The same of expected conversions.
    """

    rules: str
    price: float
    exposed_wins: float
    cost: float
    conversions: float
    cost_per_conversion: float
    win_rate: float
    conversions_by_advertiser: float


def other_rules(market: MarketConfig, record: Record, seed: int) -> dict[str, Played]:
    """Play the recorded episodes under rules changed one at a time, and all at once.

    Args:
        market: A market with AuctionNet's rules.
        record: Traffic, multipliers and budgets.
        seed: Seed of looks and coins, the same for all rules.
    """
    seen, default_seen = market.slot_exposure, EXPOSURE["default"]
    biased = replace(market.traffic, prediction_bias=1.0)
    unbiased = replace(market.traffic, prediction_bias=0.0)
    markets = {
        "bids capped at budgets": replace(market, rules="default", exposure=seen, traffic=biased),
        f"slot 3 seen with {default_seen[2]}": replace(market, exposure=default_seen),
        "no bias": replace(market, traffic=unbiased),
        DEFAULT: replace(market, rules="default", exposure=default_seen, traffic=unbiased),
    }
    return {
        name: play(fed_simulation(changed, record, seed), record.multiplier)
        for name, changed in markets.items()
    }


def rule_changes(base: Played, variants: dict[str, Played]) -> list[RuleChange]:
    """Hold other rules against AuctionNet's."""
    return [_rule_change(name, base, changed) for name, changed in variants.items()]


def _rule_change(name: str, base: Played, changed: Played) -> RuleChange:
    expected, base_expected = changed.expected_conversions.sum(1), base.expected_conversions.sum(1)
    cost = float(changed.cost.sum() / base.cost.sum())
    conversions = float(expected.sum() / base_expected.sum())
    moved = np.sqrt(np.mean((changed.win_rate - base.win_rate) ** 2)) / base.win_rate.mean()
    moved_conversions = np.sqrt(np.mean((expected - base_expected) ** 2)) / base_expected.mean()
    return RuleChange(
        rules=name,
        price=changed.price / base.price - 1.0,
        exposed_wins=float(changed.exposed_wins.sum() / base.exposed_wins.sum()) - 1.0,
        cost=cost - 1.0,
        conversions=conversions - 1.0,
        cost_per_conversion=cost / conversions - 1.0,
        win_rate=float(moved),
        conversions_by_advertiser=float(moved_conversions),
    )
