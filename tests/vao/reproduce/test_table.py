"""Tables filled from made-up results."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from auctionsim.errors import InvalidArgumentError, InvalidDataError
from auctionsim.tasks import TASKS
from tests.vao.reproduce.studies import FIXED, LAYOUT, LEVELS, SCALES, hand_made, study
from vao.metrics import delta_m
from vao.reproduce.intervals import Drawing
from vao.reproduce.layout import Layout, Line
from vao.reproduce.results import METRICS, Results
from vao.reproduce.table import DELTA_M, SCORES, Table, TableRow, make_table

QUICK = Drawing(draws=200)


def filled(results: Results | None = None, layout: Layout = LAYOUT, partial: bool = False) -> Table:
    return make_table(
        study() if results is None else results, layout, partial=partial, drawing=QUICK
    )


def row_of(table: Table, entrant: str) -> TableRow:
    return next(row for row in table.all_rows if row.line.entrant == entrant)


def test_without_noise_everything_is_known() -> None:
    table = filled(study(noise=0.0))
    for name, level in {**LEVELS, **FIXED}.items():
        row = row_of(table, name)
        for task in TASKS:
            for metric in METRICS[:-1]:
                cell = row.cells[task][metric]
                assert cell.mean == pytest.approx(level * SCALES[metric], rel=1e-6)
                error = None if name in FIXED else 0.0
                assert cell.standard_error == (error if error is None else pytest.approx(error))
            assert row.share[task] == pytest.approx(100 * level * 20 / 40, rel=1e-6)
        for score in SCORES:
            delta = row.delta_m[score]
            assert delta is not None
            assert delta.mean == pytest.approx(100 * (1 - level), abs=1e-4)
        if name != "odom-vao":
            gap, points = row.differences["bcb"], row.differences[DELTA_M]
            assert gap is not None
            assert gap.mean == pytest.approx(100 * (level / 1.3 - 1), abs=1e-4)
            assert points is not None
            assert points.mean == pytest.approx(100 * (1.3 - level), abs=1e-4)
    assert table.optimum == dict.fromkeys(TASKS, 40.0)
    assert (table.seeds, table.episodes, table.notes) == ((0, 1, 2), 6, ())


def test_delta_m_is_that_of_the_cells_shown() -> None:
    table = filled()

    def cells(name: str, score: str) -> dict[tuple[str, str], float]:
        shown = row_of(table, name).cells
        return {(t, m): shown[t][m].mean for t in TASKS for m in ("value", score)}

    for row in table.all_rows:
        for score in SCORES:
            delta = row.delta_m[score]
            assert delta is not None
            expected = delta_m(cells(row.line.entrant, score), cells("mdmm-equal", score))
            assert delta.mean == pytest.approx(expected, abs=1e-9)
            if row.line.entrant != "mdmm-equal":
                assert delta.low is not None
                assert delta.high is not None
                assert delta.low < delta.mean < delta.high
    own = row_of(table, "mdmm-equal").delta_m["score_strict"]
    assert own is not None
    assert own.mean == 0.0


def test_standard_errors_are_those_of_the_seeds_means() -> None:
    results = study()
    cell = row_of(filled(results), "odom-famo").cells["target_roas"]["value"]
    own = results.where(row="odom-famo", task="target_roas")
    means = [own.where(seed=seed).value.mean(dtype=np.float64) for seed in (0, 1, 2)]
    assert cell.standard_error == pytest.approx(np.std(means, ddof=1) / math.sqrt(3))
    assert cell.low is not None
    assert cell.high is not None
    assert cell.low < cell.mean < cell.high


def test_ours_is_compared_with_all_but_itself_and_the_optimum() -> None:
    references = (*LAYOUT.references, Line("optimum", "optimum", learns=False))
    table = filled(layout=replace(LAYOUT, references=references))
    assert not any(row_of(table, "odom-vao").differences.values())
    best = row_of(table, "optimum")
    assert not any(best.differences.values())
    assert not any(best.delta_m.values())
    assert list(best.cells["bcb"]) == ["expected_score"]
    assert best.share["bcb"] == pytest.approx(100.0)
    for name in ("mdmm-equal", "odom-equal", "odom-famo", "behaviour", "constant"):
        assert all(row_of(table, name).differences.values())


def test_a_bound_has_an_expected_score_only() -> None:
    lines = tuple(replace(line, bound=line.entrant == "constant") for line in LAYOUT.references)
    table = filled(layout=replace(LAYOUT, references=lines))
    bound, plain = row_of(table, "constant"), row_of(filled(), "constant")
    assert bound.cells["bcb"] == {"expected_score": plain.cells["bcb"]["expected_score"]}
    assert bound.share == plain.share
    assert not any((*bound.delta_m.values(), *bound.differences.values()))
    gap = row_of(table, "behaviour").differences["bcb"]
    assert gap is not None  # tested as ever, in a family that is smaller by four
    with pytest.raises(InvalidArgumentError, match=r"line.learns"):
        Line("best", "best", bound=True)


def test_p_values_are_corrected_over_the_whole_table() -> None:
    found = [of for row in filled().all_rows for of in row.differences.values() if of]
    assert len(found) == 5 * 4
    pairs = sorted((of.p, of.p_corrected) for of in found if of.p is not None and of.p_corrected)
    assert len(pairs) == 20
    assert pairs[0][1] == pytest.approx(min(1.0, 20 * pairs[0][0]))
    running = 0.0
    for place, (p, p_corrected) in enumerate(pairs):
        running = max(running, min(1.0, (20 - place) * p))
        assert p_corrected == pytest.approx(running)


def test_big_differences_show_and_none_does_not() -> None:
    results = study({**LEVELS, "odom-famo": 1.3}, noise=0.02, episodes=20, seeds=range(5))
    table = filled(results)
    weak, equal = (row_of(table, n).differences["bcb"] for n in ("mdmm-equal", "odom-famo"))
    assert weak is not None
    assert weak.p_corrected is not None
    assert weak.p_corrected < 0.01
    assert weak.high is not None
    assert weak.high < 0
    assert equal is not None
    assert equal.p_corrected is not None
    assert equal.p_corrected > 0.05


def test_one_seed_gives_no_intervals_and_says_so() -> None:
    table = filled(study(seeds=(0,)))
    row = row_of(table, "odom-equal")
    cell, delta, gap = (
        row.cells["bcb"]["value"],
        row.delta_m["score_strict"],
        row.differences["bcb"],
    )
    assert (cell.standard_error, cell.low, cell.high) == (None, None, None)
    assert delta is not None
    assert (delta.low, delta.high) == (None, None)
    assert gap is not None
    assert (gap.low, gap.high, gap.p, gap.p_corrected) == (None, None, None, None)
    assert any("One training seed" in note for note in table.notes)
    fixed = row_of(table, "constant").cells["bcb"]["value"]
    assert fixed.low is not None  # other days are known of, and there are no other seeds


def unfinished() -> Results:
    results = study()
    kept = results.row != "odom-equal"
    kept &= ~((results.row == "odom-famo") & (results.seed == 2) & (results.task == "bcb"))
    kept &= ~((results.row == "constant") & (results.episode == 103))
    return results.take(kept)


def test_what_is_missing_is_an_error_that_says_what() -> None:
    expected = (
        "missing odom-equal: no results; odom-famo: no seed 2 in bcb; "
        "constant: only 5 of 6 episodes in cpa_mcb"
    )
    with pytest.raises(InvalidDataError, match=expected):
        filled(unfinished())


def test_a_partial_table_leaves_it_out_and_says_so() -> None:
    table = filled(unfinished(), partial=True)
    assert [row.line.entrant for row in table.rows] == ["mdmm-equal", "odom-vao"]
    assert [row.line.entrant for row in table.references] == ["behaviour"]
    assert table.notes[:2] == (
        "Left out, not finished: equal (no results).",
        "Left out, not finished: FAMO (no seed 2 in bcb).",
    )
    complete = filled()
    for row in table.all_rows:
        assert row.cells == row_of(complete, row.line.entrant).cells
        assert row.delta_m == row_of(complete, row.line.entrant).delta_m


@pytest.mark.parametrize("lost", ["mdmm-equal", "odom-vao", "optimum"])
def test_a_partial_table_does_without_what_it_compares_with(lost: str) -> None:
    results = study()
    table = filled(results.take(results.row != lost), partial=True)
    row = row_of(table, "odom-famo")
    assert (row.delta_m["score_strict"] is None) == (lost == "mdmm-equal")
    assert (row.differences[DELTA_M] is None) == (lost != "optimum")
    assert (row.differences["bcb"] is None) == (lost == "odom-vao")
    assert bool(row.share) == bool(table.optimum) == (lost != "optimum")
    assert any(lost in note or "VAO" in note or "no sharing" in note for note in table.notes)


def test_a_table_of_nothing_is_empty_but_for_its_notes() -> None:
    table = filled(Results.join([]), partial=True)
    assert (table.rows, table.references, table.episodes) == ((), (), 0)
    assert len(table.notes) == 7
    with pytest.raises(InvalidDataError, match="odom-vao: no results"):
        filled(Results.join([]))


def test_a_layout_chooses_seeds_tasks_and_protocol() -> None:
    results = Results.join([study(), study(protocol="paper", tasks=("bcb",), of=1)])
    layout = replace(LAYOUT, protocol="paper", tasks=("bcb",), seeds=(0, 2), optimum=None)
    table = filled(results, layout)
    assert table.seeds == (0, 2)
    own = results.where(row="odom-vao", protocol="paper", seed=(0, 2)).value
    mean = row_of(table, "odom-vao").cells["bcb"]["value"].mean
    assert mean == pytest.approx(own.mean(dtype=np.float64))
    assert list(row_of(table, "odom-vao").cells) == ["bcb"]
    rest = results.take((results.protocol == "wide") | (results.row != "odom-famo"))
    with pytest.raises(InvalidDataError, match="missing odom-famo: no results'"):
        filled(rest, layout)
    with pytest.raises(InvalidDataError, match="no seed 9 in cpa_mcb"):
        filled(study(), replace(LAYOUT, seeds=(0, 9)))


def test_a_baseline_of_nothing_has_no_delta_m() -> None:
    lines = (Line("a", "a"), Line("b", "b"))
    layout = Layout("t", lines, "b", "a", optimum=None, tasks=("bcb",))
    table = filled(hand_made({"a": [[1.0, 2.0]] * 2, "b": [[0.0, 0.0]] * 2}), layout)
    assert row_of(table, "a").delta_m == dict.fromkeys(SCORES)
    assert row_of(table, "b").differences[DELTA_M] is None
    behind = row_of(table, "b").differences["bcb"]
    assert behind is not None
    assert behind.mean == -100.0


def test_other_seats_are_refused() -> None:
    results = Results.join([study(LEVELS, {}), hand_made({})])
    odd = study({}, {"behaviour": 1.0, "constant": 1.0}, seats=5)
    odd = odd.take(odd.row != "optimum")
    with pytest.raises(InvalidDataError, match=r"same \(episode, seats\) for behaviour"):
        filled(Results.join([results, odd]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lines": ()}, "`lines` must not be empty"),
        ({"lines": LAYOUT.lines * 2}, "`lines` must hold each once; found 'mdmm-equal'"),
        ({"references": LAYOUT.lines[:1]}, "`lines` must hold each once"),
        ({"baseline": "mdmm-equl"}, "`baseline`.*Did you mean 'mdmm-equal'"),
        ({"ours": "behaviour"}, "`ours` must be one of"),
        ({"protocol": "widest"}, "`protocol` must be one of paper, wide"),
        ({"tasks": ("cpa",)}, "`tasks` must be one of"),
        ({"tasks": ()}, "`tasks` must not be empty"),
        ({"tasks": ("bcb", "bcb")}, "`tasks` must hold each once"),
        ({"seeds": ()}, "`seeds` must not be empty"),
        ({"seeds": (1, 1)}, "`seeds` must hold each once; found 1"),
    ],
)
def test_layouts_that_cannot_be_filled_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        replace(LAYOUT, **change)  # type: ignore[arg-type]


@pytest.mark.parametrize(("label", "group"), [("", ""), ("a|b", ""), ("a", "x\ny")])
def test_labels_that_break_a_table_are_refused(label: str, group: str) -> None:
    with pytest.raises(InvalidArgumentError, match=r"line\."):
        Line("a", label, group)
