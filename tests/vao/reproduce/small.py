"""A study small enough to be played: a market of eight seats, a linear planner, a few updates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from auctionsim.generate import DatasetConfig
from auctionsim.plain_values import plain
from tests.auctionsim.worlds import WORLD
from tests.vao.toys import TOY
from vao.config import TrainingConfig

EPISODES = {"train": 4, "val_align": 1, "val_select": 2, "test": 3}
VAO = {"refresh": 2, "validation_batch": 3}
ENTRANTS: dict[str, dict[str, Any]] = {
    "mdmm-equal": {"method": "mdmm-equal", "group": "MDMM", "label": "No sharing"},
    "odom-equal": {"method": "odom-equal", "group": "ODOM", "label": "EW"},
    "odom-threshold": {
        "method": "odom-equal",
        "group": "Controls",
        "label": "High returns",
        "trials": [{"share_above": 0.2}, {"share_above": 0.4}],
    },
    "odom-vao": {
        "method": "odom-vao",
        "group": "ODOM",
        "label": "VAO",
        "weighting": VAO,
        "trials": [{"weighting": {"temperature": 0.1}}, {"weighting": {"temperature": 1.0}}],
    },
    "odom-vao 0.3": {
        "method": "odom-vao",
        "label": "VAO 0.3",
        "weighting": {**VAO, "temperature": 0.3},
        "like": "odom-vao",
    },
}
TABLE: dict[str, Any] = {"title": "Small", "lines": ["mdmm-equal", "odom-equal", "odom-vao"]}


@dataclass(frozen=True)
class Small:
    """Where a small study's configs lie, as text: what they are named by.

    Attributes:
        folder: All of them, and `data` for the dataset once it is made.
        study: Study config.
        table: Table config.
        dataset: Dataset config.
        training: Training config.
    """

    folder: Path
    study: str
    table: str
    dataset: str
    training: str


def write(path: Path, content: Mapping[str, Any]) -> str:
    """Write a config; returns its path as text."""
    path.write_text(yaml.safe_dump(plain(content), sort_keys=False))
    return str(path)


def write_study(path: Path, scale: Mapping[str, Any], **changes: Any) -> str:
    """Write a study of one scale, `toy`."""
    common = {"entrants": ["mdmm-equal", "odom-vao"], "trials": [{"learning_rate": 0.002}]}
    study = {"common": common, "scales": {"toy": dict(scale)}, "entrants": ENTRANTS, **changes}
    return write(path, study)


def write_small(folder: Path, **training: Any) -> Small:
    """Write all configs of a small study; `training` changes its training config."""
    market = write(folder / "market.yaml", asdict(WORLD))
    dataset = write(
        folder / "toydata.yaml", asdict(DatasetConfig("toy", market, "mixed", EPISODES))
    )
    small = {"steps": 4, "batch": 9, "select_every": 2, "learning_rate": 0.003}
    config = TrainingConfig("none", planner=TOY, settings={"warm": 2}, **(small | training))
    scale = {"dataset": dataset, "training": write(folder / "toytraining.yaml", asdict(config))}
    study = write_study(folder / "study.yaml", scale)
    table = write(folder / "little.yaml", TABLE)
    return Small(folder, study, table, dataset, scale["training"])
