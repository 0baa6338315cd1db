"""AuctionNet's training CSV: what its builder makes of the same logs, and what pandas reads."""

from __future__ import annotations

import ast
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from auctionsim.dataset import (
    Dataset,
    Selection,
    Trajectories,
    convert_log,
    export_auctionnet,
)
from auctionsim.dataset.export.auctionnet import COLUMNS
from auctionsim.errors import InvalidArgumentError, InvalidDataError
from tests.auctionsim.dataset.samples import (
    GOLDEN,
    LOGS,
    make_dataset,
    make_trajectories,
    make_writer,
)

pd = pytest.importorskip("pandas")

RTOL = 2e-6  # float32
BUILDER_COLUMNS = (
    "deliveryPeriodIndex", "advertiserNumber", "advertiserCategoryIndex", "budget", "CPAConstraint",
    "realAllCost", "realAllConversion", "timeStepIndex", "state", "action", "reward",
    "reward_continuous", "done", "next_state",
)  # fmt: skip


def states_of(texts: Any) -> NDArray[np.float64]:
    """Read states as AuctionNet's training scripts do."""
    return np.array([ast.literal_eval(text) for text in texts])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    make_dataset(tmp_path / "data")
    return tmp_path / "data"


def export(data: Path, **arguments: Any) -> Any:
    out = data.parent / "out.csv"
    export_auctionnet(data, out, progress=False, **arguments)
    return pd.read_csv(out)


def test_logs_give_what_auctionnet_s_builder_gives(tmp_path: Path) -> None:
    convert_log(LOGS, tmp_path / "data", progress=False)
    table = export(tmp_path / "data")
    assert tuple(table.columns) == BUILDER_COLUMNS == COLUMNS
    parts = [np.load(GOLDEN / f"period-{period}.npz") for period in (0, 1)]
    golden = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    np.testing.assert_array_equal(table["deliveryPeriodIndex"], np.repeat([0, 1], 48 * 48))
    for name in ("advertiserNumber", "timeStepIndex", "reward", "done", "realAllConversion"):
        np.testing.assert_array_equal(table[name], golden[name], name)
    for name in ("budget", "CPAConstraint", "realAllCost", "action", "reward_continuous"):
        np.testing.assert_allclose(table[name], golden[name], RTOL, 1e-9, err_msg=name)
    np.testing.assert_allclose(states_of(table["state"]), golden["state"], RTOL, 1e-9)
    # The builder shifts states within a period and advertiser, and drops those after the end.
    none = golden["done"] == 1
    np.testing.assert_array_equal(table["next_state"].isna(), none)
    following = np.roll(golden["state"], -1, axis=0)[~none]
    np.testing.assert_allclose(states_of(table["next_state"][~none]), following, RTOL, 1e-9)


def rows_of(trajectories: Trajectories, name: str) -> NDArray[Any]:
    array: NDArray[Any] = getattr(trajectories, name)
    return array.reshape(-1) if array.ndim == 2 else np.repeat(array, 4)


def test_float32_gets_the_numbers_back(data: Path) -> None:
    table, trajectories = export(data), Dataset.open(data).load("train")
    pairs = {
        "deliveryPeriodIndex": "episode", "advertiserNumber": "advertiser",
        "advertiserCategoryIndex": "category", "budget": "budget", "action": "action",
        "reward": "reward", "reward_continuous": "expected_value",
    }  # fmt: skip
    for theirs, ours in pairs.items():
        wanted = rows_of(trajectories, ours)
        np.testing.assert_array_equal(table[theirs].to_numpy().astype(wanted.dtype), wanted, ours)
    states = states_of(table["state"]).astype(np.float32).reshape(-1, 4, 16)
    np.testing.assert_array_equal(states, trajectories.state[:, :, :16])
    cost = np.repeat(trajectories.totals().cost, 4)
    np.testing.assert_allclose(table["realAllCost"], cost, 1e-12)


def test_each_task_has_its_constraint(data: Path) -> None:
    table, trajectories = export(data), Dataset.open(data).load("train")
    found = table["CPAConstraint"].to_numpy().astype(np.float32).reshape(-1, 4)[:, 0]
    task = trajectories.task
    np.testing.assert_array_equal(found[task == 0], trajectories.cpa_target[task == 0])
    np.testing.assert_allclose(found[task == 1], 1.0 / trajectories.roas_target[task == 1], 1e-6)
    assert np.isnan(found[task == 2]).all()


def test_steps_without_part_are_done_and_have_no_next_state(tmp_path: Path) -> None:
    trajectories = make_trajectories(2)
    trajectories.active[:] = True
    trajectories.active[0, 2:] = False
    writer = make_writer(tmp_path / "data")
    writer.write_shard("train", 0, trajectories)
    writer.finish()
    table = export(tmp_path / "data")
    assert table["done"].tolist() == [0, 0, 1, 1, 0, 0, 0, 1]
    assert table["next_state"].isna().tolist() == (table["done"] == 1).tolist()
    assert table["next_state"][0] == table["state"][1]


def test_selection_and_limit_choose_the_first_of_those(data: Path) -> None:
    trajectories = Dataset.open(data).load("train")
    table = export(data, selection=Selection(bidders=["pid"]), limit=3)
    wanted = trajectories.episode[trajectories.bidder == "pid"][:3]
    assert table["deliveryPeriodIndex"].tolist() == np.repeat(wanted, 4).tolist()
    best = Selection(quality=(0.5, 1.0))
    chosen = trajectories.episode[best.indices(trajectories)]
    table = export(data, selection=best, overwrite=True)
    assert table["deliveryPeriodIndex"].unique().tolist() == chosen.tolist()


def test_pieces_make_the_same_file_as_the_whole(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(data)
    whole = (data.parent / "out.csv").read_bytes()
    monkeypatch.setattr("auctionsim.dataset.export.auctionnet._ROWS", 5)
    export(data, overwrite=True)
    assert (data.parent / "out.csv").read_bytes() == whole


def test_the_report_counts(data: Path) -> None:
    report = export_auctionnet(data, data.parent / "out.csv", progress=False)
    assert (report.trajectories, report.steps, report.format) == (8, 32, "auctionnet")
    assert report.bytes == (data.parent / "out.csv").stat().st_size


def test_a_file_that_stands_there_is_kept_unless_told(data: Path) -> None:
    out = data.parent / "out.csv"
    out.write_text("mine")
    with pytest.raises(InvalidArgumentError, match="`out` must not be there yet"):
        export(data)
    assert out.read_text() == "mine"
    export(data, overwrite=True)
    assert out.read_text() != "mine"


def test_an_export_that_fails_leaves_no_file(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        export(data)
    assert [path.name for path in data.parent.iterdir()] == ["data"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"split": "trian"}, "Did you mean 'train'"),
        ({"limit": 0}, "`limit` must be an integer from 1"),
        ({"limit": 2.5}, "`limit` must be an integer"),
        ({"selection": Selection(tasks=[])}, "must leave some of the 8 trajectories of train"),
        ({"selection": Selection(bidders=["pit"])}, "Did you mean 'pid'"),
    ],
)
def test_what_cannot_be_exported_is_said(
    data: Path, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        export(data, **arguments)


def test_a_place_that_cannot_be_written_is_named(data: Path) -> None:
    for out, message in ((data, "must be a file"), (data / "no" / "x.csv", "existing folder")):
        with pytest.raises(InvalidArgumentError, match=f"`out` {message}|`out` must lie in an"):
            export_auctionnet(data, out, progress=False)


def test_data_without_auctionnet_s_features_is_refused(tmp_path: Path) -> None:
    writer = make_writer(tmp_path / "data", features=["time_left", "mood"])
    writer.write_shard("train", 0, make_trajectories(2, features=2))
    writer.finish()
    with pytest.raises(InvalidDataError, match="found 'no budget_left'"):
        export(tmp_path / "data")


def test_features_are_found_by_name(tmp_path: Path) -> None:
    from auctionsim.observation import FEATURES

    trajectories = make_trajectories(2)
    writer = make_writer(tmp_path / "data", features=FEATURES[::-1])
    writer.write_shard("train", 0, trajectories)
    writer.finish()
    found = states_of(export(tmp_path / "data")["state"]).astype(np.float32)
    wanted = trajectories.state[:, :, ::-1][:, :, :16].reshape(-1, 16)
    np.testing.assert_array_equal(found, wanted)
