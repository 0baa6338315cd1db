from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from auctionsim.cli import main
from auctionsim.cli.generate import Generate
from auctionsim.dataset import Dataset
from auctionsim.generate import DatasetConfig, generate_dataset
from auctionsim.tasks import TASKS
from tests.auctionsim.worlds import world, write_world


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Write a dataset config for a small market, and return its path."""
    monkeypatch.chdir(tmp_path)
    write_world(tmp_path, world(opportunities=200, steps=3))
    (tmp_path / "toy.yaml").write_text(
        "name: toy\nmarket: world.yaml\nepisodes: {train: 2, test: 1}\nshard_episodes: 1\n"
    )
    return "toy.yaml"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["generate", "--quiet", "--json", "-", *arguments]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "run.json")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_a_config_gives_the_dataset_it_describes(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = run(capsys, "--config", config, "--out", "by_command")
    card = generate_dataset(
        DatasetConfig(
            "toy",
            "world.yaml",
            episodes={"train": 2, "test": 1},
            shard_episodes=1,
        ),
        tmp_path / "by_call",
        progress=False,
    )
    assert contents(tmp_path / "by_command") == contents(tmp_path / "by_call")
    Dataset.open(tmp_path / "by_command").verify()
    assert found["folder"] == "by_command"
    assert (found["name"], found["market"], found["lineup"]) == ("toy", "world", "mixed")
    assert found["trajectories"] == card.counts
    assert found["config_sha256"] == card.config_sha256
    assert found["shards"] == 3
    assert found["episodes"] == {"train": 2, "val_align": 0, "val_select": 0, "test": 1}


def test_flags_win_over_the_config(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--seed", "4", "--episodes.train", "1", "--episodes.val-align", "1"]
    found = run(capsys, "--config", config, "--out", "d", *flags)
    assert found["episodes"] == {"train": 1, "val_align": 1, "val_select": 0, "test": 1}
    assert found["seed"] == 4
    assert Dataset.open(tmp_path / "d").card.seeds["episodes"] == 4


def test_the_same_command_goes_on_where_it_stopped(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "--config", config, "--out", "whole")
    shutil.copytree(tmp_path / "whole", tmp_path / "cut")
    (tmp_path / "cut" / "train-00001.parquet").unlink()
    run(capsys, "--config", config, "--out", "cut")
    assert contents(tmp_path / "cut") == contents(tmp_path / "whole")


def test_lineups_may_name_classes_of_the_working_directory(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "lineup_bidders.py").write_text(
        "from agents import Bidder\n"
        "class Calm(Bidder):\n"
        "    def act(self, observation): return 10.0\n"
    )
    shares = "".join(f"  {t}: {{'lineup_bidders:Calm': 1}}\n" for t in TASKS)
    (tmp_path / "calm.yaml").write_text(f"name: calm\nbidders:\n{shares}")
    run(capsys, "--config", config, "--lineup", "calm.yaml", "--out", "d")
    assert set(Dataset.open(tmp_path / "d").load("test").bidder) == {"lineup_bidders:Calm"}


def test_logs_are_asked_for_by_flags_or_in_the_config(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--logs.episodes.test", "1", "--logs.advertisers", "2", "5", "--logs.format", "csv"]
    found = run(capsys, "--config", config, "--out", "by_flags", *flags)
    assert found["logs"] == {"logs/period-00002.csv": 400}
    Path("logged.yaml").write_text(
        Path(config).read_text() + "logs: {episodes: {test: 1}, advertisers: [2, 5], format: csv}\n"
    )
    run(capsys, "--config", "logged.yaml", "--out", "by_config")
    assert contents(tmp_path / "by_flags") == contents(tmp_path / "by_config")
    settings = json.loads((tmp_path / "by_flags" / "card.json").read_text())["config"]["dataset"]
    logs = {"episodes": {"test": 1}, "steps": [], "advertisers": [2, 5], "format": "csv"}
    assert settings["logs"] == logs


def test_a_table_of_splits_and_tasks_is_shown(
    config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["generate", "--config", config, "--out", "d"]) == 0
    shown = capsys.readouterr()
    for word in ("Dataset toy", "train", "test", "cpa_mcb", "target_roas", "bcb", "3 shards"):
        assert word in shown.out
    assert "3/3" in shown.err


SLIPS: list[tuple[list[str], str]] = [
    ([], "Missing: --out FOLDER."),
    (["--out", "d", "--config", "quikstart"], "Did you mean 'quickstart'"),
    (["--out", "d", "--market", "tinny"], "Did you mean 'tiny'"),
    (["--out", "d", "--lineup", "mixt"], "Did you mean 'mixed'"),
    (["--out", "d", "--seed", "-1"], "`seed` must be an integer from 0 to"),
    (["--out", "d", "--episodes.train", "-1"], "`episodes.train` must be an integer from 0 to"),
    (["--out", "d", "--episodes.trian", "1"], "Did you mean `--episodes.train`"),
    (["--out", "d", "--shard-episodes", "0"], "`shard_episodes` must be an integer from 1 to"),
    (["--out", "d", "--workers", "0"], "`workers` must be an integer from 1 to"),
    (["--out", "d", "--backend", "rey"], "`--backend` must be one of"),
    (["--out", "d", "--ray-address", "a:1"], "`ray_address` must not be given without Ray"),
    (["--out", "d", "--logs.episodes.train", "999"], "`logs.episodes.train` must be at most"),
    (["--out", "d", "--logs.episodes.tran", "9"], "Did you mean `--logs.episodes.train`"),
    (["--out", "d", "--logs.format", "xml"], "`--logs.format` must be one of"),
    (["--out", "toy.yaml"], "cannot be used"),
    (["--out", "."], "must be new or empty"),
]


@pytest.mark.parametrize(("arguments", "message"), SLIPS)
def test_slips_are_one_line(
    config: str, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["generate", "--quiet", *arguments]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    assert message in shown.err
    assert not Path("d").exists()


def test_without_a_config_the_defaults_are_those_of_the_library() -> None:
    command, config = Generate(out=Path("d")), DatasetConfig()
    assert vars(command.episodes) == config.episodes
    for name in ("name", "market", "lineup", "seed", "shard_episodes"):
        assert getattr(command, name) == getattr(config, name)
    for name in ("steps", "advertisers", "format"):
        assert getattr(command.logs, name) == getattr(config.logs, name)
    assert not any(vars(command.logs.episodes).values())
