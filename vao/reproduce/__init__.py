"""The paper's tables and ablations once more: the study, its raw results, and what they show."""

from __future__ import annotations

__all__: list[str] = []
