"""Datasets in the forms that other programs read."""

from __future__ import annotations

__all__ = ["auctionnet", "forms", "minari", "parts"]
