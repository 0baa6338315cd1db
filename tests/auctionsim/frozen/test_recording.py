"""Recordings do not depend on how they were made."""

from __future__ import annotations

import numpy as np
import pytest

from auctionsim.frozen import Recording, record_rivals
from auctionsim.threads import use_threads
from tests.auctionsim.worlds import LINEUP, WORLD

EPISODES = [0, 5, 2]


def assert_equal_bids(one: Recording, place: int, other: Recording, there: int) -> None:
    """Demand the same bids of an episode; beyond its volume there are none."""
    for ours, theirs in zip(one.steps, other.steps, strict=True):
        volume = ours.volume[place]
        assert volume == theirs.volume[there]
        for name in ("bid", "holder"):
            a, b = getattr(ours, name)[place], getattr(theirs, name)[there]
            np.testing.assert_array_equal(a[:, :volume], b[:, :volume])
        assert not ours.bid[place, :, volume:].any()
        assert (ours.holder[place, :, volume:] == -1).all()


@pytest.fixture(scope="module")
def together() -> Recording:
    with use_threads(1):
        return record_rivals(WORLD, EPISODES, 3, lineup=LINEUP)


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_do_not_matter(together: Recording, threads: int) -> None:
    with use_threads(threads):
        again = record_rivals(WORLD, EPISODES, 3, lineup=LINEUP)
    for place in range(3):
        assert_equal_bids(together, place, again, place)


@pytest.mark.parametrize("groups", [[[0], [5], [2]], [[5, 2], [0]], [[2, 5, 0]]])
def test_episodes_beside_it_do_not_matter(together: Recording, groups: list[list[int]]) -> None:
    for group in groups:
        some = record_rivals(WORLD, group, 3, lineup=LINEUP)
        for there, episode in enumerate(group):
            assert_equal_bids(together, EPISODES.index(episode), some, there)


def test_bids_fall_and_are_of_different_advertisers(together: Recording) -> None:
    for step in together.steps:
        assert (np.diff(step.bid, axis=1) <= 0.0).all()
        ordered = np.sort(step.holder, axis=1)
        assert ((np.diff(ordered, axis=1) > 0) | (ordered[:, 1:] == -1)).all()
        np.testing.assert_array_equal(step.holder == -1, step.bid == 0.0)


def test_another_seed_is_another_recording(together: Recording) -> None:
    other = record_rivals(WORLD, EPISODES, 4, lineup=LINEUP)
    assert not np.array_equal(other.steps[0].volume, together.steps[0].volume)
