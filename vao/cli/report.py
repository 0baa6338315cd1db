"""`vao report`: the HTML page of a run that was made before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro

from auctionsim.cli import Command

__all__ = ["Report"]


@dataclass(frozen=True, kw_only=True)
class Report(Command):
    """Make the HTML report of a run from the results it wrote.

    Attributes:
        results: JSON file with the run's results.
        out: HTML file to write; by default beside the results, under the same name.
    """

    results: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RESULTS")]
    out: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None

    def run(self) -> Mapping[str, Any]:
        """Render; returns where the report lies and how large it is."""
        from vao.report import read_results, write_report

        out = self.results.with_suffix(".html") if self.out is None else self.out
        write_report(out, read_results(self.results))
        return {"report": out, "bytes": out.stat().st_size}
