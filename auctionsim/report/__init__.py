"""Pages of one self-contained HTML file: the shared look, and the page of a dataset."""

from __future__ import annotations

from auctionsim.report.layout import Figure, Section, Table, figure, render, write_page

__all__ = ["Figure", "Section", "Table", "figure", "render", "write_page"]
