"""Training: the one loop, its checkpoints, and what learns in it."""

from __future__ import annotations

from vao.training.loop import Record, Score, TrainingResult, checked_scores, train

__all__ = ["Record", "Score", "TrainingResult", "checked_scores", "train"]
