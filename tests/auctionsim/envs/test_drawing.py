from __future__ import annotations

import subprocess
import sys
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest

from auctionsim.envs.day import DayRecord, MarketRecord
from auctionsim.envs.drawing import draw_day, draw_market
from auctionsim.envs.panels import BLUE, ORANGE, ceiling, drawable
from tests.auctionsim.envs.days import NOTHING, ODD_DAYS, ODD_MARKETS, day, market

# Insides of panels, in pixels from the upper left corner.
LEFT, RIGHT, LOWER = slice(62, 436), slice(502, 875), slice(360, 550)


def assert_is_picture(picture: Any) -> None:
    assert picture.shape == (600, 900, 3)
    assert picture.dtype == np.uint8
    assert picture.flags.c_contiguous
    assert picture.flags.owndata
    assert 0.02 < (picture < 250).any(axis=2).mean() < 0.9


def painted(picture: Any, colour: str) -> Any:
    """Return which pixels have a colour, (height, width)."""
    from matplotlib.colors import to_rgb

    return (picture == np.round(np.array(to_rgb(colour)) * 255).astype(np.uint8)).all(axis=2)


@pytest.mark.parametrize("record", ODD_DAYS.values(), ids=ODD_DAYS)
def test_any_day_is_drawn(record: DayRecord) -> None:
    assert_is_picture(draw_day(record))


@pytest.mark.parametrize("record", ODD_MARKETS.values(), ids=ODD_MARKETS)
def test_any_market_is_drawn(record: MarketRecord) -> None:
    assert_is_picture(draw_market(record))


def test_equal_days_give_equal_pictures_and_each_step_another() -> None:
    pictures = [draw_day(day(*[{}] * played)) for played in (3, 3, 4)]
    np.testing.assert_array_equal(pictures[0], pictures[1])
    assert (pictures[0] != pictures[2]).any()


def test_the_future_is_left_blank() -> None:
    converting = day(*[{"conversions": 4.0}] * 12)
    wins = painted(draw_day(converting)[LOWER, LEFT], ORANGE)
    columns = np.flatnonzero(wins.any(axis=0))
    assert columns[0] < 5
    assert columns[-1] == pytest.approx(wins.shape[1] / 4, abs=5)


def test_a_multiplier_of_0_is_shown_as_such() -> None:
    heights = []
    for ratio in (0.0, 0.05, 1.0, 20.0):
        picture = draw_day(day(*[{"multiplier": 90.0 * ratio}] * 48))[LOWER, RIGHT]
        heights.append(float(np.flatnonzero(painted(picture, BLUE).any(axis=1)).mean()))
    assert (np.diff(heights) < -10).all()  # rows count from the top
    low, one, high = heights[1:]
    assert one == pytest.approx((low + high) / 2, abs=4)


def test_more_advertisers_than_rows_of_names_fit() -> None:
    few, many = (draw_market(market(np.ones((9, n)))) for n in (2, 300))
    assert painted(many, ORANGE).sum() > painted(few, ORANGE).sum()


def test_the_users_own_settings_neither_show_nor_change() -> None:
    usual = draw_day(day({}))
    with mpl.rc_context({"lines.linewidth": 9, "axes.facecolor": "red", "font.size": 30}):
        before = dict(mpl.rcParams)
        np.testing.assert_array_equal(draw_day(day({})), usual)
        assert dict(mpl.rcParams) == before


def test_matplotlib_waits_for_the_first_picture_and_pyplot_stays_out() -> None:
    code = (
        "import sys, auctionsim.envs\n"
        "from auctionsim.envs.day import DayRecord\n"
        "from auctionsim.envs.drawing import draw_day\n"
        "from auctionsim.envs.text import describe_day\n"
        "record = DayRecord('a day', 2, 9.0, 1.0, 'bcb', None)\n"
        "describe_day(record)\n"
        "assert 'matplotlib' not in sys.modules\n"
        "draw_day(record)\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("number", "above"),
    [(0.0, 1.0), (1.0, 1.0), (1.01, 2.0), (3.0, 5.0), (5.1, 10.0), (16.0, 20.0), (0.03, 0.05)],
)
def test_axes_widen_in_leaps(number: float, above: float) -> None:
    assert ceiling(number) == pytest.approx(above)


def test_letters_that_the_font_lacks_are_replaced() -> None:
    assert drawable("advertiser 市场 é") == "advertiser ?? é"


def test_a_line_at_the_present_moves_with_the_day() -> None:
    places = []
    for played in (12, 36):
        panel = draw_day(day(*[NOTHING] * played))[LOWER, RIGHT]
        dark = (panel < 200).all(axis=2).mean(axis=0) > 0.9
        places.append(np.flatnonzero(dark).mean() / panel.shape[1])
    assert places == pytest.approx([1 / 4, 3 / 4], abs=0.02)
