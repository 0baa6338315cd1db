from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from auctionsim.dataset import Dataset, convert_log, inspect
from auctionsim.dataset.files import sha256_of_file
from auctionsim.dataset.tables import write_table
from auctionsim.errors import InvalidArgumentError, InvalidDataError
from tests.auctionsim.dataset.samples import LOGS, make_dataset, make_trajectories


def test_counts_are_by_split_task_and_bidder(tmp_path: Path) -> None:
    make_dataset(tmp_path)
    found = inspect(tmp_path, verify=True)
    assert found["trajectories"] == 11
    assert found["counts"]["split"] == {"train": 8, "test": 3}
    assert found["counts"]["task"] == {"cpa_mcb": 4, "target_roas": 4, "bcb": 3}
    assert found["counts"]["bidder"] == {"pid": 6, "été": 5}
    assert found["verified"] is True
    assert found["card"]["seeds"] == {"seed": 3}
    assert found["bytes"] == sum(path.stat().st_size for path in tmp_path.glob("*.parquet"))


def test_statistics_are_those_of_the_totals(tmp_path: Path) -> None:
    convert_log(LOGS, tmp_path / "out", tasks=LOGS / "tasks.yaml", progress=False)
    found = inspect(tmp_path / "out")
    json.dumps(found, allow_nan=False)
    assert found["verified"] is False
    bcb = Dataset.open(tmp_path / "out").load("train", tasks=["bcb"])
    statistics = found["statistics"]["train"]["bcb"]
    assert statistics["trajectories"] == 80
    assert statistics["share_active"] == pytest.approx(bcb.active.mean())
    assert statistics["value"]["0.5"] == pytest.approx(np.median(bcb.totals().value))
    assert statistics["utilisation"]["1"] == pytest.approx(bcb.totals().utilisation.max())
    assert statistics["cpa_ratio"] is None
    assert found["statistics"]["train"]["target_roas"]["roas_ratio"]["0"] >= 0.0


def test_damage_is_reported(tmp_path: Path) -> None:
    make_dataset(tmp_path)
    path = tmp_path / "test-00000.parquet"
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(InvalidDataError, match="SHA-256"):
        inspect(tmp_path, verify=True)
    path.unlink()
    with pytest.raises(InvalidDataError, match=r"test-00000\.parquet"):
        inspect(tmp_path)


def test_without_a_page_the_numbers_behind_it_are_none(tmp_path: Path) -> None:
    make_dataset(tmp_path)
    found = inspect(tmp_path)
    for name in ("page", "sample", "spread", "coverage", "shift"):
        assert found[name] is None


def test_a_page_comes_with_its_numbers_and_the_same_statistics(tmp_path: Path) -> None:
    make_dataset(tmp_path / "data")
    page = tmp_path / "page.html"
    found = inspect(tmp_path / "data", page=page)
    json.dumps(found, allow_nan=False)
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert found["page"] == str(page)
    assert set(found["coverage"]) == {"cpa_mcb", "target_roas", "bcb"}
    assert set(found["coverage"]["bcb"]) == {"visits", "states", "actions", "states_and_actions"}
    assert set(found["coverage"]["bcb"]["states"]) == {"cells", "occupied", "effective"}
    assert {"task", "bidder", "trajectories", "share_violated", "quantiles"} == set(
        found["spread"][0]
    )
    pairs = found["shift"]["pairs"]
    assert pairs[0]["tasks"] == ["cpa_mcb", "target_roas"]
    assert set(pairs[0]) == {
        "tasks",
        "advertisers",
        "shared_advertisers",
        "trajectories",
        "steps",
        "control",
        "unseen",
        "distances",
    }
    assert set(pairs[0]["distances"]["utilisation"]) == {"wasserstein", "ks"}
    plain = inspect(tmp_path / "data")
    assert found["statistics"] == plain["statistics"]
    assert found["counts"] == plain["counts"]


def empty(folder: Path, *splits: str) -> None:
    """Take all trajectories out of the shards of these splits."""
    card, nothing = Dataset.open(folder).card, make_trajectories(1).take([])
    shards = []
    for shard in card.shards:
        if shard.split in splits:
            with (folder / shard.file).open("wb") as file:
                write_table(file, nothing)
            sha256 = sha256_of_file(folder / shard.file)
            shard = replace(shard, rows=0, tasks={}, sha256=sha256)
        shards.append(shard)
    card.with_files(shards).write(folder)


def test_a_split_without_trajectories_has_no_statistics(tmp_path: Path) -> None:
    make_dataset(tmp_path / "data")
    empty(tmp_path / "data", "test")
    plain = inspect(tmp_path / "data", verify=True)
    assert plain["statistics"]["test"] == {}
    assert plain["trajectories"] == 8
    found = inspect(tmp_path / "data", page=tmp_path / "page.html")
    assert found["statistics"] == plain["statistics"]
    assert found["sample"]["trajectories"] == 8
    dataset = Dataset.open(tmp_path / "data")
    assert len(dataset.load("test")) == len(dataset.map("test")) == 0


def test_no_page_is_drawn_of_no_trajectories(tmp_path: Path) -> None:
    make_dataset(tmp_path / "data")
    empty(tmp_path / "data", "train", "test")
    assert inspect(tmp_path / "data")["trajectories"] == 0
    with pytest.raises(InvalidDataError, match="must hold trajectories to draw a page of"):
        inspect(tmp_path / "data", page=tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


def test_a_page_neither_goes_into_the_dataset_nor_replaces_other_files(tmp_path: Path) -> None:
    make_dataset(tmp_path / "data")
    with pytest.raises(InvalidArgumentError, match="`page` must lie apart from the dataset"):
        inspect(tmp_path / "data", page=tmp_path / "data" / "card.json", overwrite=True)
    mine = tmp_path / "mine.html"
    mine.write_text("my own")
    with pytest.raises(InvalidArgumentError, match="`page` must be new"):
        inspect(tmp_path / "data", page=mine)
    inspect(tmp_path / "data", page=mine, overwrite=True)
    inspect(tmp_path / "data", page=mine)


def test_a_folder_in_a_shard_s_place_is_named_and_to_be_removed(tmp_path: Path) -> None:
    make_dataset(tmp_path)
    (tmp_path / "test-00000.parquet").unlink()
    (tmp_path / "test-00000.parquet").mkdir()
    with pytest.raises(InvalidDataError, match=r"\(a folder\)\. Remove those that are a folder\."):
        inspect(tmp_path, verify=True)


def test_a_card_that_lists_a_shard_twice_is_refused(tmp_path: Path) -> None:
    make_dataset(tmp_path)
    card = Dataset.open(tmp_path).card
    replace(card, shards=(*card.shards, card.shards[0])).write(tmp_path)
    with pytest.raises(
        InvalidDataError, match=r"list each file once; found 'train-00000\.parquet'"
    ):
        inspect(tmp_path)
