"""Which returns can be had by whom: recovered from made-up data."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from vao.models.return_range import ReturnRange, regression

SAMPLES = 2000


def _fitted() -> tuple[ReturnRange, Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    category = torch.randint(2, (SAMPLES,), generator=generator)
    codes = torch.nn.functional.one_hot(category, 2).double()
    budget = torch.randn(SAMPLES, 1, generator=generator, dtype=torch.float64)
    static = torch.cat([codes, budget], dim=1)
    luck = torch.rand(SAMPLES, generator=generator, dtype=torch.float64)
    returns = 2.0 + category - 0.3 * budget[:, 0] + luck
    field = (returns.log() - 0.4) / 0.8
    found = ReturnRange(3).double()
    found.fit(static, returns.clamp(min=0.0), field)
    return found, static, returns, field


def test_quantiles_hold_the_share_they_name_at_all_budgets() -> None:
    found, static, returns, _ = _fitted()
    for level in (0.05, 0.5, 0.95):
        below = returns <= found.quantile(static, torch.full((SAMPLES,), level).double())
        for part in (static[:, 2] < 0.0, static[:, 2] >= 0.0, static[:, 0] == 1.0):
            assert float(below[part].double().mean()) == pytest.approx(level, abs=0.03)


def test_quantiles_rise_from_the_least_to_the_best() -> None:
    found, static, _, _ = _fitted()
    levels = torch.linspace(0.0, 1.0, 57).double()
    rising = found.quantile(static[:1].expand(57, -1), levels)
    assert bool((rising.diff() >= 0.0).all())


def test_the_field_is_the_one_of_the_data() -> None:
    found, _, returns, field = _fitted()
    assert torch.allclose(found.field(returns), field, atol=1e-3)


def test_fields_and_returns_stay_within_their_bounds() -> None:
    found, static, _, _ = _fitted()
    assert found.field(torch.tensor([1e30, 1e-30]).double()).tolist() == [5.0, -5.0]
    poor = static.clone()
    poor[:, 2] = 1e6
    assert bool((found.quantile(poor, torch.zeros(SAMPLES).double()) > 0.0).all())


def test_regression_finds_the_line_although_codes_depend_on_each_other() -> None:
    inputs = torch.eye(3).repeat(4, 1).double()
    outputs = inputs @ torch.tensor([[1.0], [2.0], [5.0]]).double() + 3.0
    weights = regression(inputs, outputs)
    assert torch.allclose(inputs @ weights[:-1] + weights[-1], outputs, atol=1e-4)
