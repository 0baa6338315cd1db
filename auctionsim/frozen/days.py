"""What a day offered single seats, in arrays: their values, and what slots cost against the others.

It is what bounds in hindsight are worked out from.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from auctionsim.campaigns import Campaigns
from auctionsim.frozen.kernels import draw_looks
from auctionsim.frozen.ranking import slot_prices
from auctionsim.frozen.recording import Recording, check_seats
from auctionsim.hindsight.day import SeatDay
from auctionsim.market import MarketConfig
from auctionsim.random_numbers import BLOCK
from auctionsim.simulator.outcome import TopBids
from auctionsim.simulator.seats import known_spreads
from auctionsim.simulator.tables import StepTables, StepTraffic
from auctionsim.tasks import CPA_MCB, TARGET_ROAS, TASKS
from auctionsim.threads import next_cell, share
from auctionsim.traffic import Day

Float32Array = NDArray[np.float32]
IntArray = NDArray[np.int64]


@njit(cache=True, nogil=True)
def _lay_out(counter, volume, start, reserve, bid, holder, advertisers, price):  # type: ignore[no-untyped-def]
    """Write what each slot costs each seat on a step's opportunities; a cell is a seat.

    Args:
        counter: See `auctionsim.threads`.
        volume: Opportunities of the step.
        start: How many the day had before it.
        reserve: float32 reserve price.
        bid: (slots + 2, >= volume) float32 recorded bids.
        holder: The same shape, int32, whose they are.
        advertisers: (seats,) int32.
        price: (seats, slots, N) float32, written.
    """
    while True:
        seat = next_cell(counter)
        if seat >= advertisers.size:
            break
        slot_prices(bid, holder, advertisers[seat], volume, reserve, price[seat], start)


def traffic_of(
    days: Sequence[Day], advertisers: NDArray[np.integer], spreads: NDArray[np.floating]
) -> StepTraffic:
    """Return what draws the opportunities of some days as they are worth to the same n seats.

    The tables it draws have a run a day, with n seats each in this order.

    Args:
        days: Traffic parameters, E.
        advertisers: Of each seat, (n,); the same may be there for several spreads.
        spreads: Of each seat's known values (`auctionsim.simulator.seats.known_spreads`), (n,).
    """
    count = len(days)
    return StepTraffic(
        days,
        np.tile(np.asarray(advertisers, np.int64), (count, 1)),
        np.tile(np.asarray(spreads, np.float32), (count, 1)),
        np.arange(count),
    )


def seat_days(
    recording: Recording, place: int, campaigns: Campaigns, at_once: int = 4
) -> Iterator[list[SeatDay]]:
    """Lay out the day of some seats in one recorded episode, a few at a time.

    Args:
        recording: The bids.
        place: Which of its episodes.
        campaigns: The seats' campaigns.
        at_once: Seats to hold in memory together, some 30 bytes an opportunity each.

    Yields:
        Days of the next seats, in the campaigns' order.
    """
    check_seats(recording, campaigns)
    for first in range(0, len(campaigns), at_once):
        some = campaigns.take(np.arange(first, min(first + at_once, len(campaigns))))
        yield _lay_out_seats(recording, place, some)


def _lay_out_seats(recording: Recording, place: int, campaigns: Campaigns) -> list[SeatDay]:
    market, day, seats = recording.market, recording.days[place], len(campaigns)
    traffic = traffic_of([day], campaigns.advertiser, known_spreads(market, campaigns))
    total, advertisers = int(day.volumes.sum()), campaigns.advertiser.astype(np.int32)
    chance, value = np.empty((2, seats, total), np.float32)
    price = np.empty((seats, market.slots, total), np.float32)
    seen, starts = np.empty(total, np.uint8), np.concatenate([[0], np.cumsum(day.volumes)])
    exposure = np.array(market.slot_exposure, np.float64)
    for step, start in enumerate(starts[:-1].tolist()):
        tables, volume = traffic.draw(step), int(day.volumes[step])
        here = slice(start, start + volume)
        chance[:, here] = tables.values[0, tables.probability_rows[0], :volume]
        value[:, here] = tables.values[0, tables.value_rows[0], :volume]
        seen[here] = (_looks(tables)[:volume, None] < exposure).sum(axis=1)
        _price_step(recording.steps[step], place, volume, start, market, advertisers, price)
    arrays = (chance, value, price, seen, starts.astype(np.int64))
    return [_seat_day(market, campaigns, day, seat, arrays) for seat in range(seats)]


def _looks(tables: StepTables) -> NDArray[np.float64]:
    looks = np.empty((1, -(-int(tables.volumes[0]) // BLOCK) * BLOCK))
    share(draw_looks, 1, looks.size, tables.volumes, *tables.keys, looks)
    row: NDArray[np.float64] = looks[0]
    return row


def _price_step(
    bids: TopBids,
    place: int,
    volume: int,
    start: int,
    market: MarketConfig,
    advertisers: NDArray[np.int32],
    price: Float32Array,
) -> None:
    work = len(advertisers) * volume
    reserve = np.float32(market.reserve_price)
    share(
        _lay_out, len(advertisers), work, volume, start, reserve, bids.bid[place],
        bids.holder[place], advertisers, price,
    )  # fmt: skip


def _seat_day(
    market: MarketConfig,
    campaigns: Campaigns,
    day: Day,
    seat: int,
    arrays: tuple[NDArray[Any], ...],
) -> SeatDay:
    chance, value, price, seen, starts = arrays
    code = int(campaigns.task[seat])
    bias = float(day.bias[campaigns.advertiser[seat]])
    told_p, told_v = chance[seat], value[seat]
    varies = bool(known_spreads(market, campaigns)[seat] > 0.0)
    true_p = told_p if bias == 1.0 else np.minimum(told_p * np.float32(bias), np.float32(1.0))
    true_v = true_p
    if varies:
        rise = np.divide(true_p, told_p, out=np.zeros_like(told_p), where=told_p > 0.0)
        true_v = told_v if bias == 1.0 else told_v * rise
    target = {CPA_MCB: campaigns.cpa_target[seat], TARGET_ROAS: campaigns.roas_target[seat]}
    return SeatDay(
        task=TASKS[code],
        budget=float(campaigns.budget[seat]),
        value=told_v,
        worth=true_v,
        chance=true_p,
        price=price[seat],
        seen=seen,
        exposure=np.array(market.slot_exposure, np.float64),
        starts=starts,
        reference=float(campaigns.reference[seat]),
        target=float(target.get(code, np.nan)),
        min_remaining_budget=market.min_remaining_budget,
    )
