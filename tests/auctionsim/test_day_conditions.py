"""What days may have: bounds that hold, and options that mean nothing alone."""

from __future__ import annotations

import pytest

from auctionsim.day_conditions import DayConditions, largest_day, largest_floor
from auctionsim.errors import InvalidArgumentError
from auctionsim.market import load_market

NEW = ("drift", "jumps", "quality", "unknown_traffic", "real_days")


@pytest.mark.parametrize("path", ["quality", "price"])
@pytest.mark.parametrize(("rate", "size"), [(1.0, 0.0), (0.0, 0.5)])
def test_jumps_need_a_rate_and_a_size(path: str, rate: float, size: float) -> None:
    given = {f"{path}_jump_rate": rate, f"{path}_jump_size": size}
    with pytest.raises(InvalidArgumentError, match=f"`days.{path}_jump_rate` must be 0 if and"):
        DayConditions(outside_price=1.0, **given)


@pytest.mark.parametrize("name", ["price_by_day", "price_drift"])
def test_a_path_of_prices_needs_prices(name: str) -> None:
    with pytest.raises(InvalidArgumentError, match=f"`days.{name}` must be 0 without an outside"):
        DayConditions(**{name: 0.1})
    with pytest.raises(InvalidArgumentError, match=r"`days\.price_jump_rate` must be 0 without an"):
        DayConditions(price_jump_rate=1.0, price_jump_size=0.1)


def test_bounds_of_plain_days_are_those_of_the_market() -> None:
    assert largest_day(500, DayConditions()) == 500
    assert largest_floor(0.5, DayConditions()) == 0.0


@pytest.mark.parametrize("name", NEW)
def test_markets_that_planning_is_tried_in_are_small_but_for_their_days(name: str) -> None:
    small, market = load_market("small"), load_market(name)
    assert market.days != DayConditions()
    for field in ("opportunities", "reserve_price", "traffic", "campaigns", "values", "slots"):
        assert getattr(market, field) == getattr(small, field)


def test_real_days_have_everything() -> None:
    days = load_market("real_days").days
    assert all(getattr(days, name) > 0.0 for name in DayConditions.__dataclass_fields__)
