"""How many episodes and seats tell a difference between bidders: `python -m benchmarks.power`.

Pairs of bidders that truly differ play many days on all seats; what their paired differences
consist of says how many days a comparison needs, and drawing such numbers of days again and again
says whether the intervals keep their word. Without `--runs` the tables are made from the record.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from auctionsim import SEMANTICS, MarketConfig, load_market
from benchmarks.power_play import Results, lots, played, standard_bidders
from benchmarks.power_record import About, read_record, write_record
from benchmarks.power_study import Check, Spread, checks, spreads
from benchmarks.power_tables import tables

KINDS = {"about": About, "spreads": Spread, "checks": Check}
RECORD = Path(__file__).with_name("power.json")


@dataclass(frozen=True)
class Plan:
    """How much is played in a market.

    Attributes:
        market: Market name.
        episodes: How many.
        lot: How many a file.
        repeats: How often each number of episodes is drawn; 0 for no check.
    """

    market: str
    episodes: int
    lot: int
    repeats: int


PLANS: tuple[Plan, ...] = (
    Plan("tiny", 400, 40, 200),
    Plan("small", 160, 20, 200),
    Plan("paper", 20, 2, 0),
)


def study(plans: Sequence[Plan], folder: Path, progress: bool = True) -> dict[str, list[object]]:
    """Play what is not in the folder yet, and return the record.

    Args:
        plans: One a market.
        folder: Of the results, one file a lot of episodes.
        progress: Whether to show a bar.
    """
    record: dict[str, list[object]] = {"about": [], "spreads": [], "checks": []}
    for plan in plans:
        market = load_market(plan.market)
        results = play_lots(plan, market, folder, progress)
        found = list(spreads(results, market))
        record["spreads"] += found
        if plan.repeats:
            record["checks"] += list(checks(results, market, found, plan.repeats))
        record["about"].append(About(market.name, plan.episodes, SEMANTICS))
    return record


def play_lots(plan: Plan, market: MarketConfig, folder: Path, progress: bool) -> Results:
    """Return the results of a plan's episodes, those in the folder as they are."""
    bar = tqdm(
        list(lots(plan.episodes, plan.lot)), desc=market.name, unit="lot", disable=not progress
    )
    bidders = standard_bidders()
    return Results.join([played(folder, "power", market, bidders, lot, frozen=True) for lot in bar])


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables of the record, or of a new study."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.power", description=(__doc__ or "").partition("\n")[0]
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
    if asked.runs is not None:
        record = study(PLANS, asked.runs)
        path = asked.json or asked.runs / RECORD.name
        write_record(path, record)
    else:
        path = RECORD
    kept = read_record(path, KINDS)
    print(tables(kept["spreads"], kept["checks"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
