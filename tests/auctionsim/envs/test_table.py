from __future__ import annotations

import inspect
import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import auctionsim
from auctionsim.day_conditions import DayConditions, largest_day
from auctionsim.envs import AutoBiddingEnv
from auctionsim.envs.observations import Encoder
from auctionsim.envs.settings import check_settings
from auctionsim.envs.table import (
    LARGEST_NORMAL,
    SYMBOLS,
    TABLE,
    amount_of,
    largest_value,
    markdown_table,
    market_constants,
)
from auctionsim.envs.volume import largest_volume
from auctionsim.market import CampaignTerms, MarketConfig, Traffic, ValueSpreads, load_market
from auctionsim.observation import FEATURES
from auctionsim.random_numbers import normal_pair_numpy
from auctionsim.simulator import Simulation
from auctionsim.tasks import TASKS
from auctionsim.traffic import draw_day, episode_key
from tests.auctionsim.worlds import WORLD, world
from tests.property.markets import conditions

DOCUMENTATION = inspect.getdoc(AutoBiddingEnv) or ""


def encoder_of(market: MarketConfig = WORLD, **changes: Any) -> Encoder:
    arguments: dict[str, Any] = {
        "market": market,
        "task": None,
        "reward": "value",
        "bidding": "multiplier",
        "observation": "scaled",
        "render_mode": None,
    }
    return Encoder(check_settings(**{**arguments, **changes}))


def test_the_documentation_holds_the_table_of_the_code() -> None:
    lines = [line.rstrip() for line in DOCUMENTATION.splitlines()]
    first = next(place for place, line in enumerate(lines) if line.startswith("| Num "))
    end = lines.index("", first)
    assert lines[first:end] == markdown_table()


def test_the_documentation_explains_every_symbol_of_the_table() -> None:
    explained = dict(re.findall(r"^- (\w+): (.+)$", DOCUMENTATION, re.MULTILINE))
    assert explained == SYMBOLS
    used = {w for e in TABLE for w in f"{e.scale} {e.high}".split() if w.isalpha()}
    assert used == set(SYMBOLS)
    assert market_constants(WORLD).keys() == SYMBOLS.keys()


def test_the_documentation_names_every_argument_with_its_default() -> None:
    rows = re.findall(r'^\| `(\w+)` +\| "?(\w+)"? +\|', DOCUMENTATION, re.MULTILINE)
    parameters = inspect.signature(AutoBiddingEnv).parameters.values()
    assert rows == [(p.name, str(p.default)) for p in parameters]


def test_the_version_history_ends_with_the_semantics_in_force() -> None:
    history = DOCUMENTATION.partition("## Version History")[2]
    assert f"semantics version {auctionsim.SEMANTICS} (" in history


def test_the_entries_are_the_features_and_what_the_task_asks() -> None:
    names = [entry.name for entry in TABLE]
    assert tuple(names[: len(FEATURES)]) == FEATURES
    asked = ["budget", "cpa_target", "roas_target", *(f"is_{task}" for task in TASKS)]
    assert names[len(FEATURES) :] == asked


def test_formulas_are_products_and_quotients() -> None:
    constants = {"a": 6.0, "b": 4.0}
    assert amount_of("3 a / b", constants) == 4.5
    assert amount_of("1 / a b", constants) == pytest.approx(4 / 6)
    with pytest.raises(ValueError):
        amount_of("3 c", constants)


@pytest.mark.parametrize("name", ["tiny", "small", "paper", "auctionnet"])
@pytest.mark.parametrize("observation", ["scaled", "natural"])
def test_bounds_are_finite_and_above_zero(name: str, observation: str) -> None:
    encoder = encoder_of(load_market(name), observation=observation)
    high = encoder.high.astype(np.float32)
    assert np.isfinite(high).all()
    assert (high > 0).all()
    assert (encoder.scale > 0).all()


def test_bounds_are_finite_in_a_market_of_extremes() -> None:
    market = world(
        opportunities=0,
        reserve_price=1e30,
        traffic=Traffic(mean_probability=5e-324),
        values=ValueSpreads(known={"bcb": 3.0}),
        campaigns=CampaignTerms(
            budget=(1e-30, 1e30), budget_step=1e-30, cpa_target=(1e-30, 1e30),
            inverse_roas_target=(1e-30, 1e-30), reference_price=1e-30,
        ),
    )  # fmt: skip
    for observation in ("scaled", "natural"):
        for bidding in ("multiplier", "opportunities"):
            space = encoder_of(market, observation=observation, bidding=bidding).space()
            assert space.contains(space.sample())
            encoder = encoder_of(market, observation=observation)
            assert np.isfinite(encoder.high.astype(np.float32)).all()


@given(
    features=st.lists(st.floats(-1e300, 1e300), min_size=17, max_size=17),
    observation=st.sampled_from(["scaled", "natural"]),
)
def test_states_are_always_within_the_space(features: list[float], observation: str) -> None:
    encoder = encoder_of(observation=observation)
    campaigns = Simulation(WORLD, [0]).campaigns
    requirements = encoder.requirements(campaigns)
    states = encoder.states(np.tile(features, (len(campaigns), 1)), requirements)
    space = encoder.space()
    assert states.dtype == np.float32
    assert all(state in space for state in states)


def test_typical_entries_are_around_one() -> None:
    encoder, simulation = encoder_of(load_market("tiny")), Simulation("tiny", [0])
    requirements = encoder.requirements(simulation.campaigns)
    seen = []
    while not simulation.done:
        seen.append(encoder.states(simulation.observe().features, requirements))
        simulation.step(simulation.campaigns.reference)
    means = np.mean(seen, axis=(0, 1))
    assert (means[:18] > 0.2).all()
    assert (means[:18] < 5.0).all()


def test_requirements_are_what_the_campaigns_ask() -> None:
    encoder = encoder_of(observation="natural")
    campaigns = Simulation(WORLD, [0]).campaigns
    rows = encoder.requirements(campaigns)
    assert not rows[:, : len(FEATURES)].any()
    for row, campaign in zip(rows, (campaigns[i] for i in range(len(campaigns))), strict=True):
        targets = [campaign.cpa_target, campaign.roas_target]
        asked = [0.0 if math.isnan(target) else target for target in targets]
        one_hot = [float(task == campaign.task) for task in TASKS]
        expected = np.array([campaign.budget, *asked, *one_hot], np.float32)
        np.testing.assert_array_equal(row[len(FEATURES) :], expected)


@st.composite
def traffics(draw: st.DrawFn) -> MarketConfig:
    steps = draw(st.integers(1, 12))
    shares = st.floats(0.0, 10.0, allow_subnormal=False)
    profile = draw(st.lists(shares, min_size=1, max_size=12).filter(lambda x: sum(x) > 0.01))
    return world(
        steps=steps,
        opportunities=draw(st.integers(0, 5000)),
        traffic=Traffic(
            daily_profile=tuple(profile),
            volume_spread=draw(st.floats(0.0, 0.999)),
            volume_blocks=draw(st.integers(1, 15)),
        ),
        days=DayConditions(volume_by_day=draw(st.sampled_from([0.0, 0.0, 0.3, 1.0]))),
    )


@given(market=traffics(), key=st.integers(0, 2**64 - 1))
def test_no_step_has_more_opportunities_than_there_is_room_for(
    market: MarketConfig, key: int
) -> None:
    volumes = draw_day(market, key).volumes
    whole = largest_day(market.opportunities, market.days)
    assert volumes.max() <= largest_volume(market) <= whole
    assert volumes.sum() <= market_constants(market)["N"] == max(whole, 1)


def test_the_room_for_opportunities_is_tight() -> None:
    paper = load_market("paper")
    room = largest_volume(paper)
    assert room < 40_000
    busiest = max(draw_day(paper, episode_key(0, e)).volumes.max() for e in range(100))
    assert busiest > 0.7 * room
    calm = world(traffic=Traffic(volume_spread=0.0))
    assert largest_volume(calm) <= draw_day(calm, 1).volumes.max() + 1


def test_no_normal_is_larger_than_the_bound() -> None:
    angles = (np.arange(2**12, dtype=np.uint64) << np.uint64(20)).astype(np.uint32)
    pair = normal_pair_numpy(np.zeros_like(angles), angles)
    assert 6.5 < max(np.abs(z).max() for z in pair) < LARGEST_NORMAL


@given(
    seed=st.integers(0, 2**64 - 1),
    mean=st.floats(1e-6, 1.0),
    spreads=st.tuples(*[st.floats(0.0, 3.0)] * 3),
    days=st.just(DayConditions()) | conditions(),
)
def test_no_value_is_larger_than_the_bound(
    seed: int, mean: float, spreads: tuple[float, float, float], days: DayConditions
) -> None:
    known = dict(zip(TASKS, spreads, strict=True))
    traffic = Traffic(mean_probability=mean, deviation_mean=1.0)
    market = world(traffic=traffic, values=ValueSpreads(known=known), days=days)
    simulation = Simulation(market, [0], seed)
    most = max(simulation.values(seat).max(initial=0.0) for seat in range(8))
    assert most <= largest_value(market)
    outcome = simulation.step(np.zeros(8))
    assert outcome.market_price.max() <= market_constants(market)["b"]
