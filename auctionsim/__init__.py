"""A multi-agent auction simulator for auto-bidding research.

Names are loaded when first used, so that `import auctionsim` stays quick and light.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auctionsim.bidding import BatchBidder, Bidder, Observation, OpportunityBidder
    from auctionsim.campaigns import Campaign, Campaigns
    from auctionsim.envs import parallel_env
    from auctionsim.evaluation import Evaluation, compare, evaluate, play_league
    from auctionsim.generate import generate_dataset
    from auctionsim.market import MarketConfig, load_market
    from auctionsim.mechanism import Clearing, clear
    from auctionsim.simulator import Simulation

__version__ = "0.1.0"

#: Version of the market's semantics: it changes with any change of what an episode brings.
SEMANTICS = 1

_HOMES = {
    "BatchBidder": "auctionsim.bidding",
    "Bidder": "auctionsim.bidding",
    "Observation": "auctionsim.bidding",
    "OpportunityBidder": "auctionsim.bidding",
    "Campaign": "auctionsim.campaigns",
    "Campaigns": "auctionsim.campaigns",
    "parallel_env": "auctionsim.envs",
    "Evaluation": "auctionsim.evaluation",
    "compare": "auctionsim.evaluation",
    "evaluate": "auctionsim.evaluation",
    "play_league": "auctionsim.evaluation",
    "generate_dataset": "auctionsim.generate",
    "MarketConfig": "auctionsim.market",
    "load_market": "auctionsim.market",
    "Clearing": "auctionsim.mechanism",
    "clear": "auctionsim.mechanism",
    "Simulation": "auctionsim.simulator",
}

__all__ = [
    "ENVIRONMENT",
    "SEMANTICS",
    "BatchBidder",
    "Bidder",
    "Campaign",
    "Campaigns",
    "Clearing",
    "Evaluation",
    "MarketConfig",
    "Observation",
    "OpportunityBidder",
    "Simulation",
    "__version__",
    "clear",
    "compare",
    "evaluate",
    "generate_dataset",
    "load_market",
    "parallel_env",
    "play_league",
]


#: Id of the environment for `gymnasium.make` and `gymnasium.make_vec`.
ENVIRONMENT = "auctionsim/AutoBidding-v0"


def _register_environment() -> None:
    """Make the environment known to Gymnasium, where that is installed."""
    try:
        from gymnasium.envs.registration import register, registry
    except ImportError:
        return
    if ENVIRONMENT not in registry:  # a module may be loaded again
        register(
            id=ENVIRONMENT,
            entry_point="auctionsim.envs:AutoBiddingEnv",
            vector_entry_point="auctionsim.envs:AutoBiddingVectorEnv",
        )


_register_environment()


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    if name in ("envs", "testing"):  # so that `import auctionsim` is enough to look them up
        return importlib.import_module(f"auctionsim.{name}")
    raise AttributeError(f"module 'auctionsim' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
