"""In which markets could planning pay, and by how much? `python -m benchmarks.markets`.

In each market, what the best constant factor of other days brings is held against what hindsight
knows: the best constant of the very day, the best multiplier for each of its steps, the best
purchase; and against bidders that adapt. Without `--runs` the tables are made from the record.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from auctionsim import SEMANTICS, MarketConfig, load_market
from benchmarks.markets_play import Results, measure
from benchmarks.markets_study import Gain, Level, gains, levels
from benchmarks.markets_tables import tables
from benchmarks.power_record import About, read_record, write_record

KINDS = {"about": About, "levels": Level, "gains": Gain}
RECORD = Path(__file__).with_name("markets.json")


@dataclass(frozen=True)
class Plan:
    """How much is played in a market.

    Attributes:
        market: Market name.
        choosing: Days on which factors are chosen.
        testing: Days that count.
        one_slot: Whether one slot is sold at the second price instead: there theory has an answer.
    """

    market: str
    choosing: int = 8
    testing: int = 16
    one_slot: bool = False

    def build(self) -> MarketConfig:
        """Return the market that is played."""
        market = load_market(self.market)
        if not self.one_slot:
            return market
        return replace(
            market, name=f"{market.name}, one slot", slots=1, mechanism="second_price",
            exposure=(1.0,),
        )  # fmt: skip


PLANS: tuple[Plan, ...] = (
    Plan("small"),
    Plan("quality"),
    Plan("unknown_traffic"),
    Plan("drift"),
    Plan("jumps"),
    Plan("real_days"),
    Plan("real_days", one_slot=True),
)


def study(plans: Sequence[Plan], folder: Path) -> dict[str, list[object]]:
    """Play what is not in the folder yet, and return the record.

    Args:
        plans: One a market.
        folder: Of the results, one file a market; made if missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    record: dict[str, list[object]] = {"about": [], "levels": [], "gains": []}
    for plan in plans:
        market = plan.build()
        results = _results(plan, market, folder)
        record["levels"] += levels(market.name, results)
        record["gains"] += gains(market.name, results)
        record["about"].append(About(market.name, plan.testing, SEMANTICS))
    return record


def _results(plan: Plan, market: MarketConfig, folder: Path) -> Results:
    stem = market.name.replace(", ", "-").replace(" ", "-")
    path = folder / f"markets-{stem}-{plan.choosing}-{plan.testing}.npz"
    if not path.exists():
        measure(market, plan.choosing, plan.testing).save(path)
    return Results.load(path)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables of the record, or of a new study."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.markets", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument(
        "--runs",
        type=Path,
        metavar="DIR",
        help="play anew; results are kept there, and what is there already is not played again",
    )
    parser.add_argument("--json", type=Path, metavar="PATH", help="write the new record here")
    asked = parser.parse_args(arguments)
    if asked.runs is None and asked.json is not None:
        parser.error("argument --json: a new record needs --runs DIR")
    path = RECORD
    if asked.runs is not None:
        record = study(PLANS, asked.runs)
        path = asked.json or asked.runs / RECORD.name
        write_record(path, record)
    kept = read_record(path, KINDS)
    print(tables(kept["levels"], kept["gains"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
