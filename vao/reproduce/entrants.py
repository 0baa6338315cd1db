"""Which entrants of a table have all their results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from auctionsim.errors import invalid_data
from vao.reproduce.crossed import Crossed
from vao.reproduce.layout import Layout, Line
from vao.reproduce.results import Results

__all__ = ["Finished", "take_finished"]


@dataclass(frozen=True)
class Finished:
    """Entrants with all their results.

    Attributes:
        played: By entrant, those that learn with the same seeds; hindsight's optimum too.
        missing: Of the others, what is missing.
        seeds: Of those that learn.
        episodes: Number of test episodes.
    """

    played: Mapping[str, Crossed]
    missing: Mapping[str, str]
    seeds: tuple[int, ...]
    episodes: int


def take_finished(results: Results, layout: Layout, *, partial: bool = False) -> Finished:
    """Take a layout's entrants out of results.

    An entrant is finished if it has all tasks, in each all seeds, and all episodes that any entrant
    has there.

    Args:
        results: All results; other entrants and protocols are left aside.
        layout: What is shown.
        partial: Whether entrants that are not finished are left out; else they are an error.

    Raises:
        InvalidDataError: If one is not finished, or has other seats than the rest.
    """
    lines = [*layout.lines, *layout.references]
    if layout.optimum is not None and layout.optimum not in {line.entrant for line in lines}:
        lines.append(Line(layout.optimum, layout.optimum, learns=False))
    shown = np.isin(results.row, [line.entrant for line in lines])
    shown &= np.isin(results.task, layout.tasks)
    own = results.take(shown & (results.protocol == layout.protocol))
    seeds = layout.seeds or _seeds(own, lines)
    episodes = {task: len(np.unique(own.episode[own.task == task])) for task in layout.tasks}
    played, missing = {}, {}
    for line in lines:
        part = own.take(own.row == line.entrant)
        lacking = _lacking(part, line, seeds, episodes)
        if lacking:
            missing[line.entrant] = lacking
            continue
        kept = part.where(seed=seeds) if line.learns else part
        played[line.entrant] = Crossed.of(kept, line.entrant, layout.protocol, learns=line.learns)
    if missing and not partial:
        found = "; ".join(f"{name}: {what}" for name, what in missing.items())
        rule = f"must hold all of the table {layout.title!r}"
        mend = "Play the rest, or ask for a partial table."
        raise invalid_data("results", rule, f"missing {found}", mend)
    for crossed in played.values():
        for task in layout.tasks:
            crossed.check_paired(next(iter(played.values())), (crossed.name, task, ""))
    return Finished(played, missing, tuple(seeds), max(episodes.values()))


def _seeds(own: Results, lines: list[Line]) -> tuple[int, ...]:
    learners = [line.entrant for line in lines if line.learns]
    return tuple(np.unique(own.seed[np.isin(own.row, learners)]).tolist())


def _lacking(part: Results, line: Line, seeds: tuple[int, ...], episodes: Mapping[str, int]) -> str:
    """Say what an entrant lacks; empty if nothing.

    Args:
        part: Its results.
        line: Its line.
        seeds: Seeds it must have if it learns.
        episodes: How many episodes it must have, by task.
    """
    if not len(part):
        return "no results"
    found = []
    for task, all_of_them in episodes.items():
        own = part.take(part.task == task)
        if not len(own):
            found.append(f"no results in {task}")
            continue
        lost = sorted(set(seeds) - set(own.names("seed"))) if line.learns else []
        if lost:
            found.append(f"no seed {', '.join(map(str, lost))} in {task}")
        played = len(np.unique(own.episode))
        if played < all_of_them:
            found.append(f"only {played} of {all_of_them} episodes in {task}")
    return ", ".join(found)
