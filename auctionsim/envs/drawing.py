"""Pictures of a day so far, 900 x 600 pixels, for `render_mode="rgb_array"`.

Axes keep their limits where limits are known, and otherwise widen in leaps, so that the pictures of
successive steps make a steady film. Matplotlib is imported when the first picture is drawn.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from auctionsim.envs.day import DayRecord, MarketRecord
from auctionsim.envs.panels import (
    BLUE,
    FAINT,
    ORANGE,
    PALE,
    PALE_BLUE,
    Picture,
    ceiling,
    drawable,
    headed_figure,
    heading,
    height_axis,
    highest,
    key,
    last,
    pixels,
    stairs,
    style,
    time_axis,
)
from auctionsim.envs.text import (
    HIGHEST_RATIO,
    LOWEST_RATIO,
    amount,
    day_facts,
    market_facts,
    shortened,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Float64Array = NDArray[np.float64]

# Where facts begin, as shares of the width: apart enough for the longest.
_DAY_FACTS = (0.025, 0.135, 0.225, 0.33, 0.58, 0.785)
_MARKET_FACTS = (0.025, 0.145, 0.265, 0.385, 0.62)
_THIN: dict[str, Any] = {"color": FAINT, "lw": 1.0, "ls": (0, (4, 3))}
_MAP = "cividis"  # read alike by all eyes, and in grey
_MOST_LEADERS, _NAME_LETTERS, _MOST_NAMED_ROWS = 10, 14, 12
# Of the leaders' panel: how far bars reach, and where their values end.
_BARS, _VALUES = 0.66, 0.84


def draw_day(record: DayRecord) -> Picture:
    """Draw an advertiser's day so far.

    Four panels over the steps of the day: budget left against even pacing, market price,
    opportunities with the wins among them, and the multiplier over its reference.

    Returns:
        (600, 900, 3), contiguous.
    """
    with style():
        figure = headed_figure(record, day_facts(record), _DAY_FACTS)
        panels = figure.subplots(2, 2, gridspec_kw=_place(wspace=0.16, hspace=0.25))
        _draw_budget(panels[0, 0], record)
        _draw_price(panels[0, 1], record.column("market_price"))
        _draw_wins(panels[1, 0], record)
        _draw_multiplier(panels[1, 1], record)
        for place, panel in np.ndenumerate(panels):
            time_axis(panel, record, labelled=place[0] == 1)
        for panel in panels[1]:
            panel.set_xlabel("step")
        return pixels(figure)


def draw_market(record: MarketRecord) -> Picture:
    """Draw the day so far of all advertisers.

    Market price and value by step, a map of the budgets left (one row an advertiser), and the
    advertisers that lead by value.

    Returns:
        (600, 900, 3), contiguous.
    """
    with style():
        figure = headed_figure(record, market_facts(record), _MARKET_FACTS)
        shape = _place(wspace=0.32, hspace=0.32, height_ratios=(1, 1.9), width_ratios=(1.3, 1))
        panels = figure.subplots(2, 2, gridspec_kw=shape)
        _draw_price(panels[0, 0], record.market_price())
        _draw_value(panels[0, 1], record.matrix("value").sum(axis=0))
        _draw_budgets(panels[1, 0], record)
        _draw_leaders(panels[1, 1], record)
        time_axis(panels[0, 0], record, labelled=False)
        time_axis(panels[0, 1], record)
        time_axis(panels[1, 0], record)
        panels[1, 0].set_xlabel("step")
        return pixels(figure)


def _place(**more: Any) -> dict[str, Any]:
    return {"left": 0.065, "right": 0.975, "top": 0.78, "bottom": 0.085, **more}


def _draw_budget(axes: Axes, record: DayRecord) -> None:
    left = record.budget_left()
    now = float(left[record.played])
    times = np.arange(record.steps + 1)
    axes.plot([0, record.steps], [1, 0], **_THIN)
    axes.fill_between(times, left, color=PALE_BLUE, alpha=0.5, lw=0)
    axes.plot(times, left, color=BLUE, lw=1.8)
    axes.plot([record.played], [now], "o", color=BLUE, ms=4, clip_on=False)
    axes.text(0.97, 0.89, "╌╌ even pacing", transform=axes.transAxes, color=FAINT, ha="right")
    axes.set_ylim(0, 1.02)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "25%", "50%", "75%", "100%"])
    heading(axes, "Budget left", f"{amount(record.budget * now)} ({now:.0%})")


def _draw_price(axes: Axes, prices: Float64Array) -> None:
    stairs(axes, prices, color=BLUE)
    height_axis(axes, highest(prices))
    heading(axes, "Market price", last(prices))


def _draw_wins(axes: Axes, record: DayRecord) -> None:
    """Draw opportunities, wins, seen wins and conversions, each a part of the one before."""
    from matplotlib.ticker import EngFormatter

    parts = [
        ("opportunities", "volume", PALE, 0.22),
        ("wins", "wins", PALE_BLUE, 0.49),
        ("seen", "exposed_wins", BLUE, 0.62),
        ("conversions", "conversions", ORANGE, 0.75),
    ]
    for _, column, colour, _ in parts:
        stairs(axes, record.column(column), fill=True, color=colour)
    decades = max(math.ceil(math.log10(max(highest(record.column("volume")), 1.0))), 1)
    axes.set_yscale("symlog", linthresh=1.0, linscale=0.5)  # shows none, one and many
    axes.set_ylim(0, 10.0**decades)
    ticks = [0.0, *(10.0**k for k in range(0, decades + 1, 1 + decades // 6))]
    axes.set_yticks(ticks)
    axes.yaxis.set_major_formatter(EngFormatter(sep=""))
    axes.minorticks_off()
    heading(axes, "Wins")
    key(axes, [(label, colour, x) for label, _, colour, x in parts])


def _draw_multiplier(axes: Axes, record: DayRecord) -> None:
    ratio = record.relative_multiplier()
    axes.axhline(1.0, **_THIN)
    stairs(axes, np.minimum(ratio, HIGHEST_RATIO), color=BLUE)
    axes.set_yscale("symlog", linthresh=LOWEST_RATIO, linscale=0.3)
    axes.set_ylim(-LOWEST_RATIO / 10, HIGHEST_RATIO * 1.1)  # keeps lines clear of the edges
    ticks = [0.0, LOWEST_RATIO, 0.2, 1.0, 5.0, HIGHEST_RATIO]
    axes.set_yticks(ticks, ["0", f"1/{HIGHEST_RATIO:g}", "1/5", "1", "5", f"{HIGHEST_RATIO:g}"])
    axes.minorticks_off()
    heading(axes, "Multiplier / reference", last(ratio))


def _draw_value(axes: Axes, value: Float64Array) -> None:
    stairs(axes, value, fill=True, color=ORANGE)
    height_axis(axes, highest(value))
    heading(axes, "Value won by all", last(value))


def _draw_budgets(axes: Axes, record: MarketRecord) -> None:
    import matplotlib as mpl
    from matplotlib.colors import to_hex

    rows = len(record.names)
    axes.imshow(
        record.budget_left()[:, 1:],
        cmap=_MAP,
        vmin=0,
        vmax=1,
        extent=(0, record.steps, rows - 0.5, -0.5),
        aspect="auto",
        interpolation="nearest",
    )
    axes.grid(visible=False)
    places = range(0, rows, math.ceil(rows / _MOST_NAMED_ROWS))
    axes.set_yticks(places, [str(place) for place in places])
    heading(axes, "Budget left by advertiser")
    full, half, spent = (to_hex(colour) for colour in mpl.colormaps[_MAP]([1.0, 0.5, 0.0]))
    key(axes, [("100%", full, 0.58), ("50%", half, 0.73), ("spent", spent, 0.86)])


def _draw_leaders(axes: Axes, record: MarketRecord) -> None:
    value, left = record.total("value"), record.budget_left()[:, record.played]
    leaders = record.leaders(_MOST_LEADERS)
    names = [drawable(shortened(record.names[place], _NAME_LETTERS)) for place in leaders]
    axes.barh(range(len(leaders)), value[leaders], height=0.7, color=ORANGE)
    beside: dict[str, Any] = {
        "ha": "right",
        "va": "center",
        "transform": axes.get_yaxis_transform(),
    }
    for row, place in enumerate(leaders):
        axes.text(_VALUES, row, amount(value[place]), **beside)
        axes.text(1.0, row, f"{left[place]:.0%}", **beside)
    axes.set_yticks(range(len(leaders)), names)
    axes.set_ylim(_MOST_LEADERS - 0.5, -0.5)
    axes.set_xlim(0, ceiling(highest(value)) / _BARS)
    axes.set_xticks([])
    axes.grid(visible=False)
    axes.spines[["bottom", "left"]].set_visible(False)
    axes.tick_params(left=False)
    heading(axes, "Leaders", "value, budget left")
