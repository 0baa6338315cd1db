"""The search: which trials it plays, which it chooses, and the config it writes."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from auctionsim.config_files import load
from auctionsim.dataset.files import write_json
from auctionsim.errors import InvalidDataError
from tests.vao.reproduce.small import Small, write_study
from vao.reproduce import search
from vao.reproduce.plan import Chosen, Study, load_study
from vao.reproduce.run import Run
from vao.reproduce.runner import Task
from vao.weighting import DivergedError

Scoring = Callable[[Run], float | None]


@pytest.fixture
def study(small: Small) -> Study:
    """Return the small study, with two trials for all."""
    study = load_study(small.study)
    trials = ({"learning_rate": 0.002}, {"learning_rate": 0.004})
    return replace(study, common=replace(study.common, trials=trials))


def _played(runs: list[Run], folder: Path, score: Scoring) -> list[Run]:
    """Write down the trials' Scores as if they had been played."""
    folder.mkdir(parents=True, exist_ok=True)
    for run in runs:
        found = score(run)
        told = {"fingerprint": run.fingerprint, "score": found}
        told |= {"diverged": "too fast"} if found is None else {}
        write_json(folder / f"{run.label}.json", told)
    return runs


def _rate(run: Run) -> float:
    assert run.config is not None
    return run.config.learning_rate


def test_the_first_round_is_played_by_those_that_choose_for_all(study: Study) -> None:
    runs = search.common_runs(study, "toy")
    assert [(run.row.partition(" # ")[0], _rate(run)) for run in runs] == [
        ("mdmm-equal", 0.002), ("odom-vao", 0.002), ("mdmm-equal", 0.004), ("odom-vao", 0.004)
    ]  # fmt: skip
    assert {run.seed for run in runs} == {study.search_seed}
    assert {run.config.seed for run in runs if run.config} == {study.search_seed}


def test_the_second_round_tries_each_value_of_each_entrant_with_the_firsts_choice(
    study: Study,
) -> None:
    begun = replace(study, choices={"toy": Chosen({"learning_rate": 0.004})})
    runs = search.search_runs(begun, "toy")
    assert {_rate(run) for run in runs} == {0.004}
    configs = [run.config for run in runs if run.config]
    assert [config.share_above for config in configs] == [0.2, 0.4, None, None]
    assert [config.weighting.get("temperature") for config in configs] == [None, None, 0.1, 1.0]
    both = [*search.common_runs(study, "toy"), *runs]
    assert len({run.label for run in both}) == len({run.fingerprint for run in both}) == len(both)


def test_all_choose_by_the_mean_and_each_by_its_own_score(study: Study, tmp_path: Path) -> None:
    first = search.common_runs(study, "toy")
    # One of the two would rather have the first.
    scores = dict(zip((run.label for run in first), (5.0, 1.0, 3.0, 4.0), strict=True))
    _played(first, tmp_path, lambda run: scores[run.label])
    assert search.best_common(study, "toy", tmp_path) == {"learning_rate": 0.004}
    _played(search.search_runs(study, "toy"), tmp_path, lambda run: float("0.4" in str(run.config)))
    assert search.best_of_each(study, "toy", tmp_path) == {
        "odom-threshold": {"share_above": 0.4},
        "odom-vao": {"weighting": {"temperature": 0.1}},  # of equals the first
    }


def test_a_study_may_have_nothing_to_choose_for_all(study: Study, tmp_path: Path) -> None:
    blank = replace(study, common=replace(study.common, trials=()))
    assert search.common_runs(blank, "toy") == []
    assert search.best_common(blank, "toy", tmp_path) == {}


def test_a_trial_counts_only_with_the_settings_it_has_now(study: Study, tmp_path: Path) -> None:
    run = search.search_runs(study, "toy")[0]
    path = tmp_path / f"{run.label}.json"
    assert not search.played(run, tmp_path)
    _played([run], tmp_path, lambda run: 0.0)
    assert search.played(run, tmp_path)  # a Score of 0 is one
    assert search.searched(run, tmp_path) == 0.0
    assert run.config is not None
    other = replace(run, config=replace(run.config, batch=12))
    assert not search.played(other, tmp_path)
    for damaged in ("", "[]", '{"finger', "\udcff"):
        path.write_bytes(damaged.encode(errors="surrogateescape"))
        assert not search.played(run, tmp_path)


def test_a_search_that_is_not_finished_chooses_nothing(study: Study, tmp_path: Path) -> None:
    first, second = search.common_runs(study, "toy"), search.search_runs(study, "toy")
    _played([*first[:-1], *second[1:]], tmp_path, lambda run: 1.0)
    for choose in (search.best_common, search.best_of_each):
        with pytest.raises(InvalidDataError, match="Run the search again"):
            choose(study, "toy", tmp_path)


def test_what_diverged_is_never_chosen(study: Study, tmp_path: Path) -> None:
    runs = search.search_runs(study, "toy")
    _played(runs, tmp_path, lambda run: None if "0.2" in str(run.config) else -1.0)
    assert search.searched(runs[0], tmp_path) == -math.inf
    assert search.best_of_each(study, "toy", tmp_path)["odom-threshold"] == {"share_above": 0.4}
    _played(runs, tmp_path, lambda run: None)
    with pytest.raises(InvalidDataError, match=r"trials of odom-threshold.*2 that did"):
        search.best_of_each(study, "toy", tmp_path)


@pytest.mark.parametrize("told", [{}, {"score": None}, {"score": "7"}, {"score": True}])
def test_a_damaged_trial_counts_as_not_played(
    study: Study, tmp_path: Path, told: dict[str, object]
) -> None:
    run = search.search_runs(study, "toy")[0]
    write_json(tmp_path / f"{run.label}.json", {"fingerprint": run.fingerprint, **told})
    assert search.searched(run, tmp_path) is None
    for word in ("NaN", "Infinity"):
        text = f'{{"fingerprint": "{run.fingerprint}", "score": {word}}}'
        (tmp_path / f"{run.label}.json").write_text(text)
        assert search.searched(run, tmp_path) is None


def test_what_was_chosen_is_read_again_and_says_what_was_tried(
    study: Study, small: Small, tmp_path: Path
) -> None:
    folder, path = tmp_path / "trials", tmp_path / "new" / "toy.yaml"
    runs = [*search.common_runs(study, "toy"), *search.search_runs(study, "toy")]
    _played(runs, folder, lambda run: None if "0.2" in str(run.config) else 1.5)
    chosen = Chosen({"learning_rate": 2.5e-4}, search.best_of_each(study, "toy", folder))
    search.write_chosen(path, chosen, runs, folder)
    assert load(Chosen, "chosen", path) == chosen
    comments = [line for line in path.read_text().splitlines() if line.startswith("#   ")]
    assert len(comments) == len(runs)
    assert sum(line.endswith(": 1.500") for line in comments) == len(runs) - 1
    assert sum(line.endswith("share_above 0.2: diverged") for line in comments) == 1
    scale = {"dataset": small.dataset, "training": small.training, "chosen": str(path)}
    again = load_study(write_study(tmp_path / "study.yaml", scale))
    assert again.base("toy").learning_rate == 2.5e-4
    assert again.chosen("toy", "odom-threshold") == {"share_above": 0.4}


def test_a_trial_is_scored_on_the_selection_episodes(
    study: Study, small: Small, tmp_path: Path
) -> None:
    run = search.search_runs(study, "toy")[2]
    task = Task(run, small.folder / "data", tmp_path / "new")
    search.search_task(task)
    path = task.folder / f"{run.label}.json"
    told = json.loads(path.read_text())
    assert set(told["scores"]) == {"cpa_mcb", "target_roas", "bcb"}
    assert told["score"] == pytest.approx(sum(told["scores"].values()) / 3)
    assert search.searched(run, task.folder) == told["score"]
    before = path.read_bytes()
    search.search_task(task)
    assert path.read_bytes() == before


def test_a_trial_that_diverges_is_played_and_lost(
    study: Study, small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def diverge(*arguments: object, **options: object) -> None:
        raise DivergedError("too fast")

    monkeypatch.setattr(search, "train", diverge)
    run = search.search_runs(study, "toy")[0]
    search.search_task(Task(run, small.folder / "data", tmp_path))
    assert search.searched(run, tmp_path) == -math.inf
