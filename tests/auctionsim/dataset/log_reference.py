"""The plain statement of what `log_sums` computes, to check it by: row by row, no arrays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from auctionsim.dataset.log_sums import SUMS

Cell = tuple[int, int, int]


def reference_sums(rows: Iterable[Mapping[str, float]]) -> dict[Cell, dict[str, float]]:
    """Add a log up by (period, step, advertiser).

    Args:
        rows: The log's rows as mappings from column name to value, in order.

    Returns:
        For each (deliveryPeriodIndex, timeStepIndex, advertiserNumber) the sums named by
        `log_sums.SUMS`, and `remaining_budget` and `ended` of its first row.
    """
    cells: dict[Cell, dict[str, float]] = {}
    for row in rows:
        cell = (
            int(row["deliveryPeriodIndex"]),
            int(row["timeStepIndex"]),
            int(row["advertiserNumber"]),
        )
        if cell not in cells:
            cells[cell] = dict.fromkeys(SUMS, 0.0)
            cells[cell]["remaining_budget"] = row["remainingBudget"]
            cells[cell]["ended"] = row["isEnd"]
        sums = cells[cell]
        sums["rows"] += 1
        sums["bid"] += row["bid"]
        sums["market_price"] += row["leastWinningCost"]
        sums["value"] += row["pValue"]
        sums["conversions"] += row["conversionAction"]
        sums["win"] += row["xi"]
        if row["isExposed"] == 1:
            sums["cost"] += row["cost"]
            sums["reward"] += row["conversionAction"]
            sums["expected"] += row["pValue"]
    return cells
