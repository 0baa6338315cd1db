from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from auctionsim.dataset.schema import COLUMNS, Trajectories
from auctionsim.errors import InvalidArgumentError
from tests.auctionsim.dataset.samples import LOGS, make_dataset, make_trajectories


def test_take_keeps_the_order_asked_for() -> None:
    whole = make_trajectories(6)
    part = whole.take([4, 1, 4])
    assert part.episode.tolist() == [4, 1, 4]
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[[4, 1, 4]])


def test_concatenating_pieces_gives_the_whole_back() -> None:
    whole = make_trajectories(6)
    again = Trajectories.concatenate([whole.take([0, 1]), whole.take([]), whole.take([2, 3, 4, 5])])
    assert len(again) == 6
    for name, kind in COLUMNS.items():
        np.testing.assert_array_equal(getattr(again, name), getattr(whole, name))
        assert getattr(again, name).dtype == kind


def test_totals_sum_the_steps_in_float64() -> None:
    trajectories = make_trajectories(6)
    totals, expected = trajectories.totals(), trajectories.totals(expected=True)
    np.testing.assert_allclose(totals.cost, trajectories.cost.astype(float).sum(axis=1), rtol=1e-15)
    np.testing.assert_allclose(totals.value, trajectories.value.astype(float).sum(axis=1))
    np.testing.assert_allclose(totals.conversions, trajectories.reward.astype(float).sum(axis=1))
    np.testing.assert_allclose(
        expected.value, trajectories.expected_value.astype(float).sum(axis=1)
    )
    np.testing.assert_allclose(
        expected.conversions, trajectories.expected_conversions.astype(float).sum(axis=1)
    )
    assert totals.cost.dtype == np.float64
    assert np.isfinite(totals.score_strict).all()


def test_a_column_that_was_not_loaded_says_so() -> None:
    arrays = make_trajectories(2).arrays()
    del arrays["state"]
    part = Trajectories.partial(arrays)
    assert "state" not in part.columns
    with pytest.raises(AttributeError, match="`state` was not loaded"):
        _ = part.state
    with pytest.raises(AttributeError, match="no attribute 'speed'"):
        _ = part.speed
    with pytest.raises(InvalidArgumentError, match="must all hold the columns"):
        Trajectories.concatenate([make_trajectories(2), part])


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("action", np.zeros((2, 4)), "must have dtype float32; found float64"),
        ("action", np.zeros((2, 5), np.float32), "must have shape"),
        ("cost", np.zeros((3, 4), np.float32), r"must have shape \(2, 4\)"),
        ("final_state", np.zeros((2, 16), np.float32), "must have shape"),
        ("task", np.zeros(3, np.int8), r"must have shape \(2,\)"),
        ("bidder", np.array(["a", "b"]), "must have dtype object"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(name: str, array: NDArray[Any], message: str) -> None:
    arrays = make_trajectories(2).arrays() | {name: array}
    with pytest.raises(InvalidArgumentError, match=message):
        Trajectories(**arrays)


def test_partial_needs_the_campaigns_and_knows_its_columns() -> None:
    arrays = make_trajectories(2).arrays()
    with pytest.raises(InvalidArgumentError, match="must be columns of the schema"):
        Trajectories.partial(arrays | {"speed": np.zeros(2)})
    del arrays["budget"]
    with pytest.raises(InvalidArgumentError, match="no budget"):
        Trajectories.partial(arrays)


def test_concatenating_nothing_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="`parts` must not be empty"):
        Trajectories.concatenate([])


def test_the_schema_loads_without_the_parquet_library() -> None:
    code = "import sys, auctionsim.dataset.schema; print('pyarrow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_datasets_do_not_wait_for_pandas(tmp_path: Path) -> None:
    make_dataset(tmp_path / "data")
    code = f"""
import sys
from pathlib import Path
from auctionsim.dataset import Dataset, DatasetWriter, convert_log
convert_log({str(LOGS / "period-1.parquet")!r}, {str(tmp_path / "out")!r}, progress=False)
Dataset.open({str(tmp_path / "data")!r}).load("train")
print("pandas" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
