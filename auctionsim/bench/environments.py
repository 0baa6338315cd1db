"""What the environments add to the simulator's own time: the same days, with them and by hand."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auctionsim.bench.cases import LINEUP
from auctionsim.bench.goals import LayerGoal, layer_goal_for
from auctionsim.bench.timing import Patience, Run, fastest, take_turns
from auctionsim.bidding import Observation
from auctionsim.cast import Cast
from auctionsim.lineup import load_lineup
from auctionsim.market import MarketConfig
from auctionsim.observation import FEATURES
from auctionsim.simulator import Simulation
from auctionsim.threads import use_threads
from auctionsim.traffic import draw_day, episode_key

ENVIRONMENTS: dict[str, str] = {
    "single": "Gymnasium",
    "vector": "16 in a vector",
    "parallel": "PettingZoo",
}
VECTOR_SIZE = 16
_BUDGET_LEFT = FEATURES.index("budget_left")
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
        steps: Steps of single environments in it: a call of the vector environment counts for all
            it holds, one of the parallel environment once.
        steps_per_second: Of the fastest episode.
        own_microseconds: Of a step of a single environment, by hand.
        layer_microseconds: What the environment adds to it.
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
    own_microseconds: float
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
    for name, (with_layer, by_hand) in PLAYS.items():
        plays[name, True] = _timed(with_layer(market, seed), threads)
        plays[name, False] = _timed(by_hand(market, seed), threads)
    for play in plays.values():
        play()
    runs = take_turns(plays, patience, on_finished)
    return [_speed(market, name, threads, runs[name, True], runs[name, False]) for name in PLAYS]


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
    steps = VECTOR_SIZE * (market.steps - 1) if name == "vector" else market.steps
    return EnvironmentSpeed(
        market=market.name,
        environment=name,
        threads=threads,
        runs=len(layered),
        seconds=seconds,
        own_seconds=own,
        steps=steps,
        steps_per_second=steps / seconds,
        own_microseconds=1e6 * own / steps,
        layer_microseconds=1e6 * (seconds - own) / steps,
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
        done = False
        while not done:
            *_, done, _, info = env.step(action)
        return float(info["remaining_budget"])

    return play


def _vector(market: MarketConfig, seed: int) -> Callable[[], float]:
    from auctionsim.envs import AutoBiddingVectorEnv

    env = AutoBiddingVectorEnv(VECTOR_SIZE, market=market, opponents=LINEUP, advertiser=_SEAT)
    actions = np.zeros((VECTOR_SIZE, 1), np.float32)

    def play() -> float:
        env.reset(seed=seed)
        # The last step begins the next day as well, which is no part of this one.
        for _ in range(market.steps - 1):
            infos = env.step(actions)[-1]
        return float(infos["remaining_budget"].sum())

    return play


def _parallel(market: MarketConfig, seed: int) -> Callable[[], float]:
    from auctionsim.envs import parallel_env

    env = parallel_env(market)
    actions = dict.fromkeys(env.possible_agents, np.zeros(1, np.float32))

    def play() -> float:
        env.reset(seed=seed)
        while env.agents:
            env.step(actions)
        return float(env.state()[:, _BUDGET_LEFT].sum())

    return play


def _single_by_hand(market: MarketConfig, seed: int) -> Callable[[], float]:
    play, seat = _by_hand(market, [seed], np.array([_SEAT]), market.steps), _SEAT
    return lambda: float(play().remaining_budget[seat])


def _vector_by_hand(market: MarketConfig, seed: int) -> Callable[[], float]:
    seats = _SEAT + market.advertisers * np.arange(VECTOR_SIZE)
    seeds = [seed + run for run in range(VECTOR_SIZE)]
    play = _by_hand(market, seeds, seats, market.steps - 1)
    return lambda: float(play().remaining_budget[seats].sum())


def _parallel_by_hand(market: MarketConfig, seed: int) -> Callable[[], float]:
    play = _by_hand(market, [seed], np.arange(market.advertisers), market.steps)
    return lambda: float(play().features[:, _BUDGET_LEFT].astype(np.float32).sum())


def _by_hand(
    market: MarketConfig, seeds: list[int], seats: NDArray[np.int64], steps: int
) -> Callable[[], Observation]:
    """Return what plays episode 0 of each seed, the given seats by their reference multipliers."""
    lineup, runs = load_lineup(LINEUP), len(seeds)

    def play() -> Observation:
        days = [draw_day(market, episode_key(seed, 0)) for seed in seeds]
        simulation = Simulation(market, [0] * runs, days=days)
        multipliers = simulation.campaigns.reference[seats]
        alone = len(seats) < len(simulation.campaigns)
        cast = Cast(simulation.campaigns, lineup, outside=seats) if alone else None
        observation = simulation.observe()
        for _ in range(steps):
            if cast is None:
                simulation.step(multipliers)
            else:
                everyone, bids = cast.decide(simulation, observation)
                everyone[seats] = multipliers
                cast.play(simulation, everyone, bids)
            observation = simulation.observe()
        return observation

    return play


_Play = Callable[[MarketConfig, int], Callable[[], float]]
PLAYS: dict[str, tuple[_Play, _Play]] = {
    "single": (_single, _single_by_hand),
    "vector": (_vector, _vector_by_hand),
    "parallel": (_parallel, _parallel_by_hand),
}
