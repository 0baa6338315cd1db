"""From an experiment's results to the rows of a table and the figures of a report."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import asdict, fields
from importlib.metadata import version

import numpy as np

import auctionsim
from auctionsim.dataset import Trajectories
from auctionsim.evaluation import Evaluation
from auctionsim.tasks import TASKS
from vao.config import TrainingConfig
from vao.experiment import Arena, MethodRun, TaskResults, delta_of, requests_in_words
from vao.methods import Method
from vao.pairing import delta_error, paired_differences
from vao.report.data import METRICS, Estimate, Line, MethodResult, Pacing, Panel
from vao.report.settings import facts_of, weighting_in_words
from vao.report.sharing import Sharing
from vao.report.words import task_name
from vao.sharing_findings import balance_of, sharing_of, weights_of
from vao.weighting.registry import weighting_class

__all__ = [
    "BEHAVIOUR",
    "CONSTANT",
    "NAMES",
    "balance_panels",
    "loss_panels",
    "method_rows",
    "pacing",
    "provenance",
    "reference_row",
    "result_row",
    "sharing",
    "validation_panels",
    "weight_panels",
]

NAMES: dict[str, str] = {"none": "No sharing", "naive": "Naive sharing", "vao": "VAO"}
BEHAVIOUR, CONSTANT = "Behaviour data", "Best constant"

_EXPLANATIONS: dict[str, str] = {
    "none": "One planner a task, each trained on its own task's data alone (MDMM).",
    "naive": "One planner for all tasks, trained on the pooled, relabelled data with equal weights"
    " (ODOM).",
    "vao": "One planner for all tasks; source data are weighted by how well their gradients align"
    " with held-out data of the target task, renewed every few updates.",
}


def _estimate(evaluation: Evaluation, metric: str) -> Estimate:
    mean, error = evaluation.metrics[metric], evaluation.standard_errors[metric]
    return Estimate(mean, error if np.isfinite(error) else None)


def _cells(results: TaskResults) -> dict[str, dict[str, Estimate]]:
    return {t: {m: _estimate(r, m) for m in METRICS} for t, r in results.items()}


def _paired(results: TaskResults, other: TaskResults | None) -> dict[str, dict[str, Estimate]]:
    if other is None:
        return {}
    return {task: paired_differences(r, other[task], METRICS) for task, r in results.items()}


def reference_row(
    name: str,
    results: TaskResults,
    explanation: str,
    *,
    baseline: TaskResults | None = None,
    behaviour: TaskResults | None = None,
) -> MethodResult:
    """Return a row to compare with, not a method of the study; see `result_row`."""
    return MethodResult(
        name,
        _cells(results),
        reference=True,
        explanation=explanation,
        gaps=_paired(results, baseline),
        gains=_paired(results, behaviour),
    )


def result_row(
    name: str,
    results: TaskResults,
    baseline: TaskResults | None,
    explanation: str = "",
    *,
    behaviour: TaskResults | None = None,
) -> MethodResult:
    """Return a method's row; delta-m is over Value and strict Score against the baseline.

    A baseline without value in some task (nothing converted) leaves delta-m undefined.

    Args:
        name: Of the method.
        results: Its results by task.
        baseline: Results to compare with, of the same seats and episodes.
        explanation: For the glossary.
        behaviour: The behaviour bidders' own results in the same seats and episodes.

    Raises:
        InvalidDataError: If results to compare with are of other seats or episodes.
    """
    delta = None
    if baseline is not None and all(b.metrics["score_strict"] > 0 for b in baseline.values()):
        delta = Estimate(delta_of(results, baseline), delta_error(results, baseline))
    return MethodResult(
        name,
        _cells(results),
        delta_m=delta,
        explanation=explanation,
        gaps=_paired(results, baseline),
        gains=_paired(results, behaviour),
    )


def method_rows(
    runs: Mapping[str, MethodRun], behaviour: TaskResults | None = None
) -> list[MethodResult]:
    """Return a row a method, compared with no sharing and with the behaviour data."""
    base = runs["none"].results
    rows = []
    for m, run in runs.items():
        other = None if m == "none" else base
        rows.append(result_row(NAMES[m], run.results, other, _EXPLANATIONS[m], behaviour=behaviour))
    return rows


def weight_panels(run: MethodRun) -> tuple[Panel, ...]:
    """Return weights over training, a panel a target task, a line a source; few tasks only."""
    return weights_of(run.history)


def sharing(run: MethodRun) -> Sharing:
    """Return what a method's weights were made of, and what came of them."""
    return sharing_of(run.history)


def balance_panels(runs: Mapping[str, MethodRun]) -> tuple[Panel, ...]:
    """Return the weights of targets over training, a panel a method that weighs those."""
    return balance_of({NAMES.get(method, method): run.history for method, run in runs.items()})


def validation_panels(runs: Mapping[str, MethodRun]) -> tuple[Panel, ...]:
    """Return the Scores on the selection episodes over training, a panel a task."""
    panels = []
    for task in TASKS:
        lines = []
        for method, run in runs.items():
            records = [entry for entry in run.history if entry["kind"] == "select"]
            scores = [entry["scores"][task] for entry in records]
            lines.append(Line.of(NAMES[method], [e["step"] for e in records], scores))
        panels.append(Panel(task, tuple(lines)))
    return tuple(panels)


_SMOOTHED = 5
"""Records of the loss that a point of its curve averages over."""


def loss_panels(runs: Mapping[str, MethodRun]) -> tuple[Panel, ...]:
    """Return the losses of the first stage that shares data, a panel a task, smoothed."""
    panels = []
    for task in TASKS:
        lines = []
        for method, run in runs.items():
            stages = run.policy.models[0].planner.stages()
            first = next(stage.name for stage in stages if stage.shared)
            entries = [e for e in run.history if e["kind"] == "loss" and e["stage"] == first]
            losses = np.array([entry["losses"].get(task, np.nan) for entry in entries])
            if np.isfinite(losses).any():
                kernel = np.ones(min(_SMOOTHED, len(losses)))
                weight = np.convolve(np.ones(len(losses)), kernel, "same")
                smooth = np.convolve(losses, kernel, "same") / weight
                lines.append(Line.of(NAMES[method], [e["step"] for e in entries], smooth))
        if lines:
            panels.append(Panel(task, tuple(lines)))
    return tuple(panels)


def pacing(runs: Mapping[str, MethodRun], behaviour: TaskResults) -> tuple[Pacing, ...]:
    """Return one campaign a task over the day: the first seat of the first test episode."""
    shown = []
    for task in TASKS:
        every = {BEHAVIOUR: behaviour[task].trajectories}
        every |= {NAMES[m]: run.results[task].trajectories for m, run in runs.items()}
        first = next(iter(every.values()))
        episode, advertiser = int(first.episode[0]), int(first.advertiser[0])
        spent, multiplier = [], []
        for name, trajectories in every.items():
            mine = (trajectories.episode == episode) & (trajectories.advertiser == advertiser)
            if mine.any():
                one = trajectories.take(np.flatnonzero(mine))
                spent.append(_spent(name, one))
                multiplier.append(_multiplier(name, one))
        title = f"{campaign_in_words(first, task)}, advertiser {advertiser}, episode {episode}"
        shown.append(Pacing(title, tuple(spent), tuple(multiplier)))
    return tuple(shown)


def _spent(name: str, one: Trajectories) -> Line:
    share = np.cumsum(one.cost[0], dtype=np.float64) / one.budget[0]
    return Line.of(name, np.arange(1, len(share) + 1), share)


def _multiplier(name: str, one: Trajectories) -> Line:
    played = np.where(one.active[0], one.action[0], np.nan)
    return Line.of(name, np.arange(1, len(played) + 1), played)


def campaign_in_words(trajectories: Trajectories, task: str) -> str:
    """Describe the first campaign: task, budget, limit."""
    words = f"{task_name(task)}, budget {trajectories.budget[0]:,.0f}"
    if task == "cpa_mcb":
        return f"{words}, CPA at most {trajectories.cpa_target[0]:.1f}"
    if task == "target_roas":
        return f"{words}, ROAS at least {trajectories.roas_target[0]:.4f}"
    return words


_OF_A_METHOD = ("method", "weighting", "device")
"""Settings that may differ from one method's training to another's."""


def _weighting(config: TrainingConfig) -> str:
    rule = Method.of(config.method).weighting
    return weighting_in_words(rule, config.weighting, len(fields(weighting_class(rule).Settings)))


def provenance(
    arena: Arena, runs: Mapping[str, MethodRun], factors: Mapping[str, float], seconds: float
) -> dict[str, dict[str, str]]:
    """Return how the results were made: settings, choices, versions, run time."""
    config = next(iter(runs.values())).config
    shared = {k: v for k, v in asdict(config).items() if k not in _OF_A_METHOD}
    market = arena.market
    return {
        "Data": {
            "market": f"{market.name}, {market.opportunities:,} opportunities an episode",
            "line-up": arena.lineup.name,
            "seed of the episodes": str(arena.seed),
            "selection episodes": str(len(arena.selecting)),
            "test episodes": str(len(arena.testing)),
            "protocol": arena.protocol,
        },
        "Training (the same for all methods)": facts_of(shared),
        "Weighting of the data": {NAMES[m]: _weighting(run.config) for m, run in runs.items()},
        "Chosen on the selection episodes": {
            **{NAMES[m]: requests_in_words(run.policy.requests) for m, run in runs.items()},
            CONSTANT: ", ".join(f"{t}: {f:g} x reference" for t, f in factors.items()),
        },
        "Versions": {
            "semantics": str(auctionsim.SEMANTICS),
            "auctionsim": auctionsim.__version__,
            "Python": platform.python_version(),
            **{name: version(name) for name in ("torch", "numpy", "numba")},
        },
        "Run time": {
            **{NAMES[m]: f"{run.seconds:.0f} s" for m, run in runs.items()},
            "all": f"{seconds:.0f} s",
        },
    }
