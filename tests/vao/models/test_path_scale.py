"""The scale of paths: random walks with a known drift and a jump at the start."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from vao.models.path_scale import PathScale

SAMPLES, STEPS, FEATURES = 4000, 12, 2
DRIFT, SPREAD, JUMP = 0.2, 0.3, 4.0


def _walks() -> Tensor:
    generator = torch.Generator().manual_seed(0)
    shape = SAMPLES, STEPS, FEATURES
    moves = DRIFT + SPREAD * torch.randn(shape, generator=generator, dtype=torch.float64)
    moves[:, 0] += JUMP
    return torch.cat([torch.zeros_like(moves[:, :1]), moves.cumsum(dim=1)], dim=1)


def _fitted(states: Tensor, active: Tensor) -> PathScale:
    scale = PathScale(FEATURES, STEPS).double()
    scale.fit(states, active)
    return scale


@pytest.mark.parametrize("lag", [1, 4, STEPS - 1])
def test_changes_are_measured_by_the_steps_between(lag: int) -> None:
    scale = _fitted(_walks(), torch.ones(SAMPLES, STEPS, dtype=torch.float64))
    for first, jump in ((0, 0.0), (1, JUMP)):
        mean, deviation = scale.mean[first, lag], scale.deviation[first, lag]
        expected = torch.full_like(mean, jump + lag * DRIFT)
        torch.testing.assert_close(mean, expected, rtol=0.0, atol=0.06)
        torch.testing.assert_close(
            deviation, torch.full_like(mean, lag**0.5 * SPREAD), rtol=0.05, atol=0.0
        )


def test_states_after_the_end_do_not_count() -> None:
    states, active = _walks(), torch.ones(SAMPLES, STEPS, dtype=torch.float64)
    active[: SAMPLES // 2, 5:] = 0.0
    changed = states.clone()
    changed[: SAMPLES // 2, 6:] += 100.0
    one, other = _fitted(states, active), _fitted(changed, active)
    torch.testing.assert_close(other.mean, one.mean)
    torch.testing.assert_close(other.deviation, one.deviation)


def test_where_too_few_went_the_step_before_serves() -> None:
    active = torch.ones(SAMPLES, STEPS, dtype=torch.float64)
    active[:, 5:] = 0.0
    scale = _fitted(_walks(), active)
    for lag in range(6, STEPS + 1):
        assert torch.equal(scale.mean[1, lag], scale.mean[1, 5])
        assert torch.equal(scale.deviation[0, lag], scale.deviation[0, 4])


def test_what_never_changes_keeps_a_scale() -> None:
    scale = _fitted(torch.zeros_like(_walks()), torch.ones(SAMPLES, STEPS, dtype=torch.float64))
    assert bool((scale.deviation > 0.0).all())


def test_states_are_seen_from_the_present() -> None:
    states = _walks()
    scale = _fitted(states, torch.ones(SAMPLES, STEPS, dtype=torch.float64))
    present = torch.arange(SAMPLES) % STEPS
    origin, deviation = scale.at(states, present)
    for sample in range(2 * STEPS):
        now, first = int(present[sample]), int(present[sample] == 0)
        here = states[sample, now]
        assert torch.equal(origin[sample, : now + 1], here.expand(now + 1, -1))
        assert bool((deviation[sample, : now + 1] == 1.0).all())
        lag = STEPS - now
        assert torch.equal(origin[sample, -1], here + scale.mean[first, lag])
        assert torch.equal(deviation[sample, -1], scale.deviation[first, lag])
    path = (states - origin) / deviation
    ahead = torch.arange(STEPS + 1) > present.unsqueeze(-1)
    assert float(path[ahead].mean()) == pytest.approx(0.0, abs=0.02)
    assert float(path[ahead].std()) == pytest.approx(1.0, abs=0.02)
