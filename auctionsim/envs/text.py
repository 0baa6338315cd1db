"""A day in plain text: its facts, and a line of blocks for each quantity by step."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from auctionsim.envs.day import DayRecord, MarketRecord
from auctionsim.envs.table import ACTION_BASE
from auctionsim.tasks import cpa_ratio, roas_ratio

Float64Array = NDArray[np.float64]

WIDTH = 80
#: What actions can ask for, as multiplier over reference; below, there is only 0.
LOWEST_RATIO, HIGHEST_RATIO = 1.0 / ACTION_BASE, ACTION_BASE
#: A budget with less than this share left counts as spent out.
SPENT_OUT = 0.01

_LABEL, _BLOCKS, _BAR, _NAME, _LEADERS = 13, 48, 20, 24, 10
_RISING, _GROWING = " ▁▂▃▄▅▆▇█", " ▏▎▍▌▋▊▉█"
_TO_COME = "·"


class Fact(NamedTuple):
    """One fact of a headline, in words.

    Attributes:
        label: What it is about.
        text: What is so.
        broken: Whether it breaks the task's limit.
    """

    label: str
    text: str
    broken: bool = False


def describe_day(record: DayRecord) -> str:
    """Return an advertiser's day so far as text of at most 80 columns, without colours."""
    played, steps = record.played, record.steps
    left = record.budget_left()
    ratio = record.relative_multiplier()
    pace = 1.0 - played / steps
    budget = f"{left[played]:.0%}, pace {pace:.0%}"
    lines = [
        *_header(record, day_facts(record)),
        _line("budget left", blocks(left[1:], played, 1.0), budget),
        _peak_line("market price", record.column("market_price"), played),
        _line("mult. / ref.", blocks(_log_heights(ratio), played, 1.0), _ends(ratio, played)),
        _peak_line("opportunities", record.column("volume"), played),
        _peak_line("wins", record.column("wins"), played),
        _peak_line("wins seen", record.column("exposed_wins"), played),
        _peak_line("conversions", record.column("conversions"), played),
    ]
    return "\n".join(lines)


def describe_market(record: MarketRecord) -> str:
    """Return the day so far of all advertisers as text of at most 80 columns, without colours."""
    played = record.played
    left = record.budget_left()
    of_all = _share(record.budgets @ left, float(record.budgets.sum()))
    rows = {
        name: record.matrix(name).sum(axis=0)  # nan for steps to come, as in the matrix
        for name in ("wins", "value")
    }
    lines = [
        *_header(record, market_facts(record)),
        _line("budgets left", blocks(of_all[1:], played, 1.0), f"{of_all[played]:.0%}"),
        _peak_line("market price", record.market_price(), played),
        _peak_line("wins", rows["wins"], played),
        _peak_line("value", rows["value"], played),
        "",
        *_leader_lines(record, left[:, played]),
    ]
    return "\n".join(lines)


def day_facts(record: DayRecord) -> list[Fact]:
    """Return the facts of an advertiser's day so far."""
    wins, seen = record.total("wins"), record.total("exposed_wins")
    return [
        Fact("task", record.task),
        Fact("value", amount(record.total("value"))),
        Fact("conversions", amount(record.total("conversions"))),
        _limit_fact(record),
        Fact("spent", f"{amount(record.total('cost'))} of {amount(record.budget)}"),
        Fact("wins", f"{amount(wins)} ({amount(seen)} seen)"),
    ]


def market_facts(record: MarketRecord) -> list[Fact]:
    """Return the facts of all advertisers' day so far."""
    cost, budgets = record.total("cost").sum(), record.budgets.sum()
    spent_out = int((record.budget_left()[:, record.played] < SPENT_OUT).sum())
    return [
        Fact("advertisers", amount(len(record.names))),
        Fact("value", amount(record.total("value").sum())),
        Fact("wins", amount(record.total("wins").sum())),
        Fact("spent", f"{amount(cost)} of {amount(budgets)}"),
        Fact(f"spent out (below {SPENT_OUT:.0%} left)", amount(spent_out)),
    ]


def amount(number: float) -> str:
    """Put a number >= 0 in at most 9 characters: 0.0109, 12.3, 1,204, 2.3e+07; – for nan."""
    if math.isnan(number):
        return "–"
    if math.isinf(number):
        return "∞"
    if number >= 99.95:
        return f"{number:,.0f}" if number < 9_999_999.5 else f"{number:.1e}"
    return f"{number:.3g}" if number >= 1e-4 or number == 0.0 else f"{number:.1e}"


def shortened(text: str, most: int) -> str:
    """Return text of at most so many characters, cut with an ellipsis."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def blocks(by_step: Float64Array, played: int, highest: float) -> str:
    """Return a line of 48 blocks for a day: heights up to `highest`, a dot for what is to come.

    A block is blank where there is nothing. It stands for one step, for a part of it in a shorter
    day, and for the mean of several in a longer one.
    """
    steps = len(by_step)
    line = ""
    for block in range(_BLOCKS):
        first = block * steps // _BLOCKS
        last = max(first + 1, (block + 1) * steps // _BLOCKS)
        known = by_step[first : min(last, played)]
        known = known[np.isfinite(known)]
        height = float(known.mean()) / highest if len(known) and highest > 0.0 else 0.0
        line += _TO_COME if first >= played else _level(height)
    return line


def _level(height: float) -> str:
    """Return a block for a height in [0, 1]: blank for 0 only."""
    return _RISING[min(math.ceil(height * 8), 8)] if height > 0.0 else " "


def _bar(share: float) -> str:
    """Return a bar for a share in [0, 1], 20 columns wide with its empty part."""
    eighths = round(share * _BAR * 8)
    whole, part = divmod(eighths, 8)
    return ("█" * whole + _GROWING[part].strip()).ljust(_BAR, _TO_COME)


def _log_heights(ratio: Float64Array) -> Float64Array:
    """Return heights in [0, 1] of multipliers: 0 for 0, else by logarithm over actions' range."""
    span = math.log(HIGHEST_RATIO / LOWEST_RATIO)
    with np.errstate(divide="ignore"):
        heights = np.log(ratio / LOWEST_RATIO) / span
    return np.where(ratio > 0.0, np.clip(heights, 1 / 8, 1.0), ratio)


def _limit_fact(record: DayRecord) -> Fact:
    cost = record.total("cost")
    if record.task == "target_roas":
        value, target = record.total("value"), record.target
        broken = target is not None and bool(roas_ratio(cost, value, target) < 1.0)
        return Fact("ROAS", _against(float(roas_ratio(cost, value, 1.0)), target), broken)
    conversions, target = record.total("conversions"), record.target
    broken = target is not None and bool(cpa_ratio(cost, conversions, target) > 1.0)
    return Fact("CPA", _against(float(cpa_ratio(cost, conversions, 1.0)), target), broken)


def _against(reached: float, target: float | None) -> str:
    return amount(reached) + ("" if target is None else f" (target {amount(target)})")


def _header(record: DayRecord | MarketRecord, facts: Iterable[Fact]) -> list[str]:
    step = f"step {record.played} of {record.steps}"
    title = shortened(record.title, WIDTH - len(step) - 2)
    lines = [title.ljust(WIDTH - len(step)) + step]
    for fact in facts:
        words = f"{fact.label} {fact.text}" + (", limit broken" if fact.broken else "")
        if len(lines) > 1 and len(lines[-1]) + len(words) + 3 <= WIDTH:
            lines[-1] += f"   {words}"
        else:
            lines.append(words)
    return [*lines, "", _line("", "", "last / highest")]


def _line(label: str, drawn: str, reading: str) -> str:
    return f"{label:<{_LABEL}} {drawn:<{_BLOCKS}} {reading}".rstrip()[:WIDTH]


def _peak_line(label: str, by_step: Float64Array, played: int) -> str:
    """Return the line of a quantity whose heights are shares of its highest so far."""
    known = by_step[np.isfinite(by_step)]
    highest = float(known.max()) if len(known) else 0.0
    return _line(label, blocks(by_step, played, highest), _ends(by_step, played))


def _ends(by_step: Float64Array, played: int) -> str:
    """Return the last and the highest number so far."""
    known = by_step[np.isfinite(by_step)]
    if not len(known):
        return ""
    return f"{amount(by_step[played - 1])} / {amount(known.max())}"


def _share(part: Float64Array, whole: float) -> Float64Array:
    """Return part / whole; 0 of nothing is 0, and what is unknown stays nan."""
    return part / whole if whole > 0.0 else np.where(np.isnan(part), np.nan, 0.0)


def _leader_lines(record: MarketRecord, left: Float64Array) -> list[str]:
    value, wins, cost = (record.total(name) for name in ("value", "wins", "cost"))
    columns = f"{'value':>9}{'wins':>9}{'cost':>9}"
    lines = [f"{'leaders by value':<{_NAME}}{columns}  budget left"]
    for place in record.leaders(_LEADERS):
        name = shortened(record.names[place], _NAME)
        numbers = "".join(f"{amount(of[place]):>9}" for of in (value, wins, cost))
        lines.append(f"{name:<{_NAME}}{numbers}  {_bar(left[place])} {left[place]:>4.0%}")
    return lines
