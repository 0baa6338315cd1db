"""What `clear` returns, on auctions small enough to work out by hand."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from numpy.typing import DTypeLike, NDArray

from auctionsim.mechanism import clear
from tests.auctionsim.mechanism.comparing import assert_same

BIDS = np.array([[0.5, 3.0, 0.0, 2.0, 1.0]])


def test_gsp_charges_the_next_bid() -> None:
    result = clear(BIDS, 0.1)
    assert result.winners.tolist() == [[1, 3, 4]]
    assert result.prices.tolist() == [[2.0, 1.0, 0.5]]
    assert result.market_price.tolist() == [0.5]


def test_reserve_price_is_the_least_price_and_keeps_lower_bids_out() -> None:
    result = clear(BIDS, 1.5)
    assert result.winners.tolist() == [[1, 3, -1]]
    assert result.prices.tolist() == [[2.0, 1.5, 1.5]]
    assert result.market_price.tolist() == [1.5]


def test_second_price_sells_one_slot_at_the_second_bid() -> None:
    result = clear(BIDS, 0.1, 1, "second_price")
    assert (result.winners.tolist(), result.prices.tolist()) == ([[1]], [[2.0]])
    assert result.market_price.tolist() == [2.0]


def test_first_price_charges_the_own_bid_and_shows_the_reserve_where_unsold() -> None:
    result = clear(BIDS, 1.5, 3, "first_price")
    assert result.winners.tolist() == [[1, 3, -1]]
    assert result.prices.tolist() == [[3.0, 2.0, 1.5]]
    assert result.market_price.tolist() == [1.5]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bid_equal_to_the_reserve_in_its_own_precision_buys(dtype: type[np.floating[Any]]) -> None:
    below = np.nextafter(dtype(0.1), dtype(0))
    result = clear(np.array([[dtype(0.1)], [below]], dtype), 0.1, 1)
    assert result.winners.ravel().tolist() == [0, -1]
    assert result.prices.dtype == dtype
    np.testing.assert_array_equal(result.prices, dtype(0.1))


def test_zero_bids_buy_nothing_even_without_reserve() -> None:
    result = clear([[0.0, -0.0, 0.0]], -0.0, 5)
    assert result.winners.tolist() == [[-1] * 5]
    assert not np.signbit(result.prices).any()
    assert not np.signbit(result.market_price).any()


@pytest.mark.parametrize("rules", ["default", "auctionnet"])
@pytest.mark.parametrize("mechanism", ["gsp", "first_price"])
@pytest.mark.parametrize("shape", [(0, 48), (0, 0), (4, 0)])
def test_empty_sizes_are_defined(shape: tuple[int, int], mechanism: str, rules: str) -> None:
    result = clear(np.empty(shape, np.float32), 0.25, 2, mechanism, rules)
    assert result.winners.shape == result.prices.shape == (shape[0], 2)
    assert result.winners.dtype == np.int32
    assert result.prices.dtype == result.market_price.dtype == np.float32
    assert (result.winners == -1).all()
    assert (result.prices == 0.25).all()
    assert result.market_price.tolist() == [0.25] * shape[0]


def test_one_advertiser_pays_the_reserve() -> None:
    result = clear([[2.0]], 0.5)
    assert result.winners.tolist() == [[0, -1, -1]]
    assert result.prices.tolist() == [[0.5, 0.5, 0.5]]
    assert result.market_price.tolist() == [0.5]


def test_more_slots_than_bidders_stay_unsold_at_the_reserve() -> None:
    result = clear([[2.0, 3.0]], 0.5, 5)
    assert result.winners.tolist() == [[1, 0, -1, -1, -1]]
    assert result.prices.tolist() == [[2.0, 0.5, 0.5, 0.5, 0.5]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_magnitudes_are_only_compared(dtype: type[np.floating[Any]]) -> None:
    info = np.finfo(dtype)
    bids = np.array([[info.smallest_subnormal, info.max, info.tiny, 0]], dtype)
    result = clear(bids, 0.0)
    assert result.winners.tolist() == [[1, 2, 0]]
    np.testing.assert_array_equal(result.prices[0], [info.tiny, info.smallest_subnormal, 0])
    huge = clear(np.array([[1e38, 2e38]], dtype), 1e38, 2)
    assert huge.winners.tolist() == [[1, 0]]


@pytest.mark.parametrize(
    ("dtype", "computed"),
    [
        (np.float16, np.float64),
        (np.int8, np.float64),
        (np.uint64, np.float64),
        (np.longdouble, np.float64),
        (">f4", np.float32),
        (">f8", np.float64),
    ],
)
def test_other_real_dtypes(dtype: DTypeLike, computed: type[np.floating[Any]]) -> None:
    result = clear(np.array([[1, 3, 2]], dtype), 1, 2)
    assert result.prices.dtype == computed
    assert result.prices.dtype.isnative
    assert (result.winners.tolist(), result.prices.tolist()) == ([[1, 2]], [[2.0, 1.0]])


def strided(bids: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.repeat(np.repeat(bids, 2, axis=0), 3, axis=1)[::2, ::3]


def unaligned(bids: NDArray[np.float64]) -> NDArray[np.float64]:
    memory = np.zeros(bids.nbytes + 1, np.uint8)[1:]
    result = memory.view(np.float64).reshape(bids.shape)
    result[...] = bids
    return result


def read_only(bids: NDArray[np.float64]) -> NDArray[np.float64]:
    bids.flags.writeable = False
    return bids


def reversed_memory(bids: NDArray[np.float64]) -> NDArray[np.float64]:
    return bids[::-1, ::-1].copy()[::-1, ::-1]


@pytest.mark.parametrize(
    "layout", [np.asfortranarray, strided, unaligned, read_only, reversed_memory]
)
def test_memory_layout_does_not_matter_and_inputs_stay_as_they_are(layout: Any) -> None:
    plain = np.random.default_rng(0).lognormal(size=(30, 7)).round(1)
    bids, ids = layout(plain.copy()), np.arange(7)[::-1]
    result, expected = clear(bids, 0.5, ids=ids), clear(plain, 0.5, ids=ids.copy())
    assert_same(result, expected)
    np.testing.assert_array_equal(bids, plain)
    assert ids.tolist() == [6, 5, 4, 3, 2, 1, 0]


def test_result_is_frozen_and_owned_by_the_caller() -> None:
    result = clear(BIDS)
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.winners = result.winners  # type: ignore[misc]
    result.winners[:] = 0
    result.prices[:] = 9
    assert clear(BIDS).winners.tolist() == [[1, 3, 4]]


def test_order_among_equal_bids_is_pinned() -> None:
    ids = [9, 2**32 - 1, 0, 4, 1]
    result = clear(np.ones((4, 5)), seed=2**63 + 7, first_opportunity=2**40, ids=ids)
    assert result.winners.tolist() == [[1, 4, 2], [3, 0, 1], [1, 0, 4], [1, 3, 0]]


def test_equal_bids_share_the_slot_evenly() -> None:
    first = clear(np.ones((30_000, 3)), slots=1).winners.ravel()
    counts = np.bincount(first, minlength=3)
    assert np.abs(counts - 10_000).max() < 5 * np.sqrt(30_000 * 2 / 9)  # 5 standard deviations


def test_seed_and_opportunity_decide_ties_with_all_their_bits() -> None:
    bids = np.ones((64, 6))
    base = clear(bids).winners
    for seed in (1, 2**32, 2**63):
        assert (clear(bids, seed=seed).winners != base).any()
    for number in (2**32, 2**63, 2**64 - 64):
        assert (clear(bids, first_opportunity=number).winners != base).any()
