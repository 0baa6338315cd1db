"""Puts the page together and writes it, whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from auctionsim.dataset.files import write_whole
from auctionsim.errors import InvalidArgumentError, invalid_data
from auctionsim.report.layout import Figure, Section, figure, render, write_page
from auctionsim.report.styles import Look
from auctionsim.report.words import task_name
from auctionsim.strict_mapping import build
from vao.report.comparison import comparisons
from vao.report.data import METRICS, Panel, ReportData
from vao.report.figures import legend_of, line_figure, score_figure
from vao.report.sharing_sections import sharing_sections
from vao.report.styles import looks
from vao.report.table import main_table
from vao.report.words import finding, glossary

__all__ = ["read_results", "render_report", "write_report", "write_results"]

STEP = "step of the day"
MULTIPLIER = "multiplier (currency / value)"


def write_report(path: str | Path, results: ReportData) -> None:
    """Write a report as one HTML file that needs nothing beside it; equal data give equal bytes.

    Args:
        path: The file; replaced only once the new one is complete.
        results: What to show.
    """
    write_page(path, render_report(results))


def write_results(path: str | Path, results: ReportData) -> None:
    """Write a report's data as JSON, to be rendered again later (see `read_results`)."""
    from auctionsim.cli.output import plain

    text = json.dumps(plain(results), indent=1, allow_nan=False, ensure_ascii=False)
    write_whole(Path(path), lambda file: file.write(f"{text}\n".encode()))


def read_results(path: str | Path) -> ReportData:
    """Read what `write_results` wrote.

    Raises:
        InvalidDataError: Not JSON, or not a report's data.
        OSError: The file cannot be read.
    """
    try:
        return build(ReportData, json.loads(Path(path).read_text(encoding="utf-8")))
    except InvalidArgumentError as error:
        found, rule = str(error), "must hold a report's data"
    except (ValueError, RecursionError) as error:
        found, rule = str(error), "must be JSON"
    raise invalid_data(str(path), rule, found, "Name the JSON file that a run wrote.")


def render_report(data: ReportData) -> str:
    """Return the report as HTML text."""
    return render(
        "vao.report",
        "report.html.jinja",
        data=data,
        finding=finding(data),
        headings=list(METRICS.values()),
        rows=main_table(data),
        comparisons=comparisons(data),
        show_delta=any(result.delta_m is not None for result in data.results),
        sections=[section for section in _sections(data) if section.figures],
        glossary=glossary(data),
        task_name=task_name,
    )


def _sections(data: ReportData) -> Iterable[Section]:
    styles = looks(data)
    yield _scores(data, styles)
    yield _pacing(data, styles)
    yield from sharing_sections(data, styles)
    yield _validation(data, styles)
    yield _losses(data, styles)


def _scores(data: ReportData, styles: Mapping[str, Look]) -> Section:
    figures = [
        figure(
            task_name(task),
            score_figure(data, task, "score_strict", styles, f"score{index}", "Score (strict)"),
        )
        for index, task in enumerate(data.tasks)
        if any(result.cell(task, "score_strict").mean is not None for result in data.results)
    ]
    caption = "Score (strict) by task. Bars show one standard error of each row alone; open "
    caption += "marks are for reference."
    return Section("Scores at a glance", caption, (), tuple(figures))


def _pacing(data: ReportData, styles: Mapping[str, Look]) -> Section:
    figures = []
    for index, campaign in enumerate(data.pacing):
        spent = line_figure(
            campaign.spent,
            styles,
            f"spent{index}",
            x_label=STEP,
            y_label="budget spent",
            percent=True,
            diagonal=True,
        )
        multiplier = line_figure(
            campaign.multiplier, styles, f"multiplier{index}", x_label=STEP, y_label=MULTIPLIER
        )
        figures.append(figure(campaign.title, spent, multiplier))
    lines = [lines for campaign in data.pacing for lines in (campaign.spent, campaign.multiplier)]
    caption = (
        "How single campaigns were steered over one day: the share of the budget spent, and below "
        "it the bid multiplier. The thin line is even spending; where a multiplier's line ends "
        "early, the budget was gone."
    )
    return Section("Pacing", caption, legend_of(lines, styles), tuple(figures))


def _validation(data: ReportData, styles: Mapping[str, Look]) -> Section:
    figures = _curves(data.validation, styles, "validation", "Score (strict)")
    caption = (
        "Score (strict) of roll-outs on validation episodes while training; the step with the best "
        "one is kept."
    )
    legend = legend_of((panel.lines for panel in data.validation), styles)
    return Section("Validation while training", caption, legend, figures)


def _losses(data: ReportData, styles: Mapping[str, Look]) -> Section:
    caption = (
        "What training minimises, averaged over neighbouring records. A falling loss is not a "
        "rising Score: compare with the figures above."
    )
    legend = legend_of((panel.lines for panel in data.losses), styles)
    return Section("Losses", caption, legend, _curves(data.losses, styles, "loss", "loss"))


def _curves(
    panels: Iterable[Panel], styles: Mapping[str, Look], name: str, label: str
) -> tuple[Figure, ...]:
    """A figure a panel, over training steps."""
    return tuple(
        figure(
            task_name(panel.title),
            line_figure(
                panel.lines, styles, f"{name}{index}", x_label="training step", y_label=label
            ),
        )
        for index, panel in enumerate(panels)
    )
