"""The Transformer: causality, its cache, FiLM at the start, and gradients everywhere."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from vao.models import CausalTransformer, FiLM, InverseDynamics

N, TOKENS, WIDTH, REQUIREMENTS = 3, 6, 8, 4


def transformer(blocks: int = 3, requirements: int = REQUIREMENTS) -> CausalTransformer:
    torch.manual_seed(0)
    made = CausalTransformer(requirements=requirements, width=WIDTH, blocks=blocks, heads=2)
    return made.double()


def stir(module: CausalTransformer) -> CausalTransformer:
    """Move all parameters off their special initial values."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return module


def inputs(tokens: int = TOKENS) -> tuple[Tensor, Tensor]:
    torch.manual_seed(1)
    hidden = torch.randn(N, tokens, WIDTH, dtype=torch.float64)
    return hidden, torch.randn(N, tokens, REQUIREMENTS, dtype=torch.float64)


@pytest.mark.parametrize("token", range(1, TOKENS))
def test_the_future_never_changes_the_present(token: int) -> None:
    module = stir(transformer())
    hidden, requirements = inputs()
    expected = module(hidden, requirements)
    later, asked_later = hidden.clone(), requirements.clone()
    later[:, token:] += torch.randn(WIDTH, dtype=torch.float64)
    asked_later[:, token:] += 1.0
    changed = module(later, asked_later)
    torch.testing.assert_close(changed[:, :token], expected[:, :token], rtol=0.0, atol=1e-12)
    assert not torch.isclose(changed[:, token:], expected[:, token:]).any()


def test_all_of_the_past_counts() -> None:
    module = stir(transformer(blocks=1))
    hidden, requirements = inputs()
    hidden.requires_grad_(True)
    (gradient,) = torch.autograd.grad(module(hidden, requirements)[:, -1].sum(), hidden)
    assert (gradient.abs().sum(dim=-1) > 1e-6).all()


def test_a_prefix_is_enough() -> None:
    module = stir(transformer())
    hidden, requirements = inputs()
    whole = module(hidden, requirements)
    part = module(hidden[:, :4], requirements[:, :4])
    torch.testing.assert_close(part, whole[:, :4], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("parts", [[1] * TOKENS, [2, 1, 3], [TOKENS], [4, 2]])
def test_a_cache_changes_nothing(parts: list[int]) -> None:
    module = stir(transformer())
    hidden, requirements = inputs()
    expected = module(hidden, requirements)
    cache = module.new_cache(N, TOKENS, hidden)
    found = [
        module(new, asked, cache)
        for new, asked in zip(
            torch.split(hidden, parts, 1), torch.split(requirements, parts, 1), strict=True
        )
    ]
    assert cache.length == TOKENS
    torch.testing.assert_close(torch.cat(found, dim=1), expected, rtol=1e-12, atol=1e-12)


def test_a_cache_larger_than_needed_changes_nothing() -> None:
    module = stir(transformer())
    hidden, requirements = inputs()
    cache = module.new_cache(N, 5 * TOKENS, hidden)
    found = module(hidden, requirements, cache)
    torch.testing.assert_close(found, module(hidden, requirements), rtol=1e-12, atol=1e-12)


def test_requirements_may_be_the_same_for_all_tokens() -> None:
    module = stir(transformer())
    hidden, requirements = inputs()
    once = requirements[:, :1]
    expected = module(hidden, once.expand(requirements.shape))
    torch.testing.assert_close(module(hidden, once), expected, rtol=1e-12, atol=1e-12)
    assert not torch.allclose(module(hidden, once + 1.0), expected)


def test_samples_do_not_influence_each_other() -> None:
    module = stir(transformer())
    hidden, requirements = inputs()
    whole = module(hidden, requirements)
    alone = module(hidden[1:2], requirements[1:2])
    torch.testing.assert_close(alone, whole[1:2], rtol=1e-12, atol=1e-12)


def test_film_is_the_identity_at_the_start() -> None:
    film = FiLM(embedding=3, width=4)
    hidden = torch.randn(2, 5, 4)
    torch.testing.assert_close(film(hidden, torch.randn(2, 1, 3)), hidden, rtol=0.0, atol=0.0)


def test_film_is_affine_in_the_hidden_features() -> None:
    film = FiLM(embedding=3, width=2)
    with torch.no_grad():
        film.modulation.bias.copy_(torch.tensor([1.0, -1.0, 10.0, 20.0]))
    hidden = torch.tensor([[[1.0, 2.0]]])
    expected = torch.tensor([[[12.0, 20.0]]])
    torch.testing.assert_close(film(hidden, torch.zeros(1, 1, 3)), expected)


def test_film_starts_a_transformer_as_one_without() -> None:
    module = transformer()
    hidden, requirements = inputs()
    expected = module(hidden, requirements)
    module.films = nn.ModuleList()
    torch.testing.assert_close(module(hidden, requirements), expected, rtol=0.0, atol=0.0)


@pytest.mark.parametrize(
    ("requirements", "blocks", "films"), [(REQUIREMENTS, 3, 2), (0, 3, 0), (REQUIREMENTS, 1, 0)]
)
def test_film_layers_stand_between_blocks(requirements: int, blocks: int, films: int) -> None:
    module = transformer(blocks, requirements)
    assert len(module.films) == films
    assert (module.embedding is not None) == (films > 0)
    assert module(*inputs()).shape == (N, TOKENS, WIDTH)


def test_a_gradient_reaches_every_parameter() -> None:
    module = stir(transformer())
    module(*inputs()).pow(3).sum().backward()
    for name, parameter in module.named_parameters():
        assert parameter.grad is not None, name
        rows = parameter.grad.flatten(1) if parameter.dim() > 1 else parameter.grad[:, None]
        useful = rows.abs().sum(dim=1) > 1e-12
        if name.endswith("query_key_value.bias"):
            # The key's bias shifts all scores of a query alike, so softmax hides it.
            useful[WIDTH : 2 * WIDTH] = True
        assert useful.all(), name


def test_inverse_dynamics_see_both_states() -> None:
    torch.manual_seed(0)
    inverse = InverseDynamics(features=5, width=8)
    first, second = torch.randn(2, N, TOKENS, 5)
    action = inverse(first, second)
    assert action.shape == (N, TOKENS)
    assert not torch.allclose(action, inverse(first + 1.0, second))
    assert not torch.allclose(action, inverse(first, second + 1.0))
