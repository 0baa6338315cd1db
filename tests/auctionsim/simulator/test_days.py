"""Traffic parameters given from outside: taken as they are, or refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from auctionsim.errors import InvalidArgumentError
from auctionsim.simulator import Simulation
from tests.auctionsim.simulator.comparing import assert_same_outcome
from tests.auctionsim.worlds import WORLD


def test_a_markets_own_days_change_nothing() -> None:
    own = Simulation(WORLD, [3, 5], 1)
    given = Simulation(WORLD, [3, 5], 1, days=own.days)
    ask = np.full(len(own.campaigns), 90.0)
    assert_same_outcome(given.step(ask), own.step(ask))


def test_other_volumes_and_means_are_played() -> None:
    (day,) = Simulation(WORLD, [0], 1).days
    volumes = np.arange(len(day.volumes), dtype=np.int64) + 7
    other = replace(day, volumes=volumes, mean=np.full_like(day.mean, 0.25),
                    deviation=np.zeros_like(day.deviation))  # fmt: skip
    simulation = Simulation(WORLD, [0], 1, days=[other])
    outcome = simulation.step(np.zeros(len(simulation.campaigns)))
    assert outcome.volume.tolist() == [7]
    probability = simulation.days[0].mean
    assert probability.min() == probability.max() == 0.25


def test_floors_and_qualities_are_played() -> None:
    (day,) = Simulation(WORLD, [0], 1).days
    dear = replace(day, floor=np.full(WORLD.steps, 1e6, np.float32))
    outcome = Simulation(WORLD, [0], 1, days=[dear]).step(np.full(8, 100.0))
    assert outcome.market_price.tolist() == [1e6]
    assert not outcome.wins.any()
    plain, mixed = (
        Simulation(WORLD, [0], 1, days=[replace(day, quality_spread=spread)]).values(0)
        for spread in (0.0, 1.0)
    )
    worth = plain > 0.0
    assert np.unique(mixed[worth] / plain[worth]).size > plain.size // 2


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("volumes", np.zeros(3, np.int64)),
        ("volumes", np.full(WORLD.steps, -1)),
        ("volumes", np.full(WORLD.steps, 2**31)),
        ("volumes", np.full(WORLD.steps, 5.0)),
        ("mean", np.full((WORLD.steps, WORLD.advertisers), np.nan)),
        ("deviation", np.full((WORLD.steps, WORLD.advertisers), np.inf)),
        ("bias", np.full(WORLD.advertisers, -1.0)),
        ("error_ratio", np.zeros(WORLD.advertisers + 1)),
        ("step_keys", np.zeros(WORLD.steps)),
        ("floor", np.full(WORLD.steps, np.nan, np.float32)),
        ("floor", np.full(WORLD.steps, 2e31, np.float32)),
        ("floor", np.zeros(WORLD.steps + 1, np.float32)),
        ("quality_spread", np.nan),
        ("quality_spread", -0.1),
        ("quality_spread", 2.1),
        ("volumes", [5] * WORLD.steps),
        ("bias", None),
        ("bias", np.ma.masked_array(np.ones(WORLD.advertisers), False)),
    ],
)
def test_days_that_do_not_fit_are_refused(field: str, value: object) -> None:
    (day,) = Simulation(WORLD, [0], 1).days
    with pytest.raises(InvalidArgumentError, match=rf"`days\.{field}` must"):
        Simulation(WORLD, [0], 1, days=[replace(day, **{field: value})])  # type: ignore[arg-type]


def test_one_day_an_episode() -> None:
    days = Simulation(WORLD, [0], 1).days
    with pytest.raises(InvalidArgumentError, match="one Day for each of 2"):
        Simulation(WORLD, [0, 1], 1, days=days)
    with pytest.raises(InvalidArgumentError, match="one Day for each of 1"):
        Simulation(WORLD, [0], 1, days=[None])  # type: ignore[list-item]
