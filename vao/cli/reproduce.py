"""`vao reproduce`: the published tables once more, from their configs to the page."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import tyro

from auctionsim.cli import Command

if TYPE_CHECKING:
    from rich.console import Console

    from vao.reproduce.plan import Study
    from vao.reproduce.run import Run
    from vao.reproduce.runner import Worker
    from vao.reproduce.table_config import TableConfig

__all__ = ["Reproduce"]

SEARCH = "search"


@dataclass(frozen=True, kw_only=True)
class Reproduce(Command):
    """Play the runs of published tables and write their pages.

    Makes the dataset, trains every method from every seed, tests it, and writes raw results and
    page to OUT/NAME. Cut short, it goes on with the runs that were not finished: give the same
    command again; runs that tables have in common are played once. The hyper-parameters are those
    that the search chose; `search` in place of a table searches anew and writes
    OUT/search/SCALE.yaml, which belongs into configs/chosen.

    Attributes:
        names: Tables of configs/tables (table1, table2, table3, fig4, fig5, ...), YAML files, or
            search.
        scale: How large; see configs/studies.
        seeds: Training seeds of each method; some tables take fewer.
        out: Folder for datasets, runs and tables.
        jobs: Runs at a time, each with one thread; 0 for one a core.
        study: Study config, by name or YAML file.
        partial: Leave out methods that are not finished, and play nothing.
    """

    own_classes: ClassVar[bool] = True

    names: Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="NAME ...")]
    scale: str = "small"
    seeds: int = 5
    out: Path = Path("runs/reproduce")
    jobs: int = 0
    study: str = "sharing"
    partial: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False

    def run(self) -> Mapping[str, Any]:
        """Play and publish; returns where each page lies, and its numbers."""
        from auctionsim.errors import invalid_argument
        from auctionsim.generate import load_dataset_config
        from vao.reproduce.plan import load_study
        from vao.reproduce.table_config import load_table

        if not self.names:
            raise invalid_argument("NAME", "must name a table", "none", "Try table2.")
        if self.jobs < 0:
            raise invalid_argument("--jobs", "must be >= 0", self.jobs, "0 is one a core.")
        if self.seeds < 1:
            raise invalid_argument("--seeds", "must be >= 1", self.seeds, "Try 5.")
        study = load_study(self.study)
        study.scale(self.scale)
        if SEARCH in self.names:
            if len(self.names) > 1:
                rule, mend = "must stand alone", "Play the tables after it."
                raise invalid_argument(SEARCH, rule, " ".join(self.names), mend)
            if self.partial:
                rule, mend = "must not go with search", "Leave it out: a search needs all trials."
                raise invalid_argument("--partial", rule, SEARCH, mend)
            return self._search(study)
        self._check_folders()
        tables = {Path(name).stem: load_table(name) for name in self.names}
        # All of them before the first is played, as mistakes would show hours later else.
        plans = {name: t.runs(study, self.scale, self.seeds) for name, t in tables.items()}
        for table in tables.values():
            load_dataset_config(table.dataset_of(study, self.scale))
        return {n: self._reproduce(n, t, study, plans[n]) for n, t in tables.items()}

    def show(self, result: Mapping[str, Any], console: Console) -> None:
        """Print each table, and where its page lies."""
        from auctionsim.cli.output import key_value_table
        from vao.reproduce.render import terminal

        if SEARCH in self.names:
            console.print(key_value_table(result))
            return
        for found in result.values():
            for table in found["tables"].values():
                console.print(terminal(table))
            # A path that is broken into lines cannot be copied.
            console.print(f"Page: {found['page']}", soft_wrap=True, markup=False, highlight=False)

    def _check_folders(self) -> None:
        """Raise if two tables would be written into one folder, or one where others lie."""
        from auctionsim.errors import invalid_argument

        folders = [Path(name).stem for name in dict.fromkeys(self.names)]
        for folder in folders:
            if folder in (SEARCH, "runs", "data") or folders.count(folder) > 1:
                rule, mend = "must give each table a folder of its own", "Call the file otherwise."
                raise invalid_argument("NAME", rule, f"{self.out / folder}", mend)

    def _reproduce(
        self, name: str, table: TableConfig, study: Study, runs: Sequence[Run]
    ) -> dict[str, Any]:
        from vao.reproduce.publish import PAGE, gather, publish
        from vao.reproduce.run import data_fingerprint
        from vao.reproduce.runner import play_task

        dataset = table.dataset_of(study, self.scale)
        folder = self.out / "runs" / Path(dataset).stem
        if not self.partial:
            self._play(runs, dataset, folder, play_task, name)
        results, notes = gather(runs, folder)
        out = self.out / name
        data = {"dataset": dataset, "data": data_fingerprint(dataset)}
        made = data | self._made(notes)
        tables = publish(table, study, results, notes, made, out, partial=self.partial)
        return {"page": out / PAGE, "tables": tables}

    def _search(self, study: Study) -> dict[str, Any]:
        """Search in two rounds; returns what was chosen, and where it is written."""
        from vao.reproduce import search
        from vao.reproduce.plan import Chosen

        dataset = study.scale(self.scale).dataset
        folder = self.out / SEARCH / self.scale
        blank = replace(study, choices={})
        first = search.common_runs(blank, self.scale)
        self._play(first, dataset, folder, search.search_task, "search for all", search.played)
        common = search.best_common(blank, self.scale, folder)
        begun = replace(study, choices={self.scale: Chosen(common)})
        second = search.search_runs(begun, self.scale)
        self._play(second, dataset, folder, search.search_task, "search for each", search.played)
        chosen = Chosen(common, search.best_of_each(begun, self.scale, folder))
        path = self.out / SEARCH / f"{self.scale}.yaml"
        search.write_chosen(path, chosen, [*first, *second], folder)
        return {"chosen": chosen, "file": path}

    def _play(
        self,
        runs: Sequence[Run],
        dataset: str,
        folder: Path,
        worker: Worker,
        title: str,
        done: Callable[[Run, Path], bool] | None = None,
    ) -> None:
        """Play those of some runs that are not finished.

        Raises:
            InvalidArgumentError: If a variant wants more data than there are; none was played.
            InvalidDataError: If some could not be played; the others were.
        """
        from auctionsim.dataset import Dataset
        from auctionsim.errors import invalid_data
        from auctionsim.generate import generate_dataset, load_dataset_config
        from vao.cli.lock import alone_in
        from vao.reproduce.play import finished
        from vao.reproduce.runner import Task, run_all

        check = finished if done is None else done
        left = [run for run in runs if not check(run, folder)]
        if not left:
            return
        data = self.out / "data" / Path(dataset).stem
        tasks = [Task(run, data, folder) for run in left]
        jobs = self.jobs or available_cores()
        with alone_in(self.out / "runs"):
            generate_dataset(load_dataset_config(dataset), data, progress=self.progress)
            made = Dataset.open(data)
            for variant in {repr(run.variant): run.variant for run in left}.values():
                variant.check(made)
            failed = run_all(tasks, worker, jobs, title=title, progress=self.progress)
        if failed:
            label, error = next(iter(failed.items()))
            found = f"{len(failed)} that failed, the first {label}: {error}"
            mend = "Mend it and go on, or use --partial."
            raise invalid_data("runs", "must all be played", found, mend)

    def _made(self, notes: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """What the table is made of: command, scale, time; runs hold what they were played with.

        Args:
            notes: On each run, with the seconds that it took one core.
        """
        given = f"--scale {self.scale} --seeds {self.seeds} --study {self.study}"
        seconds = sum(told.get("seconds", 0.0) for told in notes.values())
        return {
            "command": f"vao reproduce {' '.join(self.names)} {given}",
            "study": self.study,
            "scale": self.scale,
            "seeds": self.seeds,
            "published": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
            "core_hours": round(seconds / 3600.0, 2),
        }


def available_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
