"""`vao evaluate`: trained planners, scored by roll-outs in a simulated market."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import tyro

from auctionsim.cli import Command

if TYPE_CHECKING:
    from rich.console import Console

    from vao.experiment import Arena, TaskResults
    from vao.report import MethodResult

__all__ = ["Evaluate"]


@dataclass(frozen=True, kw_only=True)
class Evaluate(Command):
    """Score trained policies by roll-outs: each takes over one seat at a time.

    All policies meet the same episodes, and each plays the tasks it was trained for. With several,
    delta m compares each with the first, if both play the same tasks.

    Attributes:
        policies: Folders of policies, as `vao train` writes them.
        market: Market name, or a YAML file.
        episodes: How many episodes.
        first_episode: Number of the first one; by default far from the episodes of datasets, which
            count from 0, so that planners are not scored on what they were trained on.
        lineup: Plays the other seats: a line-up's name, or a YAML file.
        protocol: paper takes over the seats the market gives a task, wide all seats.
        seed: Seed of the episodes.
        planner: Planners of your own that policies may be of, and rules of weighting by which they
            may have been trained.
        device: Where the planners compute: cpu, cuda, cuda:1, ...
        threads: Threads of PyTorch; 0 leaves the choice to it.
    """

    own_classes: ClassVar[bool] = True

    policies: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="POLICY ...")]
    market: str = "small"
    episodes: int = 10
    first_episode: int = 1_000_000
    lineup: str = "mixed"
    protocol: str = "paper"
    seed: int = 0
    planner: Annotated[tuple[str, ...], tyro.conf.arg(metavar="MODULE:CLASS")] = ()
    device: str = "cpu"
    threads: int = 0

    def run(self) -> Mapping[str, Any]:
        """Play all policies; returns metrics and standard errors by policy and task."""
        import auctionsim
        from auctionsim.errors import invalid_argument
        from vao.cli.threads import use_threads
        from vao.storage import load_policy

        if not self.policies:
            raise invalid_argument("POLICY", "must be given", "none", "Name a policy's folder.")
        use_threads(self.threads)
        loaded = {
            name: load_policy(folder, self.device, planners=self.planner)
            for folder, name in _names(self.policies).items()
        }
        if len(loaded) < len(self.policies):
            rule = "must be different folders"
            found = ", ".join(map(str, self.policies))
            raise invalid_argument("POLICY", rule, found, "Name each once.")
        arena = self._arena()
        results = {n: arena.test(p, progress=self.progress) for n, p in loaded.items()}
        return {
            "market": arena.market.name,
            "first_episode": self.first_episode,
            "episodes": self.episodes,
            "protocol": self.protocol,
            "seed": self.seed,
            "semantics": auctionsim.SEMANTICS,
            "results": {
                name: {
                    task: {"metrics": r.metrics, "standard_errors": r.standard_errors}
                    for task, r in of.items()
                }
                for name, of in results.items()
            },
            "rows": _rows(results),
        }

    def show(self, result: Mapping[str, Any], console: Console) -> None:
        """Print the table of results."""
        from auctionsim.cli.output import counted
        from auctionsim.tasks import TASKS
        from vao.cli.tables import results_table

        played = {task for row in result["rows"] for task in row.cells}
        tasks = [task for task in TASKS if task in played]
        console.print(results_table(result["rows"], tasks))
        where = f"{counted(result['episodes'], 'episode')} of market {result['market']}"
        compared = any(row.delta_m is not None for row in result["rows"])
        against = "; delta m against the first policy" if compared else ""
        console.print(f"Means ± standard errors over {where}{against}.")

    def _arena(self) -> Arena:
        from auctionsim.cli.episodes import episode_range
        from auctionsim.lineup import load_lineup
        from auctionsim.market import load_market
        from vao.experiment import Arena

        return Arena(
            market=load_market(self.market),
            lineup=load_lineup(self.lineup),
            seed=self.seed,
            selecting=(),
            testing=episode_range(self.first_episode, self.episodes),
            protocol=self.protocol,
        )


def _names(folders: Sequence[Path]) -> dict[Path, str]:
    """Name policies by their folders, with those above as far as they are needed to differ."""
    for parts in (1, 2, 3):
        names = {folder: "/".join(folder.resolve().parts[-parts:]) for folder in folders}
        if len(set(names.values())) == len(folders):
            return names
    return {folder: str(folder) for folder in folders}


def _rows(results: Mapping[str, TaskResults]) -> list[MethodResult]:
    from vao.findings import result_row

    first = next(iter(results.values()))
    alike = [of is not first and set(of) == set(first) for of in results.values()]
    return [
        result_row(name, of, first if compared else None)
        for (name, of), compared in zip(results.items(), alike, strict=True)
    ]
