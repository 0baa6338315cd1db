"""Roll-outs of a bidder that takes over one seat at a time, while the others play a line-up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from tqdm import tqdm

from auctionsim.bidding import name_of
from auctionsim.cast import Cast
from auctionsim.conduct import Conduct, Incident
from auctionsim.dataset.schema import Trajectories
from auctionsim.evaluation.bounds import Bounds, bounds_against, has_bounds
from auctionsim.evaluation.result import Evaluation, summarise
from auctionsim.evaluation.takeover import (
    Takeover,
    check_budget_factor,
    episode_numbers,
    groups,
    task_seats,
)
from auctionsim.frozen import FrozenMarket, Recording, record_rivals
from auctionsim.frozen.recording import check_can_freeze
from auctionsim.lineup import LineupConfig, load_lineup
from auctionsim.market import MarketConfig, load_market
from auctionsim.mechanism.arguments import check_integer
from auctionsim.registry import AnyBidder, check_is_bidder, make, prepare
from auctionsim.rollout import roll_out
from auctionsim.simulator import Game, Simulation

# Runs stepped together: enough to keep all cores busy, few enough to stay small in memory.
_RUNS_AT_ONCE = 96
_RECORDED_BYTES = 2**28

OnStep = Callable[[int], object]


@dataclass(frozen=True)
class Entrant:
    """A bidder that is scored.

    Attributes:
        name: What it is called.
        bidder: The bidder, prepared for the market.
        conduct: What happens when it breaks its contract.
    """

    name: str
    bidder: AnyBidder
    conduct: Conduct

    @classmethod
    def of(
        cls, bidder: AnyBidder | str, market: MarketConfig, conduct: Conduct | None = None
    ) -> Entrant:
        """Make a bidder ready to be scored in a market, given itself or its name.

        Raises:
            InvalidArgumentError: If there is no such bidder, or it is none.
        """
        player = make(bidder) if isinstance(bidder, str) else check_is_bidder(bidder)
        name = bidder if isinstance(bidder, str) else name_of(player)
        return cls(name, prepare(name, player, market), conduct or Conduct())


def evaluate(
    bidder: AnyBidder | str,
    task: str = "bcb",
    market: MarketConfig | str = "small",
    episodes: int | Sequence[int] = 10,
    seed: int = 0,
    *,
    protocol: str = "paper",
    lineup: LineupConfig | str = "mixed",
    budget_factor: float = 1.0,
    frozen: bool = False,
    bounds: bool = True,
    on_error: str = "raise",
    time_limit: float | None = None,
    isolate: bool = False,
    progress: bool = False,
) -> Evaluation:
    """Score a bidder by roll-outs: each seat of the task is taken over alone, in every episode.

    Args:
        bidder: A bidder, its registered name, or `module:Class`.
        task: Task the bidder plays.
        market: A market, its name or a path.
        episodes: How many episodes, from 0 on; or their numbers.
        seed: Seed of the episodes; the same seed and episodes give every bidder the same traffic.
        protocol: "paper" for the seats the market gives this task, "wide" for all seats, each with
            a target of this task from the market's distribution.
        lineup: Plays the other seats.
        budget_factor: Budget of the seats taken over, over the market's.
        frozen: Whether the others do not respond, but bid what they bid when the line-up played all
            seats: many times faster, and nearly the same.
        bounds: Whether to add bounds in hindsight (default rules, and prices by the next bid).
        on_error: "raise", or "sit-out": a seat whose bidder breaks its contract bids 0 in that
            step, and the result holds an incident; see `auctionsim.conduct.Conduct`.
        time_limit: Seconds that a bidder may take a step for each seat; None for no limit.
        isolate: Whether the bidder runs in a process of its own, where it can be stopped.
        progress: Whether to show a progress bar.

    Returns:
        Metrics, their standard errors, the trajectories they come from, bounds, and incidents.

    Raises:
        InvalidArgumentError: If an argument breaks its rule, or the market has no seat of the task.
        BidderError: If the bidder breaks its contract, and may not sit out.
    """
    conduct = Conduct(on_error, time_limit, isolate)
    market, lineup = load_market(market), load_lineup(lineup)
    lineup.check(market.advertisers)
    if frozen:
        check_can_freeze(market)
    seed = check_integer("seed", seed, 0, 2**64 - 1, "Pick another seed.")
    numbers = episode_numbers(episodes)
    factor = check_budget_factor(budget_factor)
    takeover = Takeover(market, seed, task, task_seats(market, task, protocol), factor)
    entrant = Entrant.of(bidder, market, conduct)
    bounded = bounds and has_bounds(market)
    steps, title = len(numbers) * market.steps, f"{entrant.name} {task}"
    with tqdm(total=steps, unit="step", desc=title, disable=not progress) as bar:
        return _play(entrant, takeover, numbers, lineup, frozen, bounded, bar.update)


def _play(
    entrant: Entrant,
    takeover: Takeover,
    episodes: Sequence[int],
    lineup: LineupConfig,
    frozen: bool,
    bounded: bool,
    on_step: OnStep,
) -> Evaluation:
    """Play all episodes, a few at a time, and sum up."""
    market = takeover.market
    # Bidders of the line-up are never isolated.
    others = replace(entrant.conduct, isolate=False)
    played: list[Trajectories] = []
    incidents: list[Incident] = []
    found: list[Bounds] = []
    size = episodes_at_once(market, len(takeover.seats), recorded=frozen or bounded)
    for group in groups(episodes, size):
        recording = None
        if frozen or bounded:
            recording = record_rivals(market, group, takeover.seed, lineup=lineup, conduct=others)
        against = recording if frozen else None
        incidents += [] if against is None else against.incidents
        rolled = roll_out_alone(entrant, takeover, group, lineup, against, on_step)
        played.append(rolled[0])
        incidents += rolled[1]
        if bounded and recording is not None:
            found.append(bounds_against(recording, takeover))
    joined = Bounds.concatenate(found) if found else None
    return summarise(takeover.task, Trajectories.concatenate(played), joined, incidents)


def roll_out_alone(
    entrant: Entrant,
    takeover: Takeover,
    episodes: Sequence[int],
    lineup: LineupConfig,
    recording: Recording | None = None,
    on_step: OnStep | None = None,
) -> tuple[Trajectories, list[Incident]]:
    """Let a bidder take over each seat alone, in some episodes, all runs side by side.

    Args:
        entrant: The bidder.
        takeover: The seats.
        episodes: Episode numbers; those of the recording, where there is one.
        lineup: Plays the other seats, where they respond.
        recording: Their bids, where they do not.
        on_step: Told after every step how many steps of an episode that was, for progress.

    Returns:
        Trajectories by episode and seat, and what the bidder broke of its contract.
    """
    runs, market = takeover.runs(episodes), takeover.market
    game: Game
    if recording is None:
        campaigns, replaced = takeover.among_others(episodes)
        game = Simulation(market, episodes, takeover.seed, runs=runs, campaigns=campaigns)
    else:
        campaigns = takeover.by_themselves(episodes)
        replaced = np.arange(len(campaigns))
        game = FrozenMarket(recording, campaigns, runs)
    taken = [(entrant.name, entrant.bidder, replaced)]
    tell = None if on_step is None else lambda: on_step(len(episodes))
    with Cast(
        campaigns,
        lineup,
        taken,
        conduct=entrant.conduct,
        episodes=game.seat_episode,
        market=market,
    ) as cast:
        return roll_out(game, cast, replaced, tell), list(cast.incidents)


def episodes_at_once(market: MarketConfig, seats: int, *, recorded: bool) -> int:
    """Return how many episodes to play side by side: few enough to stay small in memory."""
    size = max(1, _RUNS_AT_ONCE // seats)
    if recorded:
        bytes_an_episode = 8 * (market.slots + 2) * max(market.opportunities, 1)
        size = min(size, max(1, _RECORDED_BYTES // bytes_an_episode))
    return size
