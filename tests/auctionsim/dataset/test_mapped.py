"""Mapped columns: equal to loaded ones, without copies, and whatever happens to their files."""

from __future__ import annotations

import json
import multiprocessing
import os
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from auctionsim.dataset import Dataset, Trajectories, mapped, unpacking
from auctionsim.dataset.card import read_card
from auctionsim.dataset.schema import CAMPAIGN_COLUMNS, COLUMNS
from auctionsim.errors import InvalidArgumentError, InvalidDataError
from tests.auctionsim.dataset.samples import make_dataset, make_trajectories, make_writer


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    make_dataset(tmp_path / "data")
    return Dataset.open(tmp_path / "data")


def assert_equal(found: Trajectories, wanted: Trajectories) -> None:
    assert found.columns == wanted.columns
    for name in wanted.columns:
        np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name), name)
        assert getattr(found, name).dtype == COLUMNS[name]


def cache_of(dataset: Dataset, split: str = "train") -> Path:
    (folder,) = (dataset.folder / ".mapped").glob(f"{split}-*")
    return folder


def test_what_is_mapped_is_what_is_loaded(dataset: Dataset) -> None:
    for split in dataset.splits:
        assert_equal(dataset.map(split), dataset.load(split))  # unpacked
        assert_equal(dataset.map(split), dataset.load(split))  # found


def test_columns_are_views_of_files(dataset: Dataset) -> None:
    trajectories = dataset.map("train")
    for name in COLUMNS:
        if name != "bidder":
            array = getattr(trajectories, name)
            assert isinstance(array.base, np.memmap), name
            assert type(array) is np.ndarray


def test_torch_takes_them_without_a_copy_or_a_warning(dataset: Dataset) -> None:
    torch = pytest.importorskip("torch")
    state = dataset.map("train").state
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tensor = torch.from_numpy(state)
    assert tensor.data_ptr() == state.ctypes.data


def test_writing_into_them_changes_no_file(dataset: Dataset) -> None:
    dataset.map("train").cost[:] = -1.0
    assert_equal(dataset.map("train"), dataset.load("train"))


def test_only_columns_asked_for_are_unpacked(dataset: Dataset) -> None:
    dataset.map("train", columns=["cost"])
    held = {path.stem for path in cache_of(dataset).glob("*.npy")}
    assert held == {*CAMPAIGN_COLUMNS, "cost"}
    assert_equal(dataset.map("train", columns=["action"]), dataset.load("train", ["action"]))
    assert held < {path.stem for path in cache_of(dataset).glob("*.npy")}


def test_a_second_call_reads_no_shard(dataset: Dataset) -> None:
    wanted = dataset.map("train")
    for shard in dataset.shards("train"):
        (dataset.folder / shard.file).unlink()
    assert_equal(dataset.map("train"), wanted)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def lengthen(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


def other_type(path: Path) -> None:
    array = np.load(path)
    np.save(path, array.view(np.dtype(f"V{array.dtype.itemsize}")))


def other_shape(path: Path) -> None:
    np.save(path, np.load(path)[None])


def other_order(path: Path) -> None:
    array = np.load(path)
    with path.open("wb") as file:
        fields = {"descr": array.dtype.str, "fortran_order": True, "shape": array.shape}
        np.lib.format.write_array_header_1_0(file, fields)
        file.write(array.tobytes())


@pytest.mark.parametrize(
    "damage",
    [cut, lengthen, other_type, other_shape, other_order, Path.unlink,
     lambda path: path.write_bytes(b""), lambda path: path.write_bytes(b"\x93NUMPY" + b"(" * 999)],
)  # fmt: skip
@pytest.mark.parametrize("column", ["state", "bidder", "active"])
def test_a_damaged_file_is_made_again(
    dataset: Dataset, column: str, damage: Callable[[Path], object]
) -> None:
    dataset.map("train")
    whole = cache_of(dataset) / f"{column}.npy"
    content = whole.read_bytes()
    damage(whole)
    assert_equal(dataset.map("train"), dataset.load("train"))
    assert whole.read_bytes() == content


@pytest.mark.parametrize("text", ["", "{", "[]", '{"names": [1, 2]}', '{"names": ["pid"]}'])
def test_damaged_names_of_bidders_are_made_again(dataset: Dataset, text: str) -> None:
    dataset.map("train")
    (cache_of(dataset) / "bidder.json").write_text(text)
    assert_equal(dataset.map("train"), dataset.load("train"))


def test_names_that_are_not_those_written_are_made_again(dataset: Dataset) -> None:
    dataset.map("train")
    path = cache_of(dataset) / "bidder.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"names": content["names"][::-1]}))
    assert_equal(dataset.map("train"), dataset.load("train"))


def test_codes_without_a_name_are_made_again(dataset: Dataset) -> None:
    dataset.map("train")
    path = cache_of(dataset) / "bidder.npy"
    np.save(path, np.full_like(np.load(path), -1))
    assert_equal(dataset.map("train"), dataset.load("train"))


def test_a_dataset_made_again_never_meets_old_files(dataset: Dataset) -> None:
    dataset.map("train")
    old = cache_of(dataset)
    for path in dataset.folder.glob("*"):
        if path.is_file():
            path.unlink()
    again = make_writer(dataset.folder.parent / "new")
    again.write_shard("train", 0, make_trajectories(6, seed=7))
    again.write_shard("train", 1, make_trajectories(2, seed=8))
    again.finish()
    for path in again.folder.glob("*"):
        path.rename(dataset.folder / path.name)
    new = Dataset.open(dataset.folder)
    assert_equal(new.map("train"), new.load("train"))
    assert not old.exists()


def test_shards_that_changed_under_an_open_dataset_are_refused(dataset: Dataset) -> None:
    other = make_writer(dataset.folder.parent / "other")
    other.write_shard("train", 0, make_trajectories(6, seed=7))
    (other.folder / "train-00000.parquet").replace(dataset.folder / "train-00000.parquet")
    with pytest.raises(InvalidDataError, match="must have the card's SHA-256"):
        dataset.map("train")
    assert not list((dataset.folder / ".mapped").rglob("*.*"))


def test_a_writer_takes_a_folder_with_mapped_files(dataset: Dataset) -> None:
    dataset.map("train")
    before = read_card(dataset.folder)
    writer = make_writer(dataset.folder)
    assert writer.has_shard("train", 0)
    assert writer.finish() == before


def test_the_cache_may_lie_elsewhere(dataset: Dataset, tmp_path: Path) -> None:
    make_dataset(tmp_path / "same")
    cache = tmp_path / "cache"
    wanted = dataset.load("train")
    assert_equal(dataset.map("train", cache=cache), wanted)
    assert not (dataset.folder / ".mapped").exists()
    dataset.map("test", cache=cache)
    assert len(list(cache.iterdir())) == 2
    assert_equal(Dataset.open(tmp_path / "same").map("train", cache=cache), wanted)
    assert len(list(cache.iterdir())) == 2


def test_a_cache_that_cannot_be_written_is_named(dataset: Dataset, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InvalidArgumentError, match=r"`cache` must be where files can be written"):
        dataset.map("train", cache=tmp_path / "file")


def test_a_full_disk_leaves_no_file(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InvalidArgumentError, match="No space left"):
        dataset.map("train")
    assert not list((dataset.folder / ".mapped").rglob("*.*"))


def test_unknown_names_get_a_suggestion(dataset: Dataset) -> None:
    with pytest.raises(InvalidArgumentError, match="Did you mean 'train'"):
        dataset.map("trian")
    with pytest.raises(InvalidArgumentError, match="Did you mean 'action'"):
        dataset.map("train", columns=["actions"])


def test_files_of_killed_processes_are_removed_in_time(dataset: Dataset) -> None:
    dataset.map("train", columns=[])
    young, old = (cache_of(dataset) / f".state.npy.{name}.tmp" for name in ("young", "old"))
    young.touch()
    old.touch()
    os.utime(old, (time.time() - 2 * 86400.0,) * 2)
    dataset.map("train")
    assert young.exists()
    assert not old.exists()


def test_a_bidder_s_name_may_be_any_text(tmp_path: Path) -> None:
    names = ["", "a\nb", "名前", '"', "pid"]
    trajectories = make_trajectories(5)
    trajectories.bidder[:] = names
    writer = make_writer(tmp_path / "data")
    writer.write_shard("train", 0, trajectories)
    writer.finish()
    assert Dataset.open(tmp_path / "data").map("train").bidder.tolist() == names


def test_pieces_may_come_in_any_order(tmp_path: Path) -> None:
    array = np.arange(12, dtype=np.float32).reshape(4, 3)
    kind = mapped.stored_type("cost")
    with (tmp_path / "x.npy").open("wb") as file:
        piecewise = unpacking._ArrayFile(file, mapped.header(kind, array.shape), array.shape, kind)
        piecewise.put(2, array[2:])
        piecewise.put(0, array[:2, ::-1][:, ::-1])
    np.testing.assert_array_equal(np.load(tmp_path / "x.npy"), array)


def map_and_sum(folder: Path, start: float) -> float:
    time.sleep(max(start - time.time(), 0.0))
    return float(Dataset.open(folder).map("train").state.sum(dtype=np.float64))


@pytest.mark.slow
def test_processes_may_unpack_side_by_side(dataset: Dataset) -> None:
    wanted = float(dataset.load("train").state.sum(dtype=np.float64))
    start = time.time() + 3.0
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        found = pool.starmap(map_and_sum, [(dataset.folder, start)] * 8, chunksize=1)
    assert found == [wanted] * 8
    assert not list(cache_of(dataset).glob(".*"))
