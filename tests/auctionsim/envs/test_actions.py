from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from auctionsim.envs.actions import bids_of, check_action, check_actions, multipliers_of
from auctionsim.errors import InvalidArgumentError

AGENTS = ["advertiser_0", "advertiser_1", "advertiser_2", "advertiser_3"]
UNIT = st.floats(-1.0, 1.0, width=32)


def test_actions_scale_the_reference_by_powers_of_twenty() -> None:
    x = np.array([-1.0, -0.5, 0.0, 0.5, 1.0], np.float32)
    expected = [0.0, 50 / 20**0.5, 50.0, 50 * 20**0.5, 1000.0]
    np.testing.assert_allclose(multipliers_of(x, 50.0), expected, rtol=1e-12)
    assert multipliers_of(x, 50.0)[2] == 50.0


@given(x=hnp.arrays(np.float32, st.integers(1, 40), elements=UNIT), reference=st.floats(0, 1e30))
def test_an_action_alone_is_that_action_among_others(x: Any, reference: float) -> None:
    together = multipliers_of(x, reference)
    alone = [multipliers_of(x[i : i + 1], reference)[0] for i in range(len(x))]
    assert together.tolist() == alone
    assert (together <= 1e30).all()


@given(x=hnp.arrays(np.float32, 6, elements=UNIT))
def test_bids_are_values_times_multipliers(x: Any) -> None:
    values = np.array([0.0, 1e-6, 0.5, 30.0], np.float32)
    bids = bids_of(x, 90.0, values)
    assert bids.dtype == np.float32
    np.testing.assert_array_equal(
        bids, values * multipliers_of(x[:4], 90.0).astype(np.float32), strict=True
    )


def test_bids_stay_within_what_the_simulator_takes() -> None:
    bids = bids_of(np.ones(1, np.float32), 1e30, np.array([1e3], np.float32))
    assert bids.tolist() == [np.float32(1e30)]
    assert bids_of(np.ones(3, np.float32), 1.0, np.zeros(0, np.float32)).shape == (0,)


@pytest.mark.parametrize(
    "action", [[0.5], (0.5,), np.array([0.5]), np.array([0.5], np.float16), np.ones(1, int)]
)
def test_any_real_numbers_of_the_shape_will_do(action: Any) -> None:
    x = check_action(action, (1,))
    assert x.dtype == np.float32
    assert x.tolist() == [float(np.asarray(action)[0])]


@pytest.mark.parametrize(
    ("action", "message"),
    [
        ([1.001], "`action` must hold numbers from -1 to 1; found '1.00.* at 0'. Clip it"),
        ([np.nan], "from -1 to 1; found 'nan"),
        ([-np.inf], "from -1 to 1; found '-inf"),
        ([0.1, 0.2], r"must hold real numbers, shape \(1,\); found 'float64 of shape \(2,\)"),
        (0.1, r"shape \(1,\); found 'float64 of shape \(\)"),
        ([[0.1]], r"shape \(1,\); found 'float64 of shape \(1, 1\)"),
        (["0.1"], r"must hold real numbers"),
        ([True], r"must hold real numbers"),
        (None, r"must hold real numbers"),
        ([[1], [2, 3]], r"must hold real numbers"),
        (np.ma.masked_array([0.1], [True]), "masked entries"),
    ],
)
def test_other_actions_are_refused(action: Any, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        check_action(action, (1,))


def actions_but(**changes: Any) -> dict[str, Any]:
    return {agent: np.zeros(1, np.float32) for agent in AGENTS} | changes


def test_actions_are_put_in_the_order_of_the_agents() -> None:
    given_actions = {agent: np.full(1, i / 10) for i, agent in enumerate(AGENTS)}
    backwards = dict(reversed(given_actions.items()))
    expected = np.array([[0.0], [0.1], [0.2], [0.3]], np.float32)
    np.testing.assert_array_equal(check_actions(backwards, AGENTS, 1), expected, strict=True)


@pytest.mark.parametrize(
    ("actions", "message"),
    [
        ({}, "found 'no advertiser_0, advertiser_1, advertiser_2 and 1 more'. Give one"),
        (actions_but(advertiser_9=[0.0]), "`actions` must map .*; found 'unknown advertiser_9"),
        ({a.replace("0", "O"): [0.0] for a in AGENTS}, "no advertiser_0 and unknown .*_O"),
        ([0.0] * 4, "must map every agent to its action; found 'a list"),
        (None, "must map every agent to its action; found 'a NoneType"),
        (actions_but(advertiser_2=[2.0]), r"`actions\['advertiser_2'\]` .* from -1 to 1; found '2"),
        (actions_but(advertiser_1=[0.0, 0.0]), r"`actions\['advertiser_1'\]` must .* shape \(1,\)"),
        (actions_but(advertiser_3=None), r"`actions\['advertiser_3'\]` must hold real numbers"),
    ],
)
def test_actions_that_do_not_fit_the_agents_are_refused(actions: Any, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        check_actions(actions, AGENTS, 1)


@pytest.mark.parametrize(
    "rows",
    [
        [np.zeros(3), np.zeros(1), np.zeros(2)],  # in all as many as there should be
        [np.zeros((1, 2)), np.zeros(2), np.zeros(2)],
        [np.float32(0.0), np.zeros(2), np.zeros(2)],
    ],
)
def test_a_row_of_another_shape_takes_nothing_from_its_neighbours(rows: Any) -> None:
    agents = ["a", "b", "c"]
    with pytest.raises(InvalidArgumentError, match=r"`actions\['a'\]` must hold real numbers"):
        check_actions(dict(zip(agents, rows, strict=True)), agents, 2)


def test_what_rounding_put_past_the_end_is_put_back() -> None:
    beyond = np.nextafter(np.ones(1, np.float32), np.float32(2.0))
    assert check_action(beyond, (1,)).tolist() == [1.0]
    assert check_action(-beyond, (1,)).tolist() == [-1.0]
    with pytest.raises(InvalidArgumentError, match="from -1 to 1"):
        check_action(np.full(1, 1.00001), (1,))
