"""`vao diagnose`: why a trained planner acts as it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import tyro

from auctionsim.cli import Command
from auctionsim.errors import invalid_argument

if TYPE_CHECKING:
    from rich.console import Console

    from auctionsim.dataset import Dataset
    from vao.experiment import Arena
    from vao.policy import PlannerBidder

__all__ = ["Diagnose"]


@dataclass(frozen=True, kw_only=True)
class Diagnose(Command):
    """Tell what a trained policy foresees, how it swings, and whether it does what it is asked.

    Foresight: plans and actions along the histories of a split, against what came next there.
    Swing: how far multipliers vary within a day, in that split and in roll-outs. Obedience: what
    roll-outs achieve when more and more return is asked for. Roll-outs play the split's episodes.

    Attributes:
        policy: Folder of the policy.
        dataset: Folder of a simulated dataset with the same features.
        split: Split to look at; one that the policy was not trained on.
        quantiles: Returns to ask for (see `vao.Request`).
        seed: Seed of the noise that some planners act on.
        planner: A planner of your own that the policy may be of, and a rule of weighting by which
            it may have been trained.
        device: Where the planner computes.
        threads: Threads of PyTorch; 0 leaves the choice to it.
    """

    own_classes: ClassVar[bool] = True

    policy: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="POLICY")]
    dataset: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="DATASET")]
    split: str = "val_select"
    quantiles: tuple[float, ...] = (0.1, 0.5, 0.9, 1.0)
    seed: int = 0
    planner: Annotated[tuple[str, ...], tyro.conf.arg(metavar="MODULE:CLASS")] = ()
    device: str = "cpu"
    threads: int = 0

    def run(self) -> Mapping[str, Any]:
        """Diagnose; returns the three parts by task."""
        from auctionsim.dataset import Dataset
        from vao.cli.threads import use_threads
        from vao.experiment import Arena
        from vao.storage import load_policy

        if not self.quantiles:
            raise invalid_argument("--quantiles", "must hold a number", "none", "Try 0.5 1.")
        use_threads(self.threads)
        policy = load_policy(self.policy, self.device, planners=self.planner)
        dataset = Dataset.open(self.dataset)
        arena = Arena.of(dataset)
        episodes = tuple(sorted(set(dataset.load(self.split, ("episode",)).episode.tolist())))
        return self._look(policy, dataset, replace(arena, selecting=episodes))

    def _look(self, policy: PlannerBidder, dataset: Dataset, arena: Arena) -> dict[str, Any]:
        import numpy as np
        from tqdm import tqdm

        from auctionsim.tasks import TASKS
        from vao.diagnostics import foresight, obedience, swing
        from vao.sharing import TRAINING_COLUMNS

        data = dataset.load(self.split, TRAINING_COLUMNS)
        found: dict[str, Any] = {}
        asked = tqdm(self.quantiles, desc="roll-outs", disable=not self.progress)
        played: dict[str, list[Any]] = {task: [] for task in policy.tasks}
        requests: dict[str, list[Any]] = {task: [] for task in policy.tasks}
        for quantile in asked:
            wanted = {t: replace(r, quantile=quantile) for t, r in policy.requests.items()}
            for task, result in arena.rehearse(policy.asking(wanted), policy.tasks).items():
                played[task].append(result)
                requests[task].append(wanted[task])
        players = {TASKS[code]: model for model in policy.models for code in model.tasks}
        as_it_is = arena.rehearse(policy, policy.tasks)
        for model in policy.models:
            names = [TASKS[task] for task in model.tasks]
            found["+".join(names)] = asdict(
                foresight(model, data, dataset.card.features, self.seed)
            )
        return {
            "foresight": found,
            "swing": {
                task: {
                    "data": swing(data.take(np.flatnonzero(data.task == TASKS.index(task)))),
                    "policy": swing(as_it_is[task].trajectories),
                }
                for task in policy.tasks
            },
            "obedience": {
                task: asdict(obedience(task, players[task], requests[task], played[task]))
                for task in policy.tasks
            },
        }

    def show(self, result: Mapping[str, Any], console: Console) -> None:
        """Print the three parts as tables."""
        from vao.cli import tables

        def note(text: str) -> None:
            console.print(f"{text}\n", markup=False, highlight=False, soft_wrap=True)

        for name, foresight in result["foresight"].items():
            console.print(tables.foresight_table(name, foresight))
        plans = any(foresight["features"] for foresight in result["foresight"].values())
        note(tables.foresight_note(plans))
        console.print(tables.swing_table(result["swing"]))
        note(tables.swing_note())
        for obedience in result["obedience"].values():
            console.print(tables.obedience_table(obedience))
        note(tables.obedience_note(result["obedience"]))
