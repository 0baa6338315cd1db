"""Scoring one bidder on the seats of a task."""

from __future__ import annotations

from collections.abc import Sequence

from tqdm import tqdm

from auctionsim.conduct import Conduct
from auctionsim.errors import invalid_argument
from auctionsim.evaluation.bounds import has_bounds
from auctionsim.evaluation.contest import Contest, Entrant
from auctionsim.evaluation.result import Evaluation
from auctionsim.evaluation.takeover import (
    Takeover,
    check_budget_factor,
    episode_numbers,
    task_seats,
)
from auctionsim.frozen.recording import check_can_freeze
from auctionsim.lineup import LineupConfig, load_lineup
from auctionsim.market import MarketConfig, load_market
from auctionsim.mechanism.arguments import check_flag, check_integer
from auctionsim.registry import AnyBidder


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
        episodes: How many, from `FIRST_EPISODE` on, apart from those of datasets; or their numbers.
        seed: Seed of the episodes; the same seed and episodes give every bidder the same traffic.
        protocol: "paper" for the seats the market gives this task, "wide" for all seats, each with
            a target of this task from the market's distribution.
        lineup: Plays the other seats.
        budget_factor: Budget of the seats taken over, over the market's.
        frozen: Whether the others do not respond, but bid what they bid when the line-up played all
            seats: several times faster, and nearly the same.
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
    (found,) = evaluate_budgets(
        bidder, task, market, episodes, seed, (budget_factor,),
        protocol=protocol, lineup=lineup, frozen=frozen, bounds=bounds,
        conduct=Conduct(on_error, time_limit, isolate), progress=progress,
    )  # fmt: skip
    return found


def evaluate_budgets(
    bidder: AnyBidder | str,
    task: str = "bcb",
    market: MarketConfig | str = "small",
    episodes: int | Sequence[int] = 10,
    seed: int = 0,
    budget_factors: Sequence[float] = (0.5, 0.75, 1.0, 1.25, 1.5),
    *,
    protocol: str = "paper",
    lineup: LineupConfig | str = "mixed",
    frozen: bool = False,
    bounds: bool = True,
    conduct: Conduct | None = None,
    progress: bool = False,
) -> list[Evaluation]:
    """Score a bidder with several budgets; what the others bid is recorded once.

    Args:
        bidder: See `evaluate`, as for what is not explained here.
        task: Task the bidder plays.
        market: The market.
        episodes: How many, or their numbers.
        seed: Seed of the episodes.
        budget_factors: Budgets of the seats taken over, over the market's.
        protocol: Which seats are taken over.
        lineup: Plays the other seats.
        frozen: Whether the others do not respond.
        bounds: Whether to add bounds in hindsight.
        conduct: What happens when the bidder breaks its contract; by default it is an error.
        progress: Whether to show a progress bar.

    Returns:
        An evaluation a factor.

    Raises:
        InvalidArgumentError: See `evaluate`.
        BidderError: See `evaluate`.
    """
    market, lineup = load_market(market), load_lineup(lineup)
    lineup.check(market.advertisers)
    if check_flag("frozen", frozen):
        check_can_freeze(market)
    seed = check_integer("seed", seed, 0, 2**64 - 1, "Pick another seed.")
    factors = [check_budget_factor(factor) for factor in budget_factors]
    if not factors:
        mend = "Give 1 for the market's own budgets."
        raise invalid_argument("budget_factors", "must not be empty", "none", mend)
    numbers, seats = episode_numbers(episodes), task_seats(market, task, protocol)
    takeovers = [Takeover(market, seed, task, seats, factor) for factor in factors]
    entrant = Entrant.of(bidder, market, conduct)
    bounded = check_flag("bounds", bounds) and has_bounds(market)
    contest = Contest(market, lineup, seed, numbers, frozen, bounded)
    steps, title = contest.steps(1, len(takeovers)), f"{entrant.name} {task}"
    with tqdm(total=steps, unit="step", desc=title, disable=not progress) as bar:
        return [found[entrant.name] for found in contest.play([entrant], takeovers, bar.update)]
