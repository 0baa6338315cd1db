"""Bidders: the protocol, the registry, and one file a bidder."""

from agents.auctionnet import from_auctionnet
from auctionsim.bidding import (
    BatchBidder,
    Bidder,
    Observation,
    Opportunities,
    OpportunityBidder,
    OpportunityResults,
    Outcome,
)
from auctionsim.campaigns import Campaign, Campaigns
from auctionsim.registry import make, names, register

__all__ = [
    "BatchBidder",
    "Bidder",
    "Campaign",
    "Campaigns",
    "Observation",
    "Opportunities",
    "OpportunityBidder",
    "OpportunityResults",
    "Outcome",
    "from_auctionnet",
    "make",
    "names",
    "register",
]
