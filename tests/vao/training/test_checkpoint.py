"""Runs cut short and taken up again, and checkpoints that cannot be."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from auctionsim import SEMANTICS
from auctionsim.dataset import Trajectories
from auctionsim.dataset.files import sha256_of_file
from auctionsim.errors import InvalidArgumentError, InvalidDataError
from auctionsim.observation import FEATURES
from auctionsim.tasks import TASKS
from tests.vao.factories import tiny_config
from tests.vao.training.runs import TRAINING, VALIDATION, run, same, toy_config, weights_of
from vao.config import METHODS, TrainingConfig
from vao.policy import PlannerBidder
from vao.tensor_files import WEIGHTS
from vao.training import Record, TrainingResult, train
from vao.training.checkpoint import CARD, VERSION

STAGES = {"warm": 3, "late": 7}
CHOOSY = {"ema": 0.7, "patience": 1, "select_every": 2}


class CutError(Exception):
    """The end of a run that is cut short."""


def score(policy: PlannerBidder) -> Mapping[str, float]:
    """Score a policy by digits of its weights, as good as by chance."""
    sums = [float(tensor.double().sum()) for tensor in weights_of(policy)]
    return {task: 1e4 * abs(sum(sums[i :: len(TASKS)])) % 1.0 for i, task in enumerate(TASKS)}


def cutting(after: int, call: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Let a function be called so many times, then cut the run short."""
    calls = 0

    def limited(argument: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > after:
            raise CutError
        return call(argument)

    return limited


def taken_up(config: TrainingConfig, folder: Path, every: int, **cut: Any) -> TrainingResult:
    """Cut a run short, take it up again, and return its result."""
    options = {"select": score, "checkpoint": folder, "checkpoint_every": every}
    with pytest.raises(CutError):
        run(config, **{**options, **cut})
    told: list[Record] = []
    result = run(config, **options, record=told.append)
    assert told == result.history
    return result


@pytest.mark.parametrize("options", [{}, CHOOSY], ids=["plain", "choosy"])
@pytest.mark.parametrize("method", METHODS)
def test_a_run_taken_up_ends_like_one_that_never_stopped(
    method: Any, options: dict[str, Any], tmp_path: Path
) -> None:
    config = toy_config(STAGES, method=method, steps=6, **options)
    whole = run(config, select=score)
    if options:
        assert any(record["kind"] == "stopped" for record in whole.history)
    for records in range(0, len(whole.history), 4):
        record = cutting(records, lambda record: None)
        again = taken_up(config, tmp_path / str(records), 2, record=record)
        assert again.history == whole.history, records
        assert same(again.policy, whole.policy), records


@pytest.mark.parametrize("method", METHODS)
def test_a_run_that_fails_in_scoring_is_taken_up(method: Any, tmp_path: Path) -> None:
    config = toy_config(STAGES, method=method, steps=6, **CHOOSY)
    whole = run(config, select=score)
    scored = sum(record["kind"] == "select" for record in whole.history)
    for calls in range(scored):
        again = taken_up(config, tmp_path / str(calls), 2, select=cutting(calls, score))
        assert again.history == whole.history, calls
        assert same(again.policy, whole.policy), calls


@pytest.mark.parametrize("method", METHODS)
def test_a_run_of_a_true_planner_is_taken_up(method: Any, tmp_path: Path) -> None:
    config = tiny_config(method=method, steps=6, settings={"inverse_steps": 4}, ema=0.9)
    whole = run(config, select=score)
    for records in (3, 8):
        record = cutting(records, lambda record: None)
        again = taken_up(config, tmp_path / str(records), 2, record=record)
        assert again.history == whole.history
        assert same(again.policy, whole.policy)


def test_a_run_cut_short_again_and_again_is_taken_up(tmp_path: Path) -> None:
    config = toy_config(STAGES, steps=6, **CHOOSY)
    whole = run(config, select=score)
    options: dict[str, Any] = {"checkpoint": tmp_path / "run", "checkpoint_every": 1}
    cuts = 0
    for records in range(2, 3 * len(whole.history), 2):
        try:
            again = run(
                config, select=score, record=cutting(records, lambda record: None), **options
            )
        except CutError:
            cuts += 1
        else:
            break
    assert cuts > 5
    assert again.history == whole.history
    assert same(again.policy, whole.policy)


def test_a_finished_run_is_not_run_again(tmp_path: Path) -> None:
    config = toy_config(STAGES, steps=5, **CHOOSY)
    first = run(config, select=score, checkpoint=tmp_path / "run")
    again = run(config, select=cutting(0, score), checkpoint=tmp_path / "run")
    assert again.history == first.history
    assert same(again.policy, first.policy)


def level(policy: PlannerBidder) -> Mapping[str, float]:
    """Score all policies alike, so that the first is never beaten."""
    return dict.fromkeys(TASKS, 0.0)


def test_a_run_that_stopped_early_stays_stopped(tmp_path: Path) -> None:
    config = toy_config(steps=9, patience=2, select_every=1)
    options: dict[str, Any] = {"checkpoint": tmp_path / "run", "checkpoint_every": 1}
    first = run(config, select=level, **options)
    again = run(config, select=cutting(0, level), **options)
    assert again.history == first.history
    assert first.history[-1]["kind"] == "stopped"


def test_patience_counts_on(tmp_path: Path) -> None:
    config = toy_config({"warm": 1}, method="naive", steps=9, patience=3, select_every=1)
    whole = run(config, select=level)
    assert whole.history[-1] == {
        "kind": "stopped", "stage": "main", "step": 4, "tasks": list(TASKS)
    }  # fmt: skip
    for calls in range(1, 4):
        options: dict[str, Any] = {"checkpoint": tmp_path / str(calls), "checkpoint_every": 1}
        with pytest.raises(CutError):
            run(config, select=cutting(calls, level), **options)
        assert run(config, select=level, **options).history == whole.history


def test_checkpoints_change_nothing(tmp_path: Path) -> None:
    config = toy_config(STAGES, **CHOOSY)
    plain = run(config, select=score)
    kept = run(config, select=score, checkpoint=tmp_path / "run", checkpoint_every=1)
    assert kept.history == plain.history
    assert same(kept.policy, plain.policy)
    assert sorted(p.name for p in tmp_path.rglob("*")) == sorted(["run", CARD, WEIGHTS])


def test_an_empty_folder_holds_no_run(tmp_path: Path) -> None:
    assert run(toy_config(), checkpoint=tmp_path).history == run(toy_config()).history


CONFIG = toy_config(steps=6)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A checkpoint in the midst of a run."""
    with pytest.raises(CutError):
        _go_on(tmp_path / "run", record=cutting(8, lambda record: None))
    return tmp_path / "run"


def _go_on(folder: Path, config: TrainingConfig = CONFIG, **options: Any) -> TrainingResult:
    return run(config, checkpoint=folder, checkpoint_every=1, **options)


@pytest.mark.parametrize(
    "changes", [{"seed": 1}, {"method": "naive"}, {"steps": 7}, {"settings": {"bid": 1.0}}]
)
def test_a_checkpoint_of_another_config_is_refused(saved: Path, changes: dict[str, Any]) -> None:
    before = {path.name: path.read_bytes() for path in saved.iterdir()}
    with pytest.raises(InvalidArgumentError, match=r"checkpoint.*Remove it"):
        _go_on(saved, toy_config(**({"steps": 6} | changes)))
    assert {path.name: path.read_bytes() for path in saved.iterdir()} == before


def _changed(data: Trajectories, name: str) -> Trajectories:
    column = getattr(data, name).copy()
    if column.dtype == np.bool_:
        column[0, -1] ^= True
    else:
        column.reshape(-1)[-1] += 1
    return replace(data, **{name: column})


COUNTING = [
    *("category", "budget", "state", "final_state", "action", "active"),
    *("cost", "expected_value", "expected_conversions"),
]


@pytest.mark.parametrize("name", COUNTING)
@pytest.mark.parametrize("split", ["training", "validation"])
def test_a_checkpoint_of_other_data_is_refused(saved: Path, split: str, name: str) -> None:
    data = {"training": TRAINING, "validation": VALIDATION}
    data[split] = _changed(data[split], name)
    with pytest.raises(InvalidArgumentError, match="checkpoint"):
        train(
            data["training"],
            CONFIG,
            validation=data["validation"],
            checkpoint=saved,
            progress=False,
        )


def test_a_checkpoint_of_other_columns_is_refused(saved: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="checkpoint"):
        _go_on(saved, features=FEATURES[::-1])


@pytest.mark.parametrize("name", [CARD, WEIGHTS])
def test_a_missing_file_is_named(saved: Path, name: str) -> None:
    (saved / name).unlink()
    with pytest.raises(InvalidDataError, match=name):
        _go_on(saved)


@pytest.mark.parametrize("name", [CARD, WEIGHTS])
@pytest.mark.parametrize("keep", [0, 1, 100, -1, -20])
def test_a_file_cut_short_is_named(saved: Path, name: str, keep: int) -> None:
    whole = (saved / name).read_bytes()
    (saved / name).write_bytes(whole.rstrip()[:keep])
    with pytest.raises(InvalidDataError, match=name):
        _go_on(saved)


def test_a_file_in_its_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("mine")
    with pytest.raises(InvalidDataError, match=CARD):
        _go_on(tmp_path / "run")
    assert (tmp_path / "run").read_text() == "mine"


def _edit(saved: Path, change: Callable[[dict[str, Any]], object]) -> None:
    card = json.loads((saved / CARD).read_text())
    change(card)
    (saved / CARD).write_text(json.dumps(card))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"version": VERSION + 1}, f"{CARD}.*version"),
        ({"semantics": SEMANTICS + 1}, f"{CARD}.*semantics"),
        ({"format": "vao-policy"}, f"{CARD}.*vao-checkpoint"),
        ({"place": {}}, "run.*whole run"),
        ({"place": {"stage": 7, "step": 0, "begun": True}}, "run.*whole run"),
        ({"place": {"stage": -1, "step": 0, "begun": True}}, "run.*whole run"),
        ({"place": {"stage": 0, "step": "2", "begun": True}}, "run.*whole run"),
        ({"history": None}, "run.*whole run"),
        ({"learners": []}, "run.*whole run"),
        ({"learners": [{}]}, "run.*whole run"),
    ],
)
def test_a_card_that_does_not_fit_is_named(
    saved: Path, change: dict[str, object], named: str
) -> None:
    _edit(saved, lambda card: card.update(change))
    with pytest.raises(InvalidDataError, match=named):
        _go_on(saved)


def _reweigh(saved: Path, change: Callable[[dict[str, torch.Tensor]], object]) -> None:
    """Change the tensors, with a checksum to suit."""
    tensors = load_file(saved / WEIGHTS)
    change(tensors)
    save_file(tensors, saved / WEIGHTS)
    _edit(saved, lambda card: card.update(weights_sha256=sha256_of_file(saved / WEIGHTS)))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["0.planner.main.weight", "0.adam.0.exp_avg"])
def test_tensors_that_are_not_finite_are_named(saved: Path, name: str, value: float) -> None:
    _reweigh(saved, lambda tensors: tensors[name].view(-1)[:1].fill_(value))
    with pytest.raises(InvalidDataError, match=f"{WEIGHTS}.*{name}"):
        _go_on(saved)


@pytest.mark.parametrize(
    "name", ["0.planner.main.weight", "0.weighting.weights", "0.adam.0.exp_avg"]
)
def test_a_tensor_that_is_missing_is_named(saved: Path, name: str) -> None:
    _reweigh(saved, lambda tensors: tensors.pop(name))
    with pytest.raises(InvalidDataError, match=r"run.*whole run"):
        _go_on(saved)


def test_a_process_killed_between_two_moves_loses_nothing(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path.name: path.read_bytes() for path in saved.iterdir()}
    rename = Path.rename

    def killed(self: Path, target: Path) -> Path:
        if Path(target) == saved.resolve():
            raise SystemExit("killed")
        return rename(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", killed)
        with pytest.raises(SystemExit):
            _go_on(saved)
    left = list(saved.parent.glob(".run.*.tmp.old"))
    assert len(left) == 1
    assert not saved.exists()
    assert {path.name: path.read_bytes() for path in left[0].iterdir()} == before
    assert _go_on(saved).history == run(CONFIG).history
    assert [path.name for path in saved.parent.iterdir()] == ["run"]


KILLING = """
import os, random, signal, sys, time
from tests.vao.training.runs import run, toy_config

config, chance, killed = toy_config(steps=200, method="naive"), random.Random(0), 0
for _ in range(20):
    told, tell = os.pipe()
    child = os.fork()
    if not child:
        say = lambda record: os.write(tell, b".")
        run(config, record=say, checkpoint=sys.argv[1], checkpoint_every=1)
        os._exit(0)
    os.read(told, 1)
    time.sleep(chance.uniform(0.0, 0.1))
    os.kill(child, signal.SIGKILL)
    killed += os.WIFSIGNALED(os.waitpid(child, 0)[1])
print(killed)
"""


@pytest.mark.slow
def test_a_run_killed_at_any_moment_is_taken_up(tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLING, str(tmp_path / "run")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=170, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 10
    config = toy_config(steps=200, method="naive")
    again, whole = run(config, checkpoint=tmp_path / "run"), run(config)
    assert again.history == whole.history
    assert same(again.policy, whole.policy)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
