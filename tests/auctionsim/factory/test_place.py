"""A dataset's folder that is taken away, or tampered with, while it is made."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auctionsim.dataset import Dataset
from auctionsim.dataset.files import sha256_of_file
from auctionsim.errors import InvalidDataError
from auctionsim.factory import parts
from auctionsim.factory.config import DatasetConfig
from auctionsim.factory.generation import generate_dataset
from auctionsim.factory.play import play_episodes
from tests.auctionsim.factory.samples import config_in, contents


def make_while(
    happens: Callable[[], object], config: DatasetConfig, out: Path, call: int = 3
) -> None:
    """Make a dataset, and have something happen while its third shard is made."""
    calls = []

    def play(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == call:
            happens()
        return play_episodes(*arguments)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(parts, "play_episodes", play)
        generate_dataset(config, out, progress=False)


def test_a_folder_that_is_removed_is_not_made_anew(tmp_path: Path) -> None:
    out = tmp_path / "d"
    with pytest.raises(InvalidDataError, match=r"must stay where it is.*no folder there"):
        make_while(lambda: shutil.rmtree(out), config_in(tmp_path), out)
    assert not out.exists()


def test_a_folder_that_was_moved_is_completed_once_it_is_put_back(tmp_path: Path) -> None:
    config, out, elsewhere = config_in(tmp_path), tmp_path / "d", tmp_path / "x"
    generate_dataset(config, tmp_path / "whole", progress=False)
    with pytest.raises(InvalidDataError, match="must stay where it is"):
        make_while(lambda: out.rename(elsewhere), config, out)
    assert not out.exists()
    elsewhere.rename(out)
    generate_dataset(config, out, progress=False)
    assert contents(out) == contents(tmp_path / "whole")


@pytest.mark.parametrize("call", [3, 6])
def test_another_folder_in_its_place_does_not_become_a_dataset(tmp_path: Path, call: int) -> None:
    out = tmp_path / "d"

    def replace() -> None:
        out.rename(tmp_path / "x")
        (out / ".unfinished").mkdir(parents=True)

    with pytest.raises(InvalidDataError, match=r"must stay where it is.*another folder"):
        make_while(replace, config_in(tmp_path), out, call)
    assert not (out / "card.json").exists()


def test_a_file_that_goes_missing_meanwhile_is_not_listed(tmp_path: Path) -> None:
    config, out = config_in(tmp_path), tmp_path / "d"
    lost = out / "train-00000.parquet"
    with pytest.raises(InvalidDataError, match=r"must keep its files.*no train-00000\.parquet"):
        make_while(lost.unlink, config, out)
    generate_dataset(config, out, progress=False)
    Dataset.open(out).verify()


def test_damage_that_the_card_knows_of_is_to_be_removed_first(tmp_path: Path) -> None:
    config, out = config_in(tmp_path), tmp_path / "d"
    generate_dataset(config, out, progress=False)
    whole = contents(out)
    path = out / "train-00001.parquet"
    path.write_bytes(path.read_bytes()[:-9] + b"x" * 9)
    card = json.loads((out / "card.json").read_text())
    card["shards"][1]["sha256"] = sha256_of_file(path)
    (out / "card.json").write_text(json.dumps(card))
    with pytest.raises(InvalidDataError, match=r"Remove those that are not of this schema.*again"):
        Dataset.open(out).verify()
    path.unlink()
    generate_dataset(config, out, progress=False)
    assert contents(out) == whole
