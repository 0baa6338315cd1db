"""Bidders: the protocol, the registry, and one file a bidder."""

from auctionsim.bidding import BatchBidder, Bidder, Observation
from auctionsim.campaigns import Campaign, Campaigns
from auctionsim.registry import make, names, register

__all__ = [
    "BatchBidder",
    "Bidder",
    "Campaign",
    "Campaigns",
    "Observation",
    "make",
    "names",
    "register",
]
