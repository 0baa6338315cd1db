"""Frozen opponents: the others' bids are recorded once, and one seat at a time plays them."""

from auctionsim.frozen.market import FrozenMarket
from auctionsim.frozen.recording import Recording, record_rivals

__all__ = ["FrozenMarket", "Recording", "record_rivals"]
