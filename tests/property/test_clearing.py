"""Laws of the clearing, on random auctions full of ties and bids near the reserve price."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from auctionsim.mechanism import RULES, Clearing, clear
from auctionsim.mechanism.reference import clear_reference
from tests.auctionsim.mechanism.comparing import assert_same

DTYPES: list[type[np.floating[Any]]] = [np.float32, np.float64]


@dataclass(frozen=True)
class Auction:
    bids: NDArray[np.floating[Any]]
    reserve_price: float
    slots: int
    mechanism: str
    rules: str
    seed: int
    first_opportunity: int
    ids: NDArray[np.uint32]

    def clear(self) -> Clearing:
        return clear(**vars(self))


@st.composite
def auctions(draw: st.DrawFn, mechanisms: tuple[str, ...] = ("gsp", "first_price")) -> Auction:
    dtype = draw(st.sampled_from(DTYPES))
    reserve = draw(st.sampled_from([0.0, 1e-4, 0.1, 1.0]))
    edge = dtype(reserve)
    above, below = np.nextafter(edge, dtype(2)), abs(np.nextafter(edge, dtype(-1)))
    near = [float(value) for value in (0, edge, above, below, 1, 2, 3)]
    some = st.floats(0, 2.0**100, width=32 if dtype is np.float32 else 64)
    elements = st.sampled_from(near) | some
    advertisers = draw(st.integers(0, 40))
    shape = (draw(st.integers(0, 6)), advertisers)
    ids = draw(st.permutations(range(advertisers)))
    return Auction(
        bids=draw(hnp.arrays(dtype, shape, elements=elements)),
        reserve_price=reserve,
        slots=draw(st.integers(1, 10)),
        mechanism=draw(st.sampled_from(mechanisms)),
        rules=draw(st.sampled_from(RULES)),
        seed=draw(st.integers(0, 2**64 - 1)),
        first_opportunity=draw(st.integers(0, 2**64 - 7)),
        ids=np.array(ids, np.uint32) * np.uint32(draw(st.sampled_from([1, 10**8]))),
    )


@given(auctions())
def test_kernel_equals_the_reference_bit_for_bit(auction: Auction) -> None:
    assert_same(auction.clear(), clear_reference(**vars(auction)))


@given(auctions())
def test_second_price_is_gsp_with_one_slot(auction: Auction) -> None:
    one = replace(auction, slots=1, mechanism="gsp")
    assert_same(replace(one, mechanism="second_price").clear(), one.clear())


@given(auctions())
def test_winner_never_pays_more_than_its_bid_nor_less_than_the_reserve(auction: Auction) -> None:
    result = auction.clear()
    rows, slots = np.nonzero(result.winners >= 0)
    bids = auction.bids[rows, result.winners[rows, slots]]
    prices = result.prices[rows, slots]
    assert (prices <= bids).all()
    assert (bids > 0).all()
    assert (result.prices >= auction.bids.dtype.type(auction.reserve_price)).all()


@given(auctions())
def test_prices_fall_with_the_slot_and_nobody_wins_twice(auction: Auction) -> None:
    result = auction.clear()
    assert (np.diff(result.prices, axis=1) <= 0).all()
    assert (result.market_price <= result.prices[:, -1]).all()
    sold = result.winners >= 0
    assert (sold[:, :-1] >= sold[:, 1:]).all()
    for winners in result.winners:
        taken = winners[winners >= 0]
        assert np.unique(taken).size == taken.size


@given(auctions())
def test_bids_decide_how_many_slots_sell(auction: Auction) -> None:
    reserve = auction.bids.dtype.type(auction.reserve_price)
    eligible = ((auction.bids >= reserve) & (auction.bids > 0)).sum(axis=1)
    if auction.rules == "auctionnet":
        above = (auction.bids > reserve).sum(axis=1)
        eligible = above if auction.mechanism == "first_price" else np.maximum(above - 1, 0)
    sold = (auction.clear().winners >= 0).sum(axis=1)
    np.testing.assert_array_equal(sold, np.minimum(eligible, auction.slots))


@given(st.data(), st.integers(2, 30), st.integers(1, 6), st.sampled_from(DTYPES))
def test_gsp_price_does_not_depend_on_its_winners_own_bid(
    data: st.DataObject, advertisers: int, slots: int, dtype: type[np.floating[Any]]
) -> None:
    order = data.draw(st.permutations(range(advertisers)))
    bids = 2 * np.array([order], dtype) + 2  # distinct and even: one more keeps every rank
    place = data.draw(st.integers(0, min(slots, advertisers) - 1))
    reserve = data.draw(st.integers(0, 2 * advertisers))
    before = clear(bids, reserve, slots)
    winner = before.winners[0, place]
    if winner < 0:
        return
    bids[0, winner] += 1
    after = clear(bids, reserve, slots)
    np.testing.assert_array_equal(after.winners, before.winners)
    assert after.prices[0, place] == before.prices[0, place]
    np.testing.assert_array_equal(after.prices[0, place:], before.prices[0, place:])


@given(auctions(), st.data())
def test_columns_may_be_permuted_with_their_ids(auction: Auction, data: st.DataObject) -> None:
    columns = np.array(data.draw(st.permutations(range(auction.ids.size))), np.int64)
    plain = auction.clear()
    permuted = replace(auction, bids=auction.bids[:, columns], ids=auction.ids[columns]).clear()
    back = np.append(columns, -1)  # -1, unsold, stays -1
    np.testing.assert_array_equal(back[permuted.winners], plain.winners)
    np.testing.assert_array_equal(permuted.prices, plain.prices)
    np.testing.assert_array_equal(permuted.market_price, plain.market_price)


@given(auctions(), st.integers(-20, 20))
def test_scaling_by_a_power_of_two_scales_prices_exactly(auction: Auction, power: int) -> None:
    tame = np.where(auction.bids < 1e-20, 0, auction.bids).astype(auction.bids.dtype)
    factor = auction.bids.dtype.type(2.0**power)
    plain = replace(auction, bids=tame).clear()
    reserve = auction.reserve_price * 2.0**power
    scaled = replace(auction, bids=tame * factor, reserve_price=reserve).clear()
    assert_same(scaled, Clearing(plain.winners, plain.prices * factor, plain.market_price * factor))


@given(auctions(), st.integers(0, 6), st.integers(0, 6))
def test_a_slice_of_rows_clears_as_within_the_whole(auction: Auction, one: int, two: int) -> None:
    low, high = min(one, two, len(auction.bids)), max(one, two)
    whole = auction.clear()
    part = replace(
        auction,
        bids=auction.bids[low:high],
        first_opportunity=auction.first_opportunity + low,
    ).clear()
    rows = slice(low, high)
    expected = Clearing(whole.winners[rows], whole.prices[rows], whole.market_price[rows])
    assert_same(part, expected)


@given(auctions(), st.integers(0, 2**64 - 1))
def test_prices_do_not_depend_on_how_ties_fall(auction: Auction, seed: int) -> None:
    one, other = auction.clear(), replace(auction, seed=seed).clear()
    np.testing.assert_array_equal(one.prices, other.prices)
    np.testing.assert_array_equal(one.market_price, other.market_price)
    np.testing.assert_array_equal(one.winners >= 0, other.winners >= 0)


@given(auctions())
def test_bidders_of_nothing_change_nothing(auction: Auction) -> None:
    padding = np.zeros((len(auction.bids), 5), auction.bids.dtype)
    ids = np.append(auction.ids, np.arange(2**32 - 5, 2**32)).astype(np.uint32)
    padded = replace(auction, bids=np.hstack([auction.bids, padding]), ids=ids)
    assert_same(padded.clear(), auction.clear())
