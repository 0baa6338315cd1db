"""The page: whole, self-contained, safe, the same for the same data."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.vao.report.demo import METHODS, demo, short_demo
from vao.report import Line, Panel, render_report, write_report
from vao.report.styles import looks

VOID = {"meta", "link", "br", "img", "input", "hr"}


class Page(HTMLParser):
    """Collects tags, attributes and text, and checks that tags are closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def html() -> str:
    return render_report(demo())


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_the_page_shows_every_part(page: Page) -> None:
    headings = "Results|Against the data, and against no sharing|Scores at a glance|Pacing"
    headings += "|Weights of the sources|Alignments of the sources|Conflicts between targets"
    headings += "|Weights of the targets|Validation while training"
    for heading in (*headings.split("|"), "How it was made", "What the words mean"):
        assert heading in page.text
    for name in (*METHODS, "CPA-MCB", "TargetROAS", "BCB", "Score (strict)", "demonstration"):
        assert name in page.text
    assert page.tags["figure"] == 3 + 3 + 3 * 3 + 1 + 3
    assert page.tags["strong"] > 0


def test_the_page_needs_nothing_beside_it(html: str, page: Page) -> None:
    assert not page.tags.keys() & {"script", "link", "img", "iframe", "object", "image"}
    links = [v for k, v in page.attributes if k in ("href", "src", "xlink:href") and v]
    assert all(link.startswith("#") for link in links)
    assert not re.search(r"https?://(?!www\.w3\.org)", html)
    assert "@import" not in html
    assert not re.search(r"url\((?!#)", html)


def test_ids_are_unique_and_references_resolve(html: str, page: Page) -> None:
    ids = Counter(value for key, value in page.attributes if key == "id")
    assert ids
    assert max(ids.values()) == 1
    links = [v for k, v in page.attributes if k == "href" and v]
    for reference in (*re.findall(r"url\(#([^)]*)\)", html), *(link[1:] for link in links)):
        assert reference in ids


def test_all_colours_come_from_the_page(html: str) -> None:
    body = html.partition("<body>")[2]
    assert not re.search(r"#[0-9a-fA-F]{6}\b", body)
    used = set(re.findall(r"var\((--[\w-]+)\)", html))
    assert used <= set(re.findall(r"(--[\w-]+):", html))


def test_equal_data_give_equal_bytes_in_another_process(html: str, tmp_path: Path) -> None:
    code = (
        "import sys; from tests.vao.report.demo import demo; from vao.report import write_report; "
        "write_report(sys.argv[1], demo())"
    )
    out = tmp_path / "report.html"
    root = Path(__file__).resolve().parents[3]
    subprocess.run([sys.executable, "-c", code, str(out)], cwd=root, check=True)
    assert out.read_text(encoding="utf-8") == html
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_text_is_escaped() -> None:
    nasty = '</title><script>alert("x")</script>&amp;'
    data = short_demo()
    results = tuple(replace(r, name=f"{nasty}{r.name}", explanation=nasty) for r in data.results)
    data = replace(
        data,
        title=nasty,
        summary=(nasty,),
        note=nasty,
        results=results,
        baseline=f"{nasty}{data.baseline}",
        highlight=f"{nasty}{data.highlight}",
        provenance={nasty: {nasty: nasty}},
        weights=(Panel(nasty, (Line(nasty, (0.0,), (1.0,)),)),),
    )
    html = render_report(data)
    assert "<script" not in html
    assert Page(html).text.count(nasty) >= 12


def test_text_is_never_read_as_mathematics() -> None:
    data = short_demo()
    results = tuple(replace(r, name=f"$\\frac{{{r.name}") for r in data.results)
    names = {"baseline": results[1].name, "highlight": results[3].name}
    assert "frac" in render_report(replace(data, results=results, **names))  # type: ignore[arg-type]


def test_parts_without_data_are_left_out() -> None:
    data = replace(short_demo(), provenance={}, note="")
    text = Page(render_report(data)).text
    for heading in ("Pacing", "Weights of the sources", "Validation while", "How it was made"):
        assert f"\n{heading}" not in text


def test_a_line_of_one_point_or_of_gaps_is_drawn() -> None:
    lines = (
        Line("VAO", (0.0,), (1.0,)),
        Line("gaps", (0.0, 1.0), (None, None)),
        Line("no", (), ()),
    )
    assert "svg" in render_report(replace(short_demo(), validation=(Panel("bcb", lines),)))


def test_few_points_are_marked_and_many_are_not() -> None:
    def marks(points: int) -> int:
        line = Line("VAO", tuple(map(float, range(points))), (1.0,) * points)
        drawn = render_report(replace(short_demo(), validation=(Panel("bcb", (line,)),)))
        return drawn.partition("Validation while training</h2>")[2].count("<use ")

    plain = marks(40)
    assert marks(2) >= 2
    assert marks(2) - marks(3) <= 2
    assert marks(12) > 12
    assert marks(13) - plain < 12


def test_a_running_mean_is_drawn_before_its_pale_points() -> None:
    line = Line("VAO", (0.0, 1.0), (1.0, 2.0), raw=(0.0, 3.0))
    pages = [
        render_report(replace(short_demo(), validation=(Panel("bcb", (shown,)),)))
        for shown in (replace(line, raw=()), line)
    ]
    assert [page.count("stroke-opacity: 0.3") for page in pages] == [0, 1]


def test_a_report_that_cannot_be_drawn_leaves_the_old_one(tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    out.write_text("old")
    with pytest.raises(OSError, match="No such file"):
        write_report(tmp_path / "nowhere" / "report.html", short_demo())
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_each_name_looks_its_own_way() -> None:
    styles = looks(demo())
    seen = Counter((look.series, look.dashes) for look in styles.values())
    assert set(METHODS) <= set(styles)
    assert max(seen.values()) == 1
