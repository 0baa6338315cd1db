"""What every planner must fulfil, whatever its family: gradients and learning."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call, grad_and_value, vmap

from tests.vao.planners.cases import CASES, build_case, close, losses, title
from tests.vao.planners.samples import make_batch
from vao.batch import Batch
from vao.planners import Planner


@pytest.fixture(params=CASES, ids=title)
def planner(request: pytest.FixtureRequest) -> Planner:
    return build_case(request.param)


def test_a_gradient_reaches_every_parameter_in_its_stage(planner: Planner) -> None:
    batch = make_batch(planner, samples=16)
    learned: set[str] = set()
    for stage, loss in losses(planner):
        planner.requires_grad_(False)
        planner.zero_grad()
        for part in stage.parts:
            planner.get_submodule(part).requires_grad_(True)
        loss(batch).mean().backward()  # type: ignore[no-untyped-call]
        for name, parameter in planner.named_parameters():
            if not parameter.requires_grad:
                continue
            assert parameter.grad is not None, f"{stage.name}: {name}"
            assert parameter.grad.isfinite().all(), f"{stage.name}: {name}"
            assert parameter.grad.abs().max() > 1e-12, f"{stage.name}: {name}"
            learned.add(name)
    assert learned == {name for name, _ in planner.named_parameters()}


def test_every_stage_learns(planner: Planner) -> None:
    batch = make_batch(planner, samples=16)
    for stage, loss in losses(planner):
        planner.requires_grad_(False)
        parts = nn.ModuleList(planner.get_submodule(part) for part in stage.parts)
        optimiser = torch.optim.Adam(parts.requires_grad_(True).parameters(), lr=1e-2)
        before = loss(batch).mean().item()
        for _ in range(25):
            optimiser.zero_grad()
            loss(batch).mean().backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        assert loss(batch).mean().item() < 0.95 * before, stage.name


class _Loss(nn.Module):
    def __init__(self, planner: Planner, method: str) -> None:
        super().__init__()
        self.planner, self.method = planner, method

    def forward(self, batch: Batch) -> Tensor:
        found: Tensor = getattr(self.planner, self.method)(batch)
        return found


def test_losses_batch_over_sets_of_samples(planner: Planner) -> None:
    batches = [make_batch(planner, seed=seed) for seed in (2, 3, 4)]
    stacked = Batch(*(torch.stack(parts) for parts in zip(*batches, strict=True)))
    for stage, _ in losses(planner, shared=True):
        module = _Loss(planner, stage.loss)
        parameters = {name: p.detach() for name, p in module.named_parameters()}

        def mean(values: dict[str, Tensor], batch: Batch, module: nn.Module = module) -> Tensor:
            found: Tensor = functional_call(module, values, (batch,))
            return found.mean()

        each = grad_and_value(mean)
        gradients, values = vmap(each, in_dims=(None, 0))(parameters, stacked)
        for place, batch in enumerate(batches):
            expected, value = each(parameters, batch)
            close(values[place], value)
            for name, gradient in expected.items():
                close(gradients[name][place], gradient)
