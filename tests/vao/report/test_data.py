"""What a report's data must keep to, and that it survives JSON."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from auctionsim.errors import InvalidArgumentError
from tests.vao.report.demo import demo
from vao.report import Estimate, Line, MethodResult, Panel, read_results, write_results


def test_results_survive_json(tmp_path: Path) -> None:
    write_results(tmp_path / "run.json", demo())
    assert read_results(tmp_path / "run.json") == demo()


def test_gaps_in_arrays_become_gaps_in_lines() -> None:
    line = Line.of("VAO", np.arange(3), np.array([1.0, np.nan, np.inf]))
    assert line == Line("VAO", (0.0, 1.0, 2.0), (1.0, None, None))


@pytest.mark.parametrize(
    ("mean", "error"), [(np.nan, None), (np.inf, 1.0), (1.0, -1.0), (1.0, np.nan)]
)
def test_estimates_are_finite(mean: float, error: float | None) -> None:
    with pytest.raises(InvalidArgumentError, match="must be"):
        Estimate(mean, error)


def test_lines_have_a_height_for_each_position() -> None:
    with pytest.raises(
        InvalidArgumentError, match="`y of VAO` must be as long as x; found '2 and 1'"
    ):
        Line("VAO", (0.0, 1.0), (1.0,))


def test_panels_hold_lines_of_different_names() -> None:
    with pytest.raises(InvalidArgumentError, match="must not be empty"):
        Panel("bcb", ())
    with pytest.raises(InvalidArgumentError, match="must hold each name once"):
        Panel("bcb", (Line("a", (), ()), Line("a", (), ())))


def test_names_agree() -> None:
    data = demo()
    with pytest.raises(InvalidArgumentError, match=r"`baseline` must be one of .*; found 'nobody'"):
        replace(data, baseline="nobody")
    with pytest.raises(InvalidArgumentError, match="`highlight` must be one of"):
        replace(data, highlight="nobody")
    with pytest.raises(InvalidArgumentError, match="`results` must hold each name once"):
        replace(data, results=(*data.results, data.results[0]))
    with pytest.raises(InvalidArgumentError, match="`cells` must be of `tasks`; found 'cpa'"):
        replace(data, results=(*data.results, MethodResult("x", {"cpa": {}})))
    with pytest.raises(InvalidArgumentError, match=r"`cells` must be one of .*mean 'value'"):
        replace(data, results=(*data.results, MethodResult("x", {"bcb": {"valu": Estimate(1.0)}})))
