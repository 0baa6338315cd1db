"""Rules that settings of planners share."""

from __future__ import annotations

import math
from typing import Any

from auctionsim.errors import invalid_argument

__all__ = ["check_counts", "check_numbers", "check_width"]


def check_counts(settings: Any, *names: str, least: int = 1) -> None:
    """Raise unless the named settings are whole numbers from `least` on.

    Raises:
        InvalidArgumentError: For the first that is not.
    """
    for name in names:
        value = getattr(settings, name)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            rule = f"must be whole and >= {least}"
            raise invalid_argument(f"settings.{name}", rule, value, "Change it.")


def check_numbers(
    settings: Any, *names: str, least: float = 0.0, most: float = math.inf, above: bool = False
) -> None:
    """Raise unless the named settings are finite numbers in a range.

    Args:
        settings: Where they stand.
        names: Their names.
        least: Lowest value allowed.
        most: Highest value allowed.
        above: Whether `least` itself is not allowed.

    Raises:
        InvalidArgumentError: For the first that is not.
    """
    for name in names:
        value = getattr(settings, name)
        plain = isinstance(value, int | float) and not isinstance(value, bool)
        inside = plain and math.isfinite(value) and least <= value <= most
        if not inside or (above and value == least):
            rule = f"must be finite and {'>' if above else '>='} {least:g}"
            rule += f" and <= {most:g}" if math.isfinite(most) else ""
            raise invalid_argument(f"settings.{name}", rule, value, "Change it.")


def check_width(width: int, heads: int) -> None:
    """Raise unless the heads divide the width.

    Raises:
        InvalidArgumentError: If they do not.
    """
    if width % heads:
        rule = f"must be a multiple of heads = {heads}"
        raise invalid_argument("settings.width", rule, width, "Round it.")
