from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import auctionsim
from auctionsim.config_files import config_names
from auctionsim.dataset import Dataset, Trajectories
from auctionsim.dataset.card import SPLITS
from auctionsim.errors import AuctionSimError, InvalidArgumentError
from auctionsim.factory import parts
from auctionsim.generate import DatasetConfig, generate_dataset, load_dataset_config, play_episodes
from auctionsim.lineup import load_lineup
from auctionsim.market import load_market
from tests.auctionsim.worlds import assert_same, world, write_world

COUNTS = {"train": 3, "val_align": 1, "val_select": 1, "test": 2}
SMALL = world(opportunities=200, steps=3)


@pytest.fixture
def config(tmp_path: Path) -> DatasetConfig:
    return DatasetConfig(
        "toy", write_world(tmp_path, SMALL), episodes=dict(COUNTS), seed=11, shard_episodes=2
    )


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of everything that makes a dataset what it is."""
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.name != "run.json"}


def make(config: DatasetConfig | str, out: Path) -> dict[str, bytes]:
    generate_dataset(config, out, progress=False)
    return contents(out)


def cut_after(calls: int, error: BaseException) -> Callable[..., Trajectories]:
    """Return a `play_episodes` that works so many times, and then fails."""
    left = [calls]

    def play(*arguments: Any) -> Trajectories:
        if left[0] == 0:
            raise error
        left[0] -= 1
        return play_episodes(*arguments)

    return play


def test_a_dataset_holds_every_seat_of_every_episode(config: DatasetConfig, tmp_path: Path) -> None:
    card = generate_dataset(config, tmp_path / "d", progress=False)
    dataset = Dataset.open(tmp_path / "d")
    dataset.verify()
    assert card == dataset.card
    assert card.kind == "simulated"
    assert card.semantics == auctionsim.SEMANTICS
    assert card.seeds == {"episodes": 11, "campaigns": 0}
    for split, count in COUNTS.items():
        loaded = dataset.load(split)
        assert len(loaded) == 8 * count
        pairs = set(zip(loaded.episode.tolist(), loaded.advertiser.tolist(), strict=True))
        assert pairs == {(e, a) for e in config.episode_range(split) for a in range(8)}
        counts = card.counts[split]
        assert counts == {"cpa_mcb": 2 * count, "target_roas": 2 * count, "bcb": 4 * count}


def test_the_splits_are_apart(config: DatasetConfig, tmp_path: Path) -> None:
    make(config, tmp_path / "d")
    dataset = Dataset.open(tmp_path / "d")
    episodes = [set(dataset.load(split).episode.tolist()) for split in SPLITS]
    assert sum(map(len, episodes)) == len(set.union(*episodes)) == sum(COUNTS.values())


def test_a_repeated_run_has_the_same_bytes(config: DatasetConfig, tmp_path: Path) -> None:
    one, two = make(config, tmp_path / "one"), make(config, tmp_path / "elsewhere" / "two")
    assert one == two
    assert sorted(one) == [
        "card.json",
        "test-00000.parquet",
        "train-00000.parquet",
        "train-00001.parquet",
        "val_align-00000.parquet",
        "val_select-00000.parquet",
    ]


def test_where_the_configs_lie_does_not_matter(config: DatasetConfig, tmp_path: Path) -> None:
    (tmp_path / "moved").mkdir()
    moved = replace(config, market=write_world(tmp_path / "moved", SMALL))
    assert make(config, tmp_path / "one") == make(moved, tmp_path / "two")
    assert str(tmp_path).encode() not in contents(tmp_path / "two")["card.json"]


def test_other_seeds_bring_other_episodes(config: DatasetConfig, tmp_path: Path) -> None:
    make(config, tmp_path / "one")
    make(replace(config, seed=12), tmp_path / "two")
    one, two = (Dataset.open(tmp_path / name).load("test") for name in ("one", "two"))
    assert not np.array_equal(one.state, two.state)
    np.testing.assert_array_equal(one.budget, two.budget)


def test_the_size_of_shards_does_not_change_trajectories(
    config: DatasetConfig, tmp_path: Path
) -> None:
    for size in (1, 3, 100):
        make(replace(config, shard_episodes=size), tmp_path / str(size))
    for split in SPLITS:
        first, *others = (Dataset.open(tmp_path / n).load(split) for n in ("1", "3", "100"))
        for other in others:
            assert_same(first, other)


def test_a_stored_episode_can_be_played_again(config: DatasetConfig, tmp_path: Path) -> None:
    make(config, tmp_path / "d")
    stored = Dataset.open(tmp_path / "d").load("test")
    last = config.episode_range("test")[-1]
    again = play_episodes(SMALL, load_lineup("mixed"), 11, range(last, last + 1))
    assert_same(stored.take(np.flatnonzero(stored.episode == last)), again)


@pytest.mark.parametrize(
    ("calls", "error"), [(0, RuntimeError("cut")), (1, KeyboardInterrupt()), (4, MemoryError())]
)
def test_a_run_cut_short_goes_on_where_it_stopped(
    config: DatasetConfig,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    calls: int,
    error: BaseException,
) -> None:
    whole = make(config, tmp_path / "whole")
    with monkeypatch.context() as patched:
        patched.setattr(parts, "play_episodes", cut_after(calls, error))
        with pytest.raises(type(error)):
            generate_dataset(config, tmp_path / "cut", progress=False)
        with pytest.raises(AuctionSimError):
            Dataset.open(tmp_path / "cut")
        assert len(list((tmp_path / "cut").glob("*.parquet"))) == calls
        # Only what is missing is played: 5 shards in all.
        rest = cut_after(5 - calls, AssertionError("played a shard twice"))
        patched.setattr(parts, "play_episodes", rest)
        assert make(config, tmp_path / "cut") == whole


def test_a_damaged_shard_is_made_again(config: DatasetConfig, tmp_path: Path) -> None:
    whole = make(config, tmp_path / "d")
    (tmp_path / "d" / "train-00001.parquet").write_bytes(b"PAR1")
    (tmp_path / "d" / "test-00000.parquet").unlink()
    assert make(config, tmp_path / "d") == whole


def test_a_finished_dataset_is_left_as_it_is(
    config: DatasetConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = make(config, tmp_path / "d")
    monkeypatch.setattr(parts, "play_episodes", cut_after(0, AssertionError("played again")))
    assert make(config, tmp_path / "d") == whole


@pytest.mark.parametrize(
    "changes", [{"seed": 12}, {"shard_episodes": 3}, {"episodes": {"train": 3}}, {"name": "other"}]
)
def test_a_folder_of_other_settings_is_refused(
    config: DatasetConfig, tmp_path: Path, changes: dict[str, Any]
) -> None:
    whole = make(config, tmp_path / "d")
    with pytest.raises(InvalidArgumentError, match="other settings"):
        make(replace(config, **changes), tmp_path / "d")
    assert contents(tmp_path / "d") == whole


def test_another_market_of_the_same_name_is_refused(config: DatasetConfig, tmp_path: Path) -> None:
    whole = make(config, tmp_path / "d")
    write_world(tmp_path, replace(SMALL, reserve_price=0.02))
    with pytest.raises(InvalidArgumentError, match="other settings"):
        make(config, tmp_path / "d")
    assert contents(tmp_path / "d") == whole


def test_a_folder_of_other_files_is_refused(config: DatasetConfig, tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "thesis.txt").write_text("mine")
    with pytest.raises(InvalidArgumentError, match="must be new or empty"):
        make(config, tmp_path / "d")
    assert contents(tmp_path / "d") == {"thesis.txt": b"mine"}


def test_a_slip_in_the_lineup_leaves_no_folder(config: DatasetConfig, tmp_path: Path) -> None:
    lineup = tmp_path / "odd.yaml"
    lineup.write_text(
        "name: odd\n"
        "bidders: {cpa_mcb: {pid: 1}, target_roas: {pid: 1}, bcb: {pid: 1000, pidd: 0.001}}\n"
    )
    with pytest.raises(InvalidArgumentError, match="found 'pidd'"):
        make(replace(config, lineup=str(lineup)), tmp_path / "d")
    assert not (tmp_path / "d").exists()


def test_the_run_is_recorded_outside_the_datasets_identity(
    config: DatasetConfig, tmp_path: Path
) -> None:
    make(config, tmp_path / "d")
    costs = json.loads((tmp_path / "d" / "run.json").read_text())
    assert costs["seconds"] > 0
    assert costs["peak_memory_mib"] > 0
    assert costs["episodes"] == sum(COUNTS.values())
    assert costs["episodes_per_second"] == pytest.approx(costs["episodes"] / costs["seconds"], 0.01)
    assert (costs["backend"], costs["workers"]) == ("local", 1)


@pytest.mark.parametrize("name", config_names("datasets"))
def test_the_configs_that_come_with_the_project_can_be_made(name: str) -> None:
    config = load_dataset_config(name)
    assert config.name == name
    load_market(config.market)
    load_lineup(config.lineup).check()
    assert load_dataset_config(config) is config


def test_the_papers_dataset_has_the_papers_size() -> None:
    config = load_dataset_config("paper")
    counts = {split: len(config.episode_range(split)) for split in SPLITS}
    assert counts == {"train": 2080, "val_align": 5, "val_select": 5, "test": 10}
    assert load_market(config.market).opportunities == 500_000
