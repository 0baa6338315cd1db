"""The parts a page is made of, and how it is put together and written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auctionsim.dataset.targets import write_target
from auctionsim.report.styles import Look

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["Figure", "Section", "Table", "figure", "render", "write_page"]


@dataclass(frozen=True)
class Figure:
    """A small figure on the page.

    Attributes:
        title: Stands above it.
        drawings: One or more SVGs, one below the other.
    """

    title: str
    drawings: tuple[Markup, ...]


@dataclass(frozen=True)
class Table:
    """A table of text.

    Attributes:
        caption: Stands above it.
        columns: Headings.
        rows: Cells by row, as many as headings; the first one names the row.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Section:
    """Figures that share a legend, and tables.

    Attributes:
        heading: Of the section.
        caption: What is seen, in words.
        legend: Names and their looks.
        figures: In reading order.
        tables: Below the figures.
        notes: Paragraphs below all, on how to read it.
    """

    heading: str
    caption: str
    legend: tuple[tuple[str, Look], ...] = ()
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()


def figure(title: str, *drawings: str) -> Figure:
    """Return a figure of drawings made by `auctionsim.report.drawing.svg`."""
    from markupsafe import Markup

    # Drawn by matplotlib, which turns the names in it into outlines of letters.
    return Figure(title, tuple(map(Markup, drawings)))


def render(package: str, template: str, **context: Any) -> str:
    """Return a page as HTML text.

    Args:
        package: Whose `templates` folder holds the template; it may include the shared ones.
        template: File name of the template.
        context: What the template shows; all text is escaped.
    """
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    packages = dict.fromkeys((package, "auctionsim.report"))
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(name) for name in packages]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(**context)


def write_page(path: str | Path, page: str) -> None:
    """Write a page; a file there is replaced only once the new one is complete."""
    write_target(Path(path), lambda file: file.write(page.encode()))
