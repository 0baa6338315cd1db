"""Bidders in a process of their own, where they can be stopped and can do no harm.

The way of a call: `seating` (players here) -> `supervisor` (what was said so far; starts anew) ->
`bidder_process` (one process, its deadlines) -> `channel` (bytes) -> `child` (players there).
"""

from __future__ import annotations

from auctionsim.isolation.seating import isolated_seating

__all__ = ["isolated_seating"]
