"""What a market refuses, by name, and the markets that come with the package."""

from __future__ import annotations

from dataclasses import astuple, fields, replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from auctionsim.config_files import build, config_names
from auctionsim.day_conditions import DayConditions
from auctionsim.errors import InvalidArgumentError
from auctionsim.market import (
    DAILY_PROFILE,
    MOST_BLOCKS,
    CampaignTerms,
    MarketConfig,
    Traffic,
    ValueSpreads,
    load_market,
)

NAN, INF = float("nan"), float("inf")
# No numbers, or none that float64 holds.
NO_NUMBERS: list[Any] = [
    np.timedelta64(1, "s"), Fraction(1, 2), 10**400, 10**5000, -(10**400), 1j, np.array(1.0),
    np.finfo(np.longdouble).max if np.finfo(np.longdouble).maxexp > 1024 else INF, b"1", [0.5],
    np.True_,
]  # fmt: skip

PARTS = ("traffic", "campaigns", "values", "days")

MARKET_REFUSES: dict[str, list[Any]] = {
    "name": ["", None, 3],
    "opportunities": [-1, 2**31, 1.5, 100.0, "100", None, True, NAN],
    "steps": [0, -3, 2**31, 48.0, "48", None, True],
    "advertisers": [0, -1, 2**31, 0.5, "1", None, False],
    "categories": [0, -1, 6.0, "6", None, True],
    "slots": [0, -1, 1001, 3.0, "3", None, True],
    "mechanism": ["vcg", "GSP", ""],
    "rules": ["auction-net", "", None, 3, b"default", np.zeros(2), ["default"], {}],
    "exposure": [
        (1.0, 0.8), (1.0, 0.8, 0.6, 0.4), (0.5, 0.8, 0.6), (1.1, 0.8, 0.6), (1.0, 0.8, -0.1),
        (1.0, NAN, 0.6), ("1", "0.8", "0.6"), "abc", None, 1.0, (True, True, True),
        np.array([]), [], np.zeros((3, 3)), np.array(["1", "1", "1"]), np.ones(3, np.bool_),
        np.ma.masked_array([1.0, 1.0, 1.0], [True, False, False]), [1, 1, Fraction(1, 2)],
    ],
    "reserve_price": [-0.1, NAN, INF, 1e31, "0", None, True],
    "min_remaining_budget": [-0.1, NAN, INF, "0", None, False],
    **{name: [None, 3, {}, MarketConfig(), np.zeros(2)] for name in PARTS},
}  # fmt: skip

TRAFFIC_REFUSES: dict[str, list[Any]] = {
    "daily_profile": [(), (0.0, 0.0), (1.0, -1.0), (1.0, NAN), (INF,), ("1",), "1", None, 3.0,
                      (1e308, 1e308), (10**400,), np.ones((1, 2)), (Fraction(1, 2),)],
    **{
        name: [-0.1, 1.0, NAN, "0", None, True]
        for name in ("volume_spread", "category_spread", "advertiser_spread")
    },
    **{
        name: [0, -1, 1.5, "3", None, True, MOST_BLOCKS + 1]
        for name in ("volume_blocks", "profile_blocks")
    },
    "mean_probability": [0.0, -0.1, 1.1, NAN, "0.1", None, True],
    **{
        name: [-0.1, NAN, INF, "0", None, True, 1.1e30]
        for name in (
            "deviation_mean",
            "deviation_spread",
            "deviation_step_spread",
            "error_mean",
            "error_spread",
        )
    },
    "prediction_bias": [-0.1, NAN, INF, "0", True, 1.1e30],
}  # fmt: skip

BAD_LIMITS = [(0.0, 1.0), (-1.0, 1.0), (2.0, 1.0), (1.0, INF), (NAN, 1.0), (1.0,), (1, 2, 3), "12",
              (0.9e-30, 1.0), (1.0, 1.1e30), (5e-324, 1e308), (1, 10**400)]  # fmt: skip
CAMPAIGNS_REFUSE: dict[str, list[Any]] = {
    "seed": [-1, 2**64, 0.5, "0", None, True],
    "budget": [*BAD_LIMITS, None],
    "cpa_target": BAD_LIMITS,
    "inverse_roas_target": BAD_LIMITS,
    "budget_step": [0.0, -1.0, 2000.1, NAN, INF, "50", None, 5e-324],
    "task_shares": [{}, {"bcb": 0.0}, {"cpa": 1.0}, {"bcb": -1.0}, {"bcb": NAN}, {"bcb": "1"}, [1],
                    {None: 1.0}, {5: 1.0}, {"bcb": 10**400}, {"bcb": 1e308, "cpa_mcb": 1e308}],
    "reference_price": [0.0, -1.0, NAN, INF, "90", None, True, 5e-324, 1.1e30],
}  # fmt: skip

VALUES_REFUSE: dict[str, list[Any]] = {
    "known": [{"roas": 0.5}, {"bcb": -0.1}, {"bcb": 3.1}, {"bcb": NAN}, {"bcb": "0"}, None, 0.5,
              {None: 0.5}, {5: 0.5}, {"bcb": None}],
    "realised": [-0.1, 3.1, NAN, "0", None, True],
}  # fmt: skip

DAYS_REFUSE: dict[str, list[Any]] = {
    f.name: [-0.1, NAN, INF, "0", None, True, 1.1e30, [0.1]] for f in fields(DayConditions)
}
DAYS_REFUSE["volume_by_day"] += [1.01]
DAYS_REFUSE["quality_spread"] += [2.01]
DAYS_REFUSE["quality_jump_rate"] += [50.1, 1.0]
DAYS_REFUSE["price_jump_rate"] += [50.1, 1.0]
DAYS_REFUSE["price_drift"] += [0.1]
DAYS_REFUSE["price_by_day"] += [0.1]

REFUSALS = [
    (cls, prefix, name, value)
    for cls, prefix, table in (
        (MarketConfig, "", MARKET_REFUSES),
        (Traffic, "traffic.", TRAFFIC_REFUSES),
        (CampaignTerms, "campaigns.", CAMPAIGNS_REFUSE),
        (ValueSpreads, "values.", VALUES_REFUSE),
        (DayConditions, "days.", DAYS_REFUSE),
    )
    for name, values in table.items()
    for value in values
]


@pytest.mark.parametrize(("cls", "prefix", "name", "value"), REFUSALS)
def test_refuses_by_name(cls: type[Any], prefix: str, name: str, value: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=f"`{prefix}{name}"):
        cls(**{name: value})


def test_every_field_is_in_the_tables_of_what_is_refused() -> None:
    for cls, table in (
        (Traffic, TRAFFIC_REFUSES),
        (CampaignTerms, CAMPAIGNS_REFUSE),
        (ValueSpreads, VALUES_REFUSE),
        (DayConditions, DAYS_REFUSE),
    ):
        assert {f.name for f in fields(cls)} == set(table)
    assert {f.name for f in fields(MarketConfig)} == set(MARKET_REFUSES)


NUMBERS = [
    (cls, prefix, f.name)
    for cls, prefix in (
        (MarketConfig, ""), (Traffic, "traffic."),
        (CampaignTerms, "campaigns."), (ValueSpreads, "values."), (DayConditions, "days."),
    )
    for f in fields(cls) if f.name == "prediction_bias" or isinstance(f.default, int | float)
]  # fmt: skip


@pytest.mark.parametrize("value", NO_NUMBERS, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize(("cls", "prefix", "name"), NUMBERS)
def test_what_is_no_number_is_refused(cls: type[Any], prefix: str, name: str, value: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=f"`{prefix}{name}"):
        cls(**{name: value})


def test_numbers_of_any_kind_are_kept_as_plain_ones() -> None:
    whole: Any = MarketConfig
    traffic: Any = Traffic
    campaigns: Any = CampaignTerms
    market = whole(
        opportunities=np.int16(7), slots=np.uint8(2), exposure=np.array([1, 0], np.int32),
        reserve_price=np.float16(0.5), min_remaining_budget=10**30,
        traffic=traffic(daily_profile=[2**70, np.float32(1)], error_mean=np.longdouble(0.25)),
        campaigns=campaigns(seed=np.uint64(2**64 - 1), budget=np.array([60, 70]),
                            task_shares={"bcb": np.int64(3)}, reference_price=2**64),
        values=ValueSpreads(known={"bcb": 1}, realised=np.float64(0.5)),
    )  # fmt: skip
    assert (market.opportunities, market.slots, market.exposure) == (7, 2, (1.0, 0.0))
    assert (market.reserve_price, market.min_remaining_budget) == (0.5, 1e30)
    assert market.traffic.daily_profile == (2.0**70, 1.0)
    assert market.campaigns.budget == (60.0, 70.0)
    assert market.campaigns.reference_price == 2.0**64

    def kinds(value: Any) -> set[type]:
        if isinstance(value, dict):
            value = tuple(value.values())
        return set().union(*map(kinds, value)) if isinstance(value, tuple) else {type(value)}

    assert kinds(astuple(market)) == {str, int, float, type(None)}


@pytest.mark.parametrize(
    "changes",
    [
        {"opportunities": 0},
        {"steps": 1},
        {"advertisers": 1},
        {"categories": 100},
        {"slots": 1, "exposure": (0.0,)},
        {"slots": 1, "exposure": (1.0,), "mechanism": "second_price"},
        {"exposure": (1, 1, 1)},
        {"exposure": [1.0, 0.5, 0.5]},
        {"reserve_price": 0},
        {"reserve_price": np.float32(0.1)},
        {"min_remaining_budget": 0.0},
        {"opportunities": np.int64(7)},
        {"exposure": np.array([1.0, 0.5, 0.5])},
        {"min_remaining_budget": 1.7976931348623157e308},
        {"reserve_price": 1e30},
    ],
)
def test_takes_what_is_at_the_edge(changes: dict[str, Any]) -> None:
    MarketConfig(**changes)


def test_the_largest_day_has_a_number_for_each_opportunity() -> None:
    largest = DayConditions(volume_by_day=1.0)
    MarketConfig(opportunities=2**27, days=largest)
    with pytest.raises(InvalidArgumentError, match=r"`days\.volume_by_day` must leave the largest"):
        MarketConfig(opportunities=2**28, days=largest)


def test_days_are_alike_unless_they_are_asked_to_differ() -> None:
    assert set(astuple(MarketConfig().days)) == {0.0}
    for name in ("paper", "small", "tiny", "auctionnet"):
        assert load_market(name).days == DayConditions()


def test_second_price_has_one_slot() -> None:
    with pytest.raises(InvalidArgumentError, match=r"`slots` must be 1 for second_price; found 3"):
        MarketConfig(mechanism="second_price")


def test_unknown_names_get_a_suggestion() -> None:
    with pytest.raises(InvalidArgumentError, match="Did you mean 'first_price'"):
        MarketConfig(mechanism="first_prize")
    with pytest.raises(InvalidArgumentError, match="Did you mean 'target_roas'"):
        CampaignTerms(task_shares={"target_ros": 1.0})


def test_mapping_builds_a_market_strictly() -> None:
    market = build(MarketConfig, {"opportunities": 10, "traffic": {"mean_probability": 0.5}})
    assert market == MarketConfig(opportunities=10, traffic=Traffic(mean_probability=0.5))
    with pytest.raises(InvalidArgumentError, match="Did you mean `opportunities`"):
        build(MarketConfig, {"opportunites": 10})
    with pytest.raises(InvalidArgumentError, match="opportunities"):
        build(MarketConfig, {"opportunities": True})


def test_a_market_given_is_returned() -> None:
    market = MarketConfig(name="mine")
    assert load_market(market) is market
    with pytest.raises(InvalidArgumentError, match="paper"):
        load_market("papr")


@pytest.mark.parametrize("name", config_names("markets"))
def test_markets_of_the_package_bear_their_names(name: str) -> None:
    assert load_market(name).name == name


def test_paper_market_is_the_default_one() -> None:
    assert load_market("paper") == MarketConfig()
    assert sum(DAILY_PROFILE) == pytest.approx(10_000, abs=10)


@pytest.mark.parametrize(("name", "opportunities"), [("small", 50_000), ("tiny", 5_000)])
def test_smaller_markets_scale_probabilities_and_reserve_alone(
    name: str, opportunities: int
) -> None:
    paper, scale = load_market("paper"), 500_000 / opportunities
    market = load_market(name)
    assert market.reserve_price == pytest.approx(paper.reserve_price * scale)
    mean = market.traffic.mean_probability
    assert mean == pytest.approx(paper.traffic.mean_probability * scale)
    assert market == replace(
        paper,
        name=name,
        opportunities=opportunities,
        reserve_price=market.reserve_price,
        traffic=replace(paper.traffic, mean_probability=mean),
    )


def test_rules_bring_their_own_exposure_and_bias_unless_given() -> None:
    plain, other = MarketConfig(), MarketConfig(rules="auctionnet")
    assert (plain.slot_exposure, plain.prediction_bias) == ((1.0, 0.8, 0.6), 0.0)
    assert (other.slot_exposure, other.prediction_bias) == ((1.0, 0.8, 0.48), 1.0)
    given = replace(other, exposure=(1.0, 1.0, 1.0), traffic=Traffic(prediction_bias=0.5))
    assert (given.slot_exposure, given.prediction_bias) == ((1.0, 1.0, 1.0), 0.5)
    assert MarketConfig(slots=1).slot_exposure == (1.0,)
    with pytest.raises(InvalidArgumentError, match="`exposure`"):
        MarketConfig(slots=4)


def test_auctionnet_market_differs_by_its_rules_alone() -> None:
    paper, market = load_market("paper"), load_market("auctionnet")
    assert market == replace(
        paper,
        name="auctionnet",
        rules="auctionnet",
        values=ValueSpreads(known={"cpa_mcb": 0.0, "target_roas": 0.0, "bcb": 0.0}),
    )
