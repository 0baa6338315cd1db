"""Do opponents that do not respond score bidders as those that do? `python -m benchmarks.frozen`.

The same bidders take over the same seats on the same days, against the line-up playing on and
against its recorded bids. Without `--runs` the tables are made from the record.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from agents.fixed import FixedMultiplier
from auctionsim import SEMANTICS, MarketConfig, load_market
from auctionsim.registry import AnyBidder
from benchmarks.frozen_compare import Agreement, Cost, Ranking, agreements, cost, rankings
from benchmarks.frozen_tables import tables
from benchmarks.power_play import Results, lots, played, standard_bidders
from benchmarks.power_record import About, read_record, write_record

KINDS = {"about": About, "agreements": Agreement, "rankings": Ranking, "costs": Cost}
RECORD = Path(__file__).with_name("frozen.json")
FACTORS: tuple[float, ...] = (0.5, 1.5)

_AS_THE_LINEUP = ("fixed 1.0", "limit_aware, drawn", "online_lp", "pid")
_WITH_OTHER_BUDGETS = ("fixed 3.0", "limit_aware, drawn")


@dataclass(frozen=True)
class Plan:
    """How much is played in a market, each kind of opponents.

    Attributes:
        market: Market name.
        episodes: With budgets as they are.
        others: With budgets of each other factor.
        lot: Episodes a file.
    """

    market: str
    episodes: int
    others: int
    lot: int


PLANS: tuple[Plan, ...] = (
    Plan("tiny", 24, 16, 8),
    Plan("small", 12, 8, 4),
    Plan("paper", 3, 2, 1),
)


def bidders() -> dict[str, AnyBidder]:
    """Return bidders by label: four as the line-up has them, and two far from all of it."""
    standard = standard_bidders()
    chosen = {label: standard[label] for label in _AS_THE_LINEUP}
    far: dict[str, AnyBidder] = {
        f"fixed {factor}": FixedMultiplier(factor) for factor in (0.3, 3.0)
    }
    return dict(sorted((far | chosen).items()))


def study(
    plans: Sequence[Plan],
    playing: Mapping[str, AnyBidder],
    folder: Path,
    factors: Sequence[float] = FACTORS,
    progress: bool = True,
) -> dict[str, list[object]]:
    """Play what is not in the folder yet, and return the record.

    Args:
        plans: One a market.
        playing: Bidders by label.
        folder: Of the results, one file a lot of episodes.
        factors: Of the budgets, beside 1.
        progress: Whether to show a bar.
    """
    record: dict[str, list[object]] = {"about": [], "agreements": [], "rankings": [], "costs": []}
    for plan in plans:
        market = load_market(plan.market)
        frozen, responsive = _both(plan, market, playing, folder, 1.0, progress)
        record["agreements"] += agreements(market.name, 1.0, frozen, responsive)
        record["rankings"] += rankings(market.name, frozen, responsive)
        record["costs"].append(cost(market.name, frozen, responsive))
        some = {label: playing[label] for label in _WITH_OTHER_BUDGETS if label in playing}
        for factor in factors:
            sides = _both(plan, market, some, folder, factor, progress)
            record["agreements"] += agreements(market.name, factor, *sides)
        record["about"].append(About(market.name, plan.episodes, SEMANTICS))
    return record


def _both(
    plan: Plan,
    market: MarketConfig,
    playing: Mapping[str, AnyBidder],
    folder: Path,
    factor: float,
    progress: bool,
) -> tuple[Results, Results]:
    """Return the results against frozen and against responsive opponents."""
    parts: tuple[list[Results], list[Results]] = ([], [])
    episodes = plan.episodes if factor == 1.0 else plan.others
    title = f"{market.name}, budget {factor:g}"
    for lot in tqdm(list(lots(episodes, plan.lot)), desc=title, unit="lot", disable=not progress):
        for frozen, side in zip((True, False), parts, strict=True):
            side.append(
                played(folder, "frozen", market, playing, lot, frozen=frozen, budget_factor=factor)
            )
    return Results.join(parts[0]), Results.join(parts[1])


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables of the record, or of a new comparison."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.frozen", description=(__doc__ or "").partition("\n")[0]
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
        record = study(PLANS, bidders(), asked.runs)
        path = asked.json or asked.runs / RECORD.name
        write_record(path, record)
    kept = read_record(path, KINDS)
    print(tables(kept["agreements"], kept["rankings"], kept["costs"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
