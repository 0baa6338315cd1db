"""One small demonstration run, made once and shared by the tests that look at its parts."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest
import torch
import yaml

from auctionsim.dataset import Dataset
from auctionsim.generate import DatasetConfig
from tests.auctionsim.worlds import WORLD
from vao.arena import Arena
from vao.config import TrainingConfig
from vao.quickstart import QuickstartResult, QuickstartSettings, run_quickstart

EPISODES = {"train": 4, "val_align": 1, "val_select": 2, "test": 3}


def write_configs(folder: Path) -> QuickstartSettings:
    """Write a toy market, a dataset config and a training config; return settings that use them."""
    from auctionsim.cli.output import plain

    market, dataset, training = (folder / f"{n}.yaml" for n in ("market", "dataset", "training"))
    market.write_text(yaml.safe_dump(plain(asdict(WORLD))))
    config = DatasetConfig("toy", str(market), "mixed", EPISODES)
    dataset.write_text(yaml.safe_dump(plain(asdict(config))))
    planner = {"width": 8, "heads": 2, "inverse_steps": 4, "inverse_width": 8}
    weighting = {"temperature": 0.2, "refresh": 2, "validation_batch": 4}
    small = TrainingConfig(weighting=weighting, steps=6, batch=6, settings=planner, select_every=3)
    training.write_text(yaml.safe_dump(plain(asdict(small))))
    return QuickstartSettings(str(dataset), str(training), folder / "out", 3)


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Let PyTorch use one thread from first to last: the last bits of a run go with their number.

    Commands set it for the whole process, and so would change it for the tests that follow.
    """
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def demonstration(
    _one_thread: None, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, QuickstartResult]:
    """Return the folder and the result of a demonstration of seconds."""
    folder = tmp_path_factory.mktemp("demonstration")
    return folder, run_quickstart(write_configs(folder), progress=False)


@pytest.fixture
def arena(demonstration: tuple[Path, QuickstartResult]) -> Arena:
    """Return the arena of the demonstration's dataset."""
    return Arena.of(Dataset.open(demonstration[0] / "out" / "dataset"))
