"""Nonsense for every argument: refused by name, or the result is defined; nothing else happens."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given

import auctionsim
from auctionsim.campaigns import Campaigns
from auctionsim.day_conditions import DayConditions
from auctionsim.errors import InvalidArgumentError
from auctionsim.lineup import LineupConfig
from auctionsim.market import MOST_BLOCKS, CampaignTerms, MarketConfig, Traffic, ValueSpreads
from auctionsim.simulator import Simulation, market_campaigns
from auctionsim.simulator.outcome import OUTCOME_ARRAYS
from auctionsim.tasks import TASKS
from tests.property.nonsense import (
    NONSENSE,
    Refused,
    anything,
    unless_array,
    unless_by_task,
    unless_real,
    unless_row,
    unless_text,
    unless_whole,
)

LARGEST = 1.7976931348623157e308
LARGEST_AMOUNT = float(np.float32(1e30))  # as bids are compared
MARKET = MarketConfig(
    name="small", opportunities=5, steps=1, advertisers=2, categories=1, slots=2,
    exposure=(1.0, 0.5), traffic=Traffic(mean_probability=0.5),
    campaigns=CampaignTerms(budget=(3.0, 4.0), budget_step=0.5),
)  # fmt: skip
LINEUP = LineupConfig("fixed", {task: {"fixed": 1.0} for task in TASKS})
BIDS = np.array([[1.0, 2.0]])
PLAYABLE = 1000  # sizes beyond are allowed, and not played here


class Argument(NamedTuple):
    """An argument: how to pass it, which values must be refused, and the name in the message."""

    call: Callable[[Any], object]
    refused: Refused
    name: str


def _play(market: MarketConfig) -> None:
    sizes = [market.opportunities, market.steps, market.advertisers, market.traffic.volume_blocks]
    if max(*sizes, market.traffic.profile_blocks, market.slots) > PLAYABLE:
        return
    simulation = Simulation(market, [0])
    while not simulation.done:
        assert np.isfinite(simulation.prediction_errors(0)).all()
        assert np.isfinite(simulation.observe().features).all()
        outcome = simulation.step(np.ones(market.advertisers))
        for name in OUTCOME_ARRAYS:
            assert np.isfinite(getattr(outcome, name)).all(), name
    campaigns = simulation.campaigns
    for number in (campaigns.budget, campaigns.reference, campaigns.cpa_target[campaigns.task == 0],
                   campaigns.roas_target[campaigns.task == 1]):  # fmt: skip
        assert (np.isfinite(number) & (number > 0.0)).all()


def _of_market(name: str, refused: Refused) -> Argument:
    return Argument(lambda value: _play(replace(MARKET, **{name: value})), refused, name)


def _of_part(part: str, name: str, refused: Refused) -> Argument:
    def call(value: Any) -> None:
        _play(replace(MARKET, **{part: replace(getattr(MARKET, part), **{name: value})}))

    return Argument(call, refused, f"{part}.{name}")


def _of(call: Callable[..., object], name: str, refused: Refused, **others: Any) -> Argument:
    return Argument(lambda value: call(**(others | {name: value})), refused, name)


def _falling(row: Any) -> bool:
    return all(0 <= x <= 1 for x in row) and list(row) == sorted(row, reverse=True)


def _limits(row: Any) -> bool:
    return bool(0 < row[0] <= row[1])


def _always(_: object) -> bool:
    return True


def _no_chunk(value: Any) -> bool:
    return unless_whole(256, 2**31 - 256)(value) or operator.index(value) % 256 != 0


def _begin(**arguments: Any) -> None:
    Simulation(**arguments)


def _evaluate(**arguments: Any) -> None:
    try:
        if PLAYABLE < operator.index(arguments["episodes"]) < 2**31:
            return
    except TypeError:
        pass
    auctionsim.evaluate(**arguments)


def _step(value: Any, bids: Any = None) -> None:
    Simulation(MARKET, [0]).step(value, bids)


def _with_campaigns(name: str, refused: Refused) -> Argument:
    own = market_campaigns(MARKET, [0])

    def call(value: Any) -> None:
        campaigns = replace(own, **{name: value})
        Simulation(MARKET, [0], campaigns=campaigns).step(np.ones(2))

    return Argument(call, refused, "campaigns")


def _bad_bids(value: Any) -> bool:
    if not isinstance(value, dict):
        return value is not None
    return any(type(seat) is not int or seat not in (0, 1) for seat in value) or len(value) > 0


def _market_arguments() -> dict[str, Argument]:
    whole, positive = unless_whole(1, 2**31 - 1), unless_real(0.0, LARGEST)
    rules: dict[str, Refused] = {
        "name": lambda value: not isinstance(value, str) or not value,
        "opportunities": unless_whole(0, 2**31 - 1),
        **dict.fromkeys(("steps", "advertisers", "categories"), whole),
        "slots": unless_whole(1, 1000),
        "mechanism": unless_text("gsp", "first_price"),
        "rules": unless_text("default", "auctionnet"),
        "exposure": lambda v: (type(v) is not tuple or v != ()) and unless_row(2, _falling)(v),
        "reserve_price": unless_real(0.0, 1e30),
        "min_remaining_budget": positive,
        **dict.fromkeys(("traffic", "campaigns", "values", "days"), _always),
    }
    assert set(rules) == {f.name for f in fields(MarketConfig)}
    made = {f"market.{name}": _of_market(name, refused) for name, refused in rules.items()}
    # Slots are checked together with the exposure, either of which the message may name.
    made["market.slots"] = made["market.slots"]._replace(name="")
    return made


def _part_arguments() -> dict[str, Argument]:
    share, positive = unless_real(0.0, np.nextafter(1.0, 0.0)), unless_real(0.0, LARGEST)
    blocks, limits = unless_whole(1, MOST_BLOCKS), unless_row(2, _limits)
    shares = unless_row(
        None, lambda row: len(row) > 0 and min(row) >= 0 and 0 < sum(row) <= LARGEST
    )
    rules: dict[type, tuple[str, dict[str, Refused]]] = {
        Traffic: ("traffic", {
            "daily_profile": shares,
            **dict.fromkeys(("volume_spread", "category_spread", "advertiser_spread"), share),
            **dict.fromkeys(("volume_blocks", "profile_blocks"), blocks),
            "mean_probability": unless_real(5e-324, 1.0),
            **dict.fromkeys(("deviation_mean", "deviation_spread", "deviation_step_spread",
                             "error_mean", "error_spread"), positive),
            "prediction_bias": unless_real(0.0, LARGEST, also=None),
        }),
        CampaignTerms: ("campaigns", {
            "seed": unless_whole(0, 2**64 - 1),
            **dict.fromkeys(("budget", "cpa_target", "inverse_roas_target"), limits),
            "budget_step": unless_real(5e-324, 3.0),
            "task_shares": unless_by_task(0.0, LARGEST, empty=False),
            "reference_price": unless_real(5e-324, LARGEST),
        }),
        ValueSpreads: ("values", {
            "known": unless_by_task(0.0, 3.0, empty=True), "realised": unless_real(0.0, 3.0),
        }),
        DayConditions: ("days", {
            "volume_by_day": unless_real(0.0, 1.0),
            **dict.fromkeys(("quality_drift", "quality_spread"), unless_real(0.0, 2.0)),
            "outside_price": positive,
            # These mean nothing without another, and are refused.
            **dict.fromkeys(("quality_jump_rate", "quality_jump_size", "price_by_day",
                             "price_drift", "price_jump_rate", "price_jump_size"),
                            unless_real(0.0, 0.0)),
        }),
    }  # fmt: skip
    for kind, (_, by_name) in rules.items():
        assert set(by_name) == {f.name for f in fields(kind)}
    return {f"market.{p}.{n}": _of_part(p, n, r) for p, by in rules.values() for n, r in by.items()}


def _call_arguments() -> dict[str, Argument]:
    clear: dict[str, Refused] = {
        "bids": unless_array(tuple((n, k) for n in range(4) for k in range(4)), LARGEST),
        "reserve_price": unless_real(0.0, LARGEST),
        "slots": unless_whole(1, 10**6),
        "mechanism": unless_text("gsp", "first_price", "second_price"),
        "rules": unless_text("default", "auctionnet"),
        "seed": unless_whole(0, 2**64 - 1),
        "first_opportunity": unless_whole(0, 2**64 - 1),
        "ids": lambda v: v is not None and unless_array(((2,),), 2**32 - 1, whole=True)(v),
    }
    episodes, seed = unless_row(None, lambda row: len(row) > 0), unless_whole(0, 2**64 - 1)
    begin: dict[str, Refused] = {
        "market": _always,
        "episodes": episodes,
        "seed": seed,
        "runs": lambda value: value is not None and episodes(value),
        "campaigns": lambda value: value is not None,
        "chunk": _no_chunk,
    }
    evaluate: dict[str, Refused] = {
        "bidder": _always,
        "task": unless_text("bcb", "cpa_mcb", "target_roas"),
        "market": _always,
        "episodes": lambda value: unless_whole(1, 2**31 - 1)(value) and episodes(value),
        "seed": seed,
        "protocol": unless_text("paper", "wide"),
        "lineup": _always,
    }
    scored = {"bidder": "fixed", "market": MARKET, "episodes": 1, "lineup": LINEUP}
    seat = unless_whole(0, 1)
    amounts = unless_array(((2,), (1, 2)), LARGEST_AMOUNT)
    row = unless_array(((5,),), LARGEST_AMOUNT)
    found = {f"clear({n})": _of(auctionsim.clear, n, r, bids=BIDS) for n, r in clear.items()}
    found |= {f"Simulation({n})": _of(_begin, n, r, market=MARKET, episodes=[0])
              for n, r in begin.items()}  # fmt: skip
    found |= {f"evaluate({n})": _of(_evaluate, n, r, **scored)
              for n, r in evaluate.items()}  # fmt: skip
    return found | {
        "step(multipliers)": Argument(_step, amounts, "multipliers"),
        "step(bids)": Argument(lambda value: _step(np.ones(2), value), _bad_bids, "bids"),
        "step(bids of a seat)": Argument(lambda value: _step(np.ones(2), {0: value}), row, "bids"),
        "values": Argument(lambda value: Simulation(MARKET, [0]).values(value), seat, "seat"),
        "prediction_errors": Argument(
            lambda value: Simulation(MARKET, [0]).prediction_errors(value), seat, "seat"
        ),
        "load_market": Argument(auctionsim.load_market, _always, ""),
    }


def _campaign_arguments() -> dict[str, Argument]:
    rules = dict.fromkeys(
        (f.name for f in fields(Campaigns)), unless_array(((2,),), np.inf, nan=True)
    )
    rules |= {"steps": unless_whole(1, 1), "budget": unless_array(((2,),), 1e30)}
    rules |= {
        name: unless_array(((2,),), most, whole=True)
        for name, most in {"task": 2, "category": 2**31 - 1, "key": 2**64 - 1}.items()
    }
    rules |= {"reference": unless_array(((2,),), LARGEST), "advertiser": _always}
    return {f"campaigns of seats: {n}": _with_campaigns(n, r) for n, r in rules.items()}


ARGUMENTS = _market_arguments() | _part_arguments() | _call_arguments() | _campaign_arguments()


def _check(argument: Argument, value: Any) -> str | None:
    """What is wrong with how this value is met; None if nothing is."""
    try:
        argument.call(value)
    except InvalidArgumentError as error:
        return None if argument.name in str(error) else f"does not name it: {error}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "accepted" if argument.refused(value) else None


@pytest.mark.parametrize("name", ARGUMENTS)
def test_nonsense_is_refused_by_name_or_brings_a_defined_result(name: str) -> None:
    met = ((value, _check(ARGUMENTS[name], value)) for value in NONSENSE)
    wrong = [f"{value!r:.60}: {what}" for value, what in met if what is not None]
    assert not wrong, "\n".join([name, *wrong])


@pytest.mark.parametrize("name", ARGUMENTS)
@given(value=anything())
def test_anything_is_refused_by_name_or_brings_a_defined_result(name: str, value: Any) -> None:
    assert _check(ARGUMENTS[name], value) is None


def test_these_tests_see_what_is_accepted_misnamed_or_broken() -> None:
    def misnamed(_: object) -> None:
        raise InvalidArgumentError("`another` must be something else")

    for call, found in ((_always, "accepted"), (misnamed, "does not name"), (len, "TypeError")):
        assert str(_check(Argument(call, _always, "it"), None)).startswith(found)
