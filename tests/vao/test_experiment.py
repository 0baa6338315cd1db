"""The experiment core: what fitting a planner reads, and what delta-m compares."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from agents.fixed import FixedMultiplier
from auctionsim.dataset import Dataset, Trajectories, convert_log
from auctionsim.evaluation import summarise
from auctionsim.tasks import TASKS
from tests.vao.factories import tiny_config
from tests.vao.training.runs import toy_config
from vao import Request
from vao.arena import Arena, TaskResults
from vao.experiment import delta_of, fit
from vao.quickstart import QuickstartResult
from vao.selection import SEARCH, START
from vao.sharing import TRAINING_COLUMNS

LOG = Path(__file__).resolve().parents[2] / "examples" / "logs" / "period-1.parquet"


def test_fit_without_an_arena_keeps_the_configs_request(arena: Arena, tmp_path: Path) -> None:
    convert_log(LOG, tmp_path / "log", progress=False)
    config = tiny_config(method="none", steps=2, settings={"inverse_steps": 2})
    policy, history, trials = fit(Dataset.open(tmp_path / "log"), config, None, progress=False)
    assert policy.tasks == ("cpa_mcb",)
    assert policy.requests == {"cpa_mcb": Request(config.quantile, config.ratio)}
    assert trials == []
    assert not [entry for entry in history if entry["kind"] == "select"]


def test_fit_reads_only_what_training_needs(
    demonstration: tuple[Path, QuickstartResult], arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: dict[str, object] = {}
    load = Dataset.load

    def watched(self: Dataset, split: str, columns: Iterable[str] | None = None) -> Trajectories:
        read[split] = columns
        return load(self, split, columns)

    monkeypatch.setattr(Dataset, "load", watched)
    dataset = Dataset.open(demonstration[0] / "out" / "dataset")
    config = toy_config(method="vao", steps=2)
    policy, _, trials = fit(dataset, config, arena, progress=False)
    assert read == {"train": TRAINING_COLUMNS, "val_align": TRAINING_COLUMNS}
    assert trials[0].requests == dict.fromkeys(TASKS, START)
    assert len(trials) == 1 + sum(len(values) - 1 for _, values in SEARCH)
    assert policy.tasks == TASKS


def _scaled(results: TaskResults, factor: float) -> TaskResults:
    scaled = {}
    for task, result in results.items():
        metrics = {name: value * factor for name, value in result.metrics.items()}
        scaled[task] = replace(result, metrics=metrics)
    return scaled


def test_delta_is_minus_the_mean_relative_gain(arena: Arena) -> None:
    base = {
        task: summarise(task, arena.play(FixedMultiplier(1.0), task, arena.testing).trajectories)
        for task in TASKS
    }
    base = {
        t: replace(r, metrics=r.metrics | {"value": 5.0, "score_strict": 4.0})
        for t, r in base.items()
    }
    assert delta_of(base, base) == 0.0
    assert delta_of(_scaled(base, 1.25), base) == pytest.approx(-25.0)
    assert delta_of(_scaled(base, 0.5), base, score="value") == pytest.approx(50.0)


def test_fit_hands_on_records_and_takes_up_a_run(
    demonstration: tuple[Path, QuickstartResult], arena: Arena, tmp_path: Path
) -> None:
    dataset = Dataset.open(demonstration[0] / "out" / "dataset")
    told: list[object] = []
    config, folder = toy_config(method="naive", steps=2), tmp_path / "run"
    options = {"checkpoint": folder, "progress": False}
    _, history, _ = fit(dataset, config, arena, record=told.append, **options)  # type: ignore[arg-type]
    assert told == history
    assert [entry["kind"] for entry in history].count("select") == 1
    told.clear()
    assert fit(dataset, config, arena, record=told.append, **options)[1] == told == history  # type: ignore[arg-type]
