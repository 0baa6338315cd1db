"""Bidders by name: registered at run time, offered by entry points, or given as `module:Class`."""

from __future__ import annotations

import importlib
import inspect
import warnings
from collections.abc import Callable
from functools import cache
from importlib.metadata import EntryPoint, EntryPoints, entry_points
from typing import TYPE_CHECKING, Any, cast

from auctionsim.bidding import AnyBidder, BatchBidder, Bidder
from auctionsim.errors import (
    AuctionSimError,
    InvalidArgumentError,
    in_short,
    invalid_argument,
    unknown_name,
)

if TYPE_CHECKING:
    from auctionsim.market import MarketConfig

__all__ = [
    "ENTRY_POINT_GROUP",
    "AnyBidder",
    "check_is_bidder",
    "make",
    "names",
    "prepare",
    "register",
]

ENTRY_POINT_GROUP = "auctionsim.bidders"
_PACKAGE = "auctionsim"

BidderFactory = Callable[..., AnyBidder]

_registered: dict[str, BidderFactory] = {}


def register(name: object, factory: object) -> None:
    """Register a bidder under a name for this process.

    Args:
        name: The name; letters, digits, "_" and "-", not yet taken.
        factory: A class or function: called with keyword parameters, it returns a
            bidder.

    Raises:
        InvalidArgumentError: If the name is malformed or taken, or the factory cannot be called.
    """
    if not isinstance(name, str) or not name.replace("_", "").replace("-", "").isalnum():
        rule = 'must consist of letters, digits, "_" and "-"'
        raise invalid_argument("name", rule, name, "Pick a plainer name.")
    if name in names():
        raise invalid_argument("name", "must not be taken", name, "Pick another name.")
    if not callable(factory):
        mend = "Pass the class, or a function that builds the bidder."
        raise invalid_argument("factory", "must be a class or a function", factory, mend)
    _registered[name] = cast(BidderFactory, factory)


def names() -> tuple[str, ...]:
    """Return the names of all registered bidders, sorted."""
    return tuple(sorted({*_registered, *_offered().names}))


def make(name: str, **params: Any) -> AnyBidder:
    """Build a bidder.

    Args:
        name: A registered name, or `module:Class` for a class that can be imported.
        **params: Parameters of the bidder.

    Raises:
        InvalidArgumentError: If there is no such bidder, it takes no such parameter, or it cannot
            be built.
    """
    factory = _resolve(name)
    _check_params(name, factory, params)
    try:
        bidder = factory(**params)
    except AuctionSimError:
        raise
    except (Exception, SystemExit) as error:
        raise _broken("must be built without an error", name, error) from error
    return check_is_bidder(bidder, name)


def check_is_bidder(bidder: object, name: str = "") -> AnyBidder:
    """Return a bidder, or say what it is instead.

    Args:
        bidder: Anything.
        name: What it was asked for by, for the error.

    Raises:
        InvalidArgumentError: If it is no `Bidder` and no `BatchBidder`.
    """
    if isinstance(bidder, Bidder | BatchBidder):
        return bidder
    mend = "Derive the class from agents.Bidder or agents.BatchBidder."
    if hasattr(bidder, "bidding"):
        mend = "Wrap a strategy of AuctionNet: agents.from_auctionnet(...)."
    found = type(bidder).__name__
    if inspect.isclass(bidder):
        found = f"the class {bidder.__name__}"
        if issubclass(bidder, Bidder | BatchBidder):
            mend = f"Pass an instance: {bidder.__name__}(...)."
    found = f"{name}: {found}" if name else found
    raise invalid_argument("bidder", "must be an auctionsim Bidder or BatchBidder", found, mend)


def prepare(name: str, bidder: AnyBidder, market: MarketConfig) -> AnyBidder:
    """Let a bidder learn what it learns of a market; returns it.

    Raises:
        InvalidArgumentError: If it fails to.
    """
    try:
        bidder.prepare(market)
    except AuctionSimError:
        raise
    except (Exception, SystemExit) as error:
        raise _broken("must prepare for the market without an error", name, error) from error
    return bidder


@cache
def _offered() -> EntryPoints:
    """Return what installed packages offer; read once, since it means reading many files."""
    return entry_points(group=ENTRY_POINT_GROUP)


def _check_params(name: str, factory: BidderFactory, params: dict[str, Any]) -> None:
    """Raise unless the factory can be called with these parameters."""
    try:
        signature = inspect.signature(factory)
    except ValueError:  # built-in: calling it will tell
        return
    takes = signature.parameters.values()
    known = [p.name for p in takes if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if not any(p.kind == p.VAR_KEYWORD for p in takes):
        for key in params:
            if key not in known:
                where = f"parameters of bidder {name!r}"
                if not known:
                    raise invalid_argument(where, "must be none", key, "Remove it.")
                raise unknown_name(where, key, known)
    try:
        signature.bind(**params)
    except TypeError as error:
        rule = f"must fit bidder {name!r}"
        raise invalid_argument("parameters", rule, error, "Give what its docstring asks.") from None


def _resolve(name: str) -> BidderFactory:
    if ":" in name:
        return _imported(name)
    if name in _registered:
        return _registered[name]
    offers = {point.value: point for point in _offered().select(name=name)}
    if not offers:
        raise _unknown(name)
    own = [point for point in offers.values() if point.dist and point.dist.name == _PACKAGE]
    if len(own) == 1 and len(offers) > 1:
        text = f"bidder {name!r} is ours; another package offers one of the same name as well"
        warnings.warn(f"{text}: {', '.join(sorted(offers))}", stacklevel=3)
        return _loaded(name, own[0])
    if len(offers) > 1:
        rule = f"must be offered once; {name!r} is offered by several packages"
        mend = "Uninstall one of them, or name the class as `module:Class`."
        raise invalid_argument("bidder", rule, ", ".join(sorted(offers)), mend)
    return _loaded(name, next(iter(offers.values())))


def _unknown(name: str) -> InvalidArgumentError:
    error = unknown_name("bidder", name, names())
    return InvalidArgumentError(f"{error} One of your own is named as `module:Class`.")


def _loaded(name: str, point: EntryPoint) -> BidderFactory:
    try:
        factory: BidderFactory = point.load()
    except (Exception, SystemExit) as error:
        raise _broken(f"must be loaded from {point.value}", name, error) from error
    return factory


def _imported(path: str) -> BidderFactory:
    module_name, _, attribute = path.partition(":")
    rule = "must be `module:Class` with a module that can be imported"
    parts = module_name.split(".")
    if parts[-1] == "py" or not all(part.isidentifier() for part in parts):
        mend = "Write the module's name as in an import, without `.py`."
        raise invalid_argument("bidder", rule, path, mend)
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:  # the user's module may fail in any way
        raise _broken(rule, path, error) from error
    factory = getattr(module, attribute, None)
    if factory is None:
        found = [n for n, kind in vars(module).items() if _is_bidder_class(kind)]
        if not found:
            where = getattr(module, "__file__", None) or module_name
            mend = "Check that this is the module you mean."
            raise invalid_argument("bidder", f"must be a class of {where}", attribute, mend)
        raise unknown_name(f"bidder {module_name}:...", attribute, found)
    if not callable(factory):
        raise invalid_argument("bidder", rule, f"{path} is not a class", "Name the class.")
    return factory  # type: ignore[no-any-return]


def _is_bidder_class(kind: object) -> bool:
    usable = inspect.isclass(kind) and not inspect.isabstract(kind)
    return usable and issubclass(kind, Bidder | BatchBidder)  # type: ignore[arg-type]


def _broken(rule: str, name: str, error: BaseException) -> InvalidArgumentError:
    mend = "Check the module's name and folder, or mend its code."
    return invalid_argument("bidder", rule, f"{name} ({in_short(error)})", mend)
