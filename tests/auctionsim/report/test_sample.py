from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from auctionsim.dataset import Dataset, DatasetWriter, Trajectories
from auctionsim.dataset.files import sha256_of_file
from auctionsim.dataset.tables import write_table
from auctionsim.report.sample import draw_sample, evenly
from tests.auctionsim.report.samples import make_sample, make_trajectories


def write(folder: Path, config: object = None, **splits: Trajectories) -> Dataset:
    steps = next(iter(splits.values())).action.shape[1]
    settings = {} if config is None else {"market": config}
    writer = DatasetWriter(
        folder, kind="simulated", semantics=1, steps=steps, seeds={}, config=settings
    )
    for split, data in splits.items():
        writer.write_shard(split, 0, data)
    writer.finish()
    return Dataset.open(folder)


def empty_beside(folder: Path, train: Trajectories) -> Dataset:
    """Write a dataset whose test split has a shard of no rows, whoever wrote such a one."""
    nothing = train.take([])
    dataset = write(folder, train=train, test=train)
    with (folder / "test-00000.parquet").open("wb") as file:
        write_table(file, nothing)
    sha256 = sha256_of_file(folder / "test-00000.parquet")
    shards = [
        replace(s, rows=0, tasks={}, sha256=sha256) if s.split == "test" else s
        for s in dataset.card.shards
    ]
    dataset.card.with_files(shards).write(folder)
    return Dataset.open(folder)


def test_a_small_dataset_is_taken_whole_and_splits_keep_their_episodes_apart(
    tmp_path: Path,
) -> None:
    train, test = make_trajectories(episodes=4), make_trajectories(episodes=3, seed=1)
    seen: dict[str, int] = {}
    sample = draw_sample(
        write(tmp_path, train=train, test=test), lambda split, t: seen.update({split: len(t)})
    )
    assert seen == {"train": 40, "test": 30}
    assert len(sample) == sample.of == 70
    assert np.unique(sample.episode).tolist() == list(range(7))
    assert sample.tasks == ("cpa_mcb", "target_roas", "bcb")


def test_a_large_one_is_thinned_to_whole_episodes_evenly_spaced(tmp_path: Path) -> None:
    data = make_trajectories(episodes=20)
    sample = draw_sample(write(tmp_path, train=data), largest=50)
    assert np.unique(sample.trajectories.episode).tolist() == [0, 4, 8, 12, 16]
    assert np.bincount(sample.episode)[[0, 4]].tolist() == [10, 10]
    assert (len(sample), sample.of) == (50, 200)


def test_one_episode_that_is_too_large_is_thinned_itself(tmp_path: Path) -> None:
    sample = draw_sample(write(tmp_path, train=make_trajectories(episodes=1)), largest=5)
    assert sample.trajectories.advertiser.tolist() == [0, 2, 4, 6, 8]


@pytest.mark.parametrize(("count", "wanted"), [(7, 3), (3, 7), (5, 1), (0, 3), (4, 0)])
def test_even_places_are_apart_and_within(count: int, wanted: int) -> None:
    found = evenly(count, wanted)
    assert len(found) == min(count, wanted)
    assert len(set(found.tolist())) == len(found)
    assert all(0 <= place < count for place in found)


@pytest.mark.parametrize(
    "config", [None, 3, {"campaigns": 1}, {"campaigns": {"reference_price": "x"}}]
)
def test_without_a_reference_price_the_median_multiplier_stands_in(
    tmp_path: Path, config: object
) -> None:
    sample = draw_sample(write(tmp_path, config, train=make_trajectories()))
    bcb = sample.of_task("bcb")
    assert sample.reference[bcb] == pytest.approx(np.median(sample.trajectories.action[bcb]))
    assert "median" in sample.reference_source


def test_actions_are_over_limit_or_reference_price(tmp_path: Path) -> None:
    config = {"campaigns": {"reference_price": 45.0}}
    sample = draw_sample(write(tmp_path, config, train=make_trajectories()))
    assert sample.reference_source == "the market's reference price"
    for task, reference in (("cpa_mcb", 90.0), ("target_roas", 90.0), ("bcb", 45.0)):
        places = sample.of_task(task)
        ratio = sample.trajectories.action[places] / reference
        assert sample.relative_action[places] == pytest.approx(ratio)


def test_what_is_inactive_or_unlimited_has_no_relative_action() -> None:
    data = make_trajectories(episodes=2)
    data.active[0] = False
    data.roas_target[2] = 0.0
    data.action[5, 1] = np.inf
    found = make_sample(data).relative_action
    assert np.isnan(found[0]).all()
    assert np.isnan(found[2]).all()
    assert np.isnan(found[5]).tolist() == [False, True, False, False, False, False]


def test_a_feature_that_is_not_there_is_none() -> None:
    sample = make_sample()
    assert sample.feature("mean_win") is not None
    assert sample.feature("weather") is None
    assert sample.last_feature("weather") is None


def test_a_split_is_read_shard_by_shard_and_kept_in_its_order(tmp_path: Path) -> None:
    data = make_trajectories(episodes=8)
    writer = DatasetWriter(tmp_path, kind="simulated", semantics=1, steps=6, seeds={}, config={})
    for index, rows in enumerate((range(15), range(15, 20), range(20, 80))):
        writer.write_shard("train", index, data.take(rows))
    writer.finish()
    seen: list[int] = []
    sample = draw_sample(Dataset.open(tmp_path), lambda _, part: seen.append(len(part)), largest=40)
    assert seen == [15, 5, 60]
    kept = data.take(np.flatnonzero(data.episode % 2 == 0))
    for name, array in kept.arrays().items():
        np.testing.assert_array_equal(getattr(sample.trajectories, name), array, name)


def test_a_split_without_trajectories_adds_none(tmp_path: Path) -> None:
    train = make_trajectories(episodes=2)
    sample = draw_sample(empty_beside(tmp_path, train))
    assert len(sample) == sample.of == len(train)
