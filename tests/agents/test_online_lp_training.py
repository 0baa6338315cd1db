from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from agents import online_lp_training
from agents.online_lp import OnlineLp
from agents.online_lp_table import CONVERSIONS, COST, VALUE
from agents.online_lp_training import (
    TRAINING_SEED,
    forget,
    learn,
    multiplier_grid,
    recorded_curves,
)
from auctionsim.errors import InvalidArgumentError
from auctionsim.frozen.recording import Recording, record_rivals
from auctionsim.simulator import Simulation, market_campaigns, with_tasks
from auctionsim.tasks import TASKS
from auctionsim.traffic import episode_key
from tests.auctionsim.worlds import LINEUP, WORLD, world


@pytest.fixture(scope="module")
def recording() -> Recording:
    return record_rivals(WORLD, [0, 1], 3, lineup=LINEUP)


def test_curves_are_those_of_a_plain_walk_through_the_recording(recording: Recording) -> None:
    """Every advertiser's values against the others' bids, one opportunity after another."""
    grid = np.array([20.0, 90.0, 300.0])
    found = recorded_curves(recording, [0.0, 0.5], grid)
    total = found.values.copy()
    exposure = WORLD.slot_exposure
    for e, episode in enumerate((0, 1)):
        own = market_campaigns(WORLD, [episode_key(3, episode)])
        for kind, task in ((0, 0), (1, 1)):
            campaigns = with_tasks(WORLD, own, np.full(8, task, np.int8))
            simulation = Simulation(WORLD, [episode], 3, campaigns=campaigns)
            for step, rivals in enumerate(recording.steps[:3]):
                for seat in range(8):
                    told = simulation.opportunities(seat)
                    total[e, kind, seat, step] -= told.values.sum(dtype=np.float64)
                    expected = np.zeros((3, 3))
                    for j, v in enumerate(told.values.tolist()):
                        others = [
                            bid
                            for bid, holder in zip(
                                rivals.bid[e, :, j].tolist(),
                                rivals.holder[e, :, j].tolist(),
                                strict=True,
                            )
                            if holder != seat
                        ]
                        for m, multiplier in enumerate(grid.tolist()):
                            bid = multiplier * v
                            slot = sum(other > bid for other in others)
                            if slot < len(exposure) and bid >= WORLD.reserve_price:
                                price = max(others[slot], WORLD.reserve_price)
                                p = float(told.probabilities[j])
                                bought = np.array([price, p, v])[[COST, CONVERSIONS, VALUE]]
                                expected[m] += exposure[slot] * bought
                    np.testing.assert_allclose(
                        found.curves[e, kind, seat, step], expected, rtol=1e-4, atol=1e-6
                    )
                simulation.step(np.zeros(8))
    np.testing.assert_allclose(total[:, :, :, :3], 0.0, atol=1e-5)


def test_equal_markets_are_learned_once(monkeypatch: pytest.MonkeyPatch) -> None:
    forget()
    table = learn(WORLD, 2)
    monkeypatch.setattr(online_lp_training, "_simulate", None)
    assert learn(world(), 2) is table
    with pytest.raises(TypeError):
        learn(world(name="another"), 2)
    forget()
    with pytest.raises(TypeError):
        learn(WORLD, 2)


def test_learned_again_it_is_the_same_to_the_bit() -> None:
    first = learn(WORLD, 2)
    forget()
    np.testing.assert_array_equal(learn(WORLD, 2).curves, first.curves)


def test_the_table_is_the_mean_over_training_episodes_apart_from_users() -> None:
    table = learn(WORLD, 3)
    grid = multiplier_grid(WORLD)
    recording = record_rivals(WORLD, range(3), TRAINING_SEED)
    found = recorded_curves(recording, [0.0, 0.5], grid)
    np.testing.assert_allclose(table.curves, found.curves.mean(axis=0))
    volume = np.mean([day.volumes for day in recording.days], axis=0)
    np.testing.assert_allclose(table.volume, volume)
    np.testing.assert_allclose(table.mean_value, found.values.mean(axis=0) / volume)
    assert TRAINING_SEED > 2**62
    assert table.kinds.tolist() == [0, 1, 0]


def test_more_money_buys_more() -> None:
    curves = learn(WORLD, 2).curves
    assert (np.diff(curves, axis=3) >= -1e-9).all()
    assert (curves[:, :, :, -1].sum(axis=(2, 3)) > 0.0).all()


def test_values_persist_within_a_block_of_the_day_and_no_longer() -> None:
    """Two blocks of four steps: what sets a step apart is gone four steps later."""
    blocks = replace(WORLD.traffic, profile_blocks=2, volume_spread=0.0)
    persistence = learn(world(traffic=blocks), 12).persistence
    assert persistence[0] == 1.0
    assert 0.5 < persistence[1] < 0.9
    assert persistence[4:].max() < 0.3


def test_the_grid_spans_what_campaigns_may_want() -> None:
    grid = multiplier_grid(WORLD)
    assert grid[0] == pytest.approx(2.0)
    assert grid[-1] == pytest.approx(1300.0)


@pytest.mark.parametrize(
    "market",
    [
        world(rules="auctionnet"),
        world(slots=1, mechanism="second_price"),
        world(advertisers=1, campaigns=replace(WORLD.campaigns, task_shares={"bcb": 1.0})),
        world(opportunities=0),
        world(steps=1),
    ],
)
def test_other_markets_are_learned_too(market: object) -> None:
    assert isinstance(market, type(WORLD))
    table = learn(market, 1)
    assert table.curves.shape[1:3] == (market.advertisers, market.steps)


def test_prices_that_depend_on_the_bid_are_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="must have a mechanism out of gsp, second_pr"):
        learn(world(mechanism="first_price"), 1)


def write_lineup(folder: Path, name: str, against: str) -> str:
    """A line-up of online LP that learns against another."""
    path = folder / f"{name}.yaml"
    shares = {task: {"online_lp": 1} for task in TASKS}
    parameters = {"online_lp": {"lineup": against, "episodes": 1}}
    path.write_text(yaml.safe_dump({"name": name, "bidders": shares, "parameters": parameters}))
    return str(path)


def test_against_another_lineup_another_table_is_learned() -> None:
    usual, calm = learn(WORLD, 1), learn(WORLD, 1, LINEUP)
    assert not np.array_equal(usual.curves, calm.curves)
    recording = record_rivals(WORLD, [0], TRAINING_SEED, lineup=LINEUP)
    found = recorded_curves(recording, [0.0, 0.5], multiplier_grid(WORLD))
    np.testing.assert_array_equal(calm.curves, found.curves[0])
    assert learn(WORLD, 1, "mixed") is usual
    assert learn(WORLD, 1, replace(LINEUP)) is calm


def test_bidders_learn_against_the_lineup_they_name() -> None:
    bidder = OnlineLp(episodes=1, lineup=LINEUP)
    bidder.prepare(WORLD)
    assert bidder._table is learn(WORLD, 1, LINEUP)


def test_a_lineup_may_learn_against_one_that_learned(tmp_path: Path) -> None:
    first = write_lineup(tmp_path, "first", "mixed")
    second = write_lineup(tmp_path, "second", first)
    assert not np.array_equal(learn(WORLD, 1, first).curves, learn(WORLD, 1, second).curves)


def test_a_lineup_cannot_learn_against_itself(tmp_path: Path) -> None:
    for ring in (("alone",), ("one", "other")):
        paths = [str(tmp_path / f"{name}.yaml") for name in ring]
        for name, path in zip(ring, paths[1:] + paths[:1], strict=True):
            write_lineup(tmp_path, name, path)
        bidder = OnlineLp(lineup=paths[0])
        message = rf"`lineup` must not hold a bidder that learns against .* '{ring[0]}'"
        with pytest.raises(InvalidArgumentError, match=message):
            bidder.prepare(WORLD)
    # What was refused leaves nothing behind.
    write_lineup(tmp_path, "other", "mixed")
    bidder.prepare(WORLD)


def test_a_lineup_that_is_none_is_refused_at_once() -> None:
    with pytest.raises(InvalidArgumentError, match="mixd"):
        OnlineLp(lineup="mixd")
    odd = replace(LINEUP, parameters={"pid": {"kp": np.ones(2)}})
    with pytest.raises(InvalidArgumentError, match="`lineup` must hold parameters that JSON"):
        learn(WORLD, 1, odd)
