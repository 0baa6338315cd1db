"""Families of comparisons: p-values corrected for their number."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from auctionsim.errors import invalid_argument


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Return p-values corrected by Holm's step-down rule (Scandinavian J. of Statistics 6, 1979).

    The chance of even one false claim among all comparisons then stays below the level to which the
    corrected values are held, however the comparisons depend on each other.

    Args:
        p_values: By comparison, each in [0, 1].

    Raises:
        InvalidArgumentError: If a value is none.
    """
    for name, p in p_values.items():
        if not 0.0 <= p <= 1.0:
            mend = "Leave out comparisons without a p-value."
            raise invalid_argument(f"p_values.{name}", "must lie in [0, 1]", p, mend)
    order = sorted(p_values, key=lambda name: p_values[name])
    raised = [(len(order) - i) * p_values[name] for i, name in enumerate(order)]
    running = np.minimum(1.0, np.maximum.accumulate(np.array(raised, np.float64)))
    corrected = dict(zip(order, running.tolist(), strict=True))
    return {name: corrected[name] for name in p_values}
