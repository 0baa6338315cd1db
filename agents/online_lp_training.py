"""Learns a table of responses from simulated training episodes of a market."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, replace
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from agents.online_lp_table import CONVERSIONS, COST, VALUE, ResponseTable, persistence_of
from auctionsim.dataset.files import sha256_of_json
from auctionsim.errors import invalid_argument
from auctionsim.frozen.days import traffic_of
from auctionsim.frozen.ranking import slot_prices
from auctionsim.frozen.recording import Recording, record_rivals
from auctionsim.hindsight.curves import curve_kernel
from auctionsim.lineup import LineupConfig, load_lineup
from auctionsim.market import MarketConfig
from auctionsim.simulator import TopBids
from auctionsim.simulator.tables import StepTables
from auctionsim.tasks import TASKS
from auctionsim.threads import next_cell, share

Float64Array = NDArray[np.float64]

#: Seed of the training episodes: one that nobody would take for episodes of their own.
TRAINING_SEED = 0x6F6E_6C69_6E65_6C70

_GRID_POINTS = 72
# How far the grid reaches beyond the lowest and highest multiplier that a target stands for.
_BELOW, _ABOVE = 30.0, 10.0
_PRICED = ("gsp", "second_price")
_MOST_KEPT = 8
_learned: dict[str, ResponseTable] = {}
# Line-ups that play training episodes just now, or wait for a bidder of theirs to learn first.
_waiting: ContextVar[tuple[str, ...]] = ContextVar("_waiting", default=())


def learn(
    market: MarketConfig, episodes: int, lineup: LineupConfig | str = "mixed"
) -> ResponseTable:
    """Return the table of a market; equal markets have equal tables, simulated once a process.

    Args:
        market: The market. AuctionNet's rules for over-spending are left out, since a curve has no
            budget; its exposure and prices stay.
        episodes: How many training episodes.
        lineup: Who plays them, with all seats.

    Raises:
        InvalidArgumentError: If a slot's price depends on the bid that wins it, or the line-up
            holds a bidder that learns against this line-up.
    """
    if market.mechanism not in _PRICED:
        rule = f"must have a mechanism out of {', '.join(_PRICED)} for online LP"
        mend = "Choose another bidder."
        raise invalid_argument("market", rule, market.mechanism, mend)
    lineup = load_lineup(lineup)
    name = sha256_of_json([asdict(market), episodes, _content(lineup)])
    if name not in _learned:
        table = _simulate(market, episodes, lineup)
        if len(_learned) >= _MOST_KEPT:
            _learned.pop(next(iter(_learned)))
        _learned[name] = table
    return _learned[name]


def _content(lineup: LineupConfig) -> str:
    """Return a hash of all that a line-up says."""
    try:
        return sha256_of_json(asdict(lineup))
    except (TypeError, ValueError) as error:
        rule, mend = "must hold parameters that JSON can hold", "Give tables by their files."
        raise invalid_argument("lineup", rule, error, mend) from None


@contextmanager
def _playing(lineup: LineupConfig) -> Iterator[None]:
    """Refuse to let a line-up play while one of its own bidders waits for it to have played."""
    content, waiting = _content(lineup), _waiting.get()
    if content in waiting:
        rule = "must not hold a bidder that learns against this line-up, itself or through others"
        mend = "Let it learn against line-up mixed, say."
        raise invalid_argument("lineup", rule, lineup.name, mend)
    token = _waiting.set((*waiting, content))
    try:
        yield
    finally:
        _waiting.reset(token)


def _simulate(market: MarketConfig, episodes: int, lineup: LineupConfig) -> ResponseTable:
    plain = replace(market, rules="default", exposure=market.slot_exposure)
    spreads = sorted({market.values.known.get(task, 0.0) for task in TASKS})
    grid = multiplier_grid(market)
    shape = (len(spreads), market.advertisers, market.steps)
    curves, values = np.zeros((*shape, len(grid), 3)), np.zeros((episodes, *shape))
    volumes = np.zeros((episodes, market.steps))
    for episode in range(episodes):
        # One at a time: a recording takes about 40 bytes an opportunity.
        with _playing(lineup):
            recording = record_rivals(plain, [episode], TRAINING_SEED, lineup=lineup)
        found = recorded_curves(recording, spreads, grid)
        curves += found.curves[0]
        values[episode], volumes[episode] = found.values[0], recording.days[0].volumes
    volume, value = volumes.mean(axis=0), values.mean(axis=0)
    return ResponseTable(
        key="advertiser",
        ids=np.arange(market.advertisers),
        kinds=np.array([spreads.index(market.values.known.get(task, 0.0)) for task in TASKS]),
        multipliers=grid,
        curves=curves / episodes,
        volume=volume,
        mean_value=value / np.maximum(volume, 1.0),
        persistence=persistence_of(values, value),
    )


def multiplier_grid(market: MarketConfig) -> Float64Array:
    """Return multipliers around all that a campaign of this market may want, (M,)."""
    terms = market.campaigns
    wanted = (*terms.cpa_target, *terms.inverse_roas_target, terms.reference_price)
    return np.geomspace(min(wanted) / _BELOW, max(wanted) * _ABOVE, _GRID_POINTS)


class RecordedCurves(NamedTuple):
    """What K sets of A advertisers could buy in T steps of E recorded episodes.

    Attributes:
        curves: By multiplier, (E, K, A, T, M, 3): in expectation over looks, of the probabilities
            that bidders are told.
        values: Value of all opportunities together, (E, K, A, T).
    """

    curves: Float64Array
    values: Float64Array


def recorded_curves(
    recording: Recording, spreads: list[float], grid: Float64Array
) -> RecordedCurves:
    """Return what each multiplier buys each advertiser in each recorded step.

    Args:
        recording: E episodes of A advertisers and T steps.
        spreads: K spreads of the known worth of conversions, rising.
        grid: (M,) multipliers.
    """
    market, episodes = recording.market, len(recording.days)
    advertisers = np.tile(np.arange(market.advertisers), len(spreads))
    kinds = np.repeat(np.array(spreads, np.float32), market.advertisers)
    traffic = traffic_of(recording.days, advertisers, kinds)
    curves = np.empty((episodes, len(kinds), market.steps, len(grid), 3))
    values = np.empty((episodes, len(kinds), market.steps))
    for step, rivals in enumerate(recording.steps):
        tables = traffic.draw(step)
        curves[:, :, step] = _step_curves(tables, rivals, advertisers, market, grid)
        values[:, :, step] = tables.sums[:, tables.value_rows[0]]
    shape = (episodes, len(spreads), market.advertisers, market.steps)
    return RecordedCurves(curves.reshape(*shape, len(grid), 3), values.reshape(shape))


def _step_curves(
    tables: StepTables,
    rivals: TopBids,
    advertisers: NDArray[np.int64],
    market: MarketConfig,
    grid: Float64Array,
) -> Float64Array:
    """Return one step's curves, (E, seats, M, 3)."""
    episodes, seats = len(tables.volumes), len(advertisers)
    sums = np.zeros((episodes, seats, len(grid), 4))
    exposure = np.array(market.slot_exposure, np.float64)
    share(
        _fill_curves, episodes * seats, episodes * seats * int(tables.volumes.max()),
        tables.volumes, tables.values, tables.probability_rows[0], tables.value_rows[0],
        advertisers.astype(np.int32), rivals.bid, rivals.holder, exposure,
        np.float32(market.reserve_price), grid, sums,
    )  # fmt: skip
    ordered = np.empty((*sums.shape[:-1], 3))
    # The kernel's order is cost, worth, credit, and the credit asked for is the probability.
    for place, column in ((COST, 0), (VALUE, 1), (CONVERSIONS, 2)):
        ordered[..., place] = np.maximum(sums[..., column], 0.0)
    return ordered


@njit(cache=True, nogil=True)
def _fill_curves(  # type: ignore[no-untyped-def]
    counter, volumes, values, p_rows, v_rows, advertisers, bid, holder, exposure, reserve, grid,
    sums,
):  # fmt: skip
    """Fill `sums` (E, seats, M, 4); a cell is a seat of an episode."""
    slots, seats = exposure.size, p_rows.size
    while True:
        cell = next_cell(counter)
        if cell >= volumes.size * seats:
            break
        e, seat = cell // seats, cell % seats
        volume = volumes[e]
        price = np.empty((slots, volume), np.float32)
        slot_prices(bid[e], holder[e], advertisers[seat], volume, reserve, price, 0)
        p, v = values[e, p_rows[seat], :volume], values[e, v_rows[seat], :volume]
        curve_kernel(v, v, p, price, exposure, grid, sums[e, seat])


def forget() -> None:
    """Let go of all tables learned in this process."""
    _learned.clear()


__all__ = [
    "TRAINING_SEED",
    "RecordedCurves",
    "forget",
    "learn",
    "multiplier_grid",
    "recorded_curves",
]
