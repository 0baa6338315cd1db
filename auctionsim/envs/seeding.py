"""What a reset is asked for: seeds, episode numbers, options, and the advertisers they draw."""

from __future__ import annotations

import difflib
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium
import numpy as np

from auctionsim.errors import AuctionSimError, describe, invalid_argument, unknown_name
from auctionsim.mechanism.arguments import check_integer, shown
from auctionsim.random_numbers import PURPOSE_SEAT, uniforms

#: Options of `reset`: the number of the episode to play.
OPTIONS: tuple[str, ...] = ("episode",)

_LARGEST_EPISODE = 2**32 - 1


class ResetNeededError(AuctionSimError, gymnasium.error.ResetNeeded):
    """An environment was stepped before its first reset, or after the end of an episode."""


def reset_needed(found: str, method: str = "step") -> ResetNeededError:
    """Build the error for a call that should have had a reset before it."""
    rule = "must follow a reset, and a step must come before the end of the episode"
    return ResetNeededError(describe(method, rule, found, "Call reset() first."))


class EpisodeCounter:
    """Says which episode of which seed comes next: a seed's episodes are 0, 1, 2, ..."""

    def __init__(self) -> None:
        self.seed: int | None = None
        self.episode = -1

    def begin(self, seed: int | None, episode: int | None) -> tuple[int, int]:
        """Go on to an episode.

        Args:
            seed: The seed, checked; None keeps the one in use, or takes one from the system.
            episode: Its number, checked; None for 0 with a new seed, else the next.

        Returns:
            Seed and number of the episode.

        Raises:
            InvalidArgumentError: If there is no next episode.
        """
        if seed is None and self.seed is not None:
            following = self.episode + 1
        else:
            self.seed, following = secrets.randbits(63) if seed is None else seed, 0
        number = following if episode is None else episode
        if number > _LARGEST_EPISODE:
            rule = f"must be at most {_LARGEST_EPISODE}"
            raise invalid_argument("episode", rule, number, "Reset with another seed.")
        self.episode = number
        return self.seed, number


def check_reset_seed(seed: object) -> int | None:
    """Return a seed, an integer in [0, 2^63), or None."""
    return None if seed is None else _check_seed(seed)


def _check_seed(seed: object) -> int:
    # As in the simulator, but for the last bit: vectors of infos hold signed numbers.
    return check_integer("seed", seed, 0, 2**63 - 1, "Pick another seed.")


def check_reset_seeds(seed: object, runs: int) -> list[int | None]:
    """Return a seed a run: s, s + 1, ... of an integer s, or the seeds of a list.

    Raises:
        InvalidArgumentError: If there is not one seed a run, or one is not an integer in [0, 2^63).
    """
    if seed is None:
        return [None] * runs
    if isinstance(seed, Sequence | np.ndarray) and not isinstance(seed, str | bytes):
        if len(seed) != runs:
            rule = f"must hold one seed for each of {runs} environments"
            raise invalid_argument("seed", rule, f"{len(seed)} seed(s)", "Give one each.")
        return [check_reset_seed(s) for s in seed]
    first = _check_seed(seed)
    return [_check_seed(first + run) for run in range(runs)]


def check_options(
    options: object, known: Sequence[str] = OPTIONS, *, lenient: bool = False
) -> Mapping[str, Any]:
    """Return the options of a reset, empty for None.

    Args:
        options: As given.
        known: Names of the options there are.
        lenient: Whether options for somebody else may be among them; names that look like a slip
            of the pen are refused all the same.

    Raises:
        InvalidArgumentError: If they are no mapping, or one is unknown.
    """
    if options is None:
        return {}
    if not isinstance(options, Mapping):
        mend = "Pass {'episode': 3}, say."
        raise invalid_argument("options", "must be a dict or None", shown(options), mend)
    for name in options:
        if name not in known and (not lenient or _looks_like_one(name, known)):
            raise unknown_name("options", name, known)
    return options


def _looks_like_one(name: object, known: Sequence[str]) -> bool:
    return isinstance(name, str) and bool(difflib.get_close_matches(name, known, n=1))


def check_episode(options: Mapping[str, Any]) -> int | None:
    """Return the episode number asked for in checked options, or None."""
    if options.get("episode") is None:
        return None
    mend = "Number episodes from 0."
    return check_integer("options['episode']", options["episode"], 0, _LARGEST_EPISODE, mend)


def draw_advertiser(seed: int, episode: int, advertisers: int) -> int:
    """Return the advertiser that acts in an episode: drawn by seed and episode number alone."""
    draw = float(uniforms(seed, episode, 0, PURPOSE_SEAT)[0])
    return int(draw * advertisers)
