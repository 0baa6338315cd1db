"""`vao train`: planners from a dataset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from auctionsim.cli import Command
from auctionsim.errors import invalid_argument, invalid_data

if TYPE_CHECKING:
    from auctionsim.dataset import Dataset
    from vao.config import TrainingConfig
    from vao.experiment import Arena

__all__ = ["Train"]


@dataclass(frozen=True, kw_only=True)
class Train(Command):
    """Train planners on a dataset's `train` split, sharing data across tasks.

    On a simulated dataset, checkpoints and requests are chosen by roll-outs in its own market, on
    its `val_select` episodes. On converted logs the last weights and the config's request are kept.

    Attributes:
        dataset: Folder of the dataset; vao also needs its `val_align` split.
        out: Folder for the policies, one sub-folder a method.
        method: Ways of sharing: none (a model a task), naive (pooled data) or vao; one or several.
        training: Training config, by name or YAML file.
        seed: Seed of the training.
        device: cpu, cuda, cuda:1, ...
        steps: Updates, in place of the config's.
        threads: Threads of PyTorch; 0 leaves the choice to it.
        overwrite: Replace policies that stand there already.
    """

    dataset: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="DATASET")]
    out: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="OUT")]
    method: tuple[Literal["none", "naive", "vao"], ...] = ("vao",)
    training: str = "small"
    seed: int = 0
    device: str = "cpu"
    steps: int | None = None
    threads: int = 0
    overwrite: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False

    def run(self) -> Mapping[str, Any]:
        """Train; returns where each policy lies and how its training ended."""
        from auctionsim.dataset import Dataset
        from vao.cli.threads import use_threads
        from vao.experiment import Arena
        from vao.storage import check_vacant

        use_threads(self.threads)
        dataset = Dataset.open(self.dataset)
        arena = Arena.of(dataset) if dataset.card.kind == "simulated" else None
        self._check(dataset)
        for method in self.method:
            check_vacant(self.out / method, self.overwrite)
        return {method: self._train(method, dataset, arena) for method in self.method}

    def _train(
        self, method: Literal["none", "naive", "vao"], dataset: Dataset, arena: Arena | None
    ) -> dict[str, Any]:
        from vao.experiment import fit
        from vao.history import write_history
        from vao.storage import save_policy

        policy, history, _ = fit(dataset, self._config(method), arena, progress=self.progress)
        save_policy(policy, self.out / method, overwrite=self.overwrite)
        write_history(history, self.out / f"{method}.jsonl")
        losses = [entry["losses"] for entry in history if entry["kind"] == "loss"]
        return {"policy": self.out / method, "first losses": losses[0], "last losses": losses[-1]}

    def _check(self, dataset: Dataset) -> None:
        """Refuse what would only fail once some of the work was done."""
        if not self.method:
            raise invalid_argument("--method", "must name one way at least", "none", "Add vao.")
        if "vao" in self.method and "val_align" not in dataset.splits:
            rule = "must have a val_align split for method vao"
            mend = "Hold some out (`auctionsim convert --val-align PERIOD`), or leave vao out."
            raise invalid_data(str(self.dataset), rule, ", ".join(dataset.splits), mend)

    def _config(self, method: Literal["none", "naive", "vao"]) -> TrainingConfig:
        from vao.config import load_training_config

        overrides: dict[str, Any] = {"method": method, "seed": self.seed, "device": self.device}
        if self.steps is not None:
            overrides["steps"] = self.steps
        return load_training_config(self.training, **overrides)
