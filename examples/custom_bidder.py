"""A bidder of your own: held to the contract, scored, and compared with bidders that come along.

    python examples/custom_bidder.py --episodes 10

The same class is scored by the command line, from this folder:

    auctionsim evaluate --bidder custom_bidder:Even --market tiny
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import auctionsim
from agents import Bidder, Observation
from auctionsim.registry import AnyBidder
from auctionsim.tasks import TASKS
from auctionsim.testing import check_bidder


class Even(Bidder):
    """Bids more where its spend lags behind the clock, and less where it runs ahead."""

    def act(self, observation: Observation) -> float:
        """Return the multiplier of the coming step."""
        clock = observation.step / observation.steps
        spent = observation.cost / self.campaign.budget
        return float(self.campaign.reference * 10.0 ** (clock - spent))


def main(argv: Sequence[str] | None = None) -> None:
    """Check the bidder, score it and two others on the same traffic, and print a table."""
    parser = argparse.ArgumentParser(description="A bidder of your own.")
    parser.add_argument("--task", choices=TASKS, default="bcb")
    parser.add_argument("--market", default="tiny")
    parser.add_argument("--episodes", type=int, default=10)
    args = parser.parse_args(argv)

    report = check_bidder(Even())
    print(f"{report.bidder} keeps the contract; a step takes {report.seconds_alone * 1e6:.1f} µs")
    print(f"{args.task:10}         value   expected value   budget used")
    bidders: dict[str, AnyBidder | str] = {"Even": Even(), "pid": "pid", "fixed": "fixed"}
    for name, bidder in bidders.items():
        found = auctionsim.evaluate(bidder, args.task, args.market, args.episodes)
        mean, error = found.metrics, found.standard_errors
        print(
            f"{name:10} {mean['value']:6.1f} ± {error['value']:3.1f}"
            f"     {mean['expected_value']:6.1f} ± {error['expected_value']:3.1f}"
            f" {mean['utilisation']:12.0%}"
        )


if __name__ == "__main__":
    main()
