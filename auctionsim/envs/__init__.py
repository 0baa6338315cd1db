"""Environments: one advertiser, many runs of it, or all advertisers of a market.

PettingZoo is imported only for the last of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auctionsim.envs.single import AutoBiddingEnv
from auctionsim.envs.vector import AutoBiddingVectorEnv

if TYPE_CHECKING:
    from auctionsim.envs.parallel import AutoBiddingParallelEnv, parallel_env

__all__ = ["AutoBiddingEnv", "AutoBiddingParallelEnv", "AutoBiddingVectorEnv", "parallel_env"]


def __getattr__(name: str) -> Any:
    if name in ("AutoBiddingParallelEnv", "parallel_env"):
        from auctionsim.envs import parallel

        return getattr(parallel, name)
    raise AttributeError(f"module 'auctionsim.envs' has no attribute {name!r}")
