from __future__ import annotations

import inspect

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from agents.random_walk import RandomWalk, _reflected
from auctionsim.errors import InvalidArgumentError
from auctionsim.testing import check_bidder
from tests.auctionsim.worlds import WORLD, campaigns_of, observation_of

PLAIN = {"start": 1.0, "step": 0.2, "lowest": 0.5, "highest": 2.0}
PARAMETERS = tuple(inspect.signature(RandomWalk).parameters)


def walks(n: int = 200, steps: int = 48, **changes: float) -> NDArray[np.float64]:
    """Return multipliers over the reference, (n, steps)."""
    bidder = RandomWalk(**(PLAIN | changes))
    bidder.reset(campaigns_of(n, steps=steps))
    seen = [observation_of(n, t, steps=steps, cost=10.0 * t) for t in range(steps)]
    return np.stack([bidder.act(s) / 100.0 for s in seen], axis=1)


def test_it_keeps_the_contract() -> None:
    check_bidder(RandomWalk(), market=WORLD)


def test_it_begins_at_its_start() -> None:
    np.testing.assert_allclose(walks(start=1.3)[:, 0], 1.3)


def test_steps_are_as_large_as_asked_and_go_either_way() -> None:
    changes = np.diff(np.log(walks(lowest=1e-9, highest=1e9)), axis=1)
    assert changes.std() == pytest.approx(0.2, rel=0.05)
    assert changes.mean() == pytest.approx(0.0, abs=4 * 0.2 / np.sqrt(changes.size))
    # One step tells nothing of the next.
    assert np.corrcoef(changes[:, :-1].ravel(), changes[:, 1:].ravel())[0, 1] == pytest.approx(
        0.0, abs=0.05
    )


def test_it_stays_within_its_bounds_and_comes_close_to_them() -> None:
    played = walks(step=0.5)
    assert played.min() >= 0.5 * (1 - 1e-12)
    assert played.max() <= 2.0 * (1 + 1e-12)
    assert np.quantile(played, 0.05) < 0.6
    assert np.quantile(played, 0.95) > 1.7


def test_in_the_long_run_every_multiplier_between_the_bounds_is_as_likely() -> None:
    logs = np.log(walks(n=4000, step=0.5)[:, -1])
    counts, _ = np.histogram(logs, bins=8, range=(np.log(0.5), np.log(2.0)))
    expected = 4000 / 8
    assert (abs(counts - expected) < 5 * np.sqrt(expected)).all()


def test_it_answers_to_nothing_that_it_sees() -> None:
    bidder = RandomWalk()
    bidder.reset(campaigns_of(5))
    poor, rich = (bidder.act(observation_of(5, 3, cost=c)).tolist() for c in (900.0, 0.0))
    assert poor == rich


def test_asking_out_of_order_changes_nothing() -> None:
    bidder = RandomWalk()
    bidder.reset(campaigns_of(5))
    forwards = [bidder.act(observation_of(5, t)).tolist() for t in range(8)]
    backwards = [bidder.act(observation_of(5, t)).tolist() for t in range(7, -1, -1)]
    assert forwards == backwards[::-1]


@settings(deadline=None)
@given(
    st.lists(st.floats(-20.0, 20.0), min_size=1, max_size=20),
    st.floats(-3.0, 3.0),
    st.floats(0.1, 5.0),
)
def test_reflection_is_bouncing_off_until_it_fits(
    path: list[float], low: float, width: float
) -> None:
    bounced = []
    for place in path:
        while not low <= place <= low + width:
            place = 2 * low - place if place < low else 2 * (low + width) - place
        bounced.append(place)
    found = _reflected(np.array(path), np.array(low), np.array(low + width))
    np.testing.assert_allclose(found, bounced, atol=1e-9)


def test_equal_bounds_hold_it_still() -> None:
    np.testing.assert_allclose(walks(lowest=0.7, highest=0.7, step=1.0), 0.7)


def test_campaigns_draw_parameters_and_walks_of_their_own() -> None:
    bidder = RandomWalk()
    bidder.reset(campaigns_of(300, steps=48))
    first = bidder.act(observation_of(300, 0, steps=48)) / 100.0
    assert len(set(first.tolist())) == 300
    assert first.min() == pytest.approx(0.3, rel=0.1)
    assert first.max() == pytest.approx(2.0, rel=0.1)


def test_bounds_out_of_order_are_named() -> None:
    with pytest.raises(InvalidArgumentError, match="`highest` must be at least `lowest`, up to 3"):
        RandomWalk(lowest=(0.1, 3.0), highest=(2.0, 4.0))


@pytest.mark.parametrize("parameter", PARAMETERS)
@pytest.mark.parametrize("bad", [-1.0, 0.0, float("nan"), (2.0, 1.0), "much"])
def test_every_parameter_is_checked(parameter: str, bad: float) -> None:
    with pytest.raises(InvalidArgumentError, match=f"`{parameter}` must be a number > 0"):
        RandomWalk(**{parameter: bad})
