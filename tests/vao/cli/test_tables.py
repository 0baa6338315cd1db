"""Tables in the terminal."""

from __future__ import annotations

from dataclasses import replace

from rich.console import Console

from tests.vao.report.demo import TASKS, demo
from vao.cli.tables import gain_lines, results_table
from vao.report import Estimate
from vao.report.data import METRICS


def shown(delta: Estimate) -> list[str]:
    """Return the main table's lines, with all rows of one delta-m, as 80 columns show them."""
    cells = {task: dict.fromkeys(METRICS, Estimate(8.744, 13.171)) for task in TASKS}
    results = [replace(result, cells=cells, delta_m=delta) for result in demo().results]
    console = Console(width=80)
    with console.capture() as captured:
        console.print(results_table(results, TASKS))
    return captured.get().splitlines()


def test_delta_m_has_its_error_below_and_all_fits_80_columns() -> None:
    lines = shown(Estimate(-12.14, 11.31))
    assert max(map(len, lines)) <= 80
    assert lines[1].rstrip().endswith("delta m")  # nothing is cut off
    assert all(line.count("8.7±13.2") == len(METRICS) for line in lines if "bcb" in line)
    first = next(i for i, line in enumerate(lines) if "Behaviour data" in line)
    assert lines[first].rstrip().endswith("-12.1 %")
    assert lines[first + 1].rstrip().endswith("±11.3 %")
    assert len(lines[first:]) == len(demo().results) * len(TASKS) + 1  # no line was folded


def test_delta_m_without_an_error_stands_alone() -> None:
    text = "\n".join(shown(Estimate(-2.14)))
    assert "-2.1 %" in text
    assert text.count(" %") == len(demo().results)


def test_a_line_a_method_says_what_it_gains_over_the_data() -> None:
    vao = demo().result("VAO")
    gains = {
        "cpa_mcb": {"expected_value": Estimate(5.92, 1.23)},
        "target_roas": {"expected_value": Estimate(-2.31, None)},
        "bcb": {"expected_value": Estimate(4.2, 0.38)},
    }
    results = [replace(vao, gains=gains), replace(vao, gains={}), demo().result("PID")]
    assert gain_lines(results, TASKS) == [
        "VAO against behaviour data, expected Value: "
        "cpa_mcb +5.9±1.2, target_roas -2.3, bcb +4.2±0.4"
    ]
