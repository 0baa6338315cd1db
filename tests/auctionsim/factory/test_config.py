from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from auctionsim.config_files import build
from auctionsim.errors import InvalidArgumentError
from auctionsim.factory.config import DatasetConfig, LogsConfig
from auctionsim.market import load_market

SLIPS: list[tuple[dict[str, Any], str]] = [
    ({"name": ""}, "`name` must be text"),
    ({"market": None}, "`market` must be text"),
    ({"lineup": 3}, "`lineup` must be text"),
    ({"episodes": {"trian": 1}}, "found 'trian'. Did you mean 'train'"),
    ({"episodes": {"train": -1, "test": 2}}, r"`episodes\.train` must be an integer from 0"),
    ({"episodes": {"train": 1.5}}, r"`episodes\.train` must be an integer from 0"),
    ({"episodes": {"train": True}}, r"`episodes\.train` must be an integer from 0"),
    ({"episodes": {"train": float("nan")}}, r"`episodes\.train` must be an integer from 0"),
    ({"episodes": {"train": 2**31}}, r"`episodes\.train` must be an integer from 0"),
    ({"episodes": {"train": 2**31 - 1, "test": 1}}, "`episodes` must be at most 2147483647 in all"),
    ({"episodes": {"train": 0}}, "must ask for at least one episode"),
    ({"episodes": {}}, "must ask for at least one episode"),
    ({"episodes": [1]}, "`episodes` must give numbers of episodes by split"),
    ({"episodes": {3: 1}}, "`episodes` must be one of"),
    ({"seed": -1}, "`seed` must be an integer from 0"),
    ({"seed": 2**64}, "`seed` must be an integer from 0"),
    ({"seed": "0"}, "`seed` must be an integer from 0"),
    ({"shard_episodes": 0}, "`shard_episodes` must be an integer from 1"),
    ({"shard_episodes": 10_001}, "`shard_episodes` must be an integer from 1 to 10000"),
    ({"episodes": {"train": 2**31 - 1}}, "at most 100000 shards; found '20, which gives 107374183"),
    ({"shard_episodes": 2.0}, "`shard_episodes` must be an integer from 1"),
    ({"logs": {"episodes": {"train": 1}}}, "`logs` must be a LogsConfig"),
    ({"logs": LogsConfig({"train": 209})}, r"`logs\.episodes\.train` must be at most .* 208"),
]
LOG_SLIPS: list[tuple[dict[str, Any], str]] = [
    ({"episodes": {"all": 1}}, r"`logs\.episodes` must be one of"),
    ({"episodes": {"train": -1}}, r"`logs\.episodes\.train` must be an integer"),
    ({"episodes": {"train": 100_000, "test": 1}}, "at most 100000 in all, as each is a file"),
    ({"steps": 3}, r"`logs\.steps` must be a list"),
    ({"steps": "012"}, r"`logs\.steps` must be a list"),
    ({"steps": (0, 0)}, r"`logs\.steps` must name each once"),
    ({"advertisers": (-1,)}, r"`logs\.advertisers` must be an integer from 0"),
    ({"advertisers": (0.5,)}, r"`logs\.advertisers` must be an integer from 0"),
    ({"format": "xlsx"}, r"`logs\.format` must be one of"),
    ({"format": None}, r"`logs\.format` must be one of"),
]


@pytest.mark.parametrize(("changes", "message"), SLIPS)
def test_slips_in_a_config_are_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        DatasetConfig(**changes)


@pytest.mark.parametrize(("changes", "message"), LOG_SLIPS)
def test_slips_in_what_to_log_are_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        LogsConfig(**changes)


@pytest.mark.parametrize("changes", [{"steps": (48,)}, {"advertisers": (0, 48)}])
def test_what_the_market_lacks_cannot_be_logged(changes: dict[str, Any]) -> None:
    logs = LogsConfig({"train": 1}, **changes)
    with pytest.raises(InvalidArgumentError, match=r"of market tiny, 0 to 47; found 48"):
        logs.check_fits(load_market("tiny"))


def test_numbers_of_numpy_are_kept_as_plain_ones() -> None:
    config = DatasetConfig(episodes={"train": np.int64(3)}, seed=np.uint64(4))  # type: ignore[dict-item,arg-type]
    assert type(config.episodes["train"]) is int
    assert type(config.seed) is int


def test_a_config_without_logs_is_what_it_was_before_there_were_logs() -> None:
    assert "logs" not in DatasetConfig().as_settings()
    assert "logs" not in DatasetConfig(logs=LogsConfig({"train": 0})).as_settings()
    logs = LogsConfig({"train": 2}, steps=(2, 0))
    kept = DatasetConfig(logs=logs).as_settings()
    assert build(DatasetConfig, kept) == DatasetConfig(logs=logs)
    assert logs.steps == (0, 2)


def test_splits_without_episodes_need_not_be_named() -> None:
    short = DatasetConfig(episodes={"train": 1}, logs=LogsConfig({"train": 1}))
    zeros = {"val_align": 0, "val_select": 0, "test": 0}
    assert short == DatasetConfig(
        episodes={"train": 1} | zeros, logs=LogsConfig({"train": 1} | zeros)
    )
    assert short.as_settings()["episodes"] == {"train": 1} | zeros
    assert short.shards == 1
