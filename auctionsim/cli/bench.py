"""`auctionsim bench`: how fast this machine simulates, and what memory it takes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from auctionsim.cli.command import Command
from auctionsim.errors import invalid_argument

if TYPE_CHECKING:
    from rich.console import Console
    from tqdm import tqdm

    from auctionsim.bench import Patience
    from auctionsim.market import MarketConfig

__all__ = ["Bench"]

_MARKETS, _QUICK_MARKETS = ("paper", "small", "tiny"), ("tiny",)
_REFERENCE_OPPORTUNITIES, _QUICK_REFERENCE_OPPORTUNITIES = 2500, 500
_QUICK_SECONDS, _MOST_SECONDS = 0.1, 3600
_KINDS = ("speed", "reference", "environments", "memory", "compilation")


@dataclass(frozen=True, kw_only=True)
class Bench(Command):
    """Measure speed and memory on this machine.

    Plays markets with fixed multipliers, with the default line-up, with every seat replaced alone,
    and 16 episodes together: time by stage and by threads, beside the NumPy reference; what the
    Gymnasium and PettingZoo environments add; peak memory; first-call compilation. What is compared
    is timed in turns, round by round.

    Attributes:
        market: Market names or YAML files; by default paper, small and tiny. With --growth the
            first one is the centre.
        threads: Thread counts; by default 1 and as many as there are cores.
        seconds: Each case is run again until so much time was spent on it; twice at least.
        quick: A moment each, nothing compiled anew; only the tiny market if none is named.
        reference: Time the NumPy reference as well.
        environments: Time the environments as well.
        memory: Measure the peak of memory as well.
        compilation: Measure first-call compilation as well.
        growth: Measure instead how time and memory grow with the sizes of the first market.
        plot: With --growth, draw it into this file (.svg, .png or .pdf).
        seed: Seed of all randomness.
    """

    market: Annotated[tuple[str, ...], tyro.conf.arg(metavar="NAME ...")] = ()
    threads: Annotated[tuple[int, ...], tyro.conf.arg(metavar="COUNT ...")] = ()
    seconds: float = 1.0
    quick: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    reference: bool = True
    environments: bool = True
    memory: bool = True
    compilation: bool = True
    growth: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    plot: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    seed: int = 0

    def run(self) -> Mapping[str, Any]:
        """Measure; returns the machine, and what was found."""
        import auctionsim
        from auctionsim.bench.machine import describe_machine, load_average

        markets, counts, patience = self._markets(), self._thread_counts(), self._patience()
        self._check_rest()
        began, load = time.perf_counter(), load_average()
        found = (
            self._measure_growth(markets[0], counts[-1], patience)
            if self.growth
            else self._measure_cases(markets, counts, patience)
        )
        return {
            "version": auctionsim.__version__,
            "semantics": auctionsim.SEMANTICS,
            "seed": self.seed,
            "machine": describe_machine(),
            "load_average_before": load,
            **found,
            "seconds": time.perf_counter() - began,
        }

    def _markets(self) -> list[MarketConfig]:
        from auctionsim.market import load_market

        names = self.market or (_QUICK_MARKETS if self.quick else _MARKETS)
        if len(set(names)) < len(names):
            mend = "Name each once."
            raise invalid_argument("--market", "must differ from each other", names, mend)
        return [load_market(name) for name in names]

    def _thread_counts(self) -> list[int]:
        from auctionsim.mechanism.arguments import check_integer
        from auctionsim.threads import get_threads

        most = get_threads()
        mend = "Use no more than there are cores, or than NUMBA_NUM_THREADS says."
        for count in self.threads:
            check_integer("--threads", count, 1, most, mend)
        return sorted(set(self.threads or (1, most)))

    def _patience(self) -> Patience:
        from auctionsim.bench.timing import Patience

        if not 0 < self.seconds <= _MOST_SECONDS:
            rule = f"must be above 0 and at most {_MOST_SECONDS}"
            raise invalid_argument("--seconds", rule, self.seconds, "Try 1.")
        return Patience(min(self.seconds, _QUICK_SECONDS) if self.quick else self.seconds)

    def _check_rest(self) -> None:
        from auctionsim.bench.plot import check_plot_target
        from auctionsim.mechanism.arguments import check_integer

        check_integer("--seed", self.seed, 0, 2**64 - 1, "Pick another seed.")
        if self.plot is not None:
            if not self.growth:
                rule = "must come with --growth"
                raise invalid_argument("--plot", rule, str(self.plot), "Add --growth.")
            check_plot_target(self.plot)

    def _measure_cases(
        self, markets: list[MarketConfig], counts: list[int], patience: Patience
    ) -> dict[str, Any]:
        from auctionsim.bench import cases_for, measure_compilation, measure_memory, measure_speed
        from auctionsim.bench.environments import ENVIRONMENTS, measure_environments

        compilation = self.compilation and not self.quick
        cut = _QUICK_REFERENCE_OPPORTUNITIES if self.quick else _REFERENCE_OPPORTUNITIES
        played = 2 * len(ENVIRONMENTS) if self.environments else 0
        cases = sum(len(cases_for(market)) for market in markets)
        others = len(markets) * (self.reference + played)
        found: dict[str, list[Any]] = {name: [] for name in _KINDS}
        total = cases * (len(counts) + self.memory) + others + 2 * compilation
        with self._progress(total) as bar:
            for market in markets:
                bar.set_description(f"timing {market.name}")
                speeds, reference = measure_speed(
                    market, counts, self.seed, patience,
                    reference_opportunities=cut if self.reference else 0, on_finished=bar.update,
                )  # fmt: skip
                found["speed"] += speeds
                found["reference"] += [] if reference is None else [reference]
                if self.environments:
                    found["environments"] += measure_environments(
                        market, counts[-1], self.seed, patience, bar.update
                    )
            for market in markets:
                bar.set_description(f"memory of {market.name}")
                for case in cases_for(market) if self.memory else ():
                    found["memory"].append(measure_memory(market, case, self.seed))
                    bar.update()
            if compilation:
                bar.set_description("compilation")
                found["compilation"] = list(measure_compilation(self.seed, bar.update))
        return found

    def _measure_growth(
        self, centre: MarketConfig, threads: int, patience: Patience
    ) -> dict[str, Any]:
        from auctionsim.bench import measure_growth
        from auctionsim.bench.growth import AXES, QUICK_AXES, markets_around
        from auctionsim.bench.plot import draw_growth

        axes = QUICK_AXES if self.quick else AXES
        total = (1 + self.memory) * len(markets_around(centre, axes))
        with self._progress(total) as bar:
            bar.set_description(f"growth around {centre.name}")
            growth = measure_growth(
                centre, threads, self.seed, patience, axes,
                memory=self.memory, on_finished=bar.update,
            )  # fmt: skip
        if self.plot is not None:
            draw_growth(growth, self.plot)
        return {"growth": growth}

    def _progress(self, total: int) -> tqdm[Any]:
        from tqdm import tqdm

        return tqdm(total=total, disable=not self.progress, unit="case")

    def show(self, result: Mapping[str, Any], console: Console) -> None:
        """Print a table a kind of measurement, and the machine."""
        from auctionsim.bench.tables import sheets
        from auctionsim.cli.output import table

        for sheet in sheets(result):
            console.print(table(sheet.headings, sheet.rows, sheet.title), markup=False)
            if sheet.note:
                console.print(f"{sheet.note}\n", markup=False, highlight=False)
        facts = ", ".join(f"{name} {value}" for name, value in result["machine"].items())
        line = f"{facts}; load before {result['load_average_before']}\n{result['seconds']:.3g} s"
        console.print(line, markup=False, highlight=False)
