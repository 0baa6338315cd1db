"""Shades of a matrix: every cell is drawn as deep as it is large, in the page's colours."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from vao.report import Grid
from vao.report.heatmap import heatmap
from vao.report.lines import finite


def drawn(values: list[list[float]]) -> str:
    rows, columns = (tuple(f"{side}{i}" for i in range(len(values))) for side in "rc")
    columns = tuple(f"c{i}" for i in range(len(values[0])))
    grid = Grid("g", rows, columns, tuple(finite(row) for row in values))
    text = heatmap(grid, "h", x_label="source", y_label="target")
    ElementTree.fromstring(text)
    return text


def boxes(text: str) -> int:
    """Count the boxes of the matrix itself; neighbours of one shade in a row are one."""
    return len(re.findall(r"M[\d.]+ [\d.]+H[\d.]+V[\d.]+H[\d.]+z", _matrix(text)))


def _matrix(text: str) -> str:
    return "".join(re.findall(r'<path d="[^"]*H[^"]*"', text)).replace("\n", "")


def test_neighbours_of_one_shade_are_one_box_and_blanks_are_none() -> None:
    single = boxes(drawn([[1.0, 0.0], [0.0, 0.0]]))
    assert boxes(drawn([[1.0, 1.0], [0.0, 0.0]])) == single
    assert boxes(drawn([[1.0, 0.0], [0.0, 1.0]])) == single + 1
    assert boxes(drawn([[1.0, np.nan], [np.inf, 1.0]])) == single + 1


def test_numbers_below_zero_have_a_colour_of_their_own() -> None:
    assert "--series-1" not in drawn([[1.0, 0.5]])
    both = drawn([[1.0, -0.5]])
    assert "--series-0" in both
    assert "--series-1" in both


@pytest.mark.parametrize("value", [0.0, np.nan, 1e300, 1e-300, -3.0])
def test_any_numbers_can_be_drawn(value: float) -> None:
    assert drawn([[value]]).startswith("<svg")


def test_a_matrix_of_many_tasks_stays_small() -> None:
    values = np.random.default_rng(0).normal(size=(128, 128)).tolist()
    assert len(drawn(values)) < 800_000
