"""`vao train`, `vao evaluate` and `vao report` on a small dataset."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import pytest
import yaml

import auctionsim
from auctionsim.dataset import Dataset, convert_log
from auctionsim.tasks import TASKS
from tests.auctionsim.worlds import WORLD, write_world
from tests.vao.factories import tiny_config
from tests.vao.toys import TOY
from vao import PlannerBidder, save_policy, train
from vao.cli import main
from vao.cli.lock import alone_in
from vao.history import read_history
from vao.quickstart import QuickstartResult
from vao.sharing import TRAINING_COLUMNS

LOG = Path(__file__).resolve().parents[3] / "examples" / "logs" / "period-1.parquet"
Demonstration = tuple[Path, QuickstartResult]


@pytest.fixture
def world(demonstration: Demonstration) -> Path:
    """Return the folder with the demonstration's configs and output."""
    return demonstration[0]


def test_train_then_evaluate(
    world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, scores = tmp_path / "planners", tmp_path / "scores.json"
    data, training = str(world / "out" / "dataset"), str(world / "training.yaml")
    line = ["train", data, str(out), "--method", "naive", "vao", "--training", training, "--quiet"]
    assert main(line) == 0
    market = str(world / "market.yaml")
    policies = [str(out / "naive"), str(out / "vao")]
    shown = ["--market", market, "--episodes", "2", "--quiet", "--json", str(scores)]
    assert main(["evaluate", *policies, *shown]) == 0
    found = json.loads(scores.read_text())
    assert found["semantics"] == auctionsim.SEMANTICS
    assert found["first_episode"] == 1_000_000
    results = found["results"]
    assert set(results) == {"naive", "vao"}
    assert results["vao"]["bcb"]["metrics"]["expected_value"] > 0
    assert "delta m" in capsys.readouterr().out


def test_a_planner_from_logs_of_one_task_is_scored_on_it(
    world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    convert_log(LOG, tmp_path / "log", progress=False)
    line = ["train", str(tmp_path / "log"), str(tmp_path), "--method", "naive", "--quiet"]
    assert main([*line, "--training", str(world / "training.yaml")]) == 0
    market, scores = write_world(tmp_path, replace(WORLD, steps=48)), tmp_path / "scores.json"
    line = ["evaluate", str(tmp_path / "naive"), "--market", market, "--episodes", "1", "--quiet"]
    capsys.readouterr()
    assert main([*line, "--json", str(scores)]) == 0
    assert set(json.loads(scores.read_text())["results"]["naive"]) == {"cpa_mcb"}
    shown = capsys.readouterr().out
    assert "cpa_mcb" in shown
    assert "bcb" not in shown.replace("cpa_mcb", "")
    assert "over 1 episode of market" in shown
    assert "delta m" not in shown  # there is nothing to compare with


def test_planners_of_other_tasks_are_not_compared(world: Path, tmp_path: Path) -> None:
    config = tiny_config(method="naive", steps=1, settings={"inverse_steps": 1})
    dataset, policies = Dataset.open(world / "out" / "dataset"), []
    for name, tasks in {"two": TASKS[::2], "all": TASKS, "again": TASKS[::2]}.items():
        data = dataset.load("train", TRAINING_COLUMNS, tasks)
        save_policy(train(data, config, progress=False).policy, tmp_path / name)
        policies.append(str(tmp_path / name))
    scores, market = tmp_path / "scores.json", str(world / "market.yaml")
    options = ["--market", market, "--episodes", "3", "--quiet", "--json", str(scores)]
    assert main(["evaluate", *policies, *options]) == 0
    found = json.loads(scores.read_text())
    assert set(found["results"]["two"]) == set(found["results"]["again"]) == {"cpa_mcb", "bcb"}
    assert set(found["results"]["all"]) == set(TASKS)
    assert [set(row["cells"]) == set(TASKS) for row in found["rows"]] == [False, True, False]
    assert [row["delta_m"] is None for row in found["rows"]] == [True, True, False]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--episodes", "0"], "--episodes"),
        (["--episodes", "2", "--first-episode", str(2**31 - 1)], "--first-episode"),
        (["--first-episode", "-1"], "--first-episode"),
    ],
)
def test_episodes_out_of_range_are_refused(
    world: Path, options: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = str(world / "out" / "policies" / "vao")
    assert main(["evaluate", policy, *options, "--quiet"]) == 2
    assert named in capsys.readouterr().err


def test_train_does_not_overwrite_unless_told(
    world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, training = str(world / "out" / "dataset"), str(world / "training.yaml")
    line = ["train", data, str(tmp_path), "--method", "naive", "--training", training, "--quiet"]
    assert main(line) == 0
    before = (tmp_path / "naive" / "policy.json").read_bytes()
    assert main(line) == 2
    assert "must be new or empty" in capsys.readouterr().err
    assert main([*line, "--overwrite"]) == 0
    assert (tmp_path / "naive" / "policy.json").read_bytes() == before


def test_a_planner_of_ones_own_is_trained_and_must_be_allowed_to_play(
    world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, training = str(world / "out" / "dataset"), str(world / "training.yaml")
    line = ["train", data, str(tmp_path), "--method", "naive", "--training", training, "--quiet"]
    assert main([*line, "--planner", TOY]) == 0
    market = str(world / "market.yaml")
    line = ["evaluate", str(tmp_path / "naive"), "--market", market, "--episodes", "1", "--quiet"]
    assert main(line) == 2
    assert "must be of a planner out of" in capsys.readouterr().err
    assert main([*line, "--planner", TOY]) == 0


def test_training_keeps_a_log_and_no_checkpoint_once_it_is_done(
    world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, training = str(world / "out" / "dataset"), str(world / "training.yaml")
    line = ["train", data, str(tmp_path), "--method", "none", "--training", training, "--quiet"]
    assert main([*line, "--tensorboard", str(tmp_path / "board")]) == 0
    kinds = {record["kind"] for record in read_history(tmp_path / "none.jsonl")}
    assert kinds == {"loss", "select", "request"}
    assert list((tmp_path / "board" / "none").iterdir())
    assert not (tmp_path / "checkpoints").exists()


@pytest.mark.parametrize(
    ("option", "named"),
    [(("--device", "cuda:99"), "`device`"), (("--tensorboard", "board"), "--tensorboard")],
)
def test_a_refused_training_leaves_nothing(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: tuple[str, str],
    named: str, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)  # as if it were missing
    line = ["train", str(world / "out" / "dataset"), "out", "--quiet", *option]
    assert main([*line, "--training", str(world / "training.yaml")]) == 2
    assert named in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("last", ["none", "naive"])
def test_training_that_was_cut_short_goes_on(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last: str
) -> None:
    data, training = str(world / "out" / "dataset"), str(world / "training.yaml")
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    options = ["--method", "none", "naive", "--training", training, "--quiet"]
    assert main(["train", data, str(whole), *options]) == 0

    def pull_the_plug(policy: PlannerBidder, folder: Path, overwrite: bool) -> None:
        if folder.name == last:
            raise KeyboardInterrupt
        save_policy(policy, folder, overwrite=overwrite)

    with monkeypatch.context() as patch:
        patch.setattr("vao.storage.save_policy", pull_the_plug)
        main(["train", data, str(cut), *options])
    assert (cut / "checkpoints" / last).is_dir()
    assert not (cut / "naive").exists()
    assert main(["train", data, str(cut), *options]) == 0
    assert not (cut / "checkpoints").exists()
    for method in ("none", "naive"):
        for name in (f"{method}/policy.json", f"{method}/weights.safetensors", f"{method}.jsonl"):
            assert (cut / name).read_bytes() == (whole / name).read_bytes(), name


def test_the_config_says_what_the_flags_do_not(world: Path, tmp_path: Path) -> None:
    settings = yaml.safe_load((world / "training.yaml").read_text())
    training = tmp_path / "own.yaml"
    changes = {"method": "none", "weighting": {}, "seed": 7}
    training.write_text(yaml.safe_dump(settings | changes))
    data = str(world / "out" / "dataset")
    line = ["train", data, str(tmp_path / "a"), "--training", str(training), "--quiet"]
    assert main(line) == 0
    config = json.loads((tmp_path / "a" / "none" / "policy.json").read_text())["config"]
    assert (config["method"], config["seed"]) == ("none", 7)
    assert main([*line[:2], str(tmp_path / "b"), *line[3:], "--seed", "8"]) == 0
    config = json.loads((tmp_path / "b" / "none" / "policy.json").read_text())["config"]
    assert config["seed"] == 8


def test_two_runs_do_not_train_in_one_folder(
    world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, training = str(world / "out" / "dataset"), str(world / "training.yaml")
    line = ["train", data, str(tmp_path), "--training", training, "--quiet"]
    with alone_in(tmp_path / "checkpoints"):
        assert main(line) == 2
        assert "must not be in use" in capsys.readouterr().err
    assert main(line) == 0


def test_policies_of_one_name_go_by_the_folders_above(world: Path, tmp_path: Path) -> None:
    for name in ("one", "other"):
        copytree(world / "out" / "policies" / "vao", tmp_path / name / "vao")
    policies = [str(tmp_path / name / "vao") for name in ("one", "other")]
    options = ["--market", str(world / "market.yaml"), "--episodes", "1", "--quiet"]
    assert main(["evaluate", *policies, *options, "--json", str(tmp_path / "s.json")]) == 0
    assert set(json.loads((tmp_path / "s.json").read_text())["results"]) == {"one/vao", "other/vao"}


def test_diagnose_shows_foresight_swing_and_obedience(
    world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy, data = str(world / "out" / "policies" / "none"), str(world / "out" / "dataset")
    scores = tmp_path / "found.json"
    line = ["diagnose", policy, data, "--quantiles", "0.2", "0.8", "--quiet"]
    assert main([*line, "--json", str(scores)]) == 0
    found = json.loads(scores.read_text())
    assert set(found) == {"foresight", "swing", "obedience"}
    assert set(found["foresight"]) == set(found["swing"]) == set(found["obedience"]) == set(TASKS)
    assert found["foresight"]["bcb"]["action_error"] > 0.0
    assert len(found["obedience"]["cpa_mcb"]["achieved"][1]) == 2
    shown = capsys.readouterr().out
    assert "log CPA / target: 0 is at the limit, above 0 breaks it." in shown
    assert "natural log of expected value over budget" in shown
    assert "swing of the multiplier" in shown
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize(
    ("line", "named"),
    [
        (["diagnose", "nowhere", "nowhere"], "must hold policy.json"),
        (["train", "nowhere", "out", "--planner", "aigbb"], "aigbb"),
        (["evaluate", "nowhere"], "must hold policy.json"),
        (["evaluate"], "POLICY"),
        (["train", "nowhere", "out"], "nowhere"),
        (["train", "nowhere", "out", "--method", "va0"], "va0"),
        (["quickstart", "--dataset", "quickstrat"], "Did you mean 'quickstart'"),
        (["quickstart", "--threads", "-1"], "--threads"),
    ],
)
def test_mistakes_cost_one_line(
    line: list[str], named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main([*line, "--quiet"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert named in error


def test_policies_of_one_name_are_refused(
    demonstration: Demonstration, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = str(demonstration[0] / "out" / "policies" / "vao")
    assert main(["evaluate", policy, policy, "--quiet"]) == 2
    assert "different folders" in capsys.readouterr().err


def test_report_renders_results_again(demonstration: Demonstration, tmp_path: Path) -> None:
    folder, result = demonstration
    page = tmp_path / "again.html"
    assert main(["report", str(folder / "out" / "results.json"), "--out", str(page)]) == 0
    assert page.read_bytes() == result.report.read_bytes()
