"""One self-contained HTML file that shows what a run found: table, figures, how it was made."""

from __future__ import annotations

from vao.report.data import Estimate, Line, MethodResult, Pacing, Panel, ReportData
from vao.report.page import read_results, render_report, write_report, write_results
from vao.report.sharing import Grid, Overview, Sharing

__all__ = [
    "Estimate",
    "Grid",
    "Line",
    "MethodResult",
    "Overview",
    "Pacing",
    "Panel",
    "ReportData",
    "Sharing",
    "read_results",
    "render_report",
    "write_report",
    "write_results",
]
