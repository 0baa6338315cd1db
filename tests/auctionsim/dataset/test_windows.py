"""Stretches of steps, against slices taken one by one."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auctionsim.dataset import ContextWindows, Trajectories, step_windows
from auctionsim.errors import InvalidArgumentError
from tests.auctionsim.dataset.samples import make_trajectories


@given(st.integers(0, 3), st.integers(1, 7), st.data())
def test_views_hold_all_stretches(rows: int, steps: int, data: st.DataObject) -> None:
    length, stride = (data.draw(st.integers(1, steps)) for _ in range(2))
    trajectories = make_trajectories(rows, steps)
    begins = range(0, steps - length + 1, stride)
    for array in (trajectories.state, trajectories.cost, trajectories.active):
        found = step_windows(array, length, stride)
        assert found.shape == (rows, len(begins), length, *array.shape[2:])
        assert rows == 0 or np.shares_memory(found, array)
        for place, begin in enumerate(begins):
            np.testing.assert_array_equal(found[:, place], array[:, begin : begin + length])


def test_torch_takes_views_without_a_copy_or_a_warning() -> None:
    torch = pytest.importorskip("torch")
    state = make_trajectories().state
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert torch.from_numpy(step_windows(state, 2)).data_ptr() == state.ctypes.data


def test_views_of_read_only_columns_are_read_only() -> None:
    state = make_trajectories().state
    state.flags.writeable = False
    assert not step_windows(state, 2).flags.writeable


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"length": 0}, "`length` must be an integer from 1 to 4; found 0"),
        ({"length": 5}, "`length` must be an integer from 1 to 4; found 5"),
        ({"length": 2.0}, "`length` must be an integer"),
        ({"length": 2, "stride": 0}, "`stride` must be an integer"),
    ],
)
def test_windows_that_are_none_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        step_windows(make_trajectories().cost, **arguments)
    with pytest.raises(InvalidArgumentError, match=message):
        ContextWindows(make_trajectories(), **arguments, padding=False)


def test_a_column_without_steps_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match=r"must have two dimensions .* \(6,\)"):
        step_windows(make_trajectories().budget, 2)


def reference_windows(
    trajectories: Trajectories, length: int, stride: int, padding: bool, active: bool
) -> list[tuple[int, list[int]]]:
    """Rows, and the steps of each window."""
    steps = trajectories.cost.shape[1]
    result = []
    for row in range(len(trajectories)):
        for end in range(0 if padding else length - 1, steps, stride):
            inside = list(range(max(end - length + 1, 0), end + 1))
            if not active or trajectories.active[row, inside].all():
                result.append((row, inside))
    return result


@given(
    st.integers(0, 4), st.integers(1, 6), st.integers(1, 3), st.booleans(), st.booleans(), st.data()
)
def test_windows_agree_with_slices(
    rows: int, steps: int, stride: int, padding: bool, active: bool, data: st.DataObject
) -> None:
    length = data.draw(st.integers(1, 8 if padding else steps))
    stride = min(stride, steps)
    trajectories = make_trajectories(rows, steps)
    trajectories.active[:] = np.random.default_rng(rows).random((rows, steps)) < 0.7
    windows = ContextWindows(trajectories, length, stride=stride, padding=padding, active=active)
    wanted = reference_windows(trajectories, length, stride, padding, active)
    assert len(windows) == len(wanted)
    batch = windows.batch(np.arange(len(wanted)))
    for place, (row, inside) in enumerate(wanted):
        begin = length - len(inside)
        assert batch["row"][place] == row
        assert not batch["mask"][place, :begin].any()
        assert batch["mask"][place, begin:].all()
        np.testing.assert_array_equal(batch["step"][place, begin:], inside)
        for name in ("state", "action", "active"):
            column = getattr(trajectories, name)
            np.testing.assert_array_equal(batch[name][place, begin:], column[row, inside])
            assert not batch[name][place, :begin].any()


def test_rows_and_columns_can_be_chosen() -> None:
    trajectories = make_trajectories(6)
    columns = ["cost", "budget", "final_state"]
    windows = ContextWindows(trajectories, 2, np.array([4, 1]), columns=columns)
    batch = windows.batch([0, -1])
    assert set(batch) == {*columns, "mask", "step", "row"}
    np.testing.assert_array_equal(batch["row"], [4, 1])
    np.testing.assert_array_equal(batch["budget"], trajectories.budget[[4, 1]])
    np.testing.assert_array_equal(batch["final_state"], trajectories.final_state[[4, 1]])
    np.testing.assert_array_equal(batch["cost"][1], trajectories.cost[1, -2:])


def test_a_batch_is_a_copy() -> None:
    trajectories = make_trajectories()
    before = trajectories.cost.copy()
    ContextWindows(trajectories, 2).batch([3])["cost"][:] = -1.0
    np.testing.assert_array_equal(trajectories.cost, before)


def test_a_place_that_is_not_there_is_an_index_error() -> None:
    windows = ContextWindows(make_trajectories(), 2)
    with pytest.raises(IndexError):
        windows[len(windows)]


def test_torch_loads_whole_batches() -> None:
    pytest.importorskip("torch")
    from torch.utils.data import DataLoader, default_convert

    windows = ContextWindows(make_trajectories(), 3)
    loader: Any = DataLoader(windows, batch_size=7, collate_fn=default_convert)  # type: ignore[arg-type]
    batches = list(loader)
    assert [len(batch["state"]) for batch in batches] == [7, 7, 7, 3]
    np.testing.assert_array_equal(batches[1]["state"].numpy(), windows.batch(range(7, 14))["state"])
    np.testing.assert_array_equal(windows[8]["state"], batches[1]["state"][1].numpy())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"columns": ["stat"]}, "Did you mean 'state'"),
        ({"rows": [6]}, "whole numbers from 0 to 5; found '6 to 6'"),
        ({"rows": [-1]}, "whole numbers from 0"),
        ({"rows": [0.5]}, "found 'float64"),
        ({"rows": [[0]]}, "must be a row"),
        ({"rows": [True]}, "found 'bool"),
        ({"length": 2**20}, "`length` must be an integer"),
    ],
)
def test_what_fits_no_trajectories_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        ContextWindows(make_trajectories(), **{"length": 2, **arguments})


def test_trajectories_without_steps_are_refused() -> None:
    arrays = make_trajectories().arrays()
    names = ("state", "final_state", "action", "active", "reward", "value", "cost")
    for name in (*names, "expected_value", "expected_conversions"):
        arrays.pop(name)
    with pytest.raises(InvalidArgumentError, match="must hold a per-step column"):
        ContextWindows(Trajectories.partial(arrays), 2)
