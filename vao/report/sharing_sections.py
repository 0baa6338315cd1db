"""The sections on how data were weighed: what is drawn, and how to read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from auctionsim.report.layout import Figure, Section, figure
from auctionsim.report.styles import SERIES, Look
from auctionsim.report.words import task_name
from vao.report.data import Line, Panel, ReportData
from vao.report.figures import legend_of, line_figure
from vao.report.heatmap import heatmap
from vao.report.sharing import Overview
from vao.report.sharing_words import (
    ALIGNMENTS,
    ALIGNMENTS_READ,
    BALANCE,
    BALANCE_READ,
    CONFLICTS,
    CONFLICTS_READ,
    MANY,
    NOISE_READ,
    NOISE_READ_MANY,
    WEIGHTS,
    WEIGHTS_READ,
    WEIGHTS_READ_MANY,
    averaged_in_words,
    noise_in_words,
)

__all__ = ["sharing_sections"]

STEP = "training step"
SMALL = 1.5  # inches; height of a figure that stands below another
Styles = Mapping[str, Look]


def sharing_sections(data: ReportData, styles: Styles) -> Iterable[Section]:
    """Return the sections on weights, alignments, conflicts and the balance of targets.

    Args:
        data: What to show; a section without data has no figures.
        styles: Look by line name.
    """
    yield _weights(data, styles)
    yield _alignments(data, styles)
    yield _conflicts(data, styles)
    yield _balance(data, styles)


def _weights(data: ReportData, styles: Styles) -> Section:
    effective = {panel.title: panel for panel in data.sharing.effective}
    figures = []
    for index, panel in enumerate(data.weights):
        drawings = [
            line_figure(
                panel.lines,
                styles,
                f"weight{index}",
                x_label=STEP,
                y_label="weight of the source",
                percent=True,
                level=1 / len(panel.lines),
                stages=panel.stages,
            )
        ]
        if panel.title in effective:
            drawings.append(_effective(effective[panel.title], len(panel.lines), index))
        figures.append(figure(f"Target: {task_name(panel.title)}", *drawings))
    many = data.sharing.many_weights
    figures += _overview(many, styles, "weights", "source")
    caption = _caption(WEIGHTS, data, swings=not many)
    notes = (WEIGHTS_READ_MANY if many else WEIGHTS_READ,)
    lines = _all_lines(data.weights, many)
    return _section("Weights of the sources", caption, lines, styles, figures, many, notes)


def _effective(panel: Panel, sources: int, index: int) -> str:
    return line_figure(
        panel.lines,
        {line.name: Look(SERIES - 1, (), 1.5) for line in panel.lines},
        f"effective{index}",
        x_label=STEP,
        y_label="effective sources",
        counts=sources,
        level=sources,
        stages=panel.stages,
        height=SMALL,
    )


def _alignments(data: ReportData, styles: Styles) -> Section:
    panels, many = data.sharing.alignments, data.sharing.many_alignments
    figures = _targets(panels, styles, "alignment", "alignment with the target")
    figures += _overview(many, styles, "alignments", "source")
    shares = data.sharing.noise_shares
    banded = any(line.low for panel in panels for line in panel.lines)
    read = [ALIGNMENTS_READ, NOISE_READ] if banded else [ALIGNMENTS_READ]
    if many and shares:
        read.append(NOISE_READ_MANY)
    caption = _caption(ALIGNMENTS, data)
    notes = (" ".join(read), *noise_in_words(shares))
    lines = _all_lines(panels, many)
    return _section("Alignments of the sources", caption, lines, styles, figures, many, notes)


def _conflicts(data: ReportData, styles: Styles) -> Section:
    panels, many = data.sharing.conflicts, data.sharing.many_conflicts
    figures = _targets(panels, styles, "conflict", "cosine with the other target")
    figures += _overview(many, styles, "conflicts", "other target")
    caption, notes = _caption(CONFLICTS, data), (CONFLICTS_READ,)
    lines = _all_lines(panels, many)
    return _section("Conflicts between targets", caption, lines, styles, figures, many, notes)


def _caption(told: str, data: ReportData, *, swings: bool = False) -> str:
    averaged = averaged_in_words(data.sharing.averaged, data.sharing.running, swings=swings)
    return f"{told} {averaged}".strip()


def _balance(data: ReportData, styles: Styles) -> Section:
    figures = tuple(
        figure(
            panel.title,
            line_figure(
                panel.lines,
                styles,
                f"balance{index}",
                x_label=STEP,
                y_label="weight of the target",
                level=1.0,
                stages=panel.stages,
            ),
        )
        for index, panel in enumerate(data.balance)
    )
    lines = _all_lines(data.balance, None)
    notes = (BALANCE_READ,)
    return _section("Weights of the targets", BALANCE, lines, styles, figures, None, notes)


def _all_lines(panels: Iterable[Panel], many: Overview | None) -> list[Iterable[Line]]:
    return [panel.lines for panel in (*panels, *(many.panels if many else ()))]


def _section(
    heading: str,
    caption: str,
    lines: Iterable[Iterable[Line]],
    styles: Styles,
    figures: Iterable[Figure],
    many: Overview | None,
    notes: tuple[str, ...],
) -> Section:
    more = (MANY,) if many else ()
    legend = legend_of(lines, styles)
    return Section(heading, caption, legend, tuple(figures), notes=(*notes, *more))


def _targets(panels: Iterable[Panel], styles: Styles, name: str, label: str) -> list[Figure]:
    """A figure a target, with a line at 0."""
    return [
        figure(
            f"Target: {task_name(panel.title)}",
            line_figure(
                panel.lines,
                styles,
                f"{name}{index}",
                x_label=STEP,
                y_label=label,
                level=0.0,
                stages=panel.stages,
            ),
        )
        for index, panel in enumerate(panels)
    ]


def _overview(many: Overview | None, styles: Styles, name: str, columns: str) -> list[Figure]:
    """All pairs as shades, and a figure for each panel beside them."""
    if many is None:
        return []
    shades = heatmap(many.grid, f"{name}-all", x_label=columns, y_label="target")
    figures = [figure(f"{many.grid.title}, late in training", shades)]
    for index, panel in enumerate(many.panels):
        drawing = line_figure(
            panel.lines,
            styles,
            f"{name}-spread{index}",
            x_label=STEP,
            y_label=panel.unit,
            level=0.0,
            stages=panel.stages,
        )
        figures.append(figure(panel.title, drawing))
    return figures
