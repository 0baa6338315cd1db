"""The objective of a model: its heads, its losses, and its precision."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from auctionsim.errors import InvalidArgumentError
from tests.vao.weighting.test_tensors import linear, regression, squared
from vao.weighting.protocol import Context
from vao.weighting.registry import WEIGHTINGS, make
from vao.weighting.tensors import Losses, TensorSampler


class Headed(nn.Module):
    """A trunk and a head, of two inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk, self.head = nn.Linear(3, 2), nn.Linear(2, 1)

    def forward(self, inputs: Tensor, scale: Tensor) -> Tensor:
        out: Tensor = self.head(torch.tanh(self.trunk(inputs))) * scale[:, None]
        return out


def test_losses_take_several_inputs_and_tell_heads_from_the_trunk() -> None:
    sources = [(x, torch.full((9,), 2.0), y) for x, y in (regression(i, 9, 1.0) for i in range(2))]
    model = Headed()
    objective = Losses(model, squared, inputs=2, heads=["head"])
    expected = squared(2.0 * model(sources[0][0], torch.ones(9)), sources[0][2])
    torch.testing.assert_close(objective(sources[0]), expected)
    sampler = TensorSampler(sources, validation=sources, batch=8)
    made = [make("vao", parameters=which) for which in ("trunk", "all")]
    sampler_state = sampler.state()
    found = []
    for rule in made:
        sampler.resume(sampler_state)
        found.append(rule.accumulate(objective, sampler, 0).alignment)
    assert found[0] is not None
    assert found[1] is not None
    assert not torch.allclose(found[0], found[1])


def test_heads_must_be_the_models() -> None:
    with pytest.raises(InvalidArgumentError, match=r"`heads` must name .*trunk.weight.*'tail'"):
        Losses(Headed(), squared, heads=["head", "tail"])


class Mixed(nn.Module):
    """Ends in another precision than it begins in."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(3, 4), nn.Linear(4, 1).double()

    def forward(self, inputs: Tensor) -> Tensor:
        out: Tensor = self.last(self.first(inputs).double())
        return out


@pytest.mark.parametrize("autocast", [False, True])
@pytest.mark.parametrize("name", sorted(WEIGHTINGS))
def test_precisions_may_be_mixed(name: str, autocast: bool) -> None:
    sources = [regression(i, 9, 1.0) for i in range(2)]
    objective = Losses(linear() if autocast else Mixed(), squared)
    sampler = TensorSampler(sources, validation=sources, batch=8)
    rule = make(name, context=Context(steps=4))
    for step in range(2):
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            rule.accumulate(objective, sampler, step)
            rule.stepped(objective)
        for parameter in objective.parameters():
            assert parameter.grad is not None
            assert parameter.grad.dtype == parameter.dtype


@pytest.mark.parametrize("head", ["hea", "runk", "head.weigh", ""])
def test_part_of_a_name_is_no_head(head: str) -> None:
    with pytest.raises(InvalidArgumentError, match="`heads` must name"):
        Losses(Headed(), squared, heads=[head])


@pytest.mark.parametrize("given", [0.5, (torch.ones(4), 1)])
def test_losses_must_be_a_tensor(given: Any) -> None:
    objective = Losses(linear(), lambda out, y: given)
    with pytest.raises(InvalidArgumentError, match=f"`loss` .* found '{type(given).__name__}'"):
        objective((torch.ones(4, 3), torch.ones(4)))


@pytest.mark.parametrize("reduction", ["mean", "none"])
@pytest.mark.parametrize("rule", ["equal", "vao"])
def test_losses_must_be_one_number_a_sample(reduction: str, rule: str) -> None:
    sources = [(torch.ones(4, 3), torch.ones(4, 1))] * 2
    objective = Losses(linear(), partial(nn.functional.mse_loss, reduction=reduction))
    with pytest.raises(InvalidArgumentError, match="`loss` must give a tensor of one number"):
        make(rule).accumulate(objective, TensorSampler(sources, validation=sources, batch=8), 0)
