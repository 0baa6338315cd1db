from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auctionsim.dataset import Dataset, Trajectories
from auctionsim.dataset.card import read_card
from auctionsim.dataset.files import sha256_of_file
from auctionsim.dataset.schema import COLUMNS
from auctionsim.errors import InvalidArgumentError, InvalidDataError
from tests.auctionsim.dataset.samples import make_dataset, make_trajectories


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_dataset(tmp_path / "data")
    return tmp_path / "data"


def assert_equal(found: Trajectories, wanted: Trajectories) -> None:
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name), name)
        assert getattr(found, name).dtype == getattr(wanted, name).dtype


def test_what_was_written_is_read(folder: Path) -> None:
    dataset = Dataset.open(folder)
    assert dataset.splits == ("train", "test")
    parts = [make_trajectories(6, seed=0), make_trajectories(2, seed=1)]
    assert_equal(dataset.load("train"), Trajectories.concatenate(parts))
    assert_equal(dataset.load("test"), make_trajectories(3, seed=2))
    dataset.verify()


def test_columns_and_tasks_can_be_chosen(folder: Path) -> None:
    whole = Dataset.open(folder).load("train")
    part = Dataset.open(folder).load("train", columns=["cost"], tasks=["bcb", "cpa_mcb", "bcb"])
    chosen = np.flatnonzero(whole.task != 1)
    np.testing.assert_array_equal(part.cost, whole.cost[chosen])
    np.testing.assert_array_equal(part.episode, whole.episode[chosen])
    with pytest.raises(AttributeError, match="`state` was not loaded"):
        _ = part.state


def test_a_task_without_trajectories_gives_none(tmp_path: Path) -> None:
    make_dataset(tmp_path)
    none = Dataset.open(tmp_path).load("train", tasks=[])
    assert len(none) == 0
    assert none.state.shape == (0, 4, 17)


def test_unknown_names_get_a_suggestion(folder: Path) -> None:
    dataset = Dataset.open(folder)
    with pytest.raises(InvalidArgumentError, match="Did you mean 'train'"):
        dataset.load("trian")
    with pytest.raises(InvalidArgumentError, match="Did you mean 'action'"):
        dataset.load("train", columns=["actions"])
    with pytest.raises(InvalidArgumentError, match="Did you mean 'bcb'"):
        dataset.load("train", tasks=["bcv"])


def test_what_is_no_dataset_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(InvalidDataError, match="must be a dataset's folder; found 'nothing'"):
        Dataset.open(tmp_path / "absent")
    (tmp_path / "file").touch()
    with pytest.raises(InvalidDataError, match="found 'a file'"):
        Dataset.open(tmp_path / "file")
    with pytest.raises(InvalidDataError, match=r"must hold a card\.json"):
        Dataset.open(tmp_path)


def rewrite_shard(folder: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    """Change the first shard's table, and the card's checksum to match."""
    path = folder / "train-00000.parquet"
    pq.write_table(change(pq.read_table(path)), path)
    card = read_card(folder)
    first = replace(card.shards[0], sha256=sha256_of_file(path))
    replace(card, shards=(first, *card.shards[1:])).write(folder)


def cast(table: pa.Table, name: str, kind: pa.DataType) -> pa.Table:
    place = table.schema.get_field_index(name)
    return table.set_column(place, name, table[name].cast(kind))


def with_null(table: pa.Table) -> pa.Table:
    values = pa.array([None, *[1.0] * (len(table) - 1)], pa.float32())
    return table.set_column(table.schema.get_field_index("budget"), "budget", values)


def with_task(table: pa.Table) -> pa.Table:
    tasks = pa.array(["cpm"] * len(table)).dictionary_encode()
    tasks = tasks.cast(table.schema.field("task").type)
    return table.set_column(table.schema.get_field_index("task"), "task", tasks)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop_columns(["cost"]), "must have a column 'cost'"),
        (lambda t: t.append_column("speed", t["cost"]), "schema's columns only; found 'speed'"),
        (lambda t: t.append_column("cost", t["cost"]), "schema's columns only; found 'cost'"),
        (lambda t: cast(t, "budget", pa.float64()), "must hold float in column 'budget'"),
        (lambda t: cast(t, "action", pa.list_(pa.float32())), "in column 'action'"),
        (lambda t: t.slice(1), "must hold trajectories by task as its card says"),
        (with_null, "must hold no nulls in column 'budget'"),
        (with_task, "found 'cpm'"),
    ],
)
def test_a_shard_against_the_schema_is_refused(
    folder: Path, change: Callable[[pa.Table], pa.Table], message: str
) -> None:
    rewrite_shard(folder, change)
    with pytest.raises(InvalidDataError, match=message):
        Dataset.open(folder).load("train")
    with pytest.raises(InvalidDataError, match=message):
        Dataset.open(folder).verify()


def test_trajectories_of_another_length_are_refused(folder: Path, tmp_path: Path) -> None:
    from tests.auctionsim.dataset.samples import make_writer

    writer = make_writer(tmp_path / "longer", steps=5)
    writer.write_shard("train", 0, make_trajectories(6, steps=5))
    (tmp_path / "longer/train-00000.parquet").replace(folder / "train-00000.parquet")
    with pytest.raises(InvalidDataError, match=r"in column 'state'; found .*\[5\]"):
        Dataset.open(folder).load("train")


def test_truncated_and_absent_shards_are_refused(folder: Path) -> None:
    path = folder / "train-00001.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InvalidDataError, match="must be a whole Parquet file"):
        Dataset.open(folder).load("train")
    path.unlink()
    with pytest.raises(InvalidDataError, match=r"train-00001\.parquet"):
        Dataset.open(folder).load("train")
    with pytest.raises(InvalidDataError, match="must exist"):
        Dataset.open(folder).verify()


def test_a_flipped_bit_is_found(folder: Path) -> None:
    path = folder / "train-00000.parquet"
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.write_bytes(data)
    with pytest.raises(InvalidDataError, match="SHA-256"):
        Dataset.open(folder).verify()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema_version": 99}, "must have schema_version 1; found 99"),
        ({"kind": "imagined"}, "must be of kind"),
        ({"steps": "48"}, "steps"),
        ({"steps": 0}, "steps >= 1"),
        ({"speed": 1}, "speed"),
        ({"config": {"market": "other"}}, "config's checksum"),
        ({"counts": {}}, "counts that agree"),
        ({"shards": [{}]}, "must be a dataset's card"),
    ],
)
def test_a_card_that_is_none_is_refused(folder: Path, change: dict[str, Any], message: str) -> None:
    path = folder / "card.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(InvalidDataError, match=message) as caught:
        Dataset.open(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["../data/train-00000.parquet", "/etc/passwd", "..", ""])
def test_a_card_cannot_point_out_of_its_folder(folder: Path, name: str) -> None:
    path = folder / "card.json"
    card = json.loads(path.read_text())
    card["shards"][0]["file"] = name
    path.write_text(json.dumps(card))
    with pytest.raises(InvalidDataError, match="in its own folder"):
        Dataset.open(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "\x00", "[" * 100_000])
def test_a_card_that_is_no_json_is_refused(folder: Path, text: str) -> None:
    (folder / "card.json").write_text(text)
    with pytest.raises(InvalidDataError, match=r"card\.json"):
        Dataset.open(folder)
