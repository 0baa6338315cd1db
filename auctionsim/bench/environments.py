"""What the environments add to the simulator's own time: the same days, with them and by hand."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auctionsim.bench.cases import LINEUP
from auctionsim.bench.goals import LayerGoal, layer_goal_for
from auctionsim.bench.timing import Patience, Run, fastest, take_turns
from auctionsim.cast import Cast
from auctionsim.lineup import load_lineup
from auctionsim.market import MarketConfig
from auctionsim.simulator import Simulation
from auctionsim.threads import use_threads
from auctionsim.traffic import draw_day, episode_key

ENVIRONMENTS: dict[str, str] = {
    "single": "Gymnasium",
    "vector": "16 in a vector",
    "parallel": "PettingZoo",
}
VECTOR_SIZE = 16
_SEAT = 0


@dataclass(frozen=True)
class EnvironmentSpeed:
    """How fast an environment is, and what of it is the environment's own.

    Attributes:
        market: Market name.
        environment: Name in `ENVIRONMENTS`.
        threads: Threads that the kernels might use.
        runs: How often an episode was played.
        seconds: Of the fastest episode, its reset included.
        own_seconds: Of the fastest one played by hand: simulator and opponents alone.
        steps: Calls of `step` in an episode.
        steps_per_second: Steps of single environments a second; a call of the vector environment
            counts for all it holds, one of the parallel environment once.
        layer_microseconds: What the environment adds to a call of `step`.
        layer_share: The same over the time by hand.
        same_result: Whether both brought the same in all runs.
        goal: What the layer may cost.
    """

    market: str
    environment: str
    threads: int
    runs: int
    seconds: float
    own_seconds: float
    steps: int
    steps_per_second: float
    layer_microseconds: float
    layer_share: float
    same_result: bool
    goal: LayerGoal | None


def measure_environments(
    market: MarketConfig,
    threads: int,
    seed: int,
    patience: Patience,
    on_finished: Callable[[], object] = lambda: None,
) -> list[EnvironmentSpeed]:
    """Time an episode of each environment in turn with the same episode played by hand.

    Args:
        market: The market.
        threads: Threads the kernels may use.
        seed: Seed of the episodes.
        patience: How often to play each.
        on_finished: Called whenever one of the two is through for an environment.
    """
    plays: dict[tuple[str, bool], Callable[[], Run]] = {}
    for name, (with_layer, by_hand) in _PLAYS.items():
        plays[name, True] = _timed(with_layer(market, seed), threads)
        plays[name, False] = _timed(by_hand(market, seed), threads)
    for play in plays.values():
        play()
    runs = take_turns(plays, patience, on_finished)
    return [_speed(market, name, threads, runs[name, True], runs[name, False]) for name in _PLAYS]


def _timed(play: Callable[[], float], threads: int) -> Callable[[], Run]:
    def run() -> Run:
        with use_threads(threads):
            began = time.perf_counter()
            result = play()
            return Run(time.perf_counter() - began, result, {})

    return run


def _speed(
    market: MarketConfig, name: str, threads: int, layered: list[Run], by_hand: list[Run]
) -> EnvironmentSpeed:
    seconds, own = fastest(layered).seconds, fastest(by_hand).seconds
    held = VECTOR_SIZE if name == "vector" else 1
    return EnvironmentSpeed(
        market=market.name,
        environment=name,
        threads=threads,
        runs=len(layered),
        seconds=seconds,
        own_seconds=own,
        steps=market.steps,
        steps_per_second=market.steps * held / seconds,
        layer_microseconds=1e6 * (seconds - own) / market.steps,
        layer_share=(seconds - own) / own,
        same_result=len({run.result for run in layered + by_hand}) == 1,
        goal=layer_goal_for(market),
    )


def _single(market: MarketConfig, seed: int) -> Callable[[], float]:
    from auctionsim.envs import AutoBiddingEnv

    env = AutoBiddingEnv(market=market, opponents=LINEUP, advertiser=_SEAT)
    action = np.zeros(1, np.float32)

    def play() -> float:
        env.reset(seed=seed)
        paid, done = 0.0, False
        while not done:
            *_, done, _, info = env.step(action)
            paid += info["cost"]
        return paid

    return play


def _vector(market: MarketConfig, seed: int) -> Callable[[], float]:
    from auctionsim.envs import AutoBiddingVectorEnv

    env = AutoBiddingVectorEnv(VECTOR_SIZE, market=market, opponents=LINEUP, advertiser=_SEAT)
    actions = np.zeros((VECTOR_SIZE, 1), np.float32)

    def play() -> float:
        env.reset(seed=seed)
        paid = np.zeros(VECTOR_SIZE)
        # The last step begins the next day as well, which is no part of this one.
        for _ in range(market.steps - 1):
            paid += env.step(actions)[-1]["cost"]
        return float(paid.sum())

    return play


def _parallel(market: MarketConfig, seed: int) -> Callable[[], float]:
    from auctionsim.envs import parallel_env

    env = parallel_env(market)
    actions = dict.fromkeys(env.possible_agents, np.zeros(1, np.float32))

    def play() -> float:
        env.reset(seed=seed)
        paid = np.zeros(market.advertisers)
        while env.agents:
            infos: dict[str, dict[str, Any]] = env.step(actions)[-1]
            paid += [info["cost"] for info in infos.values()]
        return float(paid.sum())

    return play


def _single_by_hand(market: MarketConfig, seed: int) -> Callable[[], float]:
    return lambda: _play_by_hand(market, [seed], np.array([_SEAT]), market.steps)


def _vector_by_hand(market: MarketConfig, seed: int) -> Callable[[], float]:
    seats = _SEAT + market.advertisers * np.arange(VECTOR_SIZE)
    seeds = [seed + run for run in range(VECTOR_SIZE)]
    return lambda: _play_by_hand(market, seeds, seats, market.steps - 1)


def _parallel_by_hand(market: MarketConfig, seed: int) -> Callable[[], float]:
    return lambda: _play_by_hand(market, [seed], np.arange(market.advertisers), market.steps)


def _play_by_hand(
    market: MarketConfig, seeds: list[int], seats: NDArray[np.int64], steps: int
) -> float:
    """Play episode 0 of each seed, the given seats by their reference multipliers."""
    days = [draw_day(market, episode_key(seed, 0)) for seed in seeds]
    simulation = Simulation(market, [0] * len(seeds), days=days)
    multipliers = simulation.campaigns.reference[seats]
    cast = None
    if len(seats) < len(simulation.campaigns):
        cast = Cast(simulation.campaigns, load_lineup(LINEUP), outside=seats)
    observation, paid = simulation.observe(), np.zeros(len(seats))
    for _ in range(steps):
        if cast is None:
            outcome = simulation.step(multipliers)
        else:
            everyone, bids = cast.decide(simulation, observation)
            everyone[seats] = multipliers
            outcome = cast.play(simulation, everyone, bids)
        paid += outcome.cost.take(seats)
        observation = simulation.observe()
    return float(paid.sum())


_Play = Callable[[MarketConfig, int], Callable[[], float]]
_PLAYS: dict[str, tuple[_Play, _Play]] = {
    "single": (_single, _single_by_hand),
    "vector": (_vector, _vector_by_hand),
    "parallel": (_parallel, _parallel_by_hand),
}
