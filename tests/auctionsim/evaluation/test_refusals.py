"""What `evaluate` refuses, by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from auctionsim.errors import InvalidArgumentError
from auctionsim.evaluation import Evaluation, evaluate
from tests.auctionsim.worlds import LINEUP, WORLD, Half, world


def score(**settings: Any) -> Evaluation:
    chosen: dict[str, Any] = {"bidder": "pid", "market": WORLD, "episodes": 1, "lineup": LINEUP}
    return evaluate(**(chosen | settings))


NO_NAMES: list[Any] = [None, 3, b"small", np.zeros(2), ["bcb"], {}]
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"task": "bbc"}, r"`task` must be one of .*Did you mean 'bcb'"),
    ({"protocol": "wild"}, r"`protocol` must be one of paper, wide; .*Did you mean 'wide'"),
    ({"bidder": "pidd"}, "Did you mean 'pid'"),
    ({"bidder": Half}, "the class Half"),
    ({"bidder": 3}, "`bidder` must be an auctionsim Bidder"),
    ({"market": "tinny"}, "Did you mean 'tiny'"),
    ({"lineup": "mixt"}, "Did you mean 'mixed'"),
    ({"episodes": 0}, "`episodes` must be an integer from 1"),
    ({"episodes": -2}, "`episodes` must be an integer from 1"),
    ({"episodes": 1.5}, "`episodes` must be an integer from 1"),
    ({"episodes": True}, "`episodes` must be an integer from 1"),
    ({"episodes": "3"}, "`episodes` must be an integer from 1"),
    ({"episodes": []}, "`episodes` must not be empty"),
    ({"episodes": [1, -1]}, "`episodes` must be an integer from 0"),
    ({"episodes": [0.5]}, "`episodes` must be an integer from 0"),
    ({"episodes": [2, 1, 2]}, "`episodes` must differ"),
    ({"episodes": [[1], [1, 2]]}, "`episodes` must be an integer from 0"),
    ({"episodes": np.zeros((2, 2), np.int64)}, "`episodes` must be an integer from 0"),
    ({"episodes": None}, "`episodes` must be an integer from 1"),
    *(({name: value}, f"`{name}` must be one of")
      for name in ("task", "protocol") for value in NO_NAMES),
    *(({name: value}, f"`{name}` must be a name, or a path")
      for name in ("market", "lineup") for value in NO_NAMES),
    ({"episodes": [2**31]}, "`episodes` must be an integer from 0"),
    ({"seed": -1}, "`seed` must be an integer"),
    ({"seed": 2**64}, "`seed` must be an integer"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "message"), REFUSED)
def test_bad_arguments_are_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        score(**arguments)


def test_a_market_without_seats_of_the_task_offers_the_wide_protocol() -> None:
    terms = {"cpa_mcb": 0.0, "target_roas": 0.0, "bcb": 1.0}
    market = world(campaigns=type(WORLD.campaigns)(task_shares=terms))
    with pytest.raises(InvalidArgumentError, match=r"market 'world' gives.*Use protocol wide"):
        score(task="cpa_mcb", market=market)
    found = score(task="cpa_mcb", market=market, protocol="wide")
    assert len(found.trajectories) == 8
