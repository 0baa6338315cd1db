"""The power study as Markdown tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import fmean, median

from auctionsim.evaluation import PROTOCOLS
from auctionsim.statistics import VarianceComponents, detectable_difference, episodes_needed
from auctionsim.tasks import TASKS
from benchmarks.power_study import DIFFERENCES, PAIRS, SIZES, Check, Spread, scores_of

#: Standard deviations between training seeds, percent: an assumption, not measured here.
SEED_DEVIATIONS: tuple[float, ...] = (2.4, 4.0, 6.0)
PAPER_EPISODES = 10
#: Sizes to choose from: protocol and episodes.
OFFERED: tuple[tuple[str, int], ...] = (
    ("paper", 10), ("paper", 100), ("wide", 10), ("wide", 20), ("wide", 50), ("wide", 100),
)  # fmt: skip
_MARKETS = ("tiny", "small", "paper")
_KINDS = ("expected", "realised")


def tables(spreads: Sequence[Spread], checks: Sequence[Check]) -> str:
    """Return all tables, each under its title."""
    parts = {
        "Pairs in `small`, expected Score": pairs_table(spreads),
        "Episodes for 5 %: middle pair, hardest pair": figures_table(spreads),
        "Episodes for 5 % and 2 % by market": sizes_table(spreads),
        "What sizes show, middle pair and hardest pair": shown_table(spreads),
        "What ten episodes of protocol `paper` show": ten_table(spreads),
        "Share of true differences shown": power_table(checks),
        "False claims": false_claims_table(checks),
        "Training seeds": seeds_table(),
    }
    return "\n\n".join(f"{title}\n\n{text}" for title, text in parts.items())


def markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table."""
    first, *rest = (f"| {' | '.join(cells)} |" for cells in (heads, *rows))
    return "\n".join([first, "|---" * len(heads) + "|", *rest])


def pairs_table(spreads: Sequence[Spread], market: str = "small") -> str:
    """Return what the differences consist of, and what they ask for, pair by pair."""
    heads = [
        "task", "pair", *(f"difference, `{protocol}`" for protocol in PROTOCOLS),
        "deviation of a trajectory", "of a paired difference", "by episode", "by seat", "rest",
        *(f"`{protocol}`: 10, 5, 2 %" for protocol in PROTOCOLS), "`wide`, not paired",
        "`wide`, other seats",
    ]  # fmt: skip
    rows = []
    for task in TASKS:
        for pair in PAIRS:
            by = {
                protocol: _only(spreads, market, task, protocol, pair, scores_of(task)[0])
                for protocol in PROTOCOLS
            }
            wide = by["wide"]
            parts = (wide.trajectory, wide.deviation, *(v**0.5 for v in _variances(wide)))
            rows.append([
                task, " / ".join(pair), *(signed(row.difference) for row in by.values()),
                *(f"{v:.1f} %" for v in parts),
                *(_three(row.episodes) for row in by.values()),
                _three(wide.episodes_unpaired), _three(wide.episodes_of_others),
            ])  # fmt: skip
    return markdown(heads, rows)


def figures_table(spreads: Sequence[Spread], market: str = "small", percent: float = 5.0) -> str:
    """Return the episodes that expected and realised Score and Value need."""
    heads = ["task", *(f"`{p}`: {name}" for p in PROTOCOLS for name in _NAMES.values())]
    rows = []
    for task in TASKS:
        cells = [task]
        for protocol in PROTOCOLS:
            for figure in _NAMES:
                mine = _of_pairs(spreads, market, task, protocol, figure)
                cells.append(_middle_and_most(row.episodes(percent) for row in mine) or "as Value")
        rows.append(cells)
    return markdown(heads, rows)


def sizes_table(spreads: Sequence[Spread]) -> str:
    """Return the episodes that expected and realised Score need, market by market."""
    heads = ["task", "protocol", "Score"]
    heads += [f"`{market}`: {percent} %" for percent in (5, 2) for market in _MARKETS]
    rows = []
    for task in TASKS:
        for protocol in PROTOCOLS:
            for kind, figure in zip(_KINDS, scores_of(task), strict=True):
                cells = [task, f"`{protocol}`", kind]
                for percent in (5.0, 2.0):
                    for market in _MARKETS:
                        mine = _of_pairs(spreads, market, task, protocol, figure)
                        cells.append(_middle_and_most(row.episodes(percent) for row in mine) or "-")
                rows.append(cells)
    return markdown(heads, rows)


def shown_table(spreads: Sequence[Spread], market: str = "small") -> str:
    """Return the differences that show in 4 of 5 cases, size by size: middle and hardest pair."""
    heads = ["protocol", "episodes", *(f"{t}: {kind}" for t in TASKS for kind in _KINDS)]
    rows = []
    for protocol, episodes in OFFERED:
        cells = [f"`{protocol}`", str(episodes)]
        for task in TASKS:
            for figure in scores_of(task):
                mine = _of_pairs(spreads, market, task, protocol, figure)
                least = [detectable_difference(x.components, episodes, x.seats) for x in mine]
                cells.append(f"{median(least):.1f}, {max(least):.1f} %")
        rows.append(cells)
    return markdown(heads, rows)


def ten_table(spreads: Sequence[Spread], market: str = "small") -> str:
    """Return the differences that ten episodes of the protocol `paper` show in 4 of 5 cases."""
    heads = ["task", "trajectories", *_NAMES.values()]
    rows = []
    for task in TASKS:
        trajectories, cells = 0, []
        for figure in _NAMES:
            mine = _of_pairs(spreads, market, task, "paper", figure)
            least = [detectable_difference(x.components, PAPER_EPISODES, x.seats) for x in mine]
            cells.append(f"{min(least):.0f} to {max(least):.0f} %" if least else "as Value")
            trajectories = mine[0].seats * PAPER_EPISODES if mine else trajectories
        rows.append([task, count(trajectories), *cells])
    return markdown(heads, rows)


def power_table(checks: Sequence[Check]) -> str:
    """Return how often drawn episodes showed a true difference, at the numbers promised."""
    heads = ["protocol", "difference", "comparisons", "episodes", "shown", "lowest", "highest"]
    rows = []
    for protocol in PROTOCOLS:
        for percent in DIFFERENCES:
            mine = [c for c in checks if (c.protocol, c.difference) == (protocol, percent)]
            if mine:
                shares = [check.above[0] / check.repeats for check in mine]
                sizes = [check.episodes[0] for check in mine]
                rows.append([
                    f"`{protocol}`", f"{percent:g} %", str(len(mine)),
                    f"{min(sizes)} to {max(sizes)}",
                    *(f"{100 * of:.0f} %" for of in (fmean(shares), min(shares), max(shares))),
                ])  # fmt: skip
    return markdown(heads, rows)


def false_claims_table(checks: Sequence[Check]) -> str:
    """Return how often drawn episodes showed a difference where there is none."""
    heads = ["task", "protocol", *(f"{episodes} episodes" for episodes in SIZES)]
    rows = []
    for task in TASKS:
        for protocol in PROTOCOLS:
            wanted = (task, protocol, 0.0)
            mine = [c for c in checks if (c.task, c.protocol, c.difference) == wanted]
            drawn, cells = sum(check.repeats for check in mine), [task, f"`{protocol}`"]
            for at in range(len(SIZES)):
                claimed = sum(check.above[at] + check.below[at] for check in mine)
                cells.append(f"{100 * claimed / drawn:.1f} %" if drawn else "-")
            rows.append(cells)
    return markdown(heads, rows)


def seeds_table() -> str:
    """Return how many training seeds a method needs where they differ by so much."""
    heads = ["deviation between seeds", *(f"{percent:g} %" for percent in DIFFERENCES)]
    rows = []
    for deviation in SEED_DEVIATIONS:
        # Two methods are trained apart: their difference has twice the variance.
        parts = VarianceComponents(2.0 * deviation**2, 0.0, 0.0)
        needed = (count(episodes_needed(parts, percent, 1)) for percent in DIFFERENCES)
        rows.append([f"{deviation} %", *needed])
    return markdown(heads, rows)


_NAMES = {
    "expected_score": "expected Score", "score_strict": "Score",
    "expected_value": "expected Value", "value": "Value",
}  # fmt: skip


def _only(
    spreads: Sequence[Spread], market: str, task: str, protocol: str, pair: tuple[str, str], of: str
) -> Spread:
    wanted = (market, task, protocol, pair, of)
    (found,) = (s for s in spreads if (s.market, s.task, s.protocol, s.pair, s.figure) == wanted)
    return found


def _of_pairs(
    spreads: Sequence[Spread], market: str, task: str, protocol: str, figure: str
) -> list[Spread]:
    wanted = (market, task, protocol, figure)
    return [s for s in spreads if (s.market, s.task, s.protocol, s.figure) == wanted]


def _variances(row: Spread) -> tuple[float, float, float]:
    return row.episode, row.seat, row.residual


def _three(episodes: Callable[[float], int | None]) -> str:
    return ", ".join(count(episodes(percent)) for percent in reversed(DIFFERENCES))


def _middle_and_most(needed: Iterable[int]) -> str:
    numbers = sorted(needed)
    return f"{count(round(median(numbers)))}, {count(numbers[-1])}" if numbers else ""


def count(number: int | None) -> str:
    """Return a whole number as text, "none" for None."""
    return "none" if number is None else f"{number:,}"


def signed(percent: float) -> str:
    """Return a percentage with its sign, as prose has it."""
    tenths = round(percent, 1) + 0.0  # no minus before a zero
    return f"{tenths:+.1f} %".replace("-", "\N{MINUS SIGN}")
