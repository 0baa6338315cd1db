"""Actions of environments: numbers in [-1, 1] that scale bids around a campaign's reference.

An action x stands for the multiplier reference * 20^x; x = -1 bids nothing at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from numba import njit
from numpy.typing import NDArray

from auctionsim.bidding import LARGEST_MULTIPLIER
from auctionsim.envs.table import ACTION_BASE
from auctionsim.errors import invalid_argument
from auctionsim.mechanism.arguments import as_array

Float32Array = NDArray[np.float32]
Float64Array = NDArray[np.float64]

_RANGE = "must hold numbers from -1 to 1"
_ROUNDED = np.float32(1.0 + 1e-6)
_MEND = "Clip it to the action space."
_LARGEST = np.float32(LARGEST_MULTIPLIER)


def action_space(size: int) -> spaces.Box[np.float32]:
    """Return a new space of one advertiser's actions: one number, or one an opportunity."""
    return spaces.Box(-1.0, 1.0, (size,), np.float32)


def check_action(action: object, shape: tuple[int, ...], name: str = "action") -> Float32Array:
    """Return an action, or a batch of them, as float32.

    Raises:
        InvalidArgumentError: If it has another shape, or anything but numbers from -1 to 1.
    """
    rule = f"must hold real numbers, shape {shape}"
    array = as_array(name, action, rule)
    if array.shape != shape or array.dtype.kind not in "fiu":
        mend = "Sample env.action_space to see its form."
        raise invalid_argument(name, rule, f"{array.dtype} of shape {array.shape}", mend)
    return _within(np.asarray(array, np.float32), name)


def _within(x: Float32Array, name: str) -> Float32Array:
    size = np.abs(x)
    inside = size <= 1.0  # false for nan as well
    if inside.all():
        return x
    # Wrappers that scale actions may round past the end.
    if (size <= _ROUNDED).all():
        return np.clip(x, -1.0, 1.0)
    place = np.unravel_index(int(np.argmin(inside)), x.shape)
    found = f"{x[place]} at {', '.join(str(i) for i in place)}"
    raise invalid_argument(name, _RANGE, found, _MEND)


def check_actions(actions: object, agents: Sequence[str], size: int) -> Float32Array:
    """Return the actions of all agents, (agents, size) float32.

    Args:
        actions: Maps each agent to its action; no agent is missing or beyond these.
        agents: Names of the agents.
        size: Length of an action.

    Raises:
        InvalidArgumentError: If an agent is missing or unknown, or its action breaks its rule.
    """
    # All at once, for speed; whoever is to blame is looked for afterwards.
    if isinstance(actions, dict) and len(actions) == len(agents):
        try:
            return _joined(actions, agents, size)
        except (KeyError, AttributeError, TypeError, ValueError):  # ours are ValueErrors as well
            pass
    known = _check_agents(actions, agents)
    return np.stack([check_action(known[a], (size,), f"actions[{a!r}]") for a in agents])


def _joined(actions: dict[str, Any], agents: Sequence[str], size: int) -> Float32Array:
    """Return the actions of all agents, or raise some error."""
    rows = list(map(actions.__getitem__, agents))
    if {row.shape for row in rows} != {(size,)}:
        raise ValueError
    # Arrays of one element are slow to join.
    joined = np.array([row.item() for row in rows]) if size == 1 else np.concatenate(rows)
    if joined.dtype.kind not in "fiu":
        raise TypeError
    return _within(joined.astype(np.float32), "actions").reshape(-1, size)


def _check_agents(actions: object, agents: Sequence[str]) -> dict[str, object]:
    """Return actions that map all of these agents, and nobody else, to something.

    Raises:
        InvalidArgumentError: If an agent is missing or unknown; it is named.
    """
    rule, mend = "must map every agent to its action", "Give one action for each of env.agents."
    if not isinstance(actions, dict):
        raise invalid_argument("actions", rule, f"a {type(actions).__name__}", mend)
    missing = [agent for agent in agents if agent not in actions]
    unknown = [str(agent) for agent in actions if agent not in agents]
    found = [f"no {_some(missing)}"] if missing else []
    found += [f"unknown {_some(unknown)}"] if unknown else []
    if found:
        raise invalid_argument("actions", rule, " and ".join(found), mend)
    return actions


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


def multipliers_of(x: Float32Array, reference: Float64Array | float) -> Float64Array:
    """Return the multipliers that actions stand for, (n,).

    Args:
        x: Actions, (n,).
        reference: The campaigns' references, (n,) or one.
    """
    multipliers = np.empty(len(x))
    _raise_base(x, multipliers)
    multipliers *= reference
    return np.minimum(multipliers, LARGEST_MULTIPLIER, out=multipliers)


# One by one: NumPy's powers differ in their last bit with the place in an array.
@njit(cache=True, nogil=True)
def _raise_base(x, powers):  # type: ignore[no-untyped-def]
    """Write the powers of the base; 0 where x is -1."""
    for i in range(x.size):
        powers[i] = ACTION_BASE ** np.float64(x[i]) if x[i] != -1.0 else 0.0


def bids_of(x: Float32Array, reference: float, values: Float32Array) -> Float32Array:
    """Return the bids that an action for every opportunity stands for, (volume,).

    Args:
        x: Actions, (>= volume,); those beyond the opportunities are ignored.
        reference: The campaign's reference.
        values: Values of the opportunities, (volume,).
    """
    multipliers = multipliers_of(x[: len(values)], reference).astype(np.float32)
    bids: Float32Array = values * multipliers
    return np.minimum(bids, _LARGEST, out=bids)
