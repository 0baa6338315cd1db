"""Bidders by name: registered at run time, offered by entry points, or given as `module:Class`."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from auctionsim.bidding import BatchBidder, Bidder
from auctionsim.errors import invalid_argument, unknown_name

ENTRY_POINT_GROUP = "auctionsim.bidders"

AnyBidder = Bidder | BatchBidder
BidderFactory = Callable[..., AnyBidder]

_registered: dict[str, BidderFactory] = {}


def register(name: str, factory: BidderFactory) -> None:
    """Register a bidder under a name for this process.

    Args:
        name: The name; letters, digits, "_" and "-", not yet taken.
        factory: Called with keyword parameters, returns a bidder; a class will do.

    Raises:
        InvalidArgumentError: If the name is malformed or taken.
    """
    if not name.replace("_", "").replace("-", "").isalnum():
        rule = 'must consist of letters, digits, "_" and "-"'
        raise invalid_argument("name", rule, name, "Pick a plainer name.")
    if name in names():
        raise invalid_argument("name", "must not be taken", name, "Pick another name.")
    _registered[name] = factory


def names() -> tuple[str, ...]:
    """Return the names of all registered bidders, sorted."""
    return tuple(sorted({*_registered, *_offered()}))


def make(name: str, **params: Any) -> AnyBidder:
    """Build a bidder.

    Args:
        name: A registered name, or `module:Class` for a class that can be imported.
        **params: Parameters of the bidder.

    Raises:
        InvalidArgumentError: If there is no such bidder, or it takes no such parameter.
    """
    factory = _resolve(name)
    try:
        inspect.signature(factory).bind(**params)
    except TypeError as error:
        rule = f"must fit the parameters of bidder {name!r}"
        raise invalid_argument("params", rule, error, "See its docstring.") from None
    bidder = factory(**params)
    if not isinstance(bidder, Bidder | BatchBidder):
        rule = "must build an auctionsim Bidder or BatchBidder"
        mend = "Derive the class from agents.Bidder."
        raise invalid_argument("bidder", rule, f"{name}: {type(bidder).__name__}", mend)
    return bidder


def _offered() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=ENTRY_POINT_GROUP)}


def _resolve(name: str) -> BidderFactory:
    if ":" in name:
        return _imported(name)
    if name in _registered:
        return _registered[name]
    offered = _offered()
    if name not in offered:
        raise unknown_name("bidder", name, names())
    factory: BidderFactory = offered[name].load()
    return factory


def _imported(path: str) -> BidderFactory:
    module_name, _, attribute = path.partition(":")
    rule = "must be `module:Class` with a module that can be imported"
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        mend = "Check the module's name, and that its folder is on PYTHONPATH."
        raise invalid_argument("bidder", rule, f"{path} ({error})", mend) from None
    if not hasattr(module, attribute):
        raise unknown_name("bidder", attribute, [n for n in vars(module) if n[0] != "_"])
    factory = getattr(module, attribute)
    if not callable(factory):
        raise invalid_argument("bidder", rule, f"{path} is not a class", "Name the class.")
    return factory  # type: ignore[no-any-return]
