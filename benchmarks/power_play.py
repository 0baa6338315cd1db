"""Bidders on all seats of some days, kept in files: what both studies of the protocol count."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agents.fixed import FixedMultiplier
from agents.limit_aware import LimitAware
from agents.online_lp import OnlineLp
from agents.pid import PidPacing
from auctionsim.dataset.files import write_whole
from auctionsim.dataset.schema import Trajectories
from auctionsim.evaluation import FIRST_EPISODE, Takeover, summarise, task_seats
from auctionsim.evaluation.contest import Entrant, roll_out_alone
from auctionsim.frozen import record_rivals
from auctionsim.lineup import LineupConfig, load_lineup
from auctionsim.market import MarketConfig
from auctionsim.registry import AnyBidder
from auctionsim.tasks import TASKS

Float64Array = NDArray[np.float64]

#: Figures of a trajectory, by their names in `auctionsim.evaluation.METRICS`; and its cost.
FIGURES: tuple[str, ...] = ("expected_score", "expected_value", "score_strict", "value", "cost")

SEED = 0

# With 48 seats, 96 runs side by side.
_EPISODES_AT_ONCE = 2


@dataclass(frozen=True)
class Results:
    """What some bidders did on all seats, task by task, each seat alone.

    Attributes:
        bidders: Labels.
        episodes: Their numbers, (E,).
        figures: (FIGURES, bidders, TASKS, E, seats).
        seconds: CPU time of the roll-outs, (bidders, TASKS).
        recording: CPU time of letting the line-up play, 0 against opponents that respond.
    """

    bidders: tuple[str, ...]
    episodes: NDArray[np.int64]
    figures: Float64Array
    seconds: Float64Array
    recording: float

    def of(self, figure: str, bidder: str, task: str) -> Float64Array:
        """Return a figure by episode and seat, (E, seats)."""
        place = FIGURES.index(figure), self.bidders.index(bidder), TASKS.index(task)
        return np.asarray(self.figures[place], np.float64)

    def save(self, path: Path) -> None:
        """Write it, whole or not at all; arrays only."""
        arrays = {field.name: np.asarray(getattr(self, field.name)) for field in fields(self)}
        write_whole(path, lambda file: np.savez(file, allow_pickle=False, **arrays))

    @classmethod
    def load(cls, path: Path) -> Results:
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as arrays:
            return cls(
                tuple(arrays["bidders"].tolist()),
                arrays["episodes"],
                arrays["figures"],
                arrays["seconds"],
                float(arrays["recording"]),
            )

    @classmethod
    def join(cls, parts: Sequence[Results]) -> Results:
        """Return the results of several lots of episodes, played by the same bidders, as one."""
        return cls(
            parts[0].bidders,
            np.concatenate([part.episodes for part in parts]),
            np.concatenate([part.figures for part in parts], axis=3),
            np.sum([part.seconds for part in parts], axis=0),
            sum(part.recording for part in parts),
        )


def standard_bidders() -> dict[str, AnyBidder]:
    """Return bidders by label; what is not set is drawn anew for every seat and day."""
    return {
        "fixed 0.9": FixedMultiplier(0.9),
        "fixed 1.0": FixedMultiplier(1.0),
        "limit_aware, drawn": LimitAware(),
        "limit_aware, set": LimitAware(1.0, 1.5, 1.0, 5.0, 0.15, 0.2, 1.0),
        "online_lp": OnlineLp(),
        "pid": PidPacing(),
    }


def play(
    market: MarketConfig,
    bidders: Mapping[str, AnyBidder],
    episodes: Sequence[int],
    *,
    frozen: bool,
    budget_factor: float = 1.0,
    lineup: LineupConfig | str = "mixed",
) -> Results:
    """Let every bidder take over every seat alone, for every task.

    Figures are those of `auctionsim.evaluate(..., protocol="wide")`; the line-up is recorded once
    for all bidders and tasks.

    Args:
        market: The market.
        bidders: By label.
        episodes: Episode numbers.
        frozen: Whether the others do not respond.
        budget_factor: Budgets of the seats taken over, over the market's.
        lineup: Plays the other seats.
    """
    lineup = load_lineup(lineup)
    entrants = [Entrant.of(bidder, market) for bidder in bidders.values()]
    seats = task_seats(market, TASKS[0], "wide")
    takeovers = [Takeover(market, SEED, task, seats, budget_factor) for task in TASKS]
    seconds, recorded = np.zeros((len(entrants), len(TASKS))), 0.0
    parts: list[Float64Array] = []
    for group in _lots_of(_EPISODES_AT_ONCE, episodes):
        began = time.process_time()
        recording = record_rivals(market, group, SEED, lineup=lineup) if frozen else None
        recorded += time.process_time() - began if frozen else 0.0
        found = np.empty((len(FIGURES), *seconds.shape, len(group), len(seats)))
        for place, entrant in enumerate(entrants):
            for task, takeover in enumerate(takeovers):
                began = time.process_time()
                rolled, _ = roll_out_alone(entrant, takeover, group, lineup, recording)
                seconds[place, task] += time.process_time() - began
                shape = (len(FIGURES), len(group), len(seats))
                found[:, place, task] = _figures(takeover.task, rolled).reshape(shape)
        parts.append(found)
    figures = np.concatenate(parts, axis=3)
    return Results(tuple(bidders), np.array(episodes), figures, seconds, recorded)


def _figures(task: str, rolled: Trajectories) -> Float64Array:
    result = summarise(task, rolled)
    rows = [result.sample(name).numerator for name in FIGURES if name != "cost"]
    return np.array([*rows, rolled.totals(expected=True).cost], np.float64)


def lots(episodes: int, size: int) -> Iterator[list[int]]:
    """Yield the numbers of the first `episodes` test episodes, `size` at a time."""
    yield from _lots_of(size, range(FIRST_EPISODE, FIRST_EPISODE + episodes))


def _lots_of(size: int, episodes: Sequence[int]) -> Iterator[list[int]]:
    for first in range(0, len(episodes), size):
        yield list(episodes[first : first + size])


def played(
    folder: Path,
    name: str,
    market: MarketConfig,
    bidders: Mapping[str, AnyBidder],
    episodes: Sequence[int],
    *,
    frozen: bool,
    budget_factor: float = 1.0,
) -> Results:
    """Return the results of some episodes from their file, playing them first if there is none.

    Args:
        folder: Of the files, one a lot of episodes; made if missing.
        name: Of the study.
        market: See `play`.
        bidders: See `play`.
        episodes: See `play`; none missing between the first and the last.
        frozen: See `play`.
        budget_factor: See `play`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    kind = "frozen" if frozen else "responsive"
    stem = f"{name}-{market.name}-{kind}-{budget_factor:g}"
    path = folder / f"{stem}-{episodes[0] - FIRST_EPISODE:04d}-{len(episodes)}.npz"
    if not path.exists():
        play(market, bidders, episodes, frozen=frozen, budget_factor=budget_factor).save(path)
    return Results.load(path)
