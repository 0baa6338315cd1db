"""Trajectory datasets: schema, writing, reading, checking; AuctionNet's logs as a source."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auctionsim.dataset.card import Card, Shard
    from auctionsim.dataset.convert import ConversionReport, convert_log
    from auctionsim.dataset.export.auctionnet import export_auctionnet
    from auctionsim.dataset.export.minari import export_minari
    from auctionsim.dataset.export.parts import ExportReport
    from auctionsim.dataset.inspection import inspect
    from auctionsim.dataset.reader import Dataset
    from auctionsim.dataset.schema import Trajectories
    from auctionsim.dataset.selection import Selection, quality, select
    from auctionsim.dataset.windows import ContextWindows, step_windows
    from auctionsim.dataset.writer import DatasetWriter

__all__ = [
    "Card",
    "ContextWindows",
    "ConversionReport",
    "Dataset",
    "DatasetWriter",
    "ExportReport",
    "Selection",
    "Shard",
    "Trajectories",
    "convert_log",
    "export_auctionnet",
    "export_minari",
    "inspect",
    "quality",
    "select",
    "step_windows",
]

# Loaded on first use: the simulator needs the schema, but not the Parquet library (0.3 s).
_HOMES = {
    "Card": "card",
    "ContextWindows": "windows",
    "ConversionReport": "convert",
    "Dataset": "reader",
    "DatasetWriter": "writer",
    "ExportReport": "export.parts",
    "Selection": "selection",
    "Shard": "card",
    "Trajectories": "schema",
    "convert_log": "convert",
    "export_auctionnet": "export.auctionnet",
    "export_minari": "export.minari",
    "inspect": "inspection",
    "quality": "selection",
    "select": "selection",
    "step_windows": "windows",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
