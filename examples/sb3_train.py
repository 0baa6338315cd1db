"""Stable-Baselines3 learns to bid, and is compared with fixed multipliers on days it never saw.

    pip install stable-baselines3
    python examples/sb3_train.py --steps 100000 --seed 0

PPO plays one advertiser, drawn anew every day, of the task bcb: win as much value as the budget
buys. Its reward is expected value, which is value without the luck of who converts. Its rivals bid
one multiple of the reference all day; which of them is best is judged on training days. All play
the same test days, and differences are taken day by day.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from typing import Any

import gymnasium
import numpy as np
import torch
from numpy.typing import NDArray

try:
    from stable_baselines3 import PPO
    from stable_baselines3.common.env_util import make_vec_env
    from stable_baselines3.common.vec_env import VecNormalize
except ModuleNotFoundError as error:
    raise SystemExit(f"{error}. Install what it needs: pip install stable-baselines3") from None

import auctionsim

GRID = (0.5, 0.7, 1.0, 1.4, 2.0)
TASK: dict[str, Any] = {"market": "tiny", "task": "bcb", "reward": "expected_value"}
ENVS = 8
# Environment i of several is seeded seed + i. SB3 takes seeds below 2^32 only.
TEST_SEED = 2**40

Policy = Callable[[NDArray[np.float32]], NDArray[np.float32]]
Metrics = dict[str, NDArray[np.float64]]


def train(steps: int, seed: int) -> tuple[PPO, VecNormalize]:
    """Return PPO after so many steps, and the running moments its observations are scaled by."""
    days = make_vec_env(auctionsim.ENVIRONMENT, ENVS, seed, env_kwargs=TASK)
    # A day has an end: without a discount a conversion in the evening counts in full (gamma=1).
    scaled = VecNormalize(days, gamma=1.0)
    model = PPO(
        "MlpPolicy",
        scaled,
        learning_rate=7e-4,
        n_steps=192,  # four days of each environment
        batch_size=256,
        n_epochs=5,
        gamma=1.0,
        # Starts near the reference: one deviation of the action is a factor 20^0.08 = 1.28.
        policy_kwargs={"log_std_init": -2.5},
        seed=seed,
        device="cpu",
    )
    return model.learn(steps), scaled


def learned(model: PPO, scaled: VecNormalize) -> Policy:
    """Return what PPO holds to be best."""

    def act(seen: NDArray[np.float32]) -> NDArray[np.float32]:
        return model.predict(scaled.normalize_obs(seen), deterministic=True)[0]

    return act


def fixed(factor: float) -> Policy:
    """Return a policy that bids this multiple of the reference: 20^x times it, by action x."""
    x = np.log(factor) / np.log(20.0)
    return lambda seen: np.full((len(seen), 1), x, np.float32)


def play(policy: Policy, seed: int, days: int, rounds: int = 1) -> Metrics:
    """Return the metrics of each day: the first `rounds` days of the seeds from `seed` on."""
    env: Any = gymnasium.make_vec(auctionsim.ENVIRONMENT, num_envs=days, **TASK)
    seen, _ = env.reset(seed=seed)
    found: list[Metrics] = []
    while len(found) < rounds:
        seen, _, over, _, infos = env.step(policy(seen))
        if over.all():  # all days have as many steps
            found.append(infos["final_info"]["episode_metrics"])
    return {name: np.concatenate([metrics[name] for metrics in found]) for name in found[0]}


def best_on_training_days(seed: int) -> float:
    """Return the factor of `GRID` that wins most on the first twelve days of each environment."""
    return max(GRID, key=lambda f: play(fixed(f), seed, ENVS, 12)["expected_value"].mean())


def compare(policies: dict[str, Policy], test_days: int) -> dict[str, str]:
    """Play the test days with each policy; print a table; return by how much the first is ahead."""
    tested = {name: play(policy, TEST_SEED, test_days) for name, policy in policies.items()}
    first, ahead = next(iter(tested)), {}
    print(f"{test_days} test days     value   expected value   {first} is ahead by")
    for name, metrics in tested.items():
        gain = tested[first]["expected_value"] - metrics["expected_value"]
        if name != first:
            ahead[name] = f"{gain.mean():+.2f} ± {gain.std(ddof=1) / len(gain) ** 0.5:.2f}"
        means = metrics["value"].mean(), metrics["expected_value"].mean()
        print(f"{name:14} {means[0]:8.2f} {means[1]:16.2f}   {ahead.get(name, '')}")
    return ahead


def main(argv: Sequence[str] | None = None) -> None:
    """Train, choose the best fixed multiplier, and compare on test days."""
    parser = argparse.ArgumentParser(description="Stable-Baselines3 learns to bid.")
    parser.add_argument(
        "--steps", type=int, default=100_000, help="of training; rounded up to 1,536s"
    )
    parser.add_argument("--seed", type=int, default=0, help="of training, below 2^32")
    parser.add_argument("--test-days", type=int, default=192, help="two at least")
    args = parser.parse_args(argv)
    torch.set_num_threads(1)  # a second gains small networks nothing, and may wait long

    began = time.perf_counter()
    model, scaled = train(args.steps, args.seed)
    print(f"trained for {model.num_timesteps} steps in {time.perf_counter() - began:.0f} s")
    rivals = {f"fixed x {factor}": fixed(factor) for factor in GRID}
    ahead = compare({"PPO": learned(model, scaled)} | rivals, args.test_days)
    best = f"fixed x {best_on_training_days(args.seed)}"
    print(f"against {best}, the best on training days: {ahead[best]} (mean ± standard error)")


if __name__ == "__main__":
    main()
