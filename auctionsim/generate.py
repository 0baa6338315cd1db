"""Datasets from simulation, as `auctionsim.factory` makes them."""

from __future__ import annotations

from auctionsim.factory import (
    DatasetConfig,
    LogsConfig,
    generate_dataset,
    load_dataset_config,
    play_episodes,
)

__all__ = [
    "DatasetConfig",
    "LogsConfig",
    "generate_dataset",
    "load_dataset_config",
    "play_episodes",
]
