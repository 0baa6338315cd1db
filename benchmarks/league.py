"""The league table of benchmarks/README.md, from the record of `auctionsim league --json`.

python -m benchmarks.league [FILE]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

RECORD = Path(__file__).with_name("league.json")
TASKS = ("cpa_mcb", "target_roas", "bcb")


def league_table(record: dict[str, Any]) -> str:
    """Return the table in Markdown: bidders by their mean share of the optimum, then the bounds."""
    rows = {task: {row["bidder"]: row for row in record["tasks"][task]} for task in TASKS}
    # Bounds have no interval: they were worked out, not played.
    bounds = [name for name, row in rows[TASKS[0]].items() if "expected_score" not in row]
    bidders = [name for name in rows[TASKS[0]] if name not in bounds]
    bidders.sort(key=lambda name: -sum(_share(rows[task][name]) for task in TASKS))
    heading = " | ".join(f"`{task}` | of optimum" for task in TASKS)
    lines = [f"| bidder | {heading} |", "|---" * (1 + 2 * len(TASKS)) + "|"]
    for name in (*bidders, *bounds):
        cells = [cell for task in TASKS for cell in _cells(rows[task][name])]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _share(row: dict[str, Any]) -> float:
    return float(row["metrics"]["share_of_optimum"])


def _cells(row: dict[str, Any]) -> tuple[str, str]:
    score, share = f"{row['metrics']['expected_score']:.1f}", f"{100 * _share(row):.0f} %"
    if "expected_score" in row:
        _, low, high = row["expected_score"]
        score += f" ({low:.1f}–{high:.1f})"
    if row.get("shares_of_optimum"):
        low, _, high = row["shares_of_optimum"]
        share += f" ({100 * low:.0f}–{100 * high:.0f})"
    return score, share


def main(arguments: list[str]) -> None:
    """Print the table of a record."""
    path = Path(arguments[0]) if arguments else RECORD
    print(league_table(json.loads(path.read_text(encoding="utf-8"))))


if __name__ == "__main__":
    main(sys.argv[1:])
