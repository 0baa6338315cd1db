"""Names as they are written in print."""

from __future__ import annotations

__all__ = ["TASK_MEANINGS", "task_name"]

TASK_NAMES = {"cpa_mcb": "CPA-MCB", "target_roas": "TargetROAS", "bcb": "BCB"}

TASK_MEANINGS = {
    "cpa_mcb": "A campaign with a budget and a highest cost per conversion (CPA).",
    "target_roas": "A campaign with a budget and a lowest return on ad spend (ROAS, value / cost).",
    "bcb": "A campaign with a budget and no other limit.",
}


def task_name(task: str) -> str:
    """Return a task's name as it is written in print."""
    return TASK_NAMES.get(task, task)
