"""A multi-agent auction simulator for auto-bidding research.

Names are loaded when first used, so that `import auctionsim` stays quick and light.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auctionsim.bidding import BatchBidder, Bidder, Observation
    from auctionsim.campaigns import Campaign, Campaigns
    from auctionsim.evaluation import Evaluation, evaluate
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
    "Campaign": "auctionsim.campaigns",
    "Campaigns": "auctionsim.campaigns",
    "Evaluation": "auctionsim.evaluation",
    "evaluate": "auctionsim.evaluation",
    "generate_dataset": "auctionsim.generate",
    "MarketConfig": "auctionsim.market",
    "load_market": "auctionsim.market",
    "Clearing": "auctionsim.mechanism",
    "clear": "auctionsim.mechanism",
    "Simulation": "auctionsim.simulator",
}

__all__ = [
    "SEMANTICS",
    "BatchBidder",
    "Bidder",
    "Campaign",
    "Campaigns",
    "Clearing",
    "Evaluation",
    "MarketConfig",
    "Observation",
    "Simulation",
    "__version__",
    "clear",
    "evaluate",
    "generate_dataset",
    "load_market",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'auctionsim' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
