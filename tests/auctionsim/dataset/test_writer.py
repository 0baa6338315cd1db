from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auctionsim.dataset import Dataset
from auctionsim.dataset import card as card_module
from auctionsim.dataset.card import LogFile
from auctionsim.dataset.files import sha256_of_file, write_whole
from auctionsim.errors import InvalidArgumentError, InvalidDataError
from tests.auctionsim.dataset.samples import make_dataset, make_trajectories, make_writer


def test_equal_data_gives_equal_bytes_whatever_the_order_of_writing(tmp_path: Path) -> None:
    make_dataset(tmp_path / "a")
    writer = make_writer(tmp_path / "b")
    writer.write_shard("train", 0, make_trajectories(6, seed=0))
    writer.write_shard("test", 0, make_trajectories(3, seed=2))
    writer.write_shard("train", 1, make_trajectories(2, seed=1))
    writer.finish()
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == [
        "card.json",
        "test-00000.parquet",
        "train-00000.parquet",
        "train-00001.parquet",
    ]
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_the_card_counts_and_names_what_was_written(tmp_path: Path) -> None:
    make_dataset(tmp_path)
    card = json.loads((tmp_path / "card.json").read_text())
    assert card["kind"] == "simulated"
    assert card["steps"] == 4
    assert card["seeds"] == {"seed": 3}
    assert len(card["features"]) == 17
    assert card["counts"] == {
        "train": {"cpa_mcb": 3, "target_roas": 3, "bcb": 2},
        "test": {"cpa_mcb": 1, "target_roas": 1, "bcb": 1},
    }
    files = [shard["file"] for shard in card["shards"]]
    assert files == ["train-00000.parquet", "train-00001.parquet", "test-00000.parquet"]
    for shard in card["shards"]:
        assert shard["sha256"] == sha256_of_file(tmp_path / shard["file"])


def test_a_killed_run_leaves_no_dataset_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    make_writer(tmp_path).write_shard("train", 0, make_trajectories(6, seed=0))
    (tmp_path / ".train-00001.parquet.abc.tmp").write_bytes(b"half")
    with pytest.raises(InvalidDataError, match="must be a finished dataset"):
        Dataset.open(tmp_path)
    writer = make_writer(tmp_path)
    assert writer.has_shard("train", 0)
    assert not writer.has_shard("train", 1)
    writer.write_shard("train", 1, make_trajectories(2, seed=1))
    writer.write_shard("test", 0, make_trajectories(3, seed=2))
    writer.finish()
    make_dataset(tmp_path / "at_once")
    assert (tmp_path / "card.json").read_bytes() == (tmp_path / "at_once/card.json").read_bytes()
    assert not list(tmp_path.glob(".*"))


def test_a_damaged_or_missing_shard_does_not_count_as_there(tmp_path: Path) -> None:
    writer = make_writer(tmp_path)
    writer.write_shard("train", 0, make_trajectories())
    path = tmp_path / "train-00000.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    assert not writer.has_shard("train", 0)
    path.unlink()
    assert not writer.has_shard("train", 0)
    path.write_bytes(whole)
    assert writer.has_shard("train", 0)


def test_a_finished_dataset_is_recognised_by_the_same_settings(tmp_path: Path) -> None:
    make_dataset(tmp_path)
    before = (tmp_path / "card.json").read_bytes()
    writer = make_writer(tmp_path)
    assert writer.has_shard("train", 1)
    writer.finish()
    assert writer.has_shard("train", 1)
    assert (tmp_path / "card.json").read_bytes() == before


@pytest.mark.parametrize("finished", [False, True])
@pytest.mark.parametrize(
    "changes", [{"seeds": {"seed": 4}}, {"config": {}}, {"semantics": 2}, {"steps": 5}]
)
def test_other_settings_do_not_take_a_folder_over(
    tmp_path: Path, changes: dict[str, Any], finished: bool
) -> None:
    make_writer(tmp_path).write_shard("train", 0, make_trajectories())
    if finished:
        make_writer(tmp_path).finish()
    with pytest.raises(InvalidArgumentError, match="made with other settings"):
        make_writer(tmp_path, **changes)


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(InvalidArgumentError, match="must be new or empty"):
        make_writer(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_what_does_not_fit_the_card_is_refused(tmp_path: Path) -> None:
    writer = make_writer(tmp_path)
    with pytest.raises(InvalidArgumentError, match="Did you mean 'train'"):
        writer.write_shard("trian", 0, make_trajectories())
    with pytest.raises(InvalidArgumentError, match="`index` must be >= 0"):
        writer.write_shard("train", -1, make_trajectories())
    with pytest.raises(InvalidArgumentError, match="steps and features"):
        writer.write_shard("train", 0, make_trajectories(steps=3))
    arrays = make_trajectories().arrays()
    del arrays["cost"]
    with pytest.raises(InvalidArgumentError, match="no cost"):
        writer.write_shard("train", 0, type(make_trajectories()).partial(arrays))
    with pytest.raises(InvalidArgumentError, match="`shards` must not be none"):
        writer.finish()
    with pytest.raises(InvalidArgumentError, match="`kind`"):
        make_writer(tmp_path / "new", kind="imagined")


def with_log(folder: Path, file: str, **changes: Any) -> None:
    """Make a dataset with a log, and have its card tell another name of it."""
    writer = make_writer(folder)
    writer.write_shard("train", 0, make_trajectories())
    (folder / "logs").mkdir()
    (folder / "logs" / "a.csv").write_text("bid\n1\n")
    writer.take(LogFile("logs/a.csv", 1, sha256_of_file(folder / "logs" / "a.csv")))
    writer.finish()
    card = json.loads((folder / "card.json").read_text())
    card["logs"][0] |= {"file": file} | changes
    (folder / "card.json").write_text(json.dumps(card))


def test_logs_are_files_of_the_dataset_like_shards(tmp_path: Path) -> None:
    with_log(tmp_path, "logs/a.csv")
    Dataset.open(tmp_path).verify()
    assert make_writer(tmp_path).has("logs/a.csv")
    (tmp_path / "logs" / "a.csv").write_text("bid\n2\n")
    assert not make_writer(tmp_path).has("logs/a.csv")
    with pytest.raises(InvalidDataError, match=r"logs/a\.csv \(damaged"):
        Dataset.open(tmp_path).verify()


@pytest.mark.parametrize(
    "file", ["a.csv", "/etc/passwd", "logs/../a.csv", "logs/..", "logs", "", "log/a.csv", "../a"]
)
def test_a_card_cannot_name_logs_elsewhere(tmp_path: Path, file: str) -> None:
    with_log(tmp_path, file)
    with pytest.raises(InvalidDataError, match="must list logs in its own folder"):
        Dataset.open(tmp_path)


def test_a_card_cannot_count_rows_below_nothing(tmp_path: Path) -> None:
    with_log(tmp_path, "logs/a.csv", rows=-1)
    with pytest.raises(InvalidDataError, match="must list logs"):
        Dataset.open(tmp_path)


def test_what_ended_writers_left_half_written_is_removed(tmp_path: Path) -> None:
    writer = make_writer(tmp_path)
    (tmp_path / "logs").mkdir()
    halves = [tmp_path / n / ".a.csv.0f.tmp" for n in ("", "logs", ".unfinished")]
    for half in halves:
        half.write_bytes(b"half")
    (tmp_path / "logs" / "a.csv").write_bytes(b"whole")
    writer.clean()
    assert not any(half.exists() for half in halves)
    assert (tmp_path / "logs" / "a.csv").exists()


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fail(file: Any) -> None:
        file.write(b"half of the n")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_whole(path, fail)
    assert [item.name for item in tmp_path.iterdir()] == ["file"]
    assert path.read_bytes() == b"old"


DIFFERENCES: list[tuple[dict[str, Any], str]] = [
    ({"seeds": {"seed": 4}}, "seeds.seed 3, asked for 4"),
    ({"semantics": 2}, "semantics 1, asked for 2"),
    ({"steps": 5}, "steps 4, asked for 5"),
    ({"config": {"market": {"name": "other"}}}, r"config\."),
]


@pytest.mark.parametrize("finished", [False, True])
@pytest.mark.parametrize(("changes", "said"), DIFFERENCES)
def test_it_is_said_which_setting_differs(
    tmp_path: Path, changes: dict[str, Any], said: str, finished: bool
) -> None:
    make_writer(tmp_path).write_shard("train", 0, make_trajectories())
    if finished:
        make_writer(tmp_path).finish()
    with pytest.raises(InvalidArgumentError, match=f"made with other settings; found '{said}"):
        make_writer(tmp_path, **changes)


def test_other_versions_of_packages_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_dataset(tmp_path)
    monkeypatch.setattr(card_module, "package_versions", lambda: {"numpy": "0.1"})
    with pytest.raises(InvalidArgumentError, match=r"packages\.auctionsim .*, asked for none"):
        make_writer(tmp_path)


def test_a_claim_without_settings_is_taken_over_or_refused_by_its_checksum(tmp_path: Path) -> None:
    identity = make_writer(tmp_path).records.identity
    claim = tmp_path / ".unfinished" / "identity.json"
    claim.write_text(json.dumps({"identity": identity}))
    with pytest.raises(InvalidArgumentError, match=f"found '{identity[:12]}'"):
        make_writer(tmp_path, steps=5)
    make_writer(tmp_path)
    assert "card" in json.loads(claim.read_text())


@pytest.mark.parametrize("text", ["", "{", "[]"])
def test_a_card_that_cannot_be_read_is_told_with_what_mends_it(tmp_path: Path, text: str) -> None:
    make_dataset(tmp_path)
    (tmp_path / "card.json").write_text(text)
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(InvalidArgumentError, match="Remove the folder and give the same command"):
        make_writer(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == before
