"""Pictures look alike wherever they are drawn, and the user's own settings come back."""

from __future__ import annotations

import io

import matplotlib as mpl
import pytest
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from auctionsim.drawing_style import PICTURE, SHARED, drawing_style, undated


def _drawn() -> str:
    with drawing_style(svg_hashsalt="some"):
        figure = Figure(figsize=(2, 2))
        FigureCanvasSVG(figure)
        figure.add_subplot().plot([0, 1], label="$x$")
        buffer = io.BytesIO()
        figure.savefig(buffer, format="svg", metadata=undated("svg"))
    return buffer.getvalue().decode()


def test_the_users_settings_do_not_show_and_come_back() -> None:
    plain = _drawn()
    with mpl.rc_context({"axes.facecolor": "red", "lines.linewidth": 9.0, "font.size": 30.0}):
        assert _drawn() == plain
        assert mpl.rcParams["lines.linewidth"] == 9.0
    assert "#ff0000" not in plain


def test_no_date_is_written() -> None:
    assert "<dc:date>" not in _drawn()
    assert undated("png") is None


def test_further_settings_are_named_with_underscores() -> None:
    with drawing_style(SHARED, font_size=20.0, svg_hashsalt="other"):
        assert mpl.rcParams["font.size"] == 20.0
        assert mpl.rcParams["svg.hashsalt"] == "other"
        assert not mpl.rcParams["axes.spines.top"]


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(KeyError, match=r"font\.shape"), drawing_style(font_shape="round"):
        raise AssertionError


def test_a_picture_has_all_that_is_shared() -> None:
    assert PICTURE.items() >= SHARED.items()
