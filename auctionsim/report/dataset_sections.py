"""Sections of a dataset's page: how well the bidders played, the day, what is covered."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from auctionsim.report import plots
from auctionsim.report.coverage import ACTION_REACH, Cells
from auctionsim.report.curves import Course
from auctionsim.report.groups import MOST_BIDDERS, OTHERS
from auctionsim.report.layout import Figure, Section, Table, figure
from auctionsim.report.quality import METRICS, Spread
from auctionsim.report.study import Study
from auctionsim.report.styles import Look, looks_of
from auctionsim.report.words import task_name

__all__ = ["bidder_looks", "coverage_section", "day", "number", "play", "price", "task_looks"]

STEP = "step of the day"
WHOLE = "all bidders"
DASH = "–"
SHARES = ("relative_return", "utilisation")
LIMITS = ("relative_return", "utilisation", "cpa_ratio", "roas_ratio")
TABLED = ("value", "expected_value", "score_strict", "utilisation", "cpa_ratio", "roas_ratio")


RELATIVE = (
    " The first figure shows how wide play spreads, from poor (0) to near the best (100 %): the "
    "expected strict Score over the 95 % quantile of the same advertiser's, so that budgets and "
    "the luck of conversions drop out, but not the luck of the day."
)


def number(value: float | None) -> str:
    """Return a number with three significant digits, a dash for none."""
    if value is None or not math.isfinite(value):
        return DASH
    shown = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return shown.replace("-", "−")


def bidder_looks(study: Study) -> dict[str, Look]:
    """Return a look by bidder, and one for all that have none of their own."""
    return looks_of([*study.bidders, OTHERS])


def task_looks(study: Study) -> dict[str, Look]:
    """Return a look by task."""
    return looks_of(study.tasks)


def play(study: Study) -> Section:
    """Return how well the bidders played."""
    figures = [drawn for name in METRICS if (drawn := _metric(study, name)) is not None]
    caption = (
        "Each line spans 5 to 95 % of the trajectories, each bar 25 to 75 %, and the dot is the "
        "median; in colour a bidder, in grey all of its task's."
    )
    if any(one.bidder == OTHERS for one in study.spreads):
        caption += f" The {MOST_BIDDERS - 1} most frequent bidders are shown by name."
    if any("relative_return" in one.quantiles for one in study.spreads):
        caption += RELATIVE
    rows = tuple(_row(one) for one in study.spreads)
    columns = ("task, bidder", "n", *(METRICS[name] for name in TABLED), "limit broken")
    table = Table("Median, and 10 to 90 % in brackets, by task and bidder.", columns, rows)
    return Section("How well the bidders played", caption, (), tuple(figures), (table,))


def _metric(study: Study, name: str) -> Figure | None:
    looks = bidder_looks(study)
    whole = Look(7, (), 1.8)
    rows = [
        plots.Box(
            task_name(one.task) if one.bidder is None else f"  {one.bidder}",
            tuple(one.quantiles[name][q] for q in ("0.05", "0.25", "0.5", "0.75", "0.95")),  # type: ignore[arg-type]
            whole if one.bidder is None else looks[one.bidder],
            whole=one.bidder is None,
        )
        for one in study.spreads
        if name in one.quantiles
    ]
    if not rows:
        return None
    drawn = plots.boxes(
        rows,
        f"play-{name}",
        x_label=METRICS[name],
        percent=name in SHARES,
        level=1.0 if name in LIMITS else None,
    )
    return figure(METRICS[name], drawn)


def _row(one: Spread) -> tuple[str, ...]:
    cells = []
    for name in TABLED:
        found = one.quantiles.get(name)
        cells.append(DASH if found is None else _span(found, percent=name in SHARES))
    name = task_name(one.task) if one.bidder is None else f"\u2003{one.bidder}"
    broken = f"{100 * one.share_violated:.0f} %"
    return (name, f"{one.trajectories:,}", *cells, broken)


def _span(found: Mapping[str, float], percent: bool) -> str:
    low, middle, high = (found[level] for level in ("0.1", "0.5", "0.9"))
    if percent:
        return f"{100 * middle:.0f} % ({100 * low:.0f}–{100 * high:.0f})"
    return f"{number(middle)} ({number(low)}–{number(high)})"


def day(study: Study) -> Section:
    """Return how budgets are spent and multipliers chosen over the day."""
    looks = bidder_looks(study)
    steps = np.arange(study.card.steps + 1, dtype=np.float64)
    figures = []
    for index, task in enumerate(study.tasks):
        own = {one.bidder: one for one in study.courses if one.task == task and one.bidder}
        figures.append(figure(task_name(task), *_day_drawings(own, looks, steps, index)))
    caption = (
        "By task and bidder: the share of the budget spent, the multiplier over its reference "
        "(active seats), and the share of seats still active. Lines are medians, bands hold "
        "10 to 90 % of the trajectories; the thin line is even spending. The reference is the CPA "
        f"limit, 1 / ROAS limit, or for BCB {study.reference_source}."
    )
    shown = {one.bidder for one in study.courses}
    legend = tuple((name, look) for name, look in looks.items() if name in shown)
    return Section("Pacing", caption, legend, tuple(figures))


def _day_drawings(
    own: Mapping[str, Course], looks: Mapping[str, Look], steps: np.ndarray, index: int
) -> tuple[str, ...]:
    spent = plots.bands(
        {name: one.spent for name, one in own.items()},
        looks,
        f"spent{index}",
        x=steps,
        x_label=STEP,
        y_label="budget spent",
        percent=True,
        diagonal=True,
    )
    action = plots.bands(
        {name: one.action for name, one in own.items()},
        looks,
        f"action{index}",
        x=steps[:-1],
        x_label=STEP,
        y_label="multiplier / reference",
        doubling=True,
    )
    active = plots.bands(
        {name: one.active for name, one in own.items()},
        looks,
        f"active{index}",
        x=steps[:-1],
        x_label=STEP,
        y_label="seats active",
        percent=True,
    )
    return spent, action, active


def price(study: Study) -> Section:
    """Return the market price by step."""
    heading = "Price by step"
    if study.prices is None or not np.isfinite(study.prices).any():
        return Section(heading, "The states hold no market prices, or none that are numbers.")
    drawn = plots.bands(
        {"price": study.prices},
        {"price": Look(0, (), 1.8)},
        "price",
        x=np.arange(study.card.steps, dtype=np.float64),
        x_label=STEP,
        y_label="mean market price (currency)",
    )
    caption = (
        "The mean market price of a step's opportunities, the highest bid that won no slot or the "
        "reserve price: the median over episodes, and a band of 10 to 90 % of them. It is the same "
        "for all seats of an episode."
    )
    return Section(heading, caption, (), (figure("All tasks", drawn),))


def coverage_section(study: Study) -> Section:
    """Return which states and actions the data covers."""
    figures = []
    reach = math.log2(ACTION_REACH)
    for index, (one, look) in enumerate(
        zip(study.coverage, task_looks(study).values(), strict=True)
    ):
        states = plots.cells(
            one.states,
            look,
            f"states{index}",
            steps=study.card.steps,
            heights=(0.0, 1.0),
            y_label="budget left",
            percent=True,
        )
        actions = plots.cells(
            one.actions,
            look,
            f"actions{index}",
            steps=study.card.steps,
            heights=(-reach, reach),
            y_label="multiplier / reference",
            percent=False,
        )
        figures.append(figure(task_name(one.task), states, actions))
    rows = tuple(
        (task_name(c.task), f"{c.visits:,}", *map(_cells, _kinds(c))) for c in study.coverage
    )
    columns = ("task", "steps", "time × budget", "time × multiplier", "all three")
    note = "Cells visited of all cells, and in brackets the effective number: exp(entropy) of the "
    note += "visits, the number of evenly visited cells that would spread as wide."
    caption = (
        "Active steps by time and budget left, and by time and multiplier over reference: the "
        "stronger the colour, the more visits, on a log scale; blank cells were never visited. "
        f"Multipliers beyond {ACTION_REACH:g} times the reference, up or down, are in the "
        "outermost cells."
    )
    tables = (Table(note, columns, rows),)
    return Section("States and actions covered", caption, (), tuple(figures), tables)


def _kinds(one: object) -> tuple[Cells, ...]:
    return tuple(getattr(one, f"{kind}_cells") for kind in ("state", "action", "joint"))


def _cells(one: Cells) -> str:
    return f"{100 * one.occupied:.0f} % of {one.cells:,} ({number(one.effective)})"
