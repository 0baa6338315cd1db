"""`vao quickstart`: the main job in one go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from auctionsim.cli import Command

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Quickstart"]


@dataclass(frozen=True, kw_only=True)
class Quickstart(Command):
    """Simulate data, train planners three ways, score them by roll-outs, and write a report.

    Attributes:
        out: Folder for the dataset, the policies, the results and the report.
        dataset: Dataset config, by name or YAML file.
        training: Training config, by name or YAML file.
        seed: Seed of the data and of the training.
        threads: Threads of PyTorch, and of it alone; 0 leaves the choice to it. Planners so small
            gain little by a second one, and lose much where the machine is shared.
    """

    own_classes: ClassVar[bool] = True

    out: Path = Path("runs/quickstart")
    dataset: str = "quickstart"
    training: str = "quickstart"
    seed: int = 0
    threads: int = 1

    def run(self) -> Mapping[str, Any]:
        """Run all of it; returns the report's data and where the report lies."""
        from vao.cli.threads import use_threads

        use_threads(self.threads)
        from vao.quickstart import QuickstartSettings, run_quickstart

        settings = QuickstartSettings(self.dataset, self.training, self.out, self.seed)
        result = run_quickstart(settings, progress=self.progress)
        return {"report": result.report, "seconds": result.seconds, "data": result.data}

    def show(self, result: Mapping[str, Any], console: Console) -> None:
        """Print the main table, what it is worth, and where the report lies."""
        from vao.cli.tables import gain_lines, results_table

        data = result["data"]
        console.print(results_table(data.results, data.tasks))
        for line in gain_lines(data.results, data.tasks):
            console.print(line, highlight=False, markup=False)
        console.print(data.note, style="italic")
        console.print(f"\nReport: {result['report']}   ({result['seconds']:.0f} s)")
