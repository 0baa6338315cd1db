"""The columns of raw results."""

from __future__ import annotations

__all__ = ["COLUMNS", "KEYS", "METRICS"]

METRICS = (
    "expected_score",
    "expected_value",
    "score_strict",
    "score_paper",
    "value",
    "utilisation",
)
"""Metrics kept, each a mean over an episode's seats; see `auctionsim.evaluation.Evaluation`."""

KEYS = ("row", "protocol", "task", "seed", "episode")
"""Columns that tell lines apart, in the order in which lines are sorted."""

COLUMNS: dict[str, str] = {
    "row": "U",
    "protocol": "U",
    "task": "U",
    "seed": "i2",
    "episode": "i4",
    "seats": "i2",
    **dict.fromkeys(METRICS, "f4"),
}
"""Columns in the order of the file, with their NumPy kinds ("U" for text)."""
