"""The sections on weights: what they show, say, and draw."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from auctionsim.errors import InvalidArgumentError
from tests.vao.report.demo import demo, many_demo, short_demo
from tests.vao.report.weighing import history
from vao.report import Grid, ReportData, Sharing, read_results, render_report, write_results
from vao.report.sharing_words import averaged_in_words, noise_in_words
from vao.sharing_findings import balance_of, sharing_of, weights_of

HEADINGS = (
    "Weights of the sources",
    "Alignments of the sources",
    "Conflicts between targets",
    "Weights of the targets",
)


@pytest.fixture(scope="module")
def many() -> ReportData:
    return many_demo(tasks=20, times=12)


@pytest.fixture(scope="module")
def many_page(many: ReportData) -> str:
    return render_report(many)


def test_many_tasks_have_a_figure_of_all_pairs_and_two_over_training(many_page: str) -> None:
    for heading in HEADINGS:
        assert f"<h2>{heading}</h2>" in many_page
    assert many_page.count("<figure") == 1 + 3 * 3 + 1
    assert many_page.count("late in training</figcaption>") == 3
    assert many_page.count("from the 10th to the 90th percentile") == 3


def test_the_page_of_many_tasks_has_unique_ids_and_its_own_colours(many_page: str) -> None:
    assert max(Counter(re.findall(r'\bid="([^"]*)"', many_page)).values()) == 1
    assert not re.search(r"#[0-9a-fA-F]{6}\b", many_page.partition("<body>")[2])


def test_each_section_says_how_to_read_it() -> None:
    weighed = history(("cpa_mcb", "bcb"), 3)
    data = replace(
        short_demo(),
        weights=weights_of(weighed),
        sharing=sharing_of(weighed),
        balance=balance_of({"FAMO": weighed}),
    )
    page = render_report(data)
    for heading in HEADINGS:
        section = page.partition(f"<h2>{heading}</h2>")[2].partition("</section>")[0]
        assert "How to read it" in section.partition("</figure>")[2]
    assert "mostly noise" in page
    assert "share of the variance between sources" in page
    assert "running means" not in page
    assert "neighbouring" not in page


def test_bands_are_explained_only_where_the_noise_is_known(many_page: str) -> None:
    unknown = [{k: v for k, v in entry.items() if k != "noise"} for entry in history(("a", "b"), 3)]
    page = render_report(replace(short_demo(), sharing=sharing_of(unknown)))
    assert HEADINGS[1] in page
    assert "Each band is one standard deviation" not in page
    assert "mostly noise" not in page
    assert "the two lines of the last figure meet" in many_page
    assert "Each band is one standard deviation" not in many_page


def test_many_tasks_survive_json(many: ReportData, tmp_path: Path) -> None:
    write_results(tmp_path / "run.json", many)
    assert read_results(tmp_path / "run.json") == many


def test_results_from_before_alignments_were_shown_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    write_results(path, short_demo())
    old = json.loads(path.read_text())
    del old["sharing"], old["balance"]
    old["weights"] = [{"title": "bcb", "lines": [{"name": "bcb", "x": [0], "y": [1.0]}]}]
    path.write_text(json.dumps(old))
    read = read_results(path)
    assert read.sharing == Sharing()
    page = render_report(read)
    assert HEADINGS[0] in page
    assert all(heading not in page for heading in HEADINGS[1:])


def test_stages_are_marked_only_where_there_are_several() -> None:
    one, two = (history(("a", "b"), 3, stages=s) for s in (("x",), ("x", "y")))
    assert sharing_of(one).alignments[0].stages == {}
    assert list(sharing_of(two).alignments[0].stages) == ["x", "y"]
    assert render_report(replace(short_demo(), weights=weights_of(two))) != render_report(
        replace(short_demo(), weights=tuple(replace(panel, stages={}) for panel in weights_of(two)))
    )


def test_grids_have_a_number_for_each_pair() -> None:
    Grid("g", ("a", "b"), ("c",), ((1.0,), (None,)))
    for values in (((1.0,),), ((1.0,), (1.0, 2.0)), ((), ())):
        with pytest.raises(InvalidArgumentError, match="must be 2 rows of 1 numbers"):
            Grid("g", ("a", "b"), ("c",), values)
    with pytest.raises(InvalidArgumentError, match="must hold each name once"):
        Grid("g", ("a", "a"), ("c",), ((1.0,), (None,)))


def test_the_noise_is_told_by_target_or_in_short() -> None:
    assert noise_in_words({}) == ()
    (few,) = noise_in_words({"bcb": 0.25, "cpa_mcb": 1.5})
    assert "BCB 25 %, CPA-MCB 150 %." in few
    (short,) = noise_in_words({f"t{i}": i / 10 for i in range(1, 10)})
    assert "median 50 % over 9 targets (10 % to 90 %)" in short


def test_averages_are_told_only_where_there_are_any() -> None:
    assert averaged_in_words(1) == averaged_in_words(1, swings=True) == ""
    assert "up to 3 neighbouring renewals." in averaged_in_words(3)
    assert "the bands are one standard deviation" in averaged_in_words(3, swings=True)
    single = averaged_in_words(1, 7, swings=True)
    assert "bands" not in single
    assert "running means over up to 7 renewals" in single
    assert "single renewals" in single
    several = averaged_in_words(3, 27, swings=True)
    assert "running means over up to 27 renewals" in several
    assert "the bands are one standard deviation" in several
    assert "means of up to 3 renewals" in several


def test_the_captions_say_over_how_many_renewals_lines_are_running_means() -> None:
    weighed = history(("cpa_mcb", "bcb"), 80)
    data = replace(short_demo(), weights=weights_of(weighed), sharing=sharing_of(weighed))
    page = render_report(data)
    for heading in HEADINGS[:3]:
        section = page.partition(f"<h2>{heading}</h2>")[2].partition("</section>")[0]
        assert "running means over up to 11 renewals" in section.partition("<figure")[0]


def test_the_demonstration_has_bands_and_all_sections() -> None:
    data = demo()
    assert data.sharing.averaged > 1
    assert all(line.low for panel in data.weights for line in panel.lines)
    assert all(line.low for panel in data.sharing.alignments for line in panel.lines)
    assert data.sharing.conflicts
    assert data.balance
