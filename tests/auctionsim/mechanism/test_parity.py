"""AuctionNet's rules, against its own outputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from auctionsim.mechanism import Clearing, clear

CASES = sorted((Path(__file__).parents[2] / "golden" / "parity").glob("*.npz"))


def by_advertiser(result: Clearing, advertisers: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Slots (1, 2, ... and 0 for none) and costs as AuctionNet lays them out."""
    opportunities, slots = result.winners.shape
    slot = np.zeros((advertisers, opportunities), int)
    cost = np.zeros((advertisers, opportunities), result.prices.dtype)
    for place in range(slots):
        rows = np.flatnonzero(result.winners[:, place] >= 0)
        columns = result.winners[rows, place]
        slot[columns, rows] = place + 1
        cost[columns, rows] = result.prices[rows, place]
    return slot, cost


def test_all_kinds_of_cases_are_there() -> None:
    assert len(CASES) == 12


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_auctionnet_rules_equal_auctionnet(path: Path) -> None:
    with np.load(path) as case:
        result = clear(case["bids"], case["reserve"], rules="auctionnet", seed=3)
        slot, cost = by_advertiser(result, case["bids"].shape[1])
        fixed = ~case["tie_in_top4"]
        np.testing.assert_array_equal(result.prices, case["market_prices"])
        np.testing.assert_array_equal(result.market_price, case["least_winning_cost"])
        np.testing.assert_array_equal(slot[:, fixed], case["slot"][:, fixed])
        np.testing.assert_array_equal(cost[:, fixed], case["cost"][:, fixed])


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_default_rules_sell_what_auctionnet_leaves_at_the_reserve(path: Path) -> None:
    with np.load(path) as case:
        bids, reserve = case["bids"], float(case["reserve"])
    auctionnet = clear(bids, reserve, rules="auctionnet")
    default = clear(bids, reserve)
    np.testing.assert_array_equal(default.prices, auctionnet.prices)
    ranked = -np.sort(-bids, axis=1)[:, :3]
    np.testing.assert_array_equal(default.winners >= 0, (ranked > 0) & (ranked >= reserve))
    kept = auctionnet.winners >= 0
    np.testing.assert_array_equal(default.winners[kept], auctionnet.winners[kept])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("slots", [1, 3, 10])
@pytest.mark.parametrize("bidders", [1, 2, 3, 4, 5, 11, 200])
def test_k_bidders_above_the_reserve_fill_k_minus_1_slots(
    bidders: int, slots: int, dtype: type[np.floating[Any]]
) -> None:
    bids = (np.arange(bidders, 0, -1)[None, :] + 1).astype(dtype)
    result = clear(bids, 1.0, slots, rules="auctionnet")
    sold = min(slots, bidders - 1)
    assert result.winners[0].tolist() == [*range(sold), *[-1] * (slots - sold)]
    padded = clear(np.hstack([bids, np.zeros((1, 12), dtype)]), 1.0, slots, rules="auctionnet")
    np.testing.assert_array_equal(result.winners, padded.winners)
    np.testing.assert_array_equal(result.prices, padded.prices)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_next_bid_at_the_reserve_leaves_unsold_and_one_ulp_above_sells(
    dtype: type[np.floating[Any]],
) -> None:
    reserve = dtype(0.1)
    above, below = np.nextafter(reserve, dtype(1)), np.nextafter(reserve, dtype(0))
    bids = np.array([[1, above], [1, reserve], [1, below]], dtype)
    result = clear(bids, 0.1, 1, rules="auctionnet")
    assert result.winners.ravel().tolist() == [0, -1, -1]
    assert result.prices.ravel().tolist() == [above, reserve, reserve]


def test_reserve_of_zero_leaves_a_sole_bidder_without_a_slot() -> None:
    result = clear([[0.0, 2.0, 0.0]], 0.0, 2, rules="auctionnet")
    assert result.winners.tolist() == [[-1, -1]]
    assert result.prices.tolist() == [[0.0, 0.0]]


def test_first_price_under_auctionnet_rules_leaves_a_bid_at_the_reserve_unsold() -> None:
    result = clear([[1.0, 3.0, 2.0]], 1.0, 3, "first_price", "auctionnet")
    assert result.winners.tolist() == [[1, 2, -1]]
    assert result.prices.tolist() == [[3.0, 2.0, 1.0]]
