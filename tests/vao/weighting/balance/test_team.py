"""Rules in a team: each process on its share, all with the same weights."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.vao.weighting.balance.toys import OPTIONS, Linear, Targets, Vector, train
from vao.team import Team
from vao.weighting.protocol import Context
from vao.weighting.registry import make

ROWS = np.array([[1.0, 0.2, 0.0], [-0.9, 0.5, 0.1], [-0.3, -1.0, 0.4]])
LOSSES = [3.0, 4.0, 5.0]


@dataclass
class Table:
    """Where two threads lay down what they sum."""

    barrier: threading.Barrier = field(default_factory=lambda: threading.Barrier(2, timeout=60.0))
    laid: dict[int, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Pair(Team):
    """Two threads that work as two processes do."""

    size: int = 2
    table: Table = field(default_factory=Table)

    def add_up(self, tensor: Tensor) -> Tensor:
        """Sum over the threads, in place."""
        self.table.laid[self.rank] = tensor.clone()
        self.table.barrier.wait()
        tensor.copy_(self.table.laid[0] + self.table.laid[1])
        self.table.barrier.wait()
        return tensor


def _weights(name: str, team: Team) -> tuple[list[Vector], Vector]:
    rule = make(name, context=Context(team=team, seed=2), **OPTIONS[name])
    objective = Linear(3)
    told = train(rule, Targets(ROWS, LOSSES, samples=6), objective, range(5))
    return told, objective.gradient()


@pytest.mark.parametrize("name", OPTIONS)
def test_a_team_makes_the_updates_of_one_process(name: str) -> None:
    expected, gradient = _weights(name, Team())
    table = Table()
    results: dict[int, Any] = {}

    def work(rank: int) -> None:
        torch.set_num_threads(1)
        try:
            results[rank] = _weights(name, Pair(rank, table=table))
        except BaseException:
            table.barrier.abort()
            raise

    threads = [threading.Thread(target=work, args=(rank,)) for rank in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for rank in (0, 1):
        told, last = results[rank]
        np.testing.assert_allclose(told, expected, rtol=1e-6)
        np.testing.assert_allclose(last, gradient, rtol=1e-6, atol=1e-9)
    np.testing.assert_array_equal(results[0][0], results[1][0])
