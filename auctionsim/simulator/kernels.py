"""Numba kernels of one step: rank every opportunity side by side, then settle in order of arrival.

Ranking ignores budgets. Settling walks through the opportunities in order of arrival, and ranks one
again, with bids capped, wherever a bid exceeds what its bidder has left. So the result is that of
walking through all of them one by one, whatever the chunks and threads.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from auctionsim.mechanism.kernels import rank_opportunity
from auctionsim.random_numbers import (
    BLOCK,
    PURPOSE_CONVERSION,
    exp_polynomial,
    normal_pair,
    philox,
    uniform,
)
from auctionsim.traffic.kernels import exposure_block

SUMS = 10  # kinds of sums a seat that settling keeps
_CONVERSION = np.uint32(PURPOSE_CONVERSION)
_HALF32 = np.float32(0.5)


@njit(cache=True, nogil=True)
def _bid(multiplier, row, j, values, explicit):  # type: ignore[no-untyped-def]
    """Bid on opportunity j: the multiplier times a value row, or an explicit row (rows beyond)."""
    rows = values.shape[0]
    return explicit[row - rows, j] if row >= rows else multiplier * values[row, j]


@njit(cache=True, nogil=True)
def _gather_block(start, count, multipliers, bid_rows, values, explicit, block):  # type: ignore[no-untyped-def]
    """Fill `block` (BLOCK, advertisers) with the uncapped bids on `count` opportunities."""
    for i in range(multipliers.size):
        if multipliers[i] > 0.0:
            for j in range(count):
                block[j, i] = _bid(multipliers[i], bid_rows[i], start + j, values, explicit)
        else:
            for j in range(count):
                block[j, i] = 0.0


@njit(cache=True, parallel=True, nogil=True)
def rank_chunk(  # type: ignore[no-untyped-def]
    first, last, volumes, run_episode, multipliers, bid_rows, values, explicit, ids, keys_lo,
    keys_hi, top_bid, top_column,
):  # fmt: skip
    """Rank opportunities first .. last - 1 of every run, as if no budget bound.

    Args:
        first: First opportunity of the chunk, a multiple of BLOCK.
        last: End of the chunk; runs with fewer opportunities stop at theirs.
        volumes: (episodes,) opportunities of the step.
        run_episode: (runs,) place of each run's episode.
        multipliers: (runs, advertisers) float32; 0 for who sits the step out, 1 for explicit bids.
        bid_rows: (runs, advertisers) row of `values`, or rows + row of `explicit`.
        values: (episodes, rows, >= volume) float32.
        explicit: (explicit rows, >= volume) float32 bids given one by one.
        ids: (advertisers,) uint32.
        keys_lo: (episodes,) low words of the step's keys.
        keys_hi: (episodes,) high words.
        top_bid: (runs, chunk, slots + 1) float32, written.
        top_column: (runs, chunk, slots + 1) int32, written.
    """
    advertisers = ids.size
    blocks = (last - first + BLOCK - 1) // BLOCK
    for cell in prange(run_episode.size * blocks):
        r, start = cell // blocks, first + cell % blocks * BLOCK
        e = run_episode[r]
        count = min(BLOCK, min(last, volumes[e]) - start)
        if count > 0:
            block = np.empty((BLOCK, advertisers), np.float32)
            _gather_block(start, count, multipliers[r], bid_rows[r], values[e], explicit, block)
            for j in range(count):
                place = start + j - first
                rank_opportunity(
                    block[j], ids, keys_lo[e], keys_hi[e], start + j,
                    top_bid[r, place], top_column[r, place],
                )  # fmt: skip


@njit(cache=True, nogil=True)
def _affordable(budget, spent):  # type: ignore[no-untyped-def]
    """The largest float32 not above what is left of the budget."""
    left = budget - spent
    cap = np.float32(left)
    if np.float64(cap) > left:
        cap = np.nextafter(cap, np.float32(0.0))
    return cap if cap > 0.0 else np.float32(0.0)


@njit(cache=True, nogil=True)
def _highest_bids(multipliers, bid_rows, highest):  # type: ignore[no-untyped-def]
    """Each bidder's highest bid of the step; infinite for explicit bids, which are not scanned."""
    result = np.zeros(multipliers.size)
    for i in range(multipliers.size):
        if bid_rows[i] >= highest.size:
            result[i] = np.inf if multipliers[i] > 0.0 else 0.0
        else:
            result[i] = np.float64(multipliers[i] * highest[bid_rows[i]])
    return result


@njit(cache=True, nogil=True)
def _any_over(at_risk, found, j, multipliers, bid_rows, values, explicit, budget, spent):  # type: ignore[no-untyped-def]
    for place in range(found):
        i = at_risk[place]
        bid = _bid(multipliers[i], bid_rows[i], j, values, explicit)
        if np.float64(bid) > budget[i] - spent[i]:
            return True
    return False


@njit(cache=True, nogil=True)
def _exact_bid(multiplier, row, j, values, bid):  # type: ignore[no-untyped-def]
    """The bid as it stands in the sum of all bids: multiplier times value, not rounded."""
    if row >= values.shape[0]:
        return np.float64(bid)
    return np.float64(multiplier) * np.float64(values[row, j])


@njit(cache=True, nogil=True)
def _capped_row(j, multipliers, bid_rows, values, explicit, budget, spent, row, bid_cut):  # type: ignore[no-untyped-def]
    """Fill `row` with the bids on opportunity j, capped; add what was cut off to `bid_cut`."""
    for i in range(multipliers.size):
        row[i] = 0.0
        if multipliers[i] > 0.0:
            bid = _bid(multipliers[i], bid_rows[i], j, values, explicit)
            if np.float64(bid) > budget[i] - spent[i]:
                cap = _affordable(budget[i], spent[i])
                bid_cut[i] += _exact_bid(multipliers[i], bid_rows[i], j, values, bid) - cap
                bid = cap
            row[i] = bid


@njit(cache=True, nogil=True)
def _convert(  # type: ignore[no-untyped-def]
    j, i, ident, k0, k1, p, v, bias, realised_spread, conversions, worth, sum_p, sum_v, told_p,
    told_v,
):  # fmt: skip
    """Toss the coin of an exposed win; add what it brings, and what it was expected to."""
    true_p = min(np.float64(p) * bias, 1.0)
    scale = true_p / np.float64(p) if p > 0.0 else 0.0
    told_p[i] += np.float64(p)
    told_v[i] += np.float64(v)
    sum_p[i] += true_p
    sum_v[i] += np.float64(v) * scale
    w0, w1, w2, _ = philox(np.uint32(j), np.uint32(0), ident, _CONVERSION, k0, k1)
    if uniform(w0) < true_p:
        gain = np.float64(v) / np.float64(p)
        if realised_spread > 0.0:
            z, _ = normal_pair(w1, w2)
            gain *= np.float64(exp_polynomial(realised_spread * (z - _HALF32 * realised_spread)))
        conversions[i] += 1.0
        worth[i] += gain


@njit(cache=True, nogil=True)
def _settle_run(  # type: ignore[no-untyped-def]
    first, count, multipliers, bid_rows, value_rows, values, explicit, highest, ids, k0, k1,
    top_bid, top_column, exposure, reserve, pays_own_bid, sells_above_reserve, capped, bias,
    realised_spread, budget, spent, out, price_sum,
):  # fmt: skip
    slots = top_bid.shape[1] - 1
    advertisers = ids.size
    depth = np.empty(BLOCK, np.float64)
    row, row_bid = np.empty(advertisers, np.float32), np.empty(slots + 1, np.float32)
    row_column, at_risk = np.empty(slots + 1, np.int32), np.empty(advertisers, np.int64)
    watched = np.zeros(advertisers, np.bool_)
    highest_bid = _highest_bids(multipliers, bid_rows, highest)
    wins, cost, conversions, worth, sum_p, sum_v, bid_cut, exposed_wins, told_p, told_v = out
    found = 0
    for i in range(advertisers):
        if capped and highest_bid[i] > budget[i] - spent[i]:
            at_risk[found], watched[i], found = i, True, found + 1
    total = price_sum[0]  # one sum over all chunks, so that chunks do not change its rounding
    for place in range(count):
        j = first + place
        if place % BLOCK == 0:
            exposure_block(j // BLOCK, k0, k1, depth)
        bids, columns = top_bid[place], top_column[place]
        if found > 0 and _any_over(
            at_risk, found, j, multipliers, bid_rows, values, explicit, budget, spent
        ):
            _capped_row(j, multipliers, bid_rows, values, explicit, budget, spent, row, bid_cut)
            rank_opportunity(row, ids, k0, k1, j, row_bid, row_column)
            bids, columns = row_bid, row_column
        for slot in range(slots):
            i = columns[slot]
            if i < 0:
                break
            own = bids[slot]
            price = max(own if pays_own_bid else bids[slot + 1], reserve)
            if not (price > reserve if sells_above_reserve else own >= reserve):
                break
            wins[i] += 1.0
            if depth[place % BLOCK] < exposure[slot]:
                exposed_wins[i] += 1.0
                cost[i] += np.float64(price)
                spent[i] = spent[i] + np.float64(price)
                if capped:
                    spent[i] = min(spent[i], budget[i])
                    if not watched[i] and highest_bid[i] > budget[i] - spent[i]:
                        at_risk[found], watched[i], found = i, True, found + 1
                _convert(
                    j, i, ids[i], k0, k1, values[i, j], values[value_rows[i], j], bias[i],
                    realised_spread, conversions, worth, sum_p, sum_v, told_p, told_v,
                )  # fmt: skip
        total += np.float64(max(bids[slots], reserve))
    price_sum[0] = total


@njit(cache=True, parallel=True, nogil=True)
def settle_chunk(  # type: ignore[no-untyped-def]
    first, last, volumes, run_episode, multipliers, bid_rows, value_rows, values, explicit, highest,
    ids, keys_lo, keys_hi, top_bid, top_column, exposure, reserve, pays_own_bid,
    sells_above_reserve, capped, bias, realised_spread, budget, spent, out, price_sum,
):  # fmt: skip
    """Settle opportunities first .. last - 1 of every run in order of arrival.

    Args as in `rank_chunk`, and:
        value_rows: (runs, advertisers) row of `values` with what an opportunity is worth.
        highest: (episodes, rows) float32 largest value of each row.
        top_bid, top_column: What `rank_chunk` wrote.
        exposure: (slots,) probability that a slot is seen.
        reserve: float32 reserve price.
        pays_own_bid: True for first price.
        sells_above_reserve: True where a slot sells only above the reserve (AuctionNet's rule).
        capped: Whether bids are capped at the remaining budget.
        bias: (episodes, advertisers) true over predicted probability.
        realised_spread: float32 spread of the realised around the known value.
        budget: (runs, advertisers).
        spent: (runs, advertisers), updated.
        out: (runs, SUMS, advertisers), updated: wins, cost, conversions, value, expected
            conversions, expected value, sum of bids cut off by budgets, exposed wins, predicted
            conversions, predicted value.
        price_sum: (runs, 1), updated: sum of market prices.
    """
    for r in prange(run_episode.size):
        e = run_episode[r]
        count = min(last, volumes[e]) - first
        if count > 0:
            _settle_run(
                first, count, multipliers[r], bid_rows[r], value_rows[r], values[e], explicit,
                highest[e], ids, keys_lo[e], keys_hi[e], top_bid[r], top_column[r], exposure,
                reserve, pays_own_bid, sells_above_reserve, capped, bias[e], realised_spread,
                budget[r], spent[r], out[r], price_sum[r],
            )  # fmt: skip
