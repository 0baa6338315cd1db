"""The main job in one go: simulate, train three ways, score by roll-outs, report."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tqdm import tqdm

from auctionsim.dataset import Dataset
from auctionsim.generate import generate_dataset, load_dataset_config
from auctionsim.simulator.compiled import is_compiled
from auctionsim.tasks import TASKS
from vao.arena import FACTORS
from vao.config import METHODS, TrainingConfig, load_training_config
from vao.experiment import Arena, Experiment, MethodRun
from vao.findings import (
    BEHAVIOUR,
    CONSTANT,
    NAMES,
    balance_panels,
    loss_panels,
    method_rows,
    pacing,
    provenance,
    reference_row,
    sharing,
    validation_panels,
    weight_panels,
)
from vao.history import write_history
from vao.report import ReportData, write_report, write_results
from vao.storage import save_policy

__all__ = ["QuickstartResult", "QuickstartSettings", "run_quickstart"]

_NOTE = (
    "This is a demonstration at small scale: a tiny market, one training seed, planners of about"
    " {weights:,} weights trained for seconds. Standard errors are over test episodes only and"
    " leave out how much a method's training varies from seed to seed. VAO's weights are measured"
    " on small batches and swing accordingly. It shows that the parts work together; it does not"
    " rank the methods."
)

_CONSTANT_EXPLANATION = (
    "One multiplier all day: reference multiplier times a factor, chosen per task on the selection"
    f" episodes from a grid of {len(FACTORS)}; the reference is the CPA target, 1 / ROAS target, or"
    " for BCB the market's reference price."
)

_COMPILING = "compiling the simulator, once (about half a minute) ..."


@dataclass(frozen=True)
class QuickstartSettings:
    """Settings of the demonstration.

    Attributes:
        dataset: Dataset config, by name or path.
        training: Training config, by name or path; the method is set for each run.
        out: Folder for dataset, policies, results and report.
        seed: Seed of the training runs and of the data.
    """

    dataset: str = "quickstart"
    training: str = "quickstart"
    out: Path = Path("runs/quickstart")
    seed: int = 0


@dataclass(frozen=True)
class QuickstartResult:
    """What the demonstration found, and where it put it.

    Attributes:
        data: All that the report shows.
        report: The HTML file.
        seconds: Wall time.
    """

    data: ReportData
    report: Path
    seconds: float


def run_quickstart(settings: QuickstartSettings, *, progress: bool = True) -> QuickstartResult:
    """Generate a dataset, train with no, naive and VAO sharing, score all, write the report.

    Args:
        settings: What to run, and where to put it.
        progress: Whether to show progress bars.

    Raises:
        InvalidArgumentError: If a config breaks a rule, or `out` holds another dataset.
    """
    began = time.perf_counter()
    config = replace(load_dataset_config(settings.dataset), seed=settings.seed)
    if progress and not is_compiled():
        _say(_COMPILING)
    folder = settings.out / "dataset"
    generate_dataset(config, folder, progress=progress)
    dataset = Dataset.open(folder)
    experiment = Experiment(dataset, Arena.of(dataset))
    behaviour = experiment.behaviour()
    constant, factors = experiment.arena.best_constant(progress=progress)
    runs = _train_all(experiment, settings, progress)
    rows = [
        reference_row(BEHAVIOUR, behaviour, "What the bidders that made the data did themselves."),
        reference_row(
            CONSTANT,
            constant,
            _CONSTANT_EXPLANATION,
            baseline=runs["none"].results,
            behaviour=behaviour,
        ),
        *method_rows(runs, behaviour),
    ]
    seconds = time.perf_counter() - began
    data = ReportData(
        title="Cross-task sharing for generative auto-bidding: a demonstration",
        summary=_summary(experiment),
        tasks=TASKS,
        results=tuple(rows),
        baseline=NAMES["none"],
        highlight=NAMES["vao"],
        note=_note(runs),
        pacing=pacing(runs, behaviour),
        weights=weight_panels(runs["vao"]),
        sharing=sharing(runs["vao"]),
        balance=balance_panels(runs),
        validation=validation_panels(runs),
        losses=loss_panels(runs),
        provenance=provenance(experiment.arena, runs, factors, seconds),
    )
    report = settings.out / "report.html"
    write_report(report, data)
    write_results(settings.out / "results.json", data)
    return QuickstartResult(data, report, seconds)


def _say(line: str) -> None:
    """Tell what comes next, where the bars stand."""
    tqdm.write(line, file=sys.stderr)


def _train_all(
    experiment: Experiment, settings: QuickstartSettings, progress: bool
) -> dict[str, MethodRun]:
    training = load_training_config(settings.training)
    runs = {}
    for place, method in enumerate(METHODS, start=1):
        if progress:
            # The bars below it say neither which method it is in the table nor how many there are.
            _say(f"{place} of {len(METHODS)}: {NAMES[method]}")
        runs[method] = _train(experiment, training, method, settings, progress)
    return runs


def _train(
    experiment: Experiment,
    training: TrainingConfig,
    method: str,
    settings: QuickstartSettings,
    progress: bool,
) -> MethodRun:
    run = experiment.run(
        replace(training.with_method(method), seed=settings.seed), progress=progress
    )
    save_policy(run.policy, settings.out / "policies" / method, overwrite=True)
    write_history(run.history, settings.out / "policies" / f"{method}.jsonl")
    return run


def _note(runs: Mapping[str, MethodRun]) -> str:
    planner = next(iter(runs.values())).policy.models[0].planner
    weights = sum(parameter.numel() for parameter in planner.parameters())
    return _NOTE.format(weights=round(weights, -3) if weights >= 1000 else weights)


def _summary(experiment: Experiment) -> tuple[str, ...]:
    market, counts = experiment.arena.market, experiment.dataset.card.counts["train"]
    shares = ", ".join(f"{count} {task}" for task, count in counts.items())
    return (
        f"{market.advertisers} advertisers with budgets and limits compete in simulated days of"
        f" {market.steps} steps and {market.opportunities:,} ad opportunities. Their trajectories"
        f" ({shares}) train planners that set an advertiser's bid multiplier step by step.",
        "Each planner then takes over one seat at a time in test episodes it never saw, while the"
        " others play on; all methods meet the same traffic. Which checkpoint to keep, and then"
        " what to ask its planner for, were both chosen on the same selection episodes, apart from"
        " the training and the test episodes.",
    )
