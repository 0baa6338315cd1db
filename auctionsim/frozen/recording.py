"""What the bidders of a line-up bid in some episodes: the highest bids on every opportunity."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from auctionsim.campaigns import Campaigns
from auctionsim.cast import Cast
from auctionsim.conduct import Conduct, Incident
from auctionsim.errors import invalid_argument
from auctionsim.lineup import LineupConfig, load_lineup
from auctionsim.market import MarketConfig, load_market
from auctionsim.rules import MECHANISMS
from auctionsim.simulator import Simulation, TopBids
from auctionsim.traffic import Day


@dataclass(frozen=True)
class Recording:
    """The highest bids of a line-up in E episodes, as placed: about 40 bytes an opportunity.

    Attributes:
        market: The market.
        seed: Seed of the episodes.
        episodes: Their numbers, E.
        days: Their traffic parameters, E.
        steps: Slots + 2 highest bids of every opportunity and whose they are, those of competitors
            from outside among them (`auctionsim.simulator.TopBids`), T steps of E runs.
        incidents: What bidders of the line-up broke of their contract, where they may.
    """

    market: MarketConfig
    seed: int
    episodes: tuple[int, ...]
    days: tuple[Day, ...]
    steps: tuple[TopBids, ...]
    incidents: tuple[Incident, ...] = ()

    @property
    def bytes(self) -> int:
        """Memory it takes."""
        return sum(step.bid.nbytes + step.holder.nbytes for step in self.steps)


def record_rivals(
    market: MarketConfig | str,
    episodes: Sequence[int],
    seed: int = 0,
    *,
    lineup: LineupConfig | str = "mixed",
    conduct: Conduct | None = None,
    on_step: Callable[[], object] | None = None,
) -> Recording:
    """Let a line-up play some episodes with all seats, and keep the highest bids.

    Args:
        market: A market, its name, or a path.
        episodes: Episode numbers.
        seed: Their seed.
        lineup: Plays all seats.
        conduct: What happens when one of its bidders breaks its contract.
        on_step: Called after every step, for progress.

    Raises:
        InvalidArgumentError: If an argument breaks its rule, or the market has AuctionNet's rules,
            under which what a bidder loses in a step depends on all of it.
        BidderError: If a bidder breaks its contract, and may not sit out.
    """
    market, lineup = load_market(market), load_lineup(lineup)
    check_can_freeze(market)
    simulation = Simulation(market, episodes, seed)
    steps: list[TopBids] = []
    with Cast(
        simulation.campaigns,
        lineup,
        conduct=conduct,
        episodes=simulation.seat_episode,
        market=market,
    ) as cast:
        while not simulation.done:
            multipliers, bids = cast.decide(simulation, simulation.observe())
            outcome = cast.play(simulation, multipliers, bids, keep_bids=True)
            assert outcome.top_bids is not None
            steps.append(outcome.top_bids)
            if on_step is not None:
                on_step()
    return Recording(
        market=market,
        seed=simulation.seed,
        episodes=tuple(simulation.episodes),
        days=tuple(simulation.days),
        steps=tuple(steps),
        incidents=tuple(cast.incidents),
    )


def check_can_freeze(market: MarketConfig) -> None:
    """Raise `InvalidArgumentError` if opponents cannot be frozen under the market's rules."""
    if market.rules != "default":
        rule = "must have the default rules for opponents to be frozen"
        mend = "Let the opponents respond, or change the market's rules."
        raise invalid_argument("market", rule, f"rules {market.rules}", mend)
    if market.days.outside_price > 0.0 and market.mechanism not in MECHANISMS:
        # Recorded, competitors from outside are bidders; such a mechanism may heed all bids.
        rule = f"must have a mechanism out of {', '.join(MECHANISMS)} for opponents to be frozen"
        mend = "Let the opponents respond, or set days.outside_price to 0."
        raise invalid_argument("market", rule, f"mechanism {market.mechanism}", mend)


def check_seats(recording: Recording, campaigns: Campaigns) -> None:
    """Raise `InvalidArgumentError` unless all are advertisers of the recorded market."""
    most, advertisers = recording.market.advertisers, campaigns.advertiser
    wrong = advertisers[(advertisers < 0) | (advertisers >= most)]
    if wrong.size:
        rule = f"must hold advertisers of the market, 0 to {most - 1}"
        raise invalid_argument("campaigns", rule, int(wrong[0]), "Take the market's campaigns.")
