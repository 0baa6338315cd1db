"""The temporal U-Net: lengths of all kinds, and what its output depends on."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.func import functional_call, grad, vmap
from torch.nn.functional import mish as reference_mish

from vao.models.temporal_unet import TemporalUNet, mish

N, INPUTS, OUTPUTS, CONDITION = 3, 4, 2, 5


def _net(steps: int = 9, depth: int = 2, stirred: bool = True) -> TemporalUNet:
    torch.manual_seed(0)
    net = TemporalUNet(
        inputs=INPUTS, outputs=OUTPUTS, condition=CONDITION, steps=steps, width=16, depth=depth
    )
    if stirred:
        with torch.no_grad():
            for parameter in net.parameters():
                parameter.add_(0.1 * torch.randn_like(parameter))
    return net.double()


def _inputs(steps: int = 9, seed: int = 1) -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(seed)
    path = torch.randn(N, steps, INPUTS, dtype=torch.float64)
    return path, torch.tensor([1, 5, 20]), torch.randn(N, CONDITION, dtype=torch.float64)


def test_mish_is_the_same_as_pytorchs() -> None:
    x = torch.linspace(-60.0, 900.0, 4001, dtype=torch.float64, requires_grad=True)
    found, expected = mish(x), reference_mish(x)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    slopes = [torch.autograd.grad(y.sum(), x)[0] for y in (found, expected)]
    torch.testing.assert_close(*slopes, rtol=1e-10, atol=1e-10)
    single = torch.tensor([-1e4, -90.0, 0.0, 1e4])
    torch.testing.assert_close(mish(single), reference_mish(single))


@pytest.mark.parametrize("depth", [0, 1, 3])
@pytest.mark.parametrize("steps", [1, 2, 7, 8, 49])
def test_paths_of_any_length_keep_it(steps: int, depth: int) -> None:
    found = _net(steps, depth)(*_inputs(steps))
    assert found.shape == (N, steps, OUTPUTS)
    assert bool(found.isfinite().all())


def test_it_begins_with_nothing() -> None:
    assert not _net(stirred=False)(*_inputs()).any()


@pytest.mark.parametrize("changed", [0, 1, 2])
def test_path_level_and_condition_all_count(changed: int) -> None:
    net, inputs = _net(), list(_inputs())
    before = net(*inputs)
    inputs[changed] = inputs[changed] + 1
    assert not torch.isclose(net(*inputs), before, rtol=1e-6).any()


def test_the_same_pattern_is_another_elsewhere() -> None:
    """A constant path looks the same everywhere but for the borders: the place tells them apart."""
    steps = 40
    net = _net(steps, depth=1)
    path = torch.ones(1, steps, INPUTS, dtype=torch.float64)
    _, levels, condition = _inputs()
    middle = net(path, levels[:1], condition[:1])[0, 15:25]
    assert not torch.isclose(middle[1:], middle[:1], rtol=1e-6).any()


def test_samples_do_not_influence_each_other() -> None:
    net, (path, levels, condition) = _net(), _inputs()
    alone = net(path[1:2], levels[1:2], condition[1:2])
    torch.testing.assert_close(alone, net(path, levels, condition)[1:2])


def test_gradients_batch_over_sets_of_samples() -> None:
    net = _net()
    parameters = {name: p.detach() for name, p in net.named_parameters()}

    def loss(values: dict[str, Tensor], *inputs: Tensor) -> Tensor:
        found: Tensor = functional_call(net, values, inputs)
        return found.square().mean()

    sets = [_inputs(seed=seed) for seed in (1, 2)]
    stacked = [torch.stack(parts) for parts in zip(*sets, strict=True)]
    together = vmap(grad(loss), in_dims=(None, 0, 0, 0))(parameters, *stacked)
    for place, inputs in enumerate(sets):
        for name, gradient in grad(loss)(parameters, *inputs).items():
            torch.testing.assert_close(together[name][place], gradient)
            assert bool(gradient.any()), name
