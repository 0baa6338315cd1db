"""AuctionNet's own strategies in our market: `python -m benchmarks.strategies --auctionnet PATH`.

The line-up of the recorded episodes plays them again on AuctionNet's traffic, under its rules, with
its budgets and CPA constraints; classes and advertisers are then ranked by Score in both places.
The strategies are run unchanged from a checkout of https://github.com/alimama-tech/AuctionNet.
Loading them runs code of that checkout, its pickles included: name one that you trust.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path

import numpy as np
from tqdm import tqdm

from auctionsim import MarketConfig, load_market
from benchmarks.calibration_record import Record, load_record
from benchmarks.strategies_checkout import Checkout, opened
from benchmarks.strategies_compare import AgreementRow, GroupRow, agreement_rows, group_rows
from benchmarks.strategies_play import (
    Episode,
    play,
    recorded_days,
    seated,
    simulations,
    table_episodes,
    tables_of_play,
)
from benchmarks.strategies_record import (
    Results,
    Seat,
    recorded_lineup,
    recorded_results,
    results_of,
)

MARKET = "auctionnet"


def groups_table(rows: Sequence[GroupRow]) -> str:
    """Return the classes of strategies as text."""
    lines = [
        f"{'':15s}{'':6s}{'Score':>11s}{'':26s}{'predicted Score':>18s}{'cost':>18s}",
        f"{'':15s}{'seats':>6s}{'AuctionNet':>11s}{'ours':>6s}{'difference':>14s}{'places':>6s}"
        f"{'AuctionNet':>12s}{'ours':>6s}{'AuctionNet':>12s}{'ours':>6s}",
    ]
    lines += [
        f"{row.group:15s}{row.seats:6d}{row.theirs.score:11.1f}{row.ours.score:6.1f}"
        f"{row.ours.score - row.theirs.score:+7.1f} ± {row.difference_error:4.1f}"
        f"{row.their_place:3d}{row.our_place:3d}"
        f"{row.theirs.predicted_score:12.1f}{row.ours.predicted_score:6.1f}"
        f"{row.theirs.cost:12.0f}{row.ours.cost:6.0f}"
        for row in rows
    ]
    return "\n".join(lines)


def agreement_table(rows: Sequence[AgreementRow]) -> str:
    """Return the rank correlations as text."""
    lines = [
        f"{'':49s}{'classes by':>18s}{'advertisers by':>30s}",
        f"{'rank correlation':49s}{'Score':>8s}{'predicted':>10s}{'Score':>10s}{'predicted':>10s}"
        f"{'cost':>10s}",
    ]
    lines += [
        f"{row.pairs:49s}{row.groups:8.2f}{row.predicted_groups:10.2f}{row.score:10.2f}"
        f"{row.predicted_score:10.2f}{row.cost:10.2f}"
        for row in rows
    ]
    return "\n".join(lines)


def play_lineup(
    market: MarketConfig,
    lineup: list[Seat],
    record: Record,
    checkout: Checkout,
    seeds: Sequence[int],
) -> list[Results]:
    """Play the recorded episodes with every seed; OnlineLP's tables are rebuilt if missing."""
    if not checkout.has_tables(table_episodes(lineup)):
        checkout.write_tables(tables_of_play(market, lineup, record, checkout, seeds[0]))
    results = []
    for seed in seeds:
        days = recorded_days(market, record, seed)
        boards = simulations(market, lineup, record, days, seed)
        bar = tqdm(boards, desc=f"seed {seed}", total=len(days), unit="episode")
        episodes = [play(simulation, seated(simulation, lineup, checkout)) for simulation in bar]
        arrays = (
            np.stack([getattr(episode, field.name) for episode in episodes])
            for field in fields(Episode)
        )
        results.append(results_of(lineup, *arrays))
    return results


def main(arguments: Sequence[str] | None = None) -> int:
    """Play, compare and print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.strategies", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument(
        "--auctionnet",
        type=Path,
        required=True,
        metavar="PATH",
        help="a checkout of AuctionNet; code and pickles in it are run",
    )
    parser.add_argument(
        "--seeds",
        type=int,
        nargs="+",
        default=[0, 1, 2],
        help="of our opportunities, looks and coins; two or more",
    )
    parser.add_argument("--json", type=Path, metavar="PATH", help="write the figures here")
    asked = parser.parse_args(arguments)  # fmt: skip
    lineup, record = recorded_lineup(), load_record()
    with (
        tempfile.TemporaryDirectory() as folder,
        opened(asked.auctionnet, Path(folder)) as checkout,
    ):
        ours = play_lineup(load_market(MARKET), lineup, record, checkout, asked.seeds)
    theirs = recorded_results(lineup, record)
    groups, agreement = group_rows(lineup, theirs, ours), agreement_rows(lineup, theirs, ours)
    print(groups_table(groups), agreement_table(agreement), sep="\n\n")
    if asked.json is not None:
        figures = {
            "groups": [asdict(row) for row in groups],
            "agreement": [asdict(row) for row in agreement],
        }
        asked.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
