"""Clearing of multi-slot ad auctions: generalised second price, second price and first price."""

from __future__ import annotations

from auctionsim.mechanism.api import clear
from auctionsim.mechanism.clearing import Clearing
from auctionsim.rules import MECHANISMS, RULES

__all__ = ["MECHANISMS", "RULES", "Clearing", "clear"]
