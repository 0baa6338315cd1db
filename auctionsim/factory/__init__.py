"""The factory: datasets made by many processes or machines, safe against being cut short.

A dataset's config says what to make (`config`), and parts it into files that follow from it alone
(`parts`): shards of trajectories, and logs (`log_rows`, `log_writing`). They are made by this
process, by workers on this machine (`makers`, `workers`, `worker`) or on a Ray cluster
(`ray_backend`), and written whole or not at all, so that a run can go on where another stopped
(`generation`, `run`, `keeping`).
"""

from __future__ import annotations

from auctionsim.factory.config import DatasetConfig, LogsConfig, load_dataset_config
from auctionsim.factory.generation import BACKENDS, generate_dataset
from auctionsim.factory.play import play_episodes

__all__ = [
    "BACKENDS",
    "DatasetConfig",
    "LogsConfig",
    "generate_dataset",
    "load_dataset_config",
    "play_episodes",
]
