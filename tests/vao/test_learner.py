"""One update: clipping, the learning rate's decay, and data that do not count."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from auctionsim.observation import FEATURES
from auctionsim.tasks import CPA_MCB
from tests.vao.factories import make_trajectories, tiny_config
from vao.learner import DivergedError, _descend, fit_inverse
from vao.scales import Scales
from vao.sharing import Source, TaskSampler

CONFIG = tiny_config(learning_rate=0.1, gradient_clip=2.0)


def _moved(gradient: list[float], step: int) -> list[float]:
    """How far plain gradient descent moves from 0 at a step of 10."""
    parameter = nn.Parameter(torch.zeros(len(gradient), dtype=torch.float64))
    parameter.grad = torch.tensor(gradient, dtype=torch.float64)
    _descend(torch.optim.SGD([parameter], lr=9.0), [parameter], step, 10, CONFIG)
    moved: list[float] = parameter.detach().tolist()
    return moved


@pytest.mark.parametrize(
    ("step", "share"), [(0, 1.0), (5, 0.5), (9, 0.5 + 0.5 * np.cos(0.9 * np.pi))]
)
def test_the_learning_rate_decays_along_a_cosine(step: int, share: float) -> None:
    assert _moved([1.0], step) == pytest.approx([-0.1 * share])


def test_long_gradients_are_clipped() -> None:
    assert _moved([30.0, 40.0], step=0) == pytest.approx([-0.1 * 1.2, -0.1 * 1.6], rel=1e-5)
    assert _moved([0.3, 0.4], step=0) == pytest.approx([-0.03, -0.04])


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_gradients_that_run_away_are_named(value: float) -> None:
    with pytest.raises(DivergedError, match="learning_rate"):
        _moved([1.0, value], step=0)


def test_the_inverse_dynamics_do_not_see_inactive_steps() -> None:
    data = make_trajectories({CPA_MCB: 12})
    active = data.active.copy()
    active[::2, 4:] = False
    columns = list(range(len(FEATURES)))

    def fit(bid_when_inactive: float) -> dict[str, torch.Tensor]:
        action = np.where(active, data.action, np.float32(bid_when_inactive))
        changed = replace(data, active=active, action=action)
        scales = Scales.fit(changed, FEATURES, columns, categories=3)
        source = Source.prepare(changed, scales, columns)
        # Past `prepare`, which blanks them, such actions must not count either.
        source.actions[~torch.from_numpy(active)] = bid_when_inactive
        pool = TaskSampler([source], [CPA_MCB], 8, np.random.default_rng(0))
        inverse, _ = fit_inverse(pool, scales, CONFIG, seed=0)
        return inverse.state_dict()

    plain, wild = fit(0.5), fit(50.0)
    assert all(torch.equal(tensor, wild[name]) for name, tensor in plain.items())
