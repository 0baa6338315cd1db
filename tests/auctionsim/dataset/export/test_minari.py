"""Minari datasets, as Minari reads them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

from auctionsim.dataset import Dataset, DatasetWriter, Selection, export_minari
from auctionsim.dataset.export.forms import EnvironmentForm, form_of
from auctionsim.envs.actions import multipliers_of
from auctionsim.errors import InvalidArgumentError
from auctionsim.generate import DatasetConfig, generate_dataset
from auctionsim.tasks import TASKS
from tests.auctionsim.dataset.samples import make_dataset

minari = pytest.importorskip("minari")

ID = "auctionsim/test-v0"


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two episodes of all 48 seats of the tiny market."""
    folder = tmp_path_factory.mktemp("simulated") / "data"
    config = DatasetConfig("t", "tiny", "mixed", episodes={"train": 2}, seed=5, shard_episodes=1)
    generate_dataset(config, folder, progress=False)
    return folder


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """Random numbers of no market."""
    make_dataset(tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Export to a folder, and load it with Minari."""
    root = tmp_path / "minari"
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(root))

    def export_and_load(data: Path, **arguments: Any) -> Any:
        export_minari(data, ID, root=root, progress=False, **arguments)
        return minari.load_dataset(ID)

    return export_and_load


def test_minari_reads_what_was_exported(simulated: Path, read: Callable[..., Any]) -> None:
    trajectories = Dataset.open(simulated).load("train")
    form = form_of(Dataset.open(simulated).card, None)
    observations, actions = form.observations(trajectories), form.actions(trajectories)
    dataset = read(simulated)
    assert (dataset.total_episodes, dataset.total_steps) == (96, 96 * 48)
    for row, episode in enumerate(dataset.iterate_episodes()):
        np.testing.assert_array_equal(episode.observations, observations[row])
        np.testing.assert_array_equal(episode.actions, actions[row])
        np.testing.assert_array_equal(episode.rewards, trajectories.value[row])
        assert episode.terminations.tolist() == [False] * 47 + [True]
        assert not episode.truncations.any()
        assert episode.observations.shape == (49, 23)
        assert episode.actions.shape == (48, 1)


def test_infos_hold_the_columns(simulated: Path, read: Callable[..., Any]) -> None:
    trajectories = Dataset.open(simulated).load("train")
    names = {
        "active": "active", "cost": "cost", "value": "value", "conversions": "reward",
        "expected_value": "expected_value", "expected_conversions": "expected_conversions",
        "multiplier": "action", "episode": "episode", "advertiser": "advertiser",
        "category": "category", "task": "task", "budget": "budget", "cpa_target": "cpa_target",
        "roas_target": "roas_target",
    }  # fmt: skip
    dataset = read(simulated)
    for row, episode in enumerate(dataset.iterate_episodes()):
        assert set(episode.infos) == set(names)
        for theirs, ours in names.items():
            wanted = getattr(trajectories, ours)[row]
            np.testing.assert_array_equal(episode.infos[theirs], wanted, theirs)
    metadata = list(dataset.storage.get_episode_metadata(range(96)))
    assert [m["bidder"] for m in metadata] == trajectories.bidder.tolist()
    assert [m["task"] for m in metadata] == [TASKS[code] for code in trajectories.task]


def test_the_environment_is_recovered_and_has_the_data_s_spaces(
    simulated: Path, read: Callable[..., Any]
) -> None:
    for observation in ("scaled", "natural"):
        dataset = read(simulated, observation=observation, overwrite=True)
        env = dataset.recover_environment()
        assert env.observation_space == dataset.observation_space
        assert env.action_space == dataset.action_space
        for episode in dataset.iterate_episodes():
            assert all(map(env.observation_space.contains, episode.observations))
            assert all(map(env.action_space.contains, episode.actions))
        assert env.spec is not None
        assert env.spec.kwargs["market"] == "tiny"
        assert env.spec.kwargs["opponents"] == "mixed"
        assert env.spec.kwargs["task"] is None


def test_data_of_one_task_recovers_an_environment_of_that_task(
    simulated: Path, read: Callable[..., Any]
) -> None:
    dataset = read(simulated, selection=Selection(tasks=["cpa_mcb"]))
    assert dataset.total_episodes == 4
    env = dataset.recover_environment()
    assert env.reset(seed=1)[1]["task"] == "cpa_mcb"


@pytest.mark.parametrize("observation", ["scaled", "natural"])
def test_the_environment_plays_the_exported_episodes(
    simulated: Path, read: Callable[..., Any], observation: str
) -> None:
    dataset = read(simulated, observation=observation)
    # Where an action was brought to the edge, the play was another.
    whole = [e for e in dataset.iterate_episodes() if np.abs(e.actions).max() < 0.99]
    assert len(whole) > 20
    for episode in whole[::8]:
        env = dataset.recover_environment(advertiser=int(episode.infos["advertiser"]))
        (begin,) = dataset.storage.get_episode_metadata([episode.id])
        first, _ = env.reset(seed=begin["seed"], options={"episode": begin["options"]["episode"]})
        np.testing.assert_allclose(first, episode.observations[0], 1e-6)
        for step, action in enumerate(episode.actions):
            seen, reward, *_ = env.step(action)
            np.testing.assert_allclose(seen, episode.observations[step + 1], 1e-4, 1e-6)
            np.testing.assert_allclose(reward, episode.rewards[step], 1e-5)


def test_actions_stand_for_the_multipliers(simulated: Path) -> None:
    dataset = Dataset.open(simulated)
    trajectories, form = dataset.load("train"), form_of(dataset.card, None)
    assert isinstance(form, EnvironmentForm)
    reference = form._reference(trajectories)
    trajectories.action[0, :5] = np.array([0.0, 1e-9, 1e9, 0.05, 20.0]) * reference[0]
    trajectories.active[0, :5] = True
    x = form.actions(trajectories)[:, :, 0]
    assert x[0, 0] == -1.0
    assert -1.0 < x[0, 1] < -0.999
    assert x[0, 2] == 1.0
    inside = np.abs(x) < 0.99
    for row in range(len(trajectories)):
        found = multipliers_of(x[row], reference[row])
        np.testing.assert_allclose(found[inside[row]], trajectories.action[row][inside[row]], 1e-6)
    before = form.clipped(dataset.load("train"))
    assert before is not None
    assert form.clipped(trajectories) in range(before, before + 3)
    assert inside.mean() > 0.5


def test_data_without_a_market_keeps_its_own_units(sample: Path, read: Callable[..., Any]) -> None:
    trajectories = Dataset.open(sample).load("train")
    dataset = read(sample)
    for row, episode in enumerate(dataset.iterate_episodes()):
        np.testing.assert_array_equal(episode.observations[:4, :17], trajectories.state[row])
        np.testing.assert_array_equal(episode.observations[4, :17], trajectories.final_state[row])
        asked = [
            trajectories.budget[row],
            *(np.nan_to_num(getattr(trajectories, n)[row]) for n in ("cpa_target", "roas_target")),
            *(trajectories.task[row] == np.arange(3)),
        ]
        np.testing.assert_array_equal(episode.observations[:, 17:], [asked] * 5)
        np.testing.assert_array_equal(episode.actions[:, 0], trajectories.action[row])
        assert dataset.observation_space.contains(episode.observations[0])
    assert dataset.env_spec is None


def test_a_market_without_a_name_gives_spaces_but_no_environment(
    simulated: Path, tmp_path: Path, read: Callable[..., Any]
) -> None:
    card, trajectories = Dataset.open(simulated).card, Dataset.open(simulated).load("train")
    changed = json.loads(json.dumps(card.config))
    changed["market"]["campaigns"]["reference_price"] = 45.0
    writer = DatasetWriter(
        tmp_path / "own", kind="simulated", semantics=1, steps=48, seeds=card.seeds, config=changed
    )
    writer.write_shard("train", 0, trajectories)
    writer.finish()
    dataset = read(tmp_path / "own", limit=10)
    assert dataset.env_spec is None
    assert dataset.action_space == gymnasium.spaces.Box(-1.0, 1.0, (1,), np.float32)


def test_the_report_tells_what_was_written(simulated: Path, tmp_path: Path) -> None:
    selection = Selection(tasks=["bcb"], quality=(0.5, 1.0))
    report = export_minari(simulated, root=tmp_path, selection=selection, limit=7, progress=False)
    assert report.out == str(tmp_path / "auctionsim/t-train-v0")
    assert (report.trajectories, report.steps) == (7, 7 * 48)
    assert report.environment == "auctionsim/AutoBidding-v0"
    assert report.clipped_actions is not None
    assert 0.0 <= report.clipped_actions < 0.5


def test_pieces_make_the_same_episodes(
    simulated: Path, read: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = [episode.observations for episode in read(simulated).iterate_episodes()]
    monkeypatch.setattr("auctionsim.dataset.export.minari._EPISODES", 5)
    pieces = read(simulated, overwrite=True).iterate_episodes()
    np.testing.assert_array_equal(whole, [episode.observations for episode in pieces])


def test_minari_lists_it_under_its_namespace(sample: Path, read: Callable[..., Any]) -> None:
    read(sample)
    assert list(minari.list_local_datasets()) == [ID]
    assert minari.namespace.list_local_namespaces() == ["auctionsim"]


def test_a_dataset_that_stands_there_is_kept_unless_told(
    sample: Path, read: Callable[..., Any]
) -> None:
    read(sample)
    with pytest.raises(InvalidArgumentError, match="must be new or empty"):
        read(sample, limit=1)
    assert minari.load_dataset(ID).total_episodes == 8
    assert read(sample, limit=1, overwrite=True).total_episodes == 1


def test_an_export_that_fails_leaves_nothing(
    sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (sample / "train-00001.parquet").write_bytes(b"PAR1")
    monkeypatch.setattr("auctionsim.dataset.export.minari.choose", _choose_all)
    with pytest.raises(ValueError, match="must be a whole Parquet file"):
        export_minari(sample, ID, root=tmp_path / "minari", progress=False)
    assert not (tmp_path / "minari").exists()


def _choose_all(dataset: Dataset, split: str, *_: object) -> Any:
    from auctionsim.dataset.export.parts import Parts

    return Parts(dataset, split, np.arange(8), (0, 1, 2))


@pytest.mark.parametrize(
    "name", ["test", "a/test-v0", "../test-v0", "/test-v0", "aa//test-v0", "", "tést-v0", "t-v", 3]
)
def test_a_name_that_is_none_of_minari_s_is_refused(
    sample: Path, tmp_path: Path, name: Any
) -> None:
    with pytest.raises(InvalidArgumentError, match="`dataset_id` must be a name in Minari's form"):
        export_minari(sample, name, root=tmp_path / "minari", progress=False)


@pytest.mark.parametrize("name", ["test-v0", "aa/bb/test-v12", "t_1-x-v0"])
def test_names_in_minari_s_form_are_taken(sample: Path, tmp_path: Path, name: str) -> None:
    export_minari(sample, name, root=tmp_path / "minari", limit=1, progress=False)
    assert minari.MinariDataset(tmp_path / "minari" / name / "data").id == name


def test_scaled_observations_need_a_market(sample: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="must be natural for data that no market"):
        export_minari(sample, ID, root=tmp_path, observation="scaled", progress=False)
    with pytest.raises(InvalidArgumentError, match="Did you mean 'scaled'"):
        export_minari(sample, ID, root=tmp_path, observation="scaled_", progress=False)


@pytest.mark.parametrize("package", ["minari", "h5py"])
def test_without_minari_the_command_to_install_it_is_told(
    sample: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(InvalidArgumentError, match=r'pip install -e "\.\[minari\]"'):
        export_minari(sample, ID, progress=False)


def test_the_default_place_is_minari_s_own(
    sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MINARI_DATASETS_PATH", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    report = export_minari(sample, progress=False, limit=1)
    assert report.out == str(tmp_path / ".minari/datasets/auctionsim/simulated-train-v0")
    assert minari.load_dataset("auctionsim/simulated-train-v0").total_episodes == 1
