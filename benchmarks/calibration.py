"""How near the market comes to AuctionNet under its rules: `python -m benchmarks.calibration`.

Three comparisons with three recorded episodes: AuctionNet's traffic and multipliers in our auction,
our traffic beside AuctionNet's, and its multipliers on our traffic. Then what our default rules
change. benchmarks/README.md says where the record comes from, and what was found.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass
from pathlib import Path

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


def checks_table(checks: Sequence[Check]) -> str:
    """Return AuctionNet's figures beside ours as text."""
    head = f"{'':55s} {'AuctionNet':>11s} {'ours':>11s} {'difference':>11s} {'tolerance':>10s}"
    lines = []
    for part, rows in itertools.groupby(checks, lambda check: check.part):
        lines += ["", part, head]
        for row in rows:
            form = "+.2%" if row.relative else "+.4f"
            difference, tolerance = format(row.difference, form), format(row.tolerance, form[1:])
            lines.append(
                f"{row.name:55s} {row.auctionnet:11.6g} {row.ours:11.6g} {difference:>11s} "
                f"{'±' + tolerance:>10s}{'' if row.within else '  OUT OF TOLERANCE'}"
            )
    return "\n".join(lines)


def changes_table(changes: Sequence[RuleChange]) -> str:
    """Return what other rules change as text."""
    heads = ("price", "seen wins", "cost", "conversions", "cost/conv.", "win rate*", "conv.*")
    lines = [
        "What other rules change, traffic, multipliers and budgets being AuctionNet's",
        f"{'':24s}" + "".join(f"{head:>13s}" for head in heads),
    ]
    for change in changes:
        name, *shares = astuple(change)
        lines.append(f"{name:24s}" + "".join(f"{share:>+13.2%}" for share in shares))
    return "\n".join([*lines, "* by advertiser: root mean square over the mean advertiser"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the comparison; return 1 if a figure is out of its tolerance."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.calibration", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--seed", type=int, default=0, help="of our traffic, looks and coins")
    parser.add_argument("--plot", type=Path, metavar="PATH", help="draw it, as .svg or .png")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write the figures here")
    asked = parser.parse_args(arguments)
    calibration = calibrate(seed=asked.seed)
    checks, changes = calibration.checks, calibration.changes
    print(checks_table(checks), changes_table(changes), sep="\n\n")
    if asked.json is not None:
        figures = {
            "checks": [{**asdict(check), "within": check.within} for check in checks],
            "rule_changes": [asdict(change) for change in changes],
        }
        asked.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    if asked.plot is not None:
        from benchmarks.calibration_plot import draw

        draw(calibration, asked.plot)
    return 0 if all(check.within for check in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
