"""Hostile arguments: each is refused with one line that names argument, rule, value and mend."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from auctionsim.errors import InvalidArgumentError
from auctionsim.mechanism import clear

GOOD = np.array([[1.0, 2.0], [3.0, 4.0]])


def bids_with(value: float, dtype: type[np.floating[Any]] = np.float64) -> Any:
    bids = np.ones((3, 4), dtype)
    bids[2, 1] = value
    return bids


BAD_BIDS: list[tuple[str, Any, str]] = [
    ("nan", bids_with(np.nan), "nan at opportunity 2, advertiser 1"),
    ("nan32", bids_with(np.nan, np.float32), "nan at opportunity 2, advertiser 1"),
    ("inf", bids_with(np.inf), "inf at opportunity 2, advertiser 1"),
    ("minus inf", bids_with(-np.inf), "-inf at opportunity 2, advertiser 1"),
    ("negative", bids_with(-1.0), "-1.0 at opportunity 2, advertiser 1"),
    ("negative subnormal", bids_with(-5e-324), "-5e-324 at opportunity 2"),
    ("negative int", np.array([[0, -3]]), "-3.0 at opportunity 0, advertiser 1"),
    ("half inf", np.array([[np.inf]], np.float16), "inf at opportunity 0"),
    ("0-D", 1.0, "0 dimension"),
    ("1-D", np.ones(4), r"shape \(4,\)"),
    ("3-D", np.ones((1, 2, 3)), r"shape \(1, 2, 3\)"),
    ("empty list", [], r"shape \(0,\)"),
    ("text", "bids", "0 dimension"),
    ("table of text", [["1.0", "2.0"]], "dtype <U3"),
    ("bools", np.ones((2, 2), bool), "dtype bool"),
    ("complex", np.ones((2, 2), complex), "dtype complex128"),
    ("objects", np.array([[None, 1.0]]), "dtype object"),
    ("giant ints", [[10**40, 1]], "dtype object"),
    ("times", np.ones((1, 1), "m8[s]"), "dtype timedelta64"),
    ("ragged", [[1.0], [1.0, 2.0]], "list"),
    ("masked", np.ma.masked_invalid(bids_with(np.nan)), "masked"),
    ("none", None, "0 dimension"),
]


@pytest.mark.parametrize(("bids", "found"), [c[1:] for c in BAD_BIDS], ids=[c[0] for c in BAD_BIDS])
def test_bad_bids_are_refused(bids: Any, found: str) -> None:
    refused("bids", found, bids=bids)


def test_long_double_beyond_float64_is_refused_without_a_warning() -> None:
    bids = np.array([["1e400"]]).astype(np.longdouble)
    if not np.isfinite(bids).all():
        pytest.skip("long double is float64 here")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        refused("bids", "inf at opportunity 0", bids=bids)


BAD_OPTIONS: list[tuple[str, Any, str]] = [
    ("reserve_price", np.nan, "nan"),
    ("reserve_price", np.inf, "inf"),
    ("reserve_price", -0.01, "-0.01"),
    ("reserve_price", "0.1", "str '0.1'"),
    ("reserve_price", None, "None"),
    ("reserve_price", True, "bool True"),
    ("reserve_price", [0.1, 0.2], r"list \[0.1, 0.2\]"),
    ("reserve_price", 1j, "complex"),
    ("slots", 0, "0"),
    ("slots", -1, "-1"),
    ("slots", 2.5, "float 2.5"),
    ("slots", 3.0, "float 3.0"),
    ("slots", True, "True"),
    ("slots", np.True_, "True"),
    ("slots", "3", "str '3'"),
    ("slots", None, "None"),
    ("slots", 10**30, "1000000"),
    ("seed", -1, "-1"),
    ("seed", 2**64, "18446744073709551616"),
    ("seed", 0.5, "float 0.5"),
    ("seed", None, "None"),
    ("first_opportunity", -1, "-1"),
    ("first_opportunity", 2**64 - 1, "18446744073709551615"),  # the second row would be 2^64
    ("first_opportunity", 1.0, "float 1.0"),
    ("ids", [0], r"shape \(1,\) for 2 column"),
    ("ids", [[0, 1]], r"shape \(1, 2\)"),
    ("ids", 3, r"shape \(\)"),
    ("ids", [5, 5], "5 at 2 positions"),
    ("ids", [0, -1], "-1 at position 1"),
    ("ids", [2**32, 0], "4294967296 at position 0"),
    ("ids", np.array([2**64 - 1, 0], np.uint64), "18446744073709551615 at position 0"),
    ("ids", [0.0, 1.0], "dtype float64"),
    ("ids", [True, False], "dtype bool"),
    ("ids", ["a", "b"], "dtype <U1"),
    ("mechanism", None, "None"),
    ("mechanism", b"gsp", "b'gsp'"),
    ("mechanism", ["gsp"], "list"),
    ("mechanism", np.array([]), "ndarray"),
    ("mechanism", np.array(["second_price", "gsp"]), "ndarray"),
    ("mechanism", np.zeros(2, [("a", float)]), "ndarray"),
    ("mechanism", [1.0] * 10**4, "list"),
    ("rules", 1, "int 1"),
    ("rules", "", "''"),
]


@pytest.mark.parametrize(("name", "value", "found"), BAD_OPTIONS)
def test_bad_options_are_refused(name: str, value: Any, found: str) -> None:
    refused(name, found, **{name: value})


@pytest.mark.parametrize(
    ("name", "value", "near"),
    [
        ("mechanism", "gps", "'gsp'"),
        ("mechanism", "firstprice", "'first_price'"),
        ("rules", "auction_net", "'auctionnet'"),
    ],
)
def test_misspelt_names_get_a_suggestion(name: str, value: str, near: str) -> None:
    refused(name, f"Did you mean {near}", **{name: value})


def test_integers_too_long_for_python_to_write_out_are_refused_by_name() -> None:
    refused("slots", "int", slots=10**5000)
    refused("seed", "int", seed=-(10**5000))
    refused("mechanism", "found 'list'", mechanism=[10**5000])


def test_second_price_with_the_default_slots_says_pass_one_slot() -> None:
    refused("slots", "found 3. Pass slots=1", mechanism="second_price")


def test_reserve_beyond_float32_is_refused_for_float32_bids_only() -> None:
    refused("reserve_price", "1e\\+300", bids=GOOD.astype(np.float32), reserve_price=1e300)
    assert (clear(GOOD, 1e300).winners == -1).all()


def test_options_are_checked_for_empty_bids_too() -> None:
    for shape in ((0, 3), (3, 0), (0, 0)):
        refused("slots", "0", bids=np.empty(shape), slots=0)
        refused("reserve_price", "nan", bids=np.empty(shape), reserve_price=np.nan)


@pytest.mark.parametrize("reserve", [2, 2.0, np.float32(2), np.array(2.0)])
def test_reserve_price_may_be_any_real_scalar(reserve: Any) -> None:
    assert clear(GOOD, reserve).prices.tolist() == [[2.0, 2.0, 2.0], [3.0, 2.0, 2.0]]


def test_a_mask_that_masks_nothing_does_not_matter() -> None:
    result = clear(np.ma.masked_array(GOOD, False), 2.0)
    assert type(result.prices) is np.ndarray
    assert result.prices.tolist() == clear(GOOD, 2.0).prices.tolist()


@pytest.mark.parametrize("integer", [int, np.int8, np.uint64])
def test_integers_of_any_kind_are_welcome(integer: Any) -> None:
    result = clear(
        GOOD, integer(1), integer(2), seed=integer(7), first_opportunity=integer(3), ids=[1, 0]
    )
    assert result.winners.tolist() == [[1, 0], [1, 0]]


def test_limits_of_the_ranges_are_allowed() -> None:
    result = clear(GOOD, 0.5, 1, seed=2**64 - 1, first_opportunity=2**64 - 2, ids=[2**32 - 1, 0])
    assert result.winners.tolist() == [[1], [1]]
    assert clear(np.empty((0, 2)), ids=np.array([4, 2], np.int8)).winners.shape == (0, 3)
    assert clear(np.empty((2, 0)), ids=[]).winners.tolist() == [[-1] * 3] * 2


def refused(argument: str, found: str, **arguments: Any) -> None:
    """Check that the call fails with one line about `argument` that matches `found`."""
    with pytest.raises(InvalidArgumentError, match=found) as error:
        clear(**({"bids": GOOD} | arguments))
    message = str(error.value)
    assert message.startswith(f"`{argument}` must ")
    assert "; found " in message
    assert "\n" not in message
    assert len(message) < 400
