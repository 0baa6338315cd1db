"""How pictures look, whatever the user's own settings of Matplotlib are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

__all__ = ["PICTURE", "SHARED", "drawing_style", "undated"]

SHARED: dict[str, Any] = {
    "svg.hashsalt": "auctionsim",  # equal drawings have equal bytes
    "svg.fonttype": "path",  # drawn letters: nothing shifts where a font is missing
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "text.parse_math": False,  # names come from files: they are shown, never read as mathematics
}
"""What all pictures have."""

PICTURE: dict[str, Any] = SHARED | {
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "figure.constrained_layout.use": True,
    "figure.facecolor": "white",
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
}
"""What a picture in a file of its own has beside."""


@contextmanager
def drawing_style(settings: Mapping[str, Any] = PICTURE, **more: object) -> Iterator[None]:
    """Draw with these settings and Matplotlib's own defaults, and put back what was there.

    Args:
        settings: Matplotlib's parameters, by name.
        **more: Further ones, with `_` for the dot: `svg_hashsalt="table"`.
    """
    import matplotlib as mpl

    named = {name.replace("_", ".", 1): value for name, value in more.items()}
    chosen: Any = {**settings, **named}  # its keys are known to matplotlib's types by name only
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(chosen)
        yield


def undated(kind: str) -> Any:
    """Return metadata without date and program's name for a file of a kind, such as "svg"."""
    return dict.fromkeys(("Date", "Creator", "Format", "Type")) if kind == "svg" else None
