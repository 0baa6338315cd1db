"""The section of a dataset's page on how far apart the tasks are."""

from __future__ import annotations

import numpy as np

from auctionsim.report import plots
from auctionsim.report.dataset_sections import DASH
from auctionsim.report.layout import Figure, Section, Table, figure
from auctionsim.report.measures import MEASURES
from auctionsim.report.shift import Control, PairShift
from auctionsim.report.study import Study, largest_gap
from auctionsim.report.styles import Look
from auctionsim.report.two_sample import FEWEST_EPISODES, Evidence
from auctionsim.report.unseen import Unseen
from auctionsim.report.words import task_name

__all__ = ["shift_section"]

HEADING = "How far apart the tasks are"
TASKS_LOOK, CONTROL_LOOK, UNSEEN_LOOK = Look(0, (), 1.8), Look(7, (), 1.8), Look(1, (), 1.8)


def shift_section(study: Study) -> Section:
    """Return the tests and distances, or why there are none."""
    pairs = study.shift.pairs
    if not pairs:
        return Section(HEADING, "The data holds one task only: there is nothing to compare.")
    figures = [drawn for i, pair in enumerate(pairs) if (drawn := _figure(pair, i)) is not None]
    caption = (
        "A classifier (gradient-boosted trees) learns from half of the episodes which of two tasks "
        "a trajectory, or a single step of one, is from, and is tried on the other half. The area "
        "under its ROC curve (AUC) is the chance that it ranks a trajectory of the one task above "
        "one of the other: 0.5 where the tasks' data have one distribution, 1 where they never "
        "look alike. It sees how the day went, but neither budget nor limit; multipliers and the "
        "return are over the reference. Open dots are controls: the same between advertisers of "
        "one task (range over draws), and with tasks shuffled among the advertisers (90 % of them)."
    )
    tables = (_tests(pairs), *_controls(study), _distances(pairs))
    return Section(HEADING, caption, (), tuple(figures), tables, _notes(study))


def _figure(pair: PairShift, index: int) -> Figure | None:
    rows = []
    for name, kind in (("trajectories", "trajectories"), ("steps", "single steps")):
        found: Evidence | None = getattr(pair, name)
        if found is not None:
            rows.append(plots.Dot(kind, found.auc, found.auc_interval, TASKS_LOOK))
        areas = () if pair.control is None else getattr(pair.control, name)
        if areas:
            ends = (min(areas), max(areas))
            middle = float(np.mean(areas))
            rows.append(plots.Dot("  within one task", middle, ends, CONTROL_LOOK, filled=False))
    if pair.unseen is not None:
        found_unseen, ends = pair.unseen, pair.unseen.null_interval
        rows.append(
            plots.Dot("unseen advertisers", found_unseen.auc, (found_unseen.auc,) * 2, UNSEEN_LOOK)
        )
        rows.append(plots.Dot("  tasks shuffled", float(np.mean(ends)), ends, CONTROL_LOOK, False))
    if not rows:
        return None
    drawn = plots.dots(rows, f"auc{index}", x_label="AUC on held-out episodes", level=0.5)
    return figure(_names(pair), drawn)


def _names(pair: PairShift) -> str:
    return " and ".join(task_name(task) for task in pair.tasks)


def _tests(pairs: tuple[PairShift, ...]) -> Table:
    columns = (
        "tasks",
        "advertisers",
        "AUC, trajectories",
        "accuracy",
        "p",
        "AUC, single steps",
        "p",
        "AUC, unseen advertisers",
        "p",
        "differ most in",
    )
    rows = []
    for pair in pairs:
        whole, steps = _evidence(pair.trajectories), _evidence(pair.steps)
        most = largest_gap(pair)
        rows.append(
            (
                _names(pair),
                " / ".join(map(str, pair.advertisers)),
                *whole,
                steps[0],
                steps[2],
                *_unseen(pair.unseen),
                DASH if most is None else MEASURES[most],
            )
        )
    caption = "The tests. Brackets: 95 % interval, the held-out episodes drawn anew."
    return Table(caption, columns, tuple(rows))


def _evidence(found: Evidence | None) -> tuple[str, str, str]:
    if found is None:
        return DASH, DASH, DASH
    low, high = found.auc_interval
    area = f"{found.auc:.2f} ({low:.2f}–{high:.2f})"
    return area, f"{100 * found.accuracy:.0f} %", f"{found.p_value:.3f}"


def _unseen(found: Unseen | None) -> tuple[str, str]:
    return (DASH, DASH) if found is None else (f"{found.auc:.2f}", f"{found.p_value:.3f}")


def _controls(study: Study) -> list[Table]:
    rows = []
    for pair in study.shift.pairs:
        if pair.control is not None and (pair.control.trajectories or pair.control.steps):
            sizes = " / ".join(map(str, pair.control.advertisers))
            name = f"{task_name(pair.control.task)} with itself: {sizes} advertisers"
            rows.append((name, _span(pair.control.trajectories), _span(pair.control.steps)))
    for task, areas in study.shift.random_labels.items():
        rows.append((f"{task_name(task)}, labels drawn at random", _span(areas), DASH))
    caption = (
        "The controls: two groups of one task's advertisers, drawn at random, and labels without "
        "meaning, which must give about 0.5. Mean, and range over draws."
    )
    columns = ("control", "AUC, trajectories", "AUC, single steps")
    return [Table(caption, columns, tuple(dict.fromkeys(rows)))] if rows else []


def _span(areas: tuple[float, ...]) -> str:
    if not areas:
        return DASH
    return f"{np.mean(areas):.2f} ({min(areas):.2f}–{max(areas):.2f})"


def _distances(pairs: tuple[PairShift, ...]) -> Table:
    rows = []
    for name, meaning in MEASURES.items():
        if any(name in pair.distances for pair in pairs):
            cells = [cell for pair in pairs for cell in _distance(pair, name)]
            rows.append((meaning, *cells))
    columns = [heading for p in pairs for heading in (f"{_names(p)}: W1", "KS")]
    caption = (
        "Distances of a trajectory's main measures: Wasserstein-1 over the pooled deviation (W1) "
        "and Kolmogorov-Smirnov (KS). Brackets: the same between advertisers of one task."
    )
    return Table(caption, ("measure", *columns), tuple(rows))


def _distance(pair: PairShift, name: str) -> tuple[str, str]:
    control: Control | None = pair.control
    found = pair.distances.get(name)
    other = None if control is None else control.distances.get(name)
    if found is None:
        return DASH, DASH
    result = []
    for kind in ("wasserstein", "ks"):
        own = f"{getattr(found, kind):.2f}".replace("nan", DASH)
        within = "" if other is None else f" ({getattr(other, kind):.2f})".replace("nan", DASH)
        result.append(own + within)
    return result[0], result[1]


def _notes(study: Study) -> tuple[str, ...]:
    pairs = study.shift.pairs
    notes = [
        "p: the share of relabellings with at least this AUC. For trajectories and steps, tasks "
        "are shuffled within each held-out episode; for unseen advertisers, whole advertisers "
        "change tasks and the classifier (logistic, on ranks) is trained anew. It cannot fall "
        "below 1 / (relabellings + 1): two of eight advertisers leave 27, so at best 0.036. "
        "p-values are not adjusted for the number of tests. A shift is one of the data: it may "
        "come from a task's limits, or from another mix of bidders playing it.",
    ]
    if any(pair.shared_advertisers < min(pair.advertisers) for pair in pairs):
        notes.append(
            "An advertiser keeps its task in all episodes, so a classifier split by episode alone "
            "may recognise the advertiser instead of the task. The control within one task shows "
            "how much that is worth; the test on unseen advertisers, none of which the classifier "
            "was trained on, leaves it out. Only what goes beyond both is a shift between tasks. "
            "The intervals do not cover the choice of advertisers: a task of few of them says "
            "little about others."
        )
    if any(pair.trajectories is None for pair in pairs):
        notes.append(
            f"A dash: the test needs {FEWEST_EPISODES} episodes that hold both tasks, and rows of "
            "both in each half."
        )
    if any(pair.unseen is None for pair in pairs):
        notes.append(
            "No test on unseen advertisers where a task has fewer than two of them, or where "
            "advertisers change tasks (recognising them then gives no task away)."
        )
    return tuple(notes)
