"""What each process of a team runs: train, and write down what it saw (see `test_team.py`)."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from auctionsim.tasks import TASKS
from tests.vao.training.runs import run, same, toy_config, weights_of
from vao.policy import PlannerBidder
from vao.team import Team, join_team, leave_team


def train_once(method: Any, folder: Path, team: Team) -> None:
    """Train in a team, and once more from the checkpoint that this left.

    Args:
        method: How to share data.
        folder: Where reports, weights and the checkpoint go.
        team: The team.
    """
    told: list[dict[str, Any]] = []
    scored = 0

    def score(policy: PlannerBidder) -> dict[str, float]:
        nonlocal scored
        scored += 1
        return {task: float(scored) + 0.1 for task in TASKS}

    config = toy_config(method=method, batch=12, steps=6, ema=0.5)
    options: dict[str, Any] = {"checkpoint": folder / "run", "checkpoint_every": 2, "team": team}
    result = run(config, select=score, record=told.append, **options)
    report = {"rank": team.rank, "scored": scored, "told": told, "history": result.history}
    again = run(config, select=score, **options)
    report["taken up"] = again.history == result.history and same(again.policy, result.policy)
    (folder / f"report-{team.rank}.json").write_text(json.dumps(report))
    tensors = {str(i): tensor for i, tensor in enumerate(weights_of(result.policy))}
    save_file(tensors, folder / f"weights-{team.rank}.safetensors")


def main(folder: Path, methods: list[str]) -> None:
    """Train by each method, in a sub-folder of its name."""
    torch.set_num_threads(1)
    team = join_team("cpu")
    try:
        for method in methods:
            (folder / method).mkdir(exist_ok=True)
            train_once(method, folder / method, team)
    finally:
        leave_team()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
