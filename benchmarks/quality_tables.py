"""The study of planners as Markdown tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auctionsim.tasks import TASKS
from benchmarks.power_tables import markdown, signed
from benchmarks.quality_play import CONSTANT, DATA, LP, UNTRAINED

_ORDER = (DATA, UNTRAINED, CONSTANT, LP)
_GAINS = {"over_data": "the data", "over_constant": "the best constant"}


def tables(record: Mapping[str, Any]) -> str:
    """Return all tables, each under its title."""
    parts = {
        "Expected Score, and its share of the optimum": score_table(record),
        "Expected Score over that of others": gain_table(record),
        "Swing and foresight": habit_table(record),
    }
    return "\n\n".join(f"{title}\n\n{text}" for title, text in parts.items())


def score_table(record: Mapping[str, Any]) -> str:
    """Return one row an entrant: Score with its interval, and share of the optimum, by task."""
    rows = [[name, *_cells(record, name)] for name in _names(record)]
    for bound, label in (
        ("constant_score", "the day's best constant"),
        ("optimum", "optimum"),
    ):
        cells = []
        for task in TASKS:
            value, best = record["bounds"][task][bound], record["bounds"][task]["optimum"]
            cells += [f"{value:.1f}", f"{100 * value / best:.0f} %"]
        rows.append([label, *cells])
    return markdown(["", *(head for task in TASKS for head in (f"`{task}`", "of it"))], rows)


def gain_table(record: Mapping[str, Any]) -> str:
    """Return one row an entrant: Score over the data's and over the best constant's, by task."""
    rows = []
    for name in _names(record):
        cells = [_gain(record, name, task, key) for key in _GAINS for task in TASKS]
        rows.append([name, *cells])
    heads = [f"over {words}, `{task}`" for words in _GAINS.values() for task in TASKS]
    return markdown(["", *heads], rows)


def habit_table(record: Mapping[str, Any]) -> str:
    """Return one row a planner: training time, swing, and what its first seed's models foresee."""
    heads = ["", "training, s", *(f"swing, `{t}`" for t in TASKS), "plan / copy error"]
    heads += ["action error", "of a constant", "changed by plan"]
    rows = []
    for name in _names(record):
        entrant = record["entrants"][name]
        seeds = list(entrant["seeds"].values())
        if not entrant["foresight"]:
            continue
        seconds = _mean([of["training_seconds"] for of in seeds])
        swings = [f"{_mean([of['swing'][t] for of in seeds]):.2f}" for t in TASKS]
        rows.append([name, f"{seconds:.0f}", *swings, *_foreseen(entrant["foresight"])])
    return markdown(heads, rows)


def _foreseen(found: Mapping[str, Any]) -> list[str]:
    """Means over the models of a run."""
    models = list(found.values())
    plan = "–"
    if models[0]["plan_error"]:
        ratios = [_rms(of["plan_error"]) / _rms(of["copy_error"]) for of in models]
        plan = f"{_mean(ratios):.2f}"
    change = [of["plan_change"] for of in models if of["plan_change"] is not None]
    return [
        plan,
        f"{_mean([of['action_error'] for of in models]):.2f}",
        f"{_mean([of['action_spread'] for of in models]):.2f}",
        f"{_mean(change):.2f}" if change else "–",
    ]


def _names(record: Mapping[str, Any]) -> list[str]:
    present = list(record["entrants"])
    first = [name for name in _ORDER if name in present]
    return [*first, *sorted(name for name in present if name not in _ORDER)]


def _row(record: Mapping[str, Any], name: str, task: str) -> Mapping[str, Any]:
    found: Mapping[str, Any]
    (found,) = (r for r in record["rows"] if r["entrant"] == name and r["task"] == task)
    return found


def _cells(record: Mapping[str, Any], name: str) -> list[str]:
    cells = []
    for task in TASKS:
        row = _row(record, name, task)
        mean, low, high = row["expected_score"]
        share = f"{100 * row['share_of_optimum']:.0f} %"
        cells += [f"{mean:.1f} ({low:.1f}–{high:.1f})", share]
    return cells


def _gain(record: Mapping[str, Any], name: str, task: str, key: str) -> str:
    row = _row(record, name, task)
    if key not in row:
        return ""
    mean, low, high = (signed(number).removesuffix(" %") for number in row[key])
    return f"{mean} % ({low} to {high})"


def _rms(values: list[float]) -> float:
    return float((sum(value**2 for value in values) / len(values)) ** 0.5)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
