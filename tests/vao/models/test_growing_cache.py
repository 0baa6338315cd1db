"""The growing cache: the same results as without one, gradients included."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.func import functional_call, grad, vmap

from vao.models import CausalTransformer
from vao.models.growing_cache import growing_cache

SAMPLES, TOKENS, WIDTH, ASKED = 3, 6, 8, 2


def _transformer() -> CausalTransformer:
    torch.manual_seed(0)
    return CausalTransformer(requirements=ASKED, width=WIDTH, blocks=2, heads=2).double()


def _inputs() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    shapes = (SAMPLES, TOKENS, WIDTH), (SAMPLES, 1, ASKED)
    first, second = (torch.randn(s, generator=generator, dtype=torch.float64) for s in shapes)
    return first, second


def _token_by_token(transformer: CausalTransformer, hidden: Tensor, asked: Tensor) -> Tensor:
    cache = growing_cache()
    tokens = [transformer(hidden[:, t : t + 1], asked, cache) for t in range(TOKENS)]
    return torch.cat(tokens, dim=1)


def test_token_by_token_is_the_same_as_all_at_once() -> None:
    transformer, (hidden, asked) = _transformer(), _inputs()
    stepwise = _token_by_token(transformer, hidden, asked)
    assert torch.allclose(stepwise, transformer(hidden, asked), atol=1e-12)


def test_gradients_flow_to_the_first_token() -> None:
    transformer, (hidden, asked) = _transformer(), _inputs()
    found = []
    for run in (_token_by_token, CausalTransformer.__call__):
        source = hidden.clone().requires_grad_()
        last = run(transformer, source, asked)[:, -1].square().sum()
        found.append(torch.autograd.grad(last, [source])[0])
    assert torch.allclose(found[0], found[1], atol=1e-12)
    assert bool((found[0] != 0.0).all())


def test_gradients_of_several_sets_are_taken_at_once() -> None:
    transformer, (hidden, asked) = _transformer(), _inputs()
    values = {name: p.detach() for name, p in transformer.named_parameters()}

    def loss(values: dict[str, Tensor], hidden: Tensor, asked: Tensor) -> Tensor:
        cache, outputs = growing_cache(), []
        for t in range(TOKENS):
            inputs = hidden[:, t : t + 1], asked, cache
            outputs.append(functional_call(transformer, values, inputs))
        return torch.cat(outputs, dim=1).square().sum()

    stacked = torch.stack([hidden, 2.0 * hidden]), torch.stack([asked, asked])
    together = vmap(grad(loss), in_dims=(None, 0, 0))(values, *stacked)
    alone = grad(loss)(values, 2.0 * hidden, asked)
    for name, gradient in alone.items():
        assert torch.allclose(together[name][1], gradient, atol=1e-10), name
