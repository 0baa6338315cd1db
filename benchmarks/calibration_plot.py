"""The comparison with AuctionNet as one figure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from auctionsim.drawing_style import drawing_style, undated

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from benchmarks.calibration_compare import Calibration

THEIRS, OURS, QUIET = "#1b1b1b", "#d1603d", "#8a8a8a"
BARS = ("#e6b8a2", "#d1603d", "#9fb8ad", "#2f4858")
SHOWN_EPISODE = 0


def draw(calibration: Calibration, path: Path) -> None:
    """Draw the comparison to a file; its ending says the format."""
    with drawing_style(svg_hashsalt="calibration", axes_titleweight="bold", legend_fontsize=8):
        figure = Figure(figsize=(12.5, 11.0))
        figure.suptitle(
            "AuctionNet's rules: three episodes of AuctionNet (black) beside ours (orange)",
            fontsize=12, x=0.01, ha="left",
        )  # fmt: skip
        panels = figure.subplots(3, 3)
        for axes, panel in zip(panels.flat, _PANELS, strict=True):
            panel(axes, calibration)
        figure.savefig(path, dpi=110, metadata=undated(path.suffix[1:]))


def _prices(axes: Axes, calibration: Calibration) -> None:
    record, ours = calibration.record, calibration.prices.quantiles[SHOWN_EPISODE]
    theirs, steps = record.price_quantiles[SHOWN_EPISODE], np.arange(record.volumes.shape[1])
    for level, style in ((0.95, ":"), (0.5, "-"), (0.05, "--")):
        k = int(np.argmin(np.abs(record.price_levels - level)))
        axes.plot(steps, theirs[:, k], color=THEIRS, ls=style, lw=1.2)
        axes.plot(steps, ours[:, k], color=OURS, ls="", marker="o", ms=2.6)
        at = 3 if level != 0.05 else 5
        axes.annotate(f"{level:.0%}", (at, theirs[at, k]), (4, 5), textcoords="offset points",
                      color=QUIET, fontsize=8)  # fmt: skip
    axes.set(title=f"Market price: quantiles (episode {SHOWN_EPISODE})", xlabel="step",
             ylabel="fourth-highest bid (currency)", ylim=(0, None))  # fmt: skip
    _name_both(axes)


def _name_both(axes: Axes) -> None:
    marks = [Line2D([], [], color=THEIRS, lw=1.2), Line2D([], [], color=OURS, marker="o", ls="")]
    axes.legend(marks, ["AuctionNet", "ours, same traffic and multipliers"], loc="upper right")


def _volumes(axes: Axes, calibration: Calibration) -> None:
    theirs, ours = calibration.theirs.volumes, calibration.ours.volumes
    steps = np.arange(theirs.shape[1])
    low, middle, high = np.quantile(ours, [0.025, 0.5, 0.975], axis=0)
    axes.fill_between(steps, low, high, step="mid", color=OURS, alpha=0.25, lw=0,
                      label=f"ours: 95 % of {len(ours)} days")  # fmt: skip
    axes.step(steps, middle, where="mid", color=OURS, lw=1.2, label="ours: median")
    for day, volumes in enumerate(theirs):
        label = f"AuctionNet: {len(theirs)} days" if day == 0 else None
        axes.plot(steps, volumes, color=THEIRS, ls="", marker="_", ms=5, label=label)
    axes.set(title="Opportunities a step", xlabel="step", ylim=(0, 1.35 * high.max()))
    axes.legend(loc="upper left", ncols=2)


def _value_means(axes: Axes, calibration: Calibration) -> None:
    _distributions(axes, 1000.0 * calibration.theirs.mean, 1000.0 * calibration.ours.mean)
    axes.set(title="Mean value of a step's opportunities",
             xlabel="expected conversions of 1,000 opportunities",
             ylabel="density over steps and advertisers")  # fmt: skip


def _spreads(axes: Axes, calibration: Calibration) -> None:
    _distributions(axes, calibration.theirs.ratio, calibration.ours.ratio)
    axes.set(title="Spread of values within a step", xlabel="deviation / mean",
             ylabel="density over steps and advertisers")  # fmt: skip


def _distributions(axes: Axes, theirs: NDArray[np.floating], ours: NDArray[np.floating]) -> None:
    edges = np.linspace(0.0, float(np.quantile(ours, 0.9995)), 41).tolist()
    axes.hist(ours.ravel(), edges, density=True, color=OURS, alpha=0.35,
              label=f"ours: {len(ours)} days")  # fmt: skip
    axes.hist(theirs.ravel(), edges, density=True, histtype="step", color=THEIRS,
              label=f"AuctionNet: {len(theirs)} days")  # fmt: skip
    axes.set_ylim(0.0, 1.3 * axes.get_ylim()[1])
    axes.legend(loc="upper right")


def _exposures(axes: Axes, calibration: Calibration) -> None:
    theirs, ours = calibration.record.exposure.mean(0), calibration.exposure
    places = np.arange(len(ours))
    for shift, heights, color, name in (
        (-0.19, theirs, THEIRS, "AuctionNet"),
        (0.19, ours, OURS, "ours"),
    ):
        bars = axes.bar(places + shift, heights, 0.36, color=color, label=name)
        axes.bar_label(bars, fmt="{:.3f}", fontsize=8, padding=2)
    axes.set(title="Exposure by slot", ylabel="share of sold slots seen", ylim=(0, 1.25),
             xticks=places, xticklabels=[f"slot {k + 1}" for k in places])  # fmt: skip
    axes.grid(visible=False, axis="x")
    axes.legend(loc="upper right", ncols=2)


def _win_rates(axes: Axes, calibration: Calibration) -> None:
    _scatter(axes, calibration.record.win_rate, calibration.fed.win_rate)
    axes.set(title="Win rate by advertiser", xlabel="AuctionNet (slots won / opportunities)",
             ylabel="ours")  # fmt: skip


def _costs(axes: Axes, calibration: Calibration) -> None:
    _scatter(axes, calibration.record.cost, calibration.fed.cost.sum(1))
    axes.set(title="Cost by advertiser", xlabel="AuctionNet (currency an episode)", ylabel="ours")


def _conversions(axes: Axes, calibration: Calibration) -> None:
    theirs = calibration.record.conversions
    ours = calibration.fed.expected_conversions.sum(1)
    expected = np.linspace(0.0, 2.0 * float(ours.max()), 200)
    luck = 2.0 * np.sqrt(expected)
    axes.fill_betweenx(expected, expected - luck, expected + luck, color=QUIET, alpha=0.18, lw=0,
                       label="two standard errors of a coin")  # fmt: skip
    _scatter(axes, theirs, ours)
    axes.set(title="Conversions by advertiser", xlabel="AuctionNet (coins)",
             ylabel="ours (expected)")  # fmt: skip
    axes.legend(loc="upper left")


def _scatter(axes: Axes, theirs: NDArray[np.floating], ours: NDArray[np.floating]) -> None:
    """Draw every advertiser of every episode, and the line on which both agree."""
    end = 1.05 * max(float(theirs.max()), float(ours.max()))
    axes.plot([0, end], [0, end], color=QUIET, lw=0.8)
    axes.plot(theirs.ravel(), ours.ravel(), color=OURS, ls="", marker="o", ms=3.2, alpha=0.7)
    axes.set(xlim=(0, end), ylim=(0, end))


def _rules(axes: Axes, calibration: Calibration) -> None:
    kinds = {
        "cost": "cost",
        "exposed_wins": "slots won\nand seen",
        "conversions": "expected\nconver-\nsions",
        "cost_per_conversion": "cost per\nconver-\nsion",
        "price": "market\nprice",
        "win_rate": "win rate\nby adver-\ntiser*",
        "conversions_by_advertiser": "conver-\nsions by\nadver-\ntiser*",
    }
    changes, width = calibration.changes, 0.2
    places = np.arange(len(kinds))
    for k, (change, color) in enumerate(zip(changes, BARS, strict=True)):
        heights = [100.0 * getattr(change, kind) for kind in kinds]
        shift = (k - (len(changes) - 1) / 2) * width
        axes.bar(places + shift, heights, width, color=color, label=change.rules)
    axes.axhline(0.0, color=THEIRS, lw=0.8)
    axes.set(title="What our default rules change", ylabel="change in %", xticks=places)
    axes.set_ylim(top=1.45 * axes.get_ylim()[1])
    axes.set_xticklabels(list(kinds.values()), fontsize=6.5)
    axes.grid(visible=False, axis="x")
    axes.legend(loc="upper left", ncols=2, fontsize=7.5)
    note = "same traffic and multipliers; * root mean square"
    axes.text(1.0, -0.26, note, transform=axes.transAxes, ha="right", fontsize=7, color=QUIET)


_PANELS = (
    _prices, _volumes, _exposures,
    _value_means, _spreads, _win_rates,
    _costs, _conversions, _rules,
)  # fmt: skip
