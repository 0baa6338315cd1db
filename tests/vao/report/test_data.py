"""What a report's data must keep to, and that it survives JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from auctionsim.errors import InvalidArgumentError
from tests.vao.report.demo import demo, short_demo
from vao.report import (
    Estimate,
    Line,
    MethodResult,
    Panel,
    read_results,
    render_report,
    write_results,
)


def test_results_survive_json(tmp_path: Path) -> None:
    write_results(tmp_path / "run.json", demo())
    assert read_results(tmp_path / "run.json") == demo()


def test_results_from_before_paired_differences_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    write_results(path, short_demo())
    old = json.loads(path.read_text())
    for result in old["results"]:
        del result["gaps"], result["gains"]
    path.write_text(json.dumps(old))
    read = read_results(path)
    assert read.results == tuple(replace(r, gaps={}, gains={}) for r in short_demo().results)
    page = render_report(read)
    assert "Against the data" not in page
    assert "paired differences to No sharing" not in page


@pytest.mark.parametrize("part", ["gaps", "gains"])
def test_paired_differences_are_of_known_tasks_and_metrics(part: str) -> None:
    data = demo()
    nowhere = MethodResult("x", {}, **{part: {"cpa": {}}})  # type: ignore[arg-type]
    with pytest.raises(InvalidArgumentError, match=f"`{part}` must be of `tasks`; found 'cpa'"):
        replace(data, results=(*data.results, nowhere))
    odd = MethodResult("x", {}, **{part: {"bcb": {"valu": Estimate(1.0)}}})  # type: ignore[arg-type]
    with pytest.raises(InvalidArgumentError, match=f"`{part}` must be one of"):
        replace(data, results=(*data.results, odd))


@pytest.mark.parametrize(
    ("mean", "error", "settled"),
    [
        (2.1, 1.0, True),
        (-2.1, 1.0, True),
        (2.0, 1.0, False),
        (9.0, None, False),
        (None, 1.0, False),
    ],
)
def test_an_estimate_is_settled_beyond_two_errors(
    mean: float | None, error: float | None, settled: bool
) -> None:
    assert Estimate(mean, error).settled is settled


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


@pytest.mark.parametrize("band", [{"low": (1.0,)}, {"high": (1.0, 2.0)}])
def test_a_band_has_two_edges_as_long_as_its_line(band: dict[str, tuple[float, ...]]) -> None:
    with pytest.raises(InvalidArgumentError, match="`raw of VAO` must be as long as x"):
        Line("VAO", (0.0, 1.0), (1.0, 2.0), raw=(1.0,))
    with pytest.raises(InvalidArgumentError, match="of VAO` must be as long as x"):
        Line("VAO", (0.0, 1.0), (1.0, 2.0), **band)


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
