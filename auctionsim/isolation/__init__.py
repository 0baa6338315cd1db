"""Bidders in a process of their own, where they can be stopped and can do no harm.

It guards against bidders that hang, crash or end the program. It is no sandbox: the bidder's module
is imported here as well, and over there it may do what any program of the user may do.

The way of a call: `seating` (players here) -> `supervisor` (what was said so far; starts anew) ->
`bidder_process` (one process, its deadlines) -> `channel` (bytes) -> `child` (players there).
"""

from __future__ import annotations

from auctionsim.isolation.seating import isolated_seating

__all__ = ["isolated_seating"]
