"""Tables as text."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace

import pytest
from rich.console import Console

from tests.vao.reproduce.studies import FIXED, LAYOUT, LEVELS, study
from vao.reproduce.intervals import Drawing
from vao.reproduce.layout import Line
from vao.reproduce.numbers import bounds, decimals_for, number, probability, with_error
from vao.reproduce.render import json_ready, markdown, terminal
from vao.reproduce.results import Results
from vao.reproduce.table import Cell, Table, make_table

QUICK = Drawing(draws=200)


def table_of(results: Results | None = None, partial: bool = False) -> Table:
    return make_table(
        study() if results is None else results, LAYOUT, partial=partial, drawing=QUICK
    )


def section(text: str, title: str) -> list[list[str]]:
    """Return the cells of the table under a heading."""
    part = text.partition(f"### {title}\n\n")[2].partition("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in part.splitlines()]


def test_the_main_table_reads_like_the_papers() -> None:
    rows = section(markdown(table_of(study(noise=0.0))), "Value and Score")
    heads = ["cpa_mcb: Value", "cpa_mcb: Score", "target_roas: Value"]
    assert rows[0][:5] == ["", "", *heads]
    assert rows[0][-1] == "Δm %"
    assert rows[1] == ["---"] * 9
    assert rows[2][:3] == ["MDMM", "no sharing", "23.90 ± 0.00"]
    assert rows[3][:3] == ["ODOM", "equal", "26.29 ± 0.00"]
    assert rows[4][:2] == ["", "FAMO"]
    assert rows[5][:3] == ["", "VAO", "**31.07 ± 0.00**"]
    assert [row[-1].partition(" ")[0] for row in rows[2:]] == [
        "–", "−10.00", "−15.00", "**−30.00", "10.00", "−20.00",
    ]  # fmt: skip
    assert rows[6][:3] == ["", "*behaviour data*", "21.51"]


def test_every_line_has_as_many_cells_as_its_heading() -> None:
    text = markdown(table_of())
    tables = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    assert len(tables) == 4
    for part in tables:
        assert len({line.count("|") for line in part.splitlines()}) == 1
    assert re.findall("^#+ .*", text, re.MULTILINE) == [
        "## Table 2: one model for all tasks",
        "### Value and Score",
        "### Expected Value and Score, and the paper's Score",
        "### Against ODOM VAO",
        "### The paper's numbers",
    ]
    assert "Protocol `wide`: 6 test episodes, 3 training seeds." in text


def test_references_are_never_the_best() -> None:
    for level in (1.3, 9.0):
        table = table_of(study(LEVELS, {**FIXED, "constant": level}, noise=0.0))
        rows = section(markdown(table), "Value and Score")
        assert [row[1] for row in rows if row[2].startswith("**")] == ["VAO"]
        assert not any("**" in cell for cell in rows[-1])


def test_what_prints_alike_is_best_alike() -> None:
    table = table_of(study({**LEVELS, "odom-famo": 1.3}, noise=0.0))
    rows = section(markdown(table), "Value and Score")
    assert rows[4][2] == rows[5][2] == "**31.07 ± 0.00**"


def test_differences_say_how_sure_they_are() -> None:
    results = study(noise=0.01, episodes=20, seeds=range(5))
    rows = section(markdown(table_of(results)), "Against ODOM VAO")
    assert [row[1] for row in rows[2:]] == [
        "no sharing", "equal", "FAMO", "*behaviour data*", "*best constant*",
    ]  # fmt: skip
    shape = r"\*\*−\d+\.\d % \(−\d+\.\d to −\d+\.\d\), p < 0\.001\*\*"
    assert re.fullmatch(shape, rows[2][2])
    points = r"\*\*\+\d+\.\d \(\+\d+\.\d to \+\d+\.\d\), p < 0\.001\*\*"
    assert re.fullmatch(points, rows[2][-1])


def test_the_papers_numbers_stand_beside_ours() -> None:
    rows = section(markdown(table_of()), "The paper's numbers")
    assert [row[1] for row in rows[2:]] == ["no sharing", "equal", "FAMO", "VAO"]
    assert rows[5][2:5] == ["36.10 ± 0.25", "31.48 ± 0.13", "30.38 ± 0.15"]
    assert rows[5][-2] == "−47.35"
    assert rows[2][-2:] == ["–", "–"]
    main = section(markdown(table_of()), "Value and Score")
    assert rows[5][-1] == main[5][-1].strip("*")
    lines = tuple(replace(line, entrant=f"my {line.entrant}") for line in LAYOUT.lines)
    layout = replace(LAYOUT, lines=lines, baseline="my mdmm-equal", ours="my odom-vao")
    results = study({f"my {name}": level for name, level in LEVELS.items()})
    assert "The paper's numbers" not in markdown(make_table(results, layout, drawing=QUICK))


def test_without_an_optimum_there_are_no_shares() -> None:
    results = study()
    table = table_of(results.take(results.row != "optimum"), partial=True)
    text = markdown(table)
    assert "of the optimum" not in text
    assert "optimum in hindsight" not in text
    assert "*Left out, not finished: optimum (no results).*" in text
    assert "The optimum in hindsight is 4" in markdown(table_of())
    assert "optimum" not in _in_the_terminal(table).replace("optimum (no results)", "")
    assert "optimum" in _in_the_terminal(table_of())


def test_the_optimum_may_be_a_line() -> None:
    optimum = Line("optimum", "optimum", learns=False, bound=True)
    references = (*LAYOUT.references, optimum)
    table = make_table(study(), replace(LAYOUT, references=references), drawing=QUICK)
    rows = section(markdown(table), "Value and Score")
    assert rows[-1] == ["", "*optimum*", *["–"] * 7]
    assert (
        section(markdown(table), "Expected Value and Score, and the paper's Score")[-1][4]
        == "100.0 %"
    )
    assert "optimum*" not in "".join(map(str, section(markdown(table), "Against ODOM VAO")))


def test_equal_results_give_equal_text() -> None:
    results = study()
    parts = [results.where(row=name) for name in reversed(results.names("row"))]
    assert markdown(table_of(Results.join(parts))) == markdown(table_of(results))
    assert markdown(table_of(study(of=1))) != markdown(table_of(results))


def test_a_table_of_nothing_is_its_notes() -> None:
    text = markdown(table_of(Results.join([]), partial=True))
    assert "|" not in text
    assert text.count("Left out") == 7


def test_the_depth_of_headings_is_chosen() -> None:
    assert markdown(table_of(), depth=3).startswith("### Table 2")
    assert "\n#### Value and Score\n" in markdown(table_of(), depth=3)


def _in_the_terminal(table: Table) -> str:
    buffer = io.StringIO()
    Console(file=buffer, width=80, force_terminal=False).print(terminal(table))
    return buffer.getvalue()


@pytest.mark.parametrize("scale", [1.0, 40.0, 4000.0])
def test_the_terminal_needs_80_columns(scale: float) -> None:
    levels = {name: level * scale for name, level in LEVELS.items()}
    table = table_of(study(levels, {n: of * scale for n, of in FIXED.items()}))
    shown = _in_the_terminal(table)
    assert max(map(len, shown.splitlines())) <= 80
    assert "…" not in shown
    for part in ("no sharing", "target_roas", "behaviour data", "delta m", "Protocol wide"):
        assert part in shown
    for part in ("±", "to −", "MDMM"):
        assert part in shown
    value = table.rows[0].cells["bcb"]["value"].mean
    digits = decimals_for([of.cells["bcb"]["value"].mean for of in table.all_rows])
    assert number(value, digits) in shown


def test_plain_values_survive_json() -> None:
    table = table_of()
    found = json.loads(json.dumps(json_ready(table), allow_nan=False))
    assert found["layout"]["ours"] == "odom-vao"
    assert found["rows"][3]["cells"]["bcb"]["value"] == {
        name: getattr(table.rows[3].cells["bcb"]["value"], name) for name in Cell.__annotations__
    }
    assert found["rows"][3]["differences"]["bcb"] is None
    assert found["seeds"] == [0, 1, 2]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (number(-0.004, 2), "0.00"),
        (number(-0.0, 1, signed=True), "0.0"),
        (number(0.04, 1, signed=True), "0.0"),
        (number(-12345.678, 1), "−12,345.7"),
        (number(3.0, 1, signed=True), "+3.0"),
        (with_error(1.0, None, 2), "1.00"),
        (with_error(1.0, 0.126, 2), "1.00 ± 0.13"),
        (bounds(None, 1.0, 1), ""),
        (bounds(-1.0, 2.0, 1, signed=True), " (−1.0 to +2.0)"),
        (probability(0.0), "< 0.001"),
        (probability(0.0314), "0.031"),
        (probability(1.0), "1.000"),
    ],
)
def test_numbers_are_written_so(text: str, expected: str) -> None:
    assert text == expected


def test_decimals_follow_the_largest() -> None:
    assert [decimals_for(of) for of in ([], [1.0, -99.0], [100.0], [1e4])] == [2, 2, 1, 0]
