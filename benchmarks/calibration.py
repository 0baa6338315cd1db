"""How near the market comes to AuctionNet under its rules: `python -m benchmarks.calibration`.

Three comparisons with three recorded episodes: AuctionNet's traffic and multipliers in our auction,
our traffic beside AuctionNet's, and its multipliers on our traffic. Then what our default rules
change. benchmarks/README.md says where the record comes from, and what was found.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, astuple
from pathlib import Path

from benchmarks.calibration_checks import Check
from benchmarks.calibration_compare import calibrate
from benchmarks.calibration_plot import draw
from benchmarks.calibration_rules import RuleChange


def checks_table(checks: Sequence[Check]) -> str:
    """Return AuctionNet's figures beside ours as text."""
    head = f"{'':55s} {'AuctionNet':>11s} {'ours':>11s} {'difference':>11s} {'tolerance':>10s}"
    lines = []
    for part, rows in itertools.groupby(checks, lambda check: check.part):
        lines += ["", part, head]
        for row in rows:
            form = "+.2%" if row.relative else "+.4f"
            difference, tolerance = format(row.difference, form), format(row.tolerance, form[1:])
            lines.append(
                f"{row.name:55s} {row.auctionnet:11.6g} {row.ours:11.6g} {difference:>11s} "
                f"{'±' + tolerance:>10s}{'' if row.within else '  OUT OF TOLERANCE'}"
            )
    return "\n".join(lines)


def changes_table(changes: Sequence[RuleChange]) -> str:
    """Return what other rules change as text."""
    heads = ("price", "seen wins", "cost", "conversions", "cost/conv.", "win rate*", "conv.*")
    lines = [
        "What other rules change, traffic, multipliers and budgets being AuctionNet's",
        f"{'':24s}" + "".join(f"{head:>13s}" for head in heads),
    ]
    for change in changes:
        name, *shares = astuple(change)
        lines.append(f"{name:24s}" + "".join(f"{share:>+13.2%}" for share in shares))
    return "\n".join([*lines, "* by advertiser: root mean square over the mean advertiser"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the comparison; return 1 if a figure is out of its tolerance."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.calibration", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--seed", type=int, default=0, help="of our traffic, looks and coins")
    parser.add_argument("--plot", type=Path, metavar="PATH", help="draw it, as .svg or .png")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write the figures here")
    asked = parser.parse_args(arguments)
    calibration = calibrate(seed=asked.seed)
    checks, changes = calibration.checks, calibration.changes
    print(checks_table(checks), changes_table(changes), sep="\n\n")
    if asked.json is not None:
        figures = {
            "checks": [{**asdict(check), "within": check.within} for check in checks],
            "rule_changes": [asdict(change) for change in changes],
        }
        asked.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    if asked.plot is not None:
        draw(calibration, asked.plot)
    return 0 if all(check.within for check in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
