"""The planner: causality, FiLM at the start, and gradients everywhere."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from vao.models import FiLM, InverseDynamics, Planner

N, STEPS, FEATURES, REQUIREMENTS, STATIC = 3, 6, 5, 4, 2


def _planner(**changes: int | bool) -> Planner:
    torch.manual_seed(0)
    sizes: dict[str, int | bool] = {"width": 8, "blocks": 3, "heads": 2, "film": True}
    planner = Planner(
        requirements=REQUIREMENTS,
        features=FEATURES,
        static=STATIC,
        steps=STEPS,
        **(sizes | changes),  # type: ignore[arg-type]
    )
    return planner.double()


def _inputs() -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(1)
    states = torch.randn(N, STEPS, FEATURES, dtype=torch.float64)
    constant = torch.randn(N, REQUIREMENTS + STATIC, dtype=torch.float64)
    return constant[:, :REQUIREMENTS], states, constant[:, REQUIREMENTS:]


def _stir(planner: Planner) -> Planner:
    """Move all parameters off their special initial values."""
    with torch.no_grad():
        for parameter in planner.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return planner


@pytest.mark.parametrize("step", range(1, STEPS))
def test_the_future_never_changes_the_present(step: int) -> None:
    planner = _stir(_planner())
    requirements, states, static = _inputs()
    expected = planner(requirements, states, static)
    later = states.clone()
    later[:, step:] += 100.0
    changed = planner(requirements, later, static)
    torch.testing.assert_close(changed[:, :step], expected[:, :step], rtol=0.0, atol=1e-12)
    assert not torch.allclose(
        changed[:, step:] - later[:, step:], expected[:, step:] - states[:, step:]
    )


def test_a_prefix_is_enough() -> None:
    planner = _stir(_planner())
    requirements, states, static = _inputs()
    whole = planner(requirements, states, static)
    part = planner(requirements, states[:, :4], static)
    torch.testing.assert_close(part, whole[:, :4], rtol=1e-12, atol=1e-12)


def test_samples_do_not_influence_each_other() -> None:
    planner = _stir(_planner())
    requirements, states, static = _inputs()
    whole = planner(requirements, states, static)
    alone = planner(requirements[1:2], states[1:2], static[1:2])
    torch.testing.assert_close(alone, whole[1:2], rtol=1e-12, atol=1e-12)


def test_film_is_the_identity_at_the_start() -> None:
    film = FiLM(embedding=3, width=4)
    hidden = torch.randn(2, 5, 4)
    torch.testing.assert_close(film(hidden, torch.randn(2, 3)), hidden, rtol=0.0, atol=0.0)


def test_film_is_affine_in_the_hidden_features() -> None:
    film = FiLM(embedding=3, width=2)
    with torch.no_grad():
        film.modulation.bias.copy_(torch.tensor([1.0, -1.0, 10.0, 20.0]))
    hidden = torch.tensor([[[1.0, 2.0]]])
    expected = torch.tensor([[[12.0, 20.0]]])
    torch.testing.assert_close(film(hidden, torch.zeros(1, 3)), expected)


def test_film_starts_a_planner_as_one_without() -> None:
    inputs = _inputs()
    planner = _planner()
    expected = planner(*inputs)
    planner.films = torch.nn.ModuleList()
    torch.testing.assert_close(planner(*inputs), expected)


@pytest.mark.parametrize(("film", "blocks", "films"), [(True, 3, 2), (False, 3, 0), (True, 1, 0)])
def test_film_layers_stand_between_blocks(film: bool, blocks: int, films: int) -> None:
    planner = _planner(film=film, blocks=blocks)
    assert len(planner.films) == films
    assert planner(*_inputs()).shape == (N, STEPS, FEATURES)


def test_a_gradient_reaches_every_parameter() -> None:
    planner = _stir(_planner())
    requirements, states, static = _inputs()
    planner(requirements, states, static).square().sum().backward()
    for name, parameter in planner.named_parameters():
        assert parameter.grad is not None, name
        # The key's bias shifts all scores of a query alike, so softmax hides it.
        rows = parameter.grad.flatten(1) if parameter.dim() > 1 else parameter.grad[:, None]
        useful = rows.abs().sum(dim=1) > 1e-12
        if name.endswith("query_key_value.bias"):
            useful[8:16] = True
        assert useful.all(), name


def test_inverse_dynamics_see_both_states() -> None:
    torch.manual_seed(0)
    inverse = InverseDynamics(features=FEATURES, width=8)
    first, second = torch.randn(2, N, STEPS, FEATURES)
    action = inverse(first, second)
    assert action.shape == (N, STEPS)
    assert not torch.allclose(action, inverse(first + 1.0, second))
    assert not torch.allclose(action, inverse(first, second + 1.0))
