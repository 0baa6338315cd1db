"""What the mechanisms are known for: when it pays to bid one's value, and when not.

A bidder's utility of an auction is (value - price) x the probability that its slot is seen, 0
without a slot. Each search over deviations is one call of `clear`, one row a deviation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray

import auctionsim

Bids = NDArray[np.floating[Any]]
Float64Array = NDArray[np.float64]

DTYPES: list[type[np.floating[Any]]] = [np.float32, np.float64]
SEEN = (1.0, 0.8, 0.6, 0.3, 0.3, 0.0)
MONEY = [0.0, 5e-324, 1e-45, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 1e30]  # few, so that ties abound
QUARTERS = [x / 4 for x in range(17)]  # so far apart that a bid fits between
ONE_SLOT = [("second_price", 1), ("gsp", 1)]
MECHANISMS = st.sampled_from([*ONE_SLOT, ("gsp", 3), ("first_price", 1), ("first_price", 4)])


@dataclass(frozen=True)
class Game:
    """Everybody's bids, (bidders,); bidder 0 has a value and may bid something else."""

    bids: Bids
    value: np.floating[Any]
    reserve_price: float
    mechanism: str
    slots: int
    rules: str = "default"
    seed: int = 0

    def clear(self, rows: Bids | None = None) -> auctionsim.Clearing:
        bids = self.bids[None, :] if rows is None else rows
        return auctionsim.clear(
            bids, self.reserve_price, self.slots, self.mechanism, self.rules, seed=self.seed
        )

    def utility(self, deviations: ArrayLike) -> Float64Array:
        """Utility of bidder 0 for each of its bids, (deviations,)."""
        own = np.atleast_1d(np.asarray(deviations, self.bids.dtype))
        rows = np.tile(self.bids, (own.size, 1))
        rows[:, 0] = own
        clearing = self.clear(rows)
        gain = (self.value - clearing.prices) * np.array(SEEN[: self.slots], self.bids.dtype)
        won: Float64Array = np.where(clearing.winners == 0, gain, 0.0).sum(axis=1)
        return won

    def deviations(self) -> Bids:
        """Bids at, just above and just below whatever may matter, and a grid."""
        dtype = self.bids.dtype.type
        places = np.append(self.bids, [self.value, dtype(self.reserve_price)])
        top = np.float64(places.max())
        above, below = np.nextafter(places, dtype(np.inf)), np.nextafter(places, dtype(0))
        grid = np.linspace(0.0, 1.25 * top, 41).astype(dtype)
        return np.concatenate([places, above, below, grid, [dtype(0)]])


@st.composite
def games(
    draw: st.DrawFn,
    kinds: st.SearchStrategy[tuple[str, int]] = MECHANISMS,
    rules: tuple[str, ...] = ("default", "default", "auctionnet"),
    *,
    quarters: bool = False,
) -> Game:
    dtype = draw(st.sampled_from(DTYPES))
    some = st.sampled_from(QUARTERS if quarters else MONEY)
    money = some if quarters else some | st.floats(0.0, 4.0, width=32)
    bids = draw(st.lists(money, min_size=1, max_size=8))
    mechanism, slots = draw(kinds)
    return Game(
        bids=np.array(bids, dtype),
        value=dtype(draw(money)),
        reserve_price=draw(some),
        mechanism=mechanism,
        slots=slots,
        rules=draw(st.sampled_from(rules)),
        seed=draw(st.integers(0, 2**64 - 1)),
    )


# --- one slot, second price: truth is best --------------------------------------------------------


@given(games(st.sampled_from(ONE_SLOT)))
def test_with_one_slot_and_the_second_price_nothing_beats_the_truth(game: Game) -> None:
    assert game.utility(game.deviations()).max() <= game.utility(game.value)[0]


@given(games(st.sampled_from(ONE_SLOT)))
def test_the_truth_wins_exactly_what_is_worth_its_price(game: Game) -> None:
    rivals = game.bids[1:].max(initial=0.0)
    price = max(rivals, game.bids.dtype.type(game.reserve_price))
    sells = game.rules == "default" or rivals > game.bids.dtype.type(game.reserve_price)
    expected = max(game.value - price, 0.0) if sells else 0.0
    assert game.utility(game.value)[0] == expected


# --- elsewhere it is not --------------------------------------------------------------------------


def _game(rivals: list[float], value: float, **changes: Any) -> Game:
    bids = np.array([value, *rivals])
    return replace(Game(bids, np.float64(value), 0.0, "gsp", 2), **changes)


def test_shading_pays_in_a_textbook_gsp(monkeypatch: pytest.MonkeyPatch) -> None:
    """Edelman, Ostrovsky and Schwarz (2007): values 10, 4, 2; slots with 200 and 199 clicks."""
    game = _game([4.0, 2.0], 10.0)
    monkeypatch.setitem(globals(), "SEEN", (200.0, 199.0))
    assert game.utility([10.0, 3.0]).tolist() == [1200.0, 1592.0]
    monkeypatch.undo()
    np.testing.assert_allclose(game.utility([10.0, 3.0]), [6.0, 6.4])


def test_shading_pays_in_a_first_price_auction() -> None:
    game = _game([6.0], 10.0, mechanism="first_price", slots=1)
    assert game.utility([10.0, 7.0, 6.5, 5.0]).tolist() == [0.0, 3.0, 3.5, 0.0]


@given(games(st.sampled_from([("gsp", k) for k in range(1, 7)]), ("default",), quarters=True))
def test_the_best_bid_in_gsp_takes_the_slot_with_the_best_bargain(game: Game) -> None:
    """Search against theory: slot k costs the k-th highest rival's bid, or the reserve."""
    rivals = np.append(-np.sort(-game.bids[1:]), np.zeros(game.slots, game.bids.dtype))
    prices = np.maximum(rivals[: game.slots], game.bids.dtype.type(game.reserve_price))
    bargains = (game.value - prices) * np.array(SEEN[: game.slots], game.bids.dtype)
    # Only who bids below slot k - 1 gets slot k; a slot below a tie is never the better bargain.
    to_be_had = prices < np.append(np.inf, rivals)[: game.slots]
    best = bargains[to_be_had].max(initial=0.0)
    assert game.utility(game.deviations()).max() == best


@pytest.mark.parametrize(
    ("mechanism", "slots", "least"), [("gsp", 2, 0.1), ("gsp", 3, 0.1), ("first_price", 1, 0.2)]
)
def test_profitable_deviations_are_common(mechanism: str, slots: int, least: float) -> None:
    rng = np.random.default_rng(5)
    gains = []
    for _ in range(300):
        bids = rng.uniform(0.0, 1.0, 4)
        game = Game(bids, bids[0], 0.0, mechanism, slots)
        gains.append(game.utility(game.deviations()).max() - game.utility(game.value)[0])
    assert min(gains) >= 0.0
    assert np.mean(np.array(gains) > 0.01) > least


@given(games(st.sampled_from([("gsp", 2), ("gsp", 5)])))
def test_in_gsp_nobody_gains_by_bidding_more_than_its_value(game: Game) -> None:
    more = game.deviations()
    more = more[more > game.value]
    assert game.utility(more).max(initial=0.0) <= game.utility(game.value)[0]


@given(games(st.sampled_from([("first_price", 1), ("first_price", 5)])))
def test_in_first_price_the_truth_earns_nothing_and_a_bargain_something(game: Game) -> None:
    dtype = game.bids.dtype.type
    assert game.utility(game.value)[0] == 0.0
    price = max(game.bids[1:].max(initial=0.0), dtype(game.reserve_price))
    enough = np.nextafter(price, dtype(np.inf))
    best = game.utility(game.deviations()).max()
    assert best > 0.0 if game.value > enough else best >= 0.0


def test_half_the_value_is_the_best_answer_to_half_of_uniform_values() -> None:
    """The equilibrium of the first price with two uniform values (Vickrey, 1961)."""
    rivals = (np.arange(1000) + 0.5) / 1000 / 2
    grid = np.linspace(0.0, 1.0, 101)
    for value in (0.2, 0.5, 0.9):
        bids = np.stack(np.broadcast_arrays(grid[:, None], rivals[None, :]), axis=-1)
        winners = auctionsim.clear(bids.reshape(-1, 2), 0.0, 1, "first_price").winners
        wins = (winners == 0).reshape(len(grid), -1).mean(axis=1)
        assert grid[np.argmax(wins * (value - grid))] == pytest.approx(value / 2, abs=0.011)


def test_first_and_second_price_raise_the_same_revenue_in_equilibrium() -> None:
    """Two uniform values: 1/3 either way, on a grid of 300 x 300 pairs."""
    places = (np.arange(300) + 0.5) / 300
    values = np.stack(np.meshgrid(places, places), axis=-1).reshape(-1, 2)
    truthful = auctionsim.clear(values, 0.0, 1, "second_price").prices.mean()
    halved = auctionsim.clear(values / 2, 0.0, 1, "first_price").prices.mean()
    np.testing.assert_allclose([truthful, halved], 1 / 3, atol=2e-3)


# --- any mechanism --------------------------------------------------------------------------------


@given(games())
def test_who_bids_at_most_its_value_never_loses_money(game: Game) -> None:
    modest = game.deviations()
    assert game.utility(modest[modest <= game.value]).min(initial=0.0) >= 0.0


@given(games())
def test_a_higher_bid_never_gets_a_worse_slot(game: Game) -> None:
    # A row a call: ties fall by the row's number.
    own = np.unique(game.deviations())
    rows = (np.append(bid, game.bids[1:]).astype(game.bids.dtype)[None, :] for bid in own)
    slots = [np.append(game.clear(row).winners[0], 0).tolist().index(0) for row in rows]
    assert slots == sorted(slots, reverse=True)


@given(games(st.sampled_from([("gsp", k) for k in range(1, 7)])))
def test_mechanisms_differ_in_prices_and_not_in_winners(game: Game) -> None:
    first = replace(game, mechanism="first_price").clear()
    second = game.clear()
    sold = second.winners >= 0
    np.testing.assert_array_equal(second.winners[sold], first.winners[sold])
    np.testing.assert_array_equal(first.prices[first.winners >= 0],
                                  game.bids[first.winners[first.winners >= 0]])  # fmt: skip
    assert (second.prices <= first.prices).all()
    if game.rules == "default":
        np.testing.assert_array_equal(second.winners, first.winners)
    else:  # AuctionNet's rule sells one slot fewer, where the last one's price is the reserve
        assert 0 <= (first.winners >= 0).sum() - sold.sum() <= 1
    if game.slots == 1:
        vickrey = replace(game, mechanism="second_price").clear()
        np.testing.assert_array_equal(vickrey.winners, second.winners)
        np.testing.assert_array_equal(vickrey.prices, second.prices)


@given(games(), st.sampled_from(MONEY), st.sampled_from(MONEY))
def test_a_higher_reserve_sells_less_at_higher_prices(game: Game, one: float, two: float) -> None:
    low, high = (replace(game, reserve_price=r).clear() for r in sorted((one, two)))
    kept = high.winners >= 0
    np.testing.assert_array_equal(high.winners[kept], low.winners[kept])
    assert (high.prices >= low.prices)[kept].all()
    if game.mechanism == "first_price":
        np.testing.assert_array_equal(high.prices[kept], low.prices[kept])
    else:
        assert (high.prices >= low.prices).all()


def test_a_reserve_can_raise_revenue_and_can_lose_it() -> None:
    bids = np.array([[10.0, 4.0]])
    revenue = []
    for reserve in (0.0, 6.0, 11.0):
        clearing = auctionsim.clear(bids, reserve, 1, "second_price")
        revenue.append(float(clearing.prices[clearing.winners >= 0].sum()))
    assert revenue == [4.0, 6.0, 0.0]
