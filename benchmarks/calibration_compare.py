"""Plays all comparisons with AuctionNet's record."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auctionsim import MarketConfig, load_market
from benchmarks.calibration_checks import Check, fed_checks, own_play_checks, traffic_checks
from benchmarks.calibration_play import (
    Float64Array,
    Played,
    exposure_by_slot,
    fed_simulation,
    own_simulation,
    play,
)
from benchmarks.calibration_prices import Prices, play_with_prices
from benchmarks.calibration_record import Record, load_record
from benchmarks.calibration_rules import RuleChange, other_rules, rule_changes
from benchmarks.calibration_traffic import TrafficSample, own_sample, recorded_sample

MARKET = "auctionnet"  # the paper market's size and traffic under AuctionNet's rules
OWN_DAYS = 150  # 50 times the record, so that only the record's luck counts
OWN_EPISODES_EACH = 2  # of our traffic, for the multipliers of each recorded episode
LOOKS = 200_000


@dataclass(frozen=True)
class Calibration:
    """All that is compared, and the outcome.

    Attributes:
        record: AuctionNet's episodes.
        theirs: Their traffic.
        ours: Our traffic.
        fed: AuctionNet's traffic and multipliers in our auction.
        prices: Its market prices, opportunity by opportunity.
        exposure: Our exposure by slot.
        variants: The same traffic and multipliers under other rules, by name.
        checks: AuctionNet's figures beside ours.
    """

    record: Record
    theirs: TrafficSample
    ours: TrafficSample
    fed: Played
    prices: Prices
    exposure: Float64Array
    variants: dict[str, Played]
    checks: list[Check]

    @property
    def changes(self) -> list[RuleChange]:
        """What other rules change."""
        return rule_changes(self.fed, self.variants)


def calibrate(market: MarketConfig | str = MARKET, seed: int = 0) -> Calibration:
    """Play all comparisons.

    Args:
        market: A market with AuctionNet's sizes and rules.
        seed: Seed of our traffic, looks and coins.
    """
    market, record = load_market(market), load_record()
    fed, prices = play_with_prices(
        fed_simulation(market, record, seed), record.multiplier, record.price_levels
    )
    exposure = exposure_by_slot(market, LOOKS, seed)
    theirs, ours = recorded_sample(record), own_sample(market, OWN_DAYS, seed)
    checks = [
        *fed_checks(record, fed, prices, exposure),
        *traffic_checks(theirs, ours),
        *own_play_checks(
            _play_other_days(market, record, seed), _play_own_traffic(market, record, seed)
        ),
    ]
    variants = other_rules(market, record, seed)
    return Calibration(record, theirs, ours, fed, prices, exposure, variants, checks)


def _play_other_days(market: MarketConfig, record: Record, seed: int) -> Played:
    """AuctionNet's traffic under the multipliers of its other episodes."""
    parts = [
        vars(play(fed_simulation(market, record, seed), np.roll(record.multiplier, shift, 0)))
        for shift in range(1, record.episodes)
    ]
    return Played(**{name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


def _play_own_traffic(market: MarketConfig, record: Record, seed: int) -> Played:
    episodes = range(OWN_EPISODES_EACH * record.episodes)
    multipliers = np.tile(record.multiplier, (OWN_EPISODES_EACH, 1, 1))
    return play(own_simulation(market, record, episodes, seed), multipliers)
