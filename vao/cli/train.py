"""`vao train`: planners from a dataset."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import tyro

from auctionsim.cli import Command
from auctionsim.errors import invalid_argument, invalid_data

if TYPE_CHECKING:
    from auctionsim.dataset import Dataset
    from vao.config import TrainingConfig
    from vao.experiment import Arena
    from vao.team import Team

__all__ = ["Train"]


@dataclass(frozen=True, kw_only=True)
class Train(Command):
    """Train planners on a dataset's `train` split, sharing data across tasks.

    On a simulated dataset, checkpoints and requests are chosen by roll-outs in its own market, on
    its `val_select` episodes. On converted logs the last weights and the config's request are kept.

    A run that was cut short goes on where it stopped: give the same command again. Started by
    `torchrun --no-python`, its processes share the work of every update.

    Attributes:
        dataset: Folder of the dataset; vao also needs its `val_align` split.
        out: Folder for the policies, one sub-folder a method, and beside each a log, METHOD.jsonl.
        method: Ways of sharing, one or several, in place of the config's: none (a model a task),
            naive (pooled data), vao, or SETTING-WEIGHTING, such as odom-famo: mdmm, odmm, mdom or
            odom and a rule out of `vao.weighting`.
        planner: Family of planners, in place of the config's; with its own default settings.
        training: Training config, by name or YAML file. Its `weighting` is for methods of the
            config's own rule; others have their defaults.
        seed: Seed of the training, in place of the config's.
        device: cpu, cuda, cuda:1, ..., in place of the config's.
        steps: Updates, in place of the config's.
        tensorboard: Folder for TensorBoard, one sub-folder a method.
        threads: Threads of PyTorch; 0 leaves the choice to it.
        overwrite: Replace policies that stand there already.
    """

    own_classes: ClassVar[bool] = True

    dataset: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="DATASET")]
    out: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="OUT")]
    method: Annotated[tuple[str, ...] | None, tyro.conf.arg(metavar="METHOD ...")] = None
    planner: Annotated[str | None, tyro.conf.arg(metavar="NAME|MODULE:CLASS")] = None
    training: str = "small"
    seed: int | None = None
    device: str | None = None
    steps: int | None = None
    tensorboard: Annotated[Path | None, tyro.conf.arg(metavar="FOLDER")] = None
    threads: int = 0
    overwrite: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False

    def run(self) -> Mapping[str, Any]:
        """Train; returns where each policy lies and how its training ended."""
        from auctionsim.dataset import Dataset
        from vao.cli.lock import alone_in
        from vao.cli.threads import use_threads
        from vao.experiment import Arena
        from vao.storage import check_vacant
        from vao.team import join_team, leave_team

        use_threads(self.threads)
        configs = self._configs()
        dataset = Dataset.open(self.dataset)
        arena = Arena.of(dataset) if dataset.card.kind == "simulated" else None
        self._check(dataset, configs)
        for method in configs:
            # A run that was cut short may have finished some of its methods.
            begun = (self._checkpoints / method).exists()
            check_vacant(self.out / method, self.overwrite or begun)
        team = join_team(next(iter(configs.values())).device)
        try:
            with alone_in(self._checkpoints) if team.leads else nullcontext():
                found: dict[str, Any] = {
                    method: self._train(config, dataset, arena, team)
                    for method, config in configs.items()
                }
                if team.leads:
                    shutil.rmtree(self._checkpoints, ignore_errors=True)
        finally:
            leave_team()
        if not team.leads:
            raise SystemExit(0)  # the first process has shown and written all there is
        return found

    @property
    def _checkpoints(self) -> Path:
        return self.out / "checkpoints"

    def _train(
        self, config: TrainingConfig, dataset: Dataset, arena: Arena | None, team: Team
    ) -> dict[str, Any]:
        from vao.experiment import fit
        from vao.storage import save_policy

        method = config.method
        checkpoint = self._checkpoints / method
        begun = checkpoint.exists()
        with self._recorder(method, team) as record:
            policy, history, _ = fit(
                dataset,
                config,
                arena,
                record=record,
                checkpoint=checkpoint,
                team=team,
                progress=self.progress,
            )
        if team.leads:
            save_policy(policy, self.out / method, overwrite=self.overwrite or begun)
        found: dict[str, Any] = {"policy": self.out / method}
        losses = [entry for entry in history if entry["kind"] == "loss"]
        if losses:
            stage = losses[-1]["stage"]
            own = [entry["losses"] for entry in losses if entry["stage"] == stage]
            found |= {"stage": stage, "first losses": own[0], "last losses": own[-1]}
        return found

    @contextmanager
    def _recorder(self, method: str, team: Team) -> Iterator[Callable[[dict[str, Any]], object]]:
        """Give a function that writes a record wherever records of this method go."""
        from vao.logs import json_lines, tensorboard

        if not team.leads:
            yield lambda record: None
            return
        with ExitStack() as stack:
            logs = [stack.enter_context(json_lines(self.out / f"{method}.jsonl"))]
            if self.tensorboard is not None:
                logs.append(stack.enter_context(tensorboard(self.tensorboard / method)))
            yield lambda record: [log(record) for log in logs]

    def _check(self, dataset: Dataset, configs: Mapping[str, TrainingConfig]) -> None:
        """Refuse what would only fail once some of the work was done, or a folder made."""
        from vao.devices import check_device
        from vao.logs import check_tensorboard

        for config in configs.values():
            check_device(config.device)
        if self.tensorboard is not None:
            check_tensorboard()
        wanting = [method for method, config in configs.items() if config.wants_validation]
        if wanting and "val_align" not in dataset.splits:
            rule = f"must have a val_align split for method {wanting[0]}"
            mend = "Hold some out (`auctionsim convert --val-align PERIOD`), or leave it out."
            raise invalid_data(str(self.dataset), rule, ", ".join(dataset.splits), mend)

    def _configs(self) -> dict[str, TrainingConfig]:
        """The config of each method, in order."""
        from vao.config import load_training_config
        from vao.team import own_device

        given = {"seed": self.seed, "steps": self.steps, "planner": self.planner}
        overrides: dict[str, Any] = {name: v for name, v in given.items() if v is not None}
        if self.device is not None:
            overrides["device"] = self.device
        if self.method is None:
            config = load_training_config(self.training, **overrides)
            configs = {config.method: config}
        elif self.method:
            configs = {
                method: load_training_config(self.training, method=method, **overrides)
                for method in self.method
            }
        else:
            raise invalid_argument("--method", "must name one way at least", "none", "Add vao.")
        return {m: replace(c, device=own_device(c.device)) for m, c in configs.items()}
