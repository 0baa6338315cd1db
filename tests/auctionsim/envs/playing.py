"""Small environments, and episodes played in them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auctionsim.bidding import BatchBidder, Observation
from auctionsim.envs import AutoBiddingEnv
from auctionsim.lineup import LineupConfig
from auctionsim.market import MarketConfig
from auctionsim.tasks import TASKS
from tests.auctionsim.worlds import LINEUP, WORLD, world

ENVIRONMENT = "auctionsim/AutoBidding-v0"


def env_of(**arguments: Any) -> AutoBiddingEnv:
    """Return a bare environment of the small world."""
    return AutoBiddingEnv(**{"market": WORLD, "opponents": LINEUP, **arguments})


class AtReference(BatchBidder):
    """Bids what an action of 0 stands for."""

    def act(self, observation: Observation) -> NDArray[np.float64]:
        return self.campaigns.reference


AT_REFERENCE = LineupConfig(
    "at_reference", {task: {f"{__name__}:AtReference": 1} for task in TASKS}
)


def poor() -> MarketConfig:
    """Return the small world with budgets that are soon spent."""
    return world(campaigns=replace(WORLD.campaigns, budget=(60.0, 90.0), budget_step=5.0))


def shape_of(env: AutoBiddingEnv) -> tuple[int, ...]:
    """Return the shape of an environment's actions."""
    return env.action_space.shape or ()


def actions_of(seed: int, steps: int, *shape: int) -> NDArray[np.float32]:
    """Return reproducible actions, with some of the ends of their range among them."""
    draws = np.random.default_rng(seed).uniform(-1.1, 1.1, (steps, *shape))
    return np.clip(draws, -1.0, 1.0).astype(np.float32)


def play(env: Any, actions: NDArray[np.float32]) -> list[tuple[Any, ...]]:
    """Play so many steps of an environment that was reset, and return what they brought."""
    return [env.step(action) for action in actions]


def assert_equal(a: Any, b: Any, where: str = "") -> None:
    """Demand the same types, shapes and bits, through dictionaries, tuples and object arrays."""
    assert type(a) is type(b), f"{where}: {type(a)} and {type(b)}"
    if isinstance(a, dict):
        assert a.keys() == b.keys(), where
        for key in a:
            assert_equal(a[key], b[key], f"{where}.{key}")
    elif isinstance(a, list | tuple):
        assert len(a) == len(b), where
        for place, (x, y) in enumerate(zip(a, b, strict=True)):
            assert_equal(x, y, f"{where}[{place}]")
    elif isinstance(a, np.ndarray):
        assert a.dtype == b.dtype, f"{where}: {a.dtype} and {b.dtype}"
        assert a.shape == b.shape, f"{where}: {a.shape} and {b.shape}"
        if a.dtype == object:
            assert_equal(a.tolist(), b.tolist(), where)
        else:
            assert a.tobytes() == b.tobytes(), f"{where}: {a} and {b}"
    else:
        assert a == b, f"{where}: {a} and {b}"
