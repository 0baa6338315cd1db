"""Clearing of multi-slot ad auctions."""

from __future__ import annotations

__all__: list[str] = []
