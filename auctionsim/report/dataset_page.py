"""The page of a dataset: what it holds, how it was played, how far apart its tasks are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from auctionsim.dataset.targets import check_apart
from auctionsim.errors import invalid_argument
from auctionsim.report.dataset_sections import coverage_section, day, play, price
from auctionsim.report.layout import Table, render
from auctionsim.report.shift_section import shift_section
from auctionsim.report.study import Study
from auctionsim.report.words import TASK_MEANINGS, task_name
from auctionsim.tasks import TASKS

__all__ = ["check_page", "render_dataset"]

GENERATOR = "auctionsim inspect"  # by which a page is known as one of ours

MEANINGS = {
    "Value": "What the conversions of an episode were worth, summed over won and seen impressions.",
    "Expected value": "The same with each conversion's probability in place of the coin toss.",
    "Score (strict)": "Value, cut by (limit / CPA)² or (ROAS / limit)² where the campaign broke "
    "its limit; BCB has no limit, so there it is the Value.",
    "Multiplier": "What a bidder chooses at each step: it bids the multiplier times the value it "
    "expects of an impression.",
    "Active": "Taking part in the auctions of a step. A seat whose budget is gone sits out.",
}
_HEAD = 256  # bytes; the mark stands before anything of any length
KINDS = {"simulated": "simulated", "auctionnet-log": "converted from logs"}


def render_dataset(name: str, study: Study) -> str:
    """Return the page as HTML text; equal data give equal text.

    Args:
        name: What the dataset is called.
        study: What to show.
    """
    sections = [play(study), day(study), price(study), coverage_section(study)]
    sections.append(shift_section(study))
    return render(
        "auctionsim.report",
        "dataset.html.jinja",
        generator=GENERATOR,
        title=f"Dataset: {name}",
        summary=_summary(study),
        counts=_counts(study),
        facts=_facts(study),
        sections=sections,
        glossary=_glossary(study),
    )


def check_page(argument: str, page: Path, folder: Path, overwrite: bool) -> None:
    """Refuse a file for a dataset's page that must not be written.

    Args:
        argument: What named the file.
        page: HTML file to write; a pipe or a device is written into.
        folder: The dataset's.
        overwrite: Whether any file there may be replaced, not only a page of a dataset.

    Raises:
        InvalidArgumentError: If it is a folder, lies in none, is not apart from the dataset, or
            would replace a file of another kind.
    """
    if page.is_dir() or not page.parent.is_dir():
        mend = "Name a file in an existing folder, or do without the page."
        raise invalid_argument(argument, "must be a file to write", str(page), mend)
    check_apart(argument, page, folder)
    if page.is_file() and not overwrite and not _is_page(page):
        rule = "must be new, or a dataset's page to be drawn anew"
        mend = "Name another file, or allow overwriting."
        raise invalid_argument(argument, rule, str(page), mend)


def _is_page(file: Path) -> bool:
    with file.open("rb") as content:
        return f'<meta name="generator" content="{GENERATOR}">'.encode() in content.read(_HEAD)


def _summary(study: Study) -> list[str]:
    card, count = study.card, study.trajectories
    what = f"{count:,} trajectories of {card.steps} steps, {KINDS.get(card.kind, card.kind)}."
    if study.sampled == count:
        return [f"{what} All of them are shown."]
    return [
        f"{what} Figures and tests are from {study.sampled:,} of them: "
        f"{study.episodes:,} episodes, evenly spaced."
    ]


def _counts(study: Study) -> Table:
    counts = study.card.counts
    rows = [
        (split, *(f"{tasks.get(task, 0):,}" for task in TASKS), f"{sum(tasks.values()):,}")
        for split, tasks in counts.items()
    ]
    columns = ("split", *map(task_name, TASKS), "all")
    return Table("Trajectories by split and task.", columns, tuple(rows))


def _facts(study: Study) -> dict[str, dict[str, str]]:
    card = study.card
    return {
        "Data": {
            "kind": card.kind,
            "steps": f"{card.steps}",
            "state features": ", ".join(card.features),
            "size": f"{study.size / 2**20:,.1f} MiB in {len(card.shards):,} shards",
            "semantics, schema": f"{card.semantics}, {card.schema_version}",
            **{f"seed: {name}": f"{seed}" for name, seed in card.seeds.items()},
        },
        "Settings": _settings(card.config),
        "Versions": dict(card.packages),
    }


def _settings(config: Mapping[str, Any]) -> dict[str, str]:
    """Return the settings, one level deep; what is nested further is told by its names."""
    found: dict[str, str] = {}
    for part, entry in config.items():
        if not isinstance(entry, Mapping):
            found[part] = _shown(entry)
            continue
        for name, value in entry.items():
            if not isinstance(value, Mapping):
                found[f"{part}: {name}"] = _shown(value)
            elif value and len(value) <= LONGEST:
                found[f"{part}: {name}"] = ", ".join(f"{k} {_shown(v)}" for k, v in value.items())
    return found


LONGEST = 6


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return "(" + ", ".join(f"{name} {_shown(one)}" for name, one in value.items()) + ")"
    if isinstance(value, list):
        return ", ".join(map(_shown, value)) if len(value) <= LONGEST else f"{len(value)} values"
    return f"{value}"


def _glossary(study: Study) -> list[tuple[str, str]]:
    tasks = [(task_name(task), TASK_MEANINGS[task]) for task in study.tasks]
    return [*MEANINGS.items(), *tasks]
