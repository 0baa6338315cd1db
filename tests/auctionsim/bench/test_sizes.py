from __future__ import annotations

import json
from dataclasses import replace

import pytest

from auctionsim.bench.sizes import cut, from_plain, resize, to_plain, warm_up
from auctionsim.market import load_market
from tests.auctionsim.worlds import WORLD


def test_a_cut_keeps_the_size_of_steps_and_the_budget_per_opportunity() -> None:
    small = cut(WORLD, 200)
    assert (small.opportunities, small.steps, small.advertisers) == (200, 2, 8)
    low, high = WORLD.campaigns.budget
    assert small.campaigns.budget == pytest.approx((low / 4, high / 4))
    assert small.campaigns.budget_step == pytest.approx(WORLD.campaigns.budget_step / 4)
    assert small.min_remaining_budget == pytest.approx(WORLD.min_remaining_budget / 4)
    assert small.traffic == WORLD.traffic
    assert cut(WORLD, 800) is WORLD
    assert cut(WORLD, 1).steps == 1
    assert warm_up(load_market("paper")).opportunities < 100


def test_another_number_of_opportunities_is_what_the_built_in_markets_have() -> None:
    paper, tiny = load_market("paper"), load_market("tiny")
    found = resize(paper, opportunities=tiny.opportunities)
    assert found.reserve_price == pytest.approx(tiny.reserve_price)
    assert found.traffic.mean_probability == pytest.approx(tiny.traffic.mean_probability)
    same = replace(found, reserve_price=tiny.reserve_price, traffic=tiny.traffic, name="tiny")
    assert replace(same, exposure=()) == tiny
    assert resize(tiny, opportunities=1).traffic.mean_probability == 1.0


def test_more_slots_are_seen_less_and_less() -> None:
    assert resize(WORLD, slots=2).slot_exposure == (1.0, 0.8)
    seen = resize(WORLD, slots=10).slot_exposure
    assert len(seen) == 10
    assert seen[:4] == pytest.approx((1.0, 0.8, 0.6, 0.45))
    assert list(seen) == sorted(seen, reverse=True)


def test_a_market_goes_through_json() -> None:
    market = resize(WORLD, slots=4, advertisers=5)
    assert from_plain(json.loads(json.dumps(to_plain(market)))) == market
