"""The noise of weights as one figure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from auctionsim.drawing_style import drawing_style, undated
from benchmarks.noise_draws import ALL
from benchmarks.noise_figures import Noise

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = ("#e6b8a2", "#d1603d", "#9fb8ad", "#2f4858")
LEVEL = "#8a8a8a"


def draw(noises: Sequence[Noise], path: Path) -> None:
    """Draw signal and misplaced weight by batch size to a file; its ending says the format."""
    updates = sorted({noise.update for noise in noises})
    with drawing_style(svg_hashsalt="noise", axes_titleweight="bold"):
        figure = Figure(figsize=(3.4 * len(updates), 5.2))
        panels = figure.subplots(2, len(updates), squeeze=False, sharex=True, sharey="row")
        for place, update in enumerate(updates):
            own = [noise for noise in noises if noise.update == update]
            upper, lower = panels[0, place], panels[1, place]
            _lines(upper, own, lambda x: x.signal / x.differences)
            upper.axhline(1.0, color=LEVEL, ls="--", lw=1.0)
            upper.set(title=f"After {update} updates")
            _lines(lower, own, lambda x: x.misplaced)
            lower.set(xlabel="trajectories a source in a batch")
        panels[0, 0].set(ylabel="signal over noise", ylim=(0.0, None))
        panels[1, 0].set(ylabel="share of weight on wrong sources", ylim=(0.0, None))
        panels[0, 0].legend(fontsize=8, loc="upper left")
        figure.savefig(path, dpi=110, metadata=undated(path.suffix[1:]))


def _lines(axes: Axes, noises: Sequence[Noise], height: Callable[[Noise], float]) -> None:
    held_out = sorted({x.held_out for x in noises}, key=lambda size: (size == ALL, size))
    sizes = sorted({x.samples for x in noises if x.samples != ALL})
    for size, colour in zip(held_out, COLOURS, strict=False):
        found = {x.samples: x for x in noises if x.held_out == size}
        label = f"{'all' if size == ALL else size} held out"
        heights = [height(found[n]) for n in sizes]
        axes.plot(sizes, heights, color=colour, marker="o", ms=3, lw=1.2, label=label)
    axes.set(xscale="log", xticks=sizes)
    axes.set_xticks([], minor=True)
    axes.set_xticklabels([str(size) for size in sizes])
