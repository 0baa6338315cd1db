"""What constants, paths, the optimum and adaptive bidders reach on the days of a market."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.fixed import FixedMultiplier
from agents.online_lp import OnlineLp
from agents.pid import PidPacing
from auctionsim.campaigns import Campaigns
from auctionsim.dataset.files import write_whole
from auctionsim.evaluation import FIRST_EPISODE, Takeover, summarise, task_seats
from auctionsim.evaluation.contest import Entrant, roll_out_alone
from auctionsim.frozen import Recording, record_rivals
from auctionsim.frozen.days import seat_days
from auctionsim.hindsight import linear_optimum
from auctionsim.lineup import load_lineup
from auctionsim.market import MarketConfig
from auctionsim.registry import AnyBidder
from auctionsim.tasks import TASKS
from benchmarks.markets_curves import by_factor, constant_scores, curves_of_day, path_scores

Float64Array = NDArray[np.float64]

SEED, LINEUP = 0, "mixed"
#: Factors to choose from on other days.
FACTORS: Float64Array = np.exp(0.05 * np.arange(-50, 51))
PLAYED: tuple[str, ...] = ("fixed", "online_lp", "pid")


class Hindsight(NamedTuple):
    """Strict Scores of one day, in expectation; all by task first, then seat.

    Attributes:
        factors: (TASKS, A, FACTORS) of each factor held all day.
        constant: (TASKS, A) of the best constant of seat and day.
        path: (TASKS, A) of the best multiplier a step.
        optimum: (TASKS, A) of the best purchase, opportunity by opportunity and slot by slot.
    """

    factors: Float64Array
    constant: Float64Array
    path: Float64Array
    optimum: Float64Array


@dataclass(frozen=True)
class Results:
    """What was reached in a market, seat by seat; strict Scores of expected values.

    Attributes:
        chosen: Factor that was best for all seats on the days of choice, (TASKS,).
        market_factor: Score of that factor, (TASKS, E, A).
        seat_factor: Score of each seat's own factor, chosen on those days, (TASKS, E, A).
        constant: See `Hindsight`, (TASKS, E, A).
        path: See `Hindsight`, (TASKS, E, A).
        optimum: See `Hindsight`, (TASKS, E, A).
        played: Score of bidders that played, (PLAYED, TASKS, E, A): the factor chosen for all, as a
            check on what is worked out; online LP; and PID pacing that begins at that factor.
    """

    chosen: Float64Array
    market_factor: Float64Array
    seat_factor: Float64Array
    constant: Float64Array
    path: Float64Array
    optimum: Float64Array
    played: Float64Array

    def save(self, path: Path) -> None:
        """Write it, whole or not at all; arrays only."""
        arrays = {field.name: getattr(self, field.name) for field in fields(self)}
        write_whole(path, lambda file: np.savez(file, allow_pickle=False, **arrays))

    @classmethod
    def load(cls, path: Path) -> Results:
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as arrays:
            return cls(**{field.name: arrays[field.name] for field in fields(cls)})


def measure(market: MarketConfig, choosing: int, testing: int) -> Results:
    """Play the first test days of a market, and then choose factors on days after them.

    Args:
        market: The market.
        choosing: Days to choose factors on.
        testing: Days that count.
    """
    numbers = range(FIRST_EPISODE, FIRST_EPISODE + testing)
    others = range(FIRST_EPISODE + testing, FIRST_EPISODE + testing + choosing)
    before = np.stack([hindsight(recorded(market, e), bounds=False).factors for e in others], 1)
    by_task, by_seat = before.mean(axis=(1, 2)), before.mean(axis=1)
    common, own = by_task.argmax(axis=-1), by_seat.argmax(axis=-1)
    chosen = FACTORS[common]
    bidders = [_bidders(market, float(factor)) for factor in chosen]
    days, played = [], []
    for episode in numbers:
        recording = recorded(market, episode)
        days.append(hindsight(recording))
        played.append(_play(bidders, recording))
    factors = np.stack([day.factors for day in days], axis=1)
    tasks, seats = np.arange(len(TASKS)), np.arange(market.advertisers)
    return Results(
        chosen=chosen,
        market_factor=factors[tasks, :, :, common],
        seat_factor=factors[tasks[:, None], :, seats, own].swapaxes(1, 2),
        constant=np.stack([day.constant for day in days], axis=1),
        path=np.stack([day.path for day in days], axis=1),
        optimum=np.stack([day.optimum for day in days], axis=1),
        played=np.stack(played, axis=2),
    )


def recorded(market: MarketConfig, episode: int) -> Recording:
    """Return what the line-up bids on a day."""
    return record_rivals(market, [episode], SEED, lineup=LINEUP)


def hindsight(recording: Recording, bounds: bool = True) -> Hindsight:
    """Work out what was possible on the one day of a recording, for all seats and tasks.

    Args:
        recording: The day.
        bounds: Whether more than the factors is asked for; the rest is 0 if not.
    """
    market = recording.market
    campaigns = {task: _takeover(market, task).by_themselves(recording.episodes) for task in TASKS}
    curves = curves_of_day(recording, campaigns)
    shape = (len(TASKS), market.advertisers)
    factors = np.zeros((*shape, len(FACTORS)))
    constant, path, optimum = np.zeros((3, *shape))
    for place, task in enumerate(TASKS):
        scores = constant_scores(curves[task])
        factors[place] = by_factor(scores, curves[task].reference, FACTORS)
        if bounds:
            constant[place] = scores.max(axis=1)
            # A constant is a path: where rounding to stretches loses more than paths gain.
            path[place] = np.maximum(path_scores(curves[task]), constant[place])
            optimum[place] = _optima(recording, campaigns[task])
    return Hindsight(factors, constant, path, optimum)


def _optima(recording: Recording, campaigns: Campaigns) -> Float64Array:
    days = (day for some in seat_days(recording, 0, campaigns) for day in some)
    return np.array([linear_optimum(day).best_score for day in days])


def _takeover(market: MarketConfig, task: str) -> Takeover:
    return Takeover(market, SEED, task, task_seats(market, task, "wide"))


def _bidders(market: MarketConfig, factor: float) -> list[Entrant]:
    """Return the bidders in the order of `PLAYED`; what they may draw is set."""
    bidders: Sequence[AnyBidder] = (
        FixedMultiplier(factor),
        OnlineLp(margin=1.0, factor=1.0, noise=0.0),
        PidPacing(start=factor, kp=3.0, ki=0.1, kd=0.2, shape=1.0),
    )
    return [Entrant.of(bidder, market) for bidder in bidders]


def _play(bidders: Sequence[Sequence[Entrant]], recording: Recording) -> Float64Array:
    """Return the Scores of bidders, a list a task, against recorded bids, (PLAYED, TASKS, A)."""
    lineup, scores = load_lineup(LINEUP), []
    for task, entrants in zip(TASKS, bidders, strict=True):
        takeover = _takeover(recording.market, task)
        for entrant in entrants:
            rolled, _ = roll_out_alone(entrant, takeover, recording.episodes, lineup, recording)
            scores.append(summarise(task, rolled).sample("expected_score").numerator)
    shape = (len(TASKS), len(PLAYED), recording.market.advertisers)
    return np.array(scores, np.float64).reshape(shape).swapaxes(0, 1)
