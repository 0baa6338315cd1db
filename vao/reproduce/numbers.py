"""Numbers as a table prints them."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["DASH", "bounds", "decimals_for", "number", "probability", "with_error"]

DASH = "–"
_LEAST_PROBABILITY = 0.001


def decimals_for(numbers: Iterable[float]) -> int:
    """Return how many decimals a column of such numbers has."""
    largest = max(map(abs, numbers), default=0.0)
    return 2 if largest < 100 else 1 if largest < 10_000 else 0


def number(value: float, decimals: int, *, signed: bool = False) -> str:
    """Write a number with a true minus; what rounds to 0 has no sign."""
    text = f"{value:{'+' if signed else ''},.{decimals}f}"
    if not any(digit in text for digit in "123456789"):
        text = text.lstrip("+-")
    return text.replace("-", "−")


def with_error(mean: float, standard_error: float | None, decimals: int) -> str:
    """Write a mean, and its standard error where there is one."""
    shown = "" if standard_error is None else f" ± {number(standard_error, decimals)}"
    return number(mean, decimals) + shown


def bounds(low: float | None, high: float | None, decimals: int, *, signed: bool = False) -> str:
    """Write an interval in brackets; nothing where there is none."""
    if low is None or high is None:
        return ""
    ends = (number(end, decimals, signed=signed) for end in (low, high))
    return f" ({' to '.join(ends)})"


def probability(p: float) -> str:
    """Write a p-value."""
    return f"< {_LEAST_PROBABILITY}" if p < _LEAST_PROBABILITY else f"{p:.3f}"
