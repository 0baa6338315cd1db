"""From the files of played runs to a table's folder: raw results, what made them, and the page."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from auctionsim.config_files import build
from auctionsim.dataset.files import write_whole
from auctionsim.errors import InvalidArgumentError, InvalidDataError, invalid_data
from auctionsim.plain_values import plain
from vao.history import read_history
from vao.reproduce.choices import choices, choices_section
from vao.reproduce.layout import Layout, Line
from vao.reproduce.measured_weights import measured_weights, measured_weights_section
from vao.reproduce.plan import BOUNDS, REFERENCES, Study
from vao.reproduce.play import finished
from vao.reproduce.render import markdown
from vao.reproduce.results import Results
from vao.reproduce.run import Run
from vao.reproduce.table import Table, make_table
from vao.reproduce.table_config import TableConfig, row_name

__all__ = [
    "PAGE",
    "RAW",
    "RECORD",
    "Published",
    "gather",
    "page",
    "publish",
    "published",
    "tables_of",
]

RAW, RECORD, PAGE = "results.parquet", "runs.json", "table.md"


@dataclass(frozen=True)
class Published:
    """What a table's page is made of, beside its raw results.

    Attributes:
        table: Its config.
        lines: Those of its entrants, by their names in the results.
        made: Command, versions, machine and time.
        runs: By label, what each run was and chose.
        partial: Whether entrants without all their results are left out.
    """

    table: TableConfig
    lines: dict[str, Line]
    made: dict[str, Any]
    runs: dict[str, dict[str, Any]]
    partial: bool = False


def gather(runs: Iterable[Run], folder: Path) -> tuple[Results, dict[str, dict[str, Any]]]:
    """Return what finished runs found, and the notes on each by label; others are left out."""
    parts, notes = [], {}
    for run in runs:
        if finished(run, folder):
            parts.append(Results.read(folder / f"{run.label}.parquet"))
            told = json.loads((folder / f"{run.label}.json").read_text(encoding="utf-8"))
            kept = ("fingerprint", "factors", "requests", "seconds", "training_seconds", "made")
            notes[run.label] = {name: told[name] for name in kept if name in told}
            notes[run.label] |= {"row": run.row, "config": told["run"]["config"]}
            if run.config is not None:
                history = read_history(folder / f"{run.label}.jsonl")
                notes[run.label]["choices"] = choices(history)
                notes[run.label]["weights"] = measured_weights(history)
    return Results.join(parts), notes


def publish(
    table: TableConfig,
    study: Study,
    results: Results,
    notes: Mapping[str, dict[str, Any]],
    made: Mapping[str, Any],
    folder: Path,
    *,
    partial: bool = False,
) -> dict[str, Table]:
    """Write a table's folder: `results.parquet`, `runs.json`, `table.md` and figures.

    Args:
        table: Its config.
        study: Where its entrants are.
        results: Raw results of its runs.
        notes: On each run, by label.
        made: Command, versions, machine and time.
        folder: Where to; made if it is not there.
        partial: Whether entrants without all their results are left out, rather than an error.

    Returns:
        The tables, by part and protocol.

    Raises:
        InvalidDataError: If results are missing, of a partial table all.
    """
    lines = {
        row_name(name, part): table.line(study, name, part)
        for part in table.parts()
        for name in table.lines
    }
    told = Published(table, lines, {**made, "by": _makers(notes)}, _short(notes), partial)
    tables = tables_of(told, results)
    files = page(told, tables)
    folder.mkdir(parents=True, exist_ok=True)
    results.write(folder / RAW)
    # Not sorted: variants and places are shown in the order of their config.
    record = json.dumps(plain(asdict(told)), indent=1, ensure_ascii=False, allow_nan=False)
    for name, text in {RECORD: record + "\n", **files}.items():
        _write(folder / name, text)
    return tables


def published(folder: Path) -> tuple[Published, Results]:
    """Read a table's folder.

    Raises:
        InvalidDataError: If a file is missing or damaged.
    """
    path = folder / RECORD
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None
    try:
        told = build(Published, content)
    except InvalidArgumentError as error:
        raise _unreadable(path, error) from None
    return told, Results.read(folder / RAW)


def _unreadable(path: Path, error: Exception) -> InvalidDataError:
    return invalid_data(str(path), "must be a readable record", error, "Publish again.")


def tables_of(told: Published, results: Results) -> dict[str, Table]:
    """Return the tables of each part and protocol, made of raw results.

    Raises:
        InvalidDataError: If results are missing, of a partial table all.
    """
    found = {}
    for part in [""] if told.table.across else told.table.parts():
        for protocol in told.table.protocols:
            layout = _layout(told, part, protocol, results)
            found[f"{part} {protocol}".strip()] = make_table(results, layout, partial=told.partial)
    if not any(table.rows for table in found.values()):
        rule, mend = "must be of one entrant at least", "Play some runs first."
        raise invalid_data("results", rule, f"none for {told.table.title!r}", mend)
    return found


def page(told: Published, tables: Mapping[str, Table]) -> dict[str, str]:
    """Return the text of each file that shows a table, by name; equal tables give equal text."""
    from vao.reproduce.drawing import figures

    drawn = figures(told.table, tables)
    pictures = [f"![{told.table.title}]({name})" for name in drawn]
    sections = [markdown(table) for table in tables.values()]
    sections += choices_section(told.table, told.runs)
    sections += measured_weights_section(told.table, told.runs)
    body = "\n\n".join([f"# {told.table.title}", *pictures, *(s.rstrip("\n") for s in sections)])
    return {PAGE: body + "\n", **drawn}


def _layout(told: Published, part: str, protocol: str, results: Results) -> Layout:
    table = told.table
    if table.across:
        rows = {row_name(table.lines[0], variant): variant for variant in table.variants}
        lines = [replace(told.lines[row], label=variant) for row, variant in rows.items()]
        ours = baseline = row_name(table.lines[0], table.against or next(iter(table.variants)))
    else:
        lines = [told.lines[row_name(name, part)] for name in table.lines]
        ours, baseline = row_name(table.ours, part), row_name(table.baseline, part)
    present = set(results.row[results.protocol == protocol].tolist())
    words = {"paper": "the tasks' own seats", "wide": "each task on all seats"}[protocol]
    return Layout(
        title=": ".join(filter(None, [table.title, part, words])),
        lines=tuple(lines),
        baseline=baseline,
        ours=ours,
        references=tuple(
            Line(name, label, learns=False, bound=name in BOUNDS)
            for name, label in REFERENCES.items()
            if name in present and name != "optimum"
        ),
        # Known of the days of opponents that do not respond.
        optimum=None if table.respond else "optimum",
        protocol=protocol,
    )


def _write(path: Path, text: str) -> None:
    write_whole(path, lambda file: file.write(text.encode()))


def _makers(notes: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Return each set of versions and machine that runs were played with, once."""
    found: list[dict[str, Any]] = []
    for told in notes.values():
        maker = {name: value for name, value in told.get("made", {}).items() if name != "finished"}
        if maker and maker not in found:
            found.append(maker)
    return found


def _short(notes: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Keep each training config once: that of the first seed stands for the others."""
    seen: set[str] = set()
    found = {}
    for label, told in notes.items():
        row = label.rpartition("-")[0]
        kept = dict(told)
        if "made" in kept:
            kept["finished"] = kept.pop("made")["finished"]
        if row in seen:
            kept.pop("config", None)
        seen.add(row)
        found[label] = kept
    return found
