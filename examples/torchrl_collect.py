"""TorchRL collects whole days of a market in which all advertisers share one policy network.

    pip install torchrl
    python examples/torchrl_collect.py --days 4

To TorchRL the agents "advertiser_0", "advertiser_1", ... are one group, named "advertiser": their
observations are stacked, and one call of the network serves them all. Every day has as many steps,
and an advertiser without money stays to its end, so batches of whole days need no masks.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Sequence

import torch
from tensordict import TensorDictBase
from tensordict.nn import NormalParamExtractor, TensorDictModule
from torch import nn
from torchrl.collectors import Collector
from torchrl.envs import PettingZooWrapper
from torchrl.modules import ProbabilisticActor, TanhNormal

import auctionsim

GROUP, STEPS = "advertiser", 48


def make_env(market: str, seed: int) -> PettingZooWrapper:
    """Return the market as TorchRL sees it, reset once: the first to be collected is episode 1."""
    with warnings.catch_warnings():
        # TorchRL warns of every PettingZoo but 1.24.3, which is older than Gymnasium 1.0.
        warnings.filterwarnings("ignore", "PettingZoo in TorchRL is tested", UserWarning)
        return PettingZooWrapper(auctionsim.parallel_env(market), seed=seed)


def make_policy(env: PettingZooWrapper) -> ProbabilisticActor:
    """Return a small network that all advertisers share; its actions are drawn from (-1, 1)."""
    seen = env.observation_spec[GROUP, "observation"].shape[-1]
    network = nn.Sequential(
        nn.Linear(seen, 64),
        nn.Tanh(),
        nn.Linear(64, 2),
        NormalParamExtractor("biased_softplus_0.2"),
    )
    drawn_from = [(GROUP, "loc"), (GROUP, "scale")]
    return ProbabilisticActor(
        TensorDictModule(network, in_keys=[(GROUP, "observation")], out_keys=drawn_from),
        in_keys=drawn_from,
        out_keys=[(GROUP, "action")],
        distribution_class=TanhNormal,
        return_log_prob=True,
        log_prob_key=(GROUP, "log_prob"),
    )


def collect(env: PettingZooWrapper, policy: ProbabilisticActor, days: int) -> TensorDictBase:
    """Return so many days as one batch, (days, steps)."""
    collector = Collector(
        env,
        policy,
        frames_per_batch=days * STEPS,
        total_frames=days * STEPS,
        auto_register_policy_transforms=False,  # they serve networks with a memory
    )
    batch = next(iter(collector))
    collector.shutdown()
    return batch.reshape(days, STEPS)


def main(argv: Sequence[str] | None = None) -> None:
    """Collect days, and print what came and how fast."""
    parser = argparse.ArgumentParser(description="TorchRL collects days of the whole market.")
    parser.add_argument("--market", default="tiny", help="of 48 steps a day")
    parser.add_argument("--days", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    torch.set_num_threads(1)  # a second gains small networks nothing, and may wait long
    torch.manual_seed(args.seed)

    env = make_env(args.market, args.seed)
    policy = make_policy(env)
    began = time.perf_counter()
    batch = collect(env, policy, args.days)
    seconds = time.perf_counter() - began
    for name in ("observation", "action", "log_prob"):
        print(f"{name:12} {tuple(batch[GROUP, name].shape)}")
    reward, cost = batch["next", GROUP, "reward"], batch["next", GROUP, "info", "cost"]
    print(f"{'reward':12} {tuple(reward.shape)}")
    print("an advertiser's day, mean:")
    for day in range(args.days):
        value, spend = reward[day].sum(0).mean(), cost[day].sum(0).mean()
        print(f"  day {day}: value {value:.1f}, spend {spend:.0f}")
    print(f"{batch.numel() / seconds:.0f} steps/s of {env.num_agents} advertisers")


if __name__ == "__main__":
    main()
