"""One run of a study: what it leaves behind, and when it counts as finished."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agents.fixed import FixedMultiplier
from auctionsim.evaluation import PROTOCOLS, Evaluation
from auctionsim.tasks import TASKS
from tests.vao.reproduce.small import EPISODES, Small
from vao.arena import Arena, can_freeze
from vao.experiment import Experiment
from vao.history import read_history
from vao.reproduce import play as play_module
from vao.reproduce.plan import REFERENCES, load_study
from vao.reproduce.play import finished, open_experiment, play
from vao.reproduce.results import METRICS, Results
from vao.reproduce.run import Run
from vao.reproduce.table_config import load_table
from vao.reproduce.variants import DataVariant


@pytest.fixture(scope="module")
def experiment(small: Small) -> Experiment:
    """Return the small study's dataset and arena."""
    return open_experiment(small.folder / "data")


@pytest.fixture(scope="module")
def runs(small: Small) -> dict[str, Run]:
    """Return the small table's runs by label."""
    made = load_table(small.table).runs(load_study(small.study), "toy", 2)
    return {run.label: run for run in made}


def _results(run: Run, experiment: Experiment, folder: Path) -> Results:
    play(run, experiment, folder)
    return Results.read(folder / f"{run.label}.parquet")


@pytest.fixture(scope="module")
def played(
    experiment: Experiment, runs: dict[str, Run], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Results]:
    """Return the results of the references and of one that learns."""
    folder = tmp_path_factory.mktemp("played")
    labels = (*(f"{name}-0" for name in REFERENCES), "odom-vao-1")
    return {label: _results(runs[label], experiment, folder) for label in labels}


def _means(found: Evaluation, metric: str) -> list[float]:
    """Means of a metric over the seats of each episode, the slow way."""
    episode, numbers = found.trajectories.episode, np.asarray(found.sample(metric).numerator)
    return [float(numbers[episode == e].mean()) for e in np.unique(episode)]


def test_a_trained_run_leaves_results_history_and_notes(
    experiment: Experiment, runs: dict[str, Run], tmp_path: Path
) -> None:
    run, folder = runs["odom-vao-1"], tmp_path / "new"
    found = _results(run, experiment, folder)
    assert {path.name for path in folder.iterdir()} == {
        f"odom-vao-1.{ending}" for ending in ("parquet", "json", "jsonl")
    }
    assert len(found) == len(PROTOCOLS) * len(TASKS) * EPISODES["test"]
    assert (found.names("row"), found.names("seed")) == (["odom-vao"], [1])
    assert found.names("episode") == list(experiment.arena.testing)
    notes = json.loads((folder / "odom-vao-1.json").read_text())
    assert notes["fingerprint"] == run.fingerprint
    assert notes["run"]["config"]["weighting"]["refresh"] == 2
    assert set(notes["requests"]) == set(TASKS)
    assert 0.0 < notes["training_seconds"] <= notes["seconds"]
    kinds = {record["kind"] for record in read_history(folder / "odom-vao-1.jsonl")}
    assert {"loss", "weights", "select", "request"} <= kinds


def test_a_run_is_the_same_each_time(
    experiment: Experiment, runs: dict[str, Run], played: dict[str, Results], tmp_path: Path
) -> None:
    again = _results(runs["odom-vao-1"], experiment, tmp_path)
    for name in METRICS:
        assert np.array_equal(getattr(again, name), getattr(played["odom-vao-1"], name))


def test_results_are_means_over_the_seats_of_each_test_episode(
    experiment: Experiment, played: dict[str, Results]
) -> None:
    arena = experiment.arena
    factors = arena.best_factors()
    for protocol in PROTOCOLS:
        for task in TASKS:
            place = replace(arena, protocol=protocol)
            own = place.play(
                FixedMultiplier(factors[task]), task, arena.testing, frozen=arena.frozen
            )
            found = played["constant-0"].where(protocol=protocol, task=task)
            assert found.seats.sum() == len(own.trajectories)
            for metric in METRICS:
                np.testing.assert_allclose(
                    getattr(found, metric), _means(own, metric), rtol=1e-5, atol=1e-6
                )


def test_others_respond_where_they_are_told_to(
    experiment: Experiment, runs: dict[str, Run], tmp_path: Path
) -> None:
    frozen_arena = replace(experiment.arena, frozen=True)
    if not can_freeze(frozen_arena.market):
        pytest.fail("the small market must have rules under which others can be frozen")
    frozen_world = replace(experiment, arena=frozen_arena)
    run = runs["odom-vao-1"]
    found = _results(replace(run, respond=True), frozen_world, tmp_path)
    assert found.names("protocol") == ["paper"]
    frozen = _results(run, frozen_world, tmp_path).where(protocol="paper")
    assert frozen.episode.tolist() == found.episode.tolist()
    assert not np.array_equal(frozen.expected_value, found.expected_value)


def test_the_behaviour_data_are_those_of_the_test_split(
    experiment: Experiment, played: dict[str, Results]
) -> None:
    found = played["behaviour-0"]
    assert found.names("protocol") == ["paper"]
    for task, own in experiment.behaviour().items():
        np.testing.assert_allclose(found.where(task=task).value, _means(own, "value"), rtol=1e-5)


def test_hindsights_optimum_is_beyond_its_best_constant_and_that_beyond_a_given_one(
    played: dict[str, Results],
) -> None:
    best, constant = played["optimum-0"], played["hindsight-constant-0"]
    assert np.all(best.expected_score >= constant.expected_score * (1 - 1e-6))
    # Not in each episode: there others respond to the one, and not to the other.
    assert constant.expected_score.mean() >= 0.95 * played["constant-0"].expected_score.mean()
    assert constant.expected_score.min() > 0.0
    for name in set(METRICS) - {"expected_score"}:
        assert not getattr(best, name).any()
        assert not getattr(constant, name).any()


def test_references_are_played_on_all_seats(played: dict[str, Results]) -> None:
    for name in ("constant", "online-lp", "hindsight-constant", "optimum"):
        found = played[f"{name}-0"]
        assert len(found) == len(PROTOCOLS) * len(TASKS) * EPISODES["test"]
        assert found.names("row") == [name]


def test_variants_change_what_is_trained_on_and_nothing_else(
    experiment: Experiment, runs: dict[str, Run], tmp_path: Path
) -> None:
    plain, histories = runs["odom-equal-0"], {}
    variants = {"none": DataVariant(), "spoilt": DataVariant(spoilt="bcb")}
    for name, variant in variants.items():
        run = replace(plain, row=f"odom-equal @ {name}", variant=variant)
        play(run, experiment, tmp_path)
        histories[name] = read_history(tmp_path / f"{run.label}.jsonl")
    play(plain, experiment, tmp_path)
    histories["plain"] = read_history(tmp_path / f"{plain.label}.jsonl")
    assert histories["none"] == histories["plain"] != histories["spoilt"]


@pytest.fixture
def done(experiment: Experiment, runs: dict[str, Run], tmp_path: Path) -> tuple[Run, Path]:
    """Return a finished run and its folder."""
    play(runs["behaviour-0"], experiment, tmp_path)
    return runs["behaviour-0"], tmp_path


def test_finished_is_what_was_played_with_the_same_settings(done: tuple[Run, Path]) -> None:
    run, folder = done
    assert finished(run, folder)
    assert not finished(replace(run, seed=1), folder)
    assert not finished(replace(run, dataset="scarcity"), folder)
    assert not finished(run, folder / "elsewhere")


@pytest.mark.parametrize("half", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"fingerprint": 3}'])
def test_what_is_half_written_is_not_finished(done: tuple[Run, Path], half: bytes) -> None:
    run, folder = done
    (folder / f"{run.label}.json").write_bytes(half)
    assert not finished(run, folder)


@pytest.mark.parametrize("changed", [{"seconds": "x"}, {"seconds": True}, {"run": 3}, {"made": 1}])
def test_notes_that_lack_something_are_not_finished(
    done: tuple[Run, Path], changed: dict[str, object]
) -> None:
    run, folder = done
    path = folder / f"{run.label}.json"
    notes = json.loads(path.read_text())
    path.write_text(json.dumps(notes | changed))
    assert not finished(run, folder)
    for name in ("run", "seconds"):
        path.write_text(json.dumps({k: v for k, v in notes.items() if k != name}))
        assert not finished(run, folder)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_results_cut_short_are_not_finished(done: tuple[Run, Path], share: float) -> None:
    run, folder = done
    path = folder / f"{run.label}.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    assert not finished(run, folder)


def test_anothers_results_are_not_finished(
    done: tuple[Run, Path], played: dict[str, Results]
) -> None:
    run, folder = done
    played["odom-vao-1"].write(folder / f"{run.label}.parquet")
    assert not finished(run, folder)


def test_notes_without_results_are_not_finished(done: tuple[Run, Path]) -> None:
    run, folder = done
    (folder / f"{run.label}.parquet").unlink()
    assert not finished(run, folder)


def test_notes_on_other_settings_do_not_vouch_for_results_cut_short(
    done: tuple[Run, Path], experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, folder = done
    changed = replace(run, dataset="scarcity")

    def cut(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(play_module, "write_json", cut)
    with pytest.raises(KeyboardInterrupt):
        play(changed, experiment, folder)
    assert not finished(changed, folder)
    assert not finished(run, folder)


def test_an_arena_comes_with_its_dataset(experiment: Experiment) -> None:
    assert isinstance(experiment.arena, Arena)
    assert len(experiment.arena.testing) == EPISODES["test"]
    assert experiment.dataset.card.config["dataset"]["name"] == "toy"
