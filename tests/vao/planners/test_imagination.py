"""Imagined trajectories: plans that come true, and what the data say of how they may change."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from auctionsim.errors import InvalidDataError
from tests.vao.planners.samples import FEATURES, STEPS, build_planner, make_batch
from vao.planners.aigb import Aigb
from vao.planners.imagination import (
    Spans,
    gaussian_divergence,
    imagine,
    one_step_errors,
    path_distance,
    planning_steepness,
)


def _planner(**settings: object) -> Aigb:
    planner = build_planner("aigb", width=8, heads=2, **settings)
    assert isinstance(planner, Aigb)
    return planner


def _spans(deviation: float = 0.0, bound: float = 5.0) -> Spans:
    spans = Spans(FEATURES).double()
    spans.noise.fill_(deviation)
    spans.low.fill_(-bound)
    spans.high.fill_(bound)
    return spans


def _roll(planner: Aigb, noise: Tensor, spans: Spans) -> Tensor:
    batch = make_batch(planner)
    start, asked = batch.states[:, :1], batch.requirements
    return imagine(planner.next_state, asked, start, batch.static, noise, spans)


def _noise() -> Tensor:
    generator = torch.Generator().manual_seed(4)
    return torch.randn(6, STEPS, FEATURES, generator=generator, dtype=torch.float64)


def test_without_noise_each_state_is_the_plan_from_those_before() -> None:
    planner, batch = _planner(), make_batch(_planner())
    states = _roll(planner, torch.zeros_like(_noise()), _spans(1.0))
    asked = batch.requirements.unsqueeze(1)
    planned, _ = planner.next_state(asked, states[:, :-1], batch.static)
    assert torch.equal(states[:, 0], batch.states[:, 0])
    assert torch.allclose(states[:, 1:], planned.clamp(-5.0, 5.0), atol=1e-12)


@pytest.mark.parametrize("spread", ["constant", "learned"])
def test_noise_moves_states_by_the_deviation(spread: str) -> None:
    planner, batch = _planner(spread=spread), make_batch(_planner())
    spans, noise = _spans(0.1), _noise()
    states = _roll(planner, noise, spans)
    inputs = batch.requirements.unsqueeze(1), states[:, :1], batch.static
    mean, log_variance = planner.next_state(*inputs)
    size = spans.noise if log_variance is None else (0.5 * log_variance).exp()
    expected = (mean + size * noise[:, :1]).clamp(-5.0, 5.0)
    assert torch.allclose(states[:, 1:2], expected, atol=1e-12)


def test_gradients_reach_the_planner_through_all_steps() -> None:
    planner = _planner()
    states = _roll(planner, _noise(), _spans(0.01))
    (time,) = torch.autograd.grad(states[:, -1].sum(), [planner.next_state.time])
    assert bool((time != 0.0).any(dim=1).all())


def test_the_distance_of_paths_is_a_mean_over_time_with_gradients_everywhere() -> None:
    first = torch.zeros(1, 4, 2, requires_grad=True)
    second = torch.zeros(1, 4, 2)
    second[0, 1] = 3.0
    second[0, 2, 0] = math.sqrt(2.0)
    distance = path_distance(first, second)
    assert distance.tolist() == pytest.approx([1.0])
    (gradient,) = torch.autograd.grad(distance.sum(), [first])
    assert bool(gradient.isfinite().all())


def test_the_divergence_of_gaussians_is_that_of_their_distributions() -> None:
    generator = torch.Generator().manual_seed(0)
    draws = torch.randn(4, 7, FEATURES, generator=generator, dtype=torch.float64)
    first, second = (draws[0], draws[1]), (draws[2], draws[3])
    normals = [torch.distributions.Normal(m, (0.5 * v).exp()) for m, v in (first, second)]
    expected = torch.distributions.kl_divergence(*normals)
    unused = torch.ones(FEATURES).double()
    assert torch.allclose(gaussian_divergence(first, second, unused), expected)
    fixed = torch.linspace(0.5, 2.0, FEATURES).double()
    normals = [torch.distributions.Normal(m, fixed) for m in (draws[0], draws[2])]
    expected = torch.distributions.kl_divergence(*normals)
    assert torch.allclose(gaussian_divergence((draws[0], None), (draws[2], None), fixed), expected)


def test_one_step_errors_are_those_of_active_steps() -> None:
    planner = _planner()
    batch = make_batch(planner)
    errors = one_step_errors(planner.next_state, batch)
    assert errors.shape == (int(batch.active.sum()), FEATURES)
    asked = batch.requirements.unsqueeze(1)
    mean, _ = planner.next_state(asked, batch.states[:, :-1], batch.static)
    assert torch.allclose(errors[0], mean[0, 0] - batch.states[0, 1])


def _sloping(samples: int, slope: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Trajectories whose states stand at slope * return + budget, and nothing else."""
    generator = torch.Generator().manual_seed(0)
    returns = torch.rand(samples, generator=generator, dtype=torch.float64)
    static = torch.randn(samples, 1, generator=generator, dtype=torch.float64)
    level = slope * returns + static[:, 0]
    states = level[:, None, None].expand(samples, 5, 3).clone()
    return states, torch.ones(samples, 5).double(), static, returns


def test_the_steepness_is_that_of_the_data_given_static_features() -> None:
    assert float(planning_steepness(*_sloping(4000, 2.0))) == pytest.approx(2.0, rel=0.02)


def test_states_that_do_not_count_do_not_bear_on_the_steepness() -> None:
    states, counts, static, returns = _sloping(400, 2.0)
    counts[:200, 3:] = 0.0
    changed = states + 100.0 * (1.0 - counts.unsqueeze(-1))
    found = planning_steepness(states, counts, static, returns)
    assert torch.allclose(found, planning_steepness(changed, counts, static, returns))


def test_too_few_trajectories_show_no_steepness() -> None:
    with pytest.raises(InvalidDataError, match="at least 5"):
        planning_steepness(*_sloping(4, 1.0))


def test_spans_hold_the_data_and_tell_what_leaves_them() -> None:
    spans = Spans(2).double()
    generator = torch.Generator().manual_seed(0)
    states = torch.rand(500, 4, 2, generator=generator, dtype=torch.float64)
    counts = torch.ones(500, 4).double()
    counts[:, 3] = 0.0
    states[:, 3] = 4.0
    spans.fit(states, counts, torch.tensor([[3.0, 0.0], [-3.0, 0.0]]).double())
    assert spans.noise.tolist() == [3.0, 0.01]
    assert bool((spans.share_at_bounds(states[:, :3]) < 0.01).all())
    expected = torch.tensor([0.25, 0.25]).double()
    assert torch.allclose(spans.share_at_bounds(states), expected, atol=0.01)


def test_imagined_states_stay_within_the_data() -> None:
    states = _roll(_planner(), _noise(), _spans(10.0, bound=0.7))[:, 1:]
    assert states.abs().max().item() == pytest.approx(0.7)
