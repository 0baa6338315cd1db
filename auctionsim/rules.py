"""Names of the auction's mechanisms and rules, and what the rules imply for a market."""

from __future__ import annotations

MECHANISMS: tuple[str, ...] = ("gsp", "second_price", "first_price")
RULES: tuple[str, ...] = ("default", "auctionnet")


def is_reference(mechanism: str) -> bool:
    """Whether a mechanism is named as `module:function`, a Numba function of the user's own."""
    module, colon, name = mechanism.partition(":")
    return bool(colon) and name.isidentifier() and all(map(str.isidentifier, module.split(".")))


#: By rules: probability that each slot is seen.
EXPOSURE: dict[str, tuple[float, ...]] = {
    "default": (1.0, 0.8, 0.6),
    "auctionnet": (1.0, 0.8, 0.48),
}

#: By rules: size of the bias of true against predicted probabilities.
BIAS: dict[str, float] = {"default": 0.0, "auctionnet": 1.0}
