"""The Transformer of one token a step: its Gaussian, its time, and what it remembers."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.distributions import Normal

from auctionsim.errors import InvalidArgumentError
from vao.batch import History
from vao.models.step_transformer import Spread, StepTransformer, check_spread, gaussian_errors

N, STEPS, FEATURES, REQUIREMENTS, STATIC, OUTPUTS = 3, 6, 5, 4, 2, 3


def model(spread: Spread = "learned") -> StepTransformer:
    torch.manual_seed(0)
    made = StepTransformer(
        requirements=REQUIREMENTS, features=FEATURES, static=STATIC, steps=STEPS,
        outputs=OUTPUTS, width=8, blocks=2, heads=2, film=True, spread=spread,
    )  # fmt: skip
    return made.double()


def draw(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64)


def test_the_same_state_means_another_thing_at_another_step() -> None:
    mean, _ = model()(
        draw(N, 1, REQUIREMENTS), draw(N, 1, FEATURES).repeat(1, STEPS, 1), draw(N, STATIC)
    )
    assert mean.shape == (N, STEPS, OUTPUTS)
    assert not torch.isclose(mean[:, 1:], mean[:, :-1], rtol=0.0, atol=1e-6).any()


def test_the_spread_is_bounded_and_learned_only_if_asked() -> None:
    arguments = draw(N, 1, REQUIREMENTS), 1000.0 * draw(N, STEPS, FEATURES), draw(N, STATIC)
    assert model("constant")(*arguments)[1] is None
    learned = model()
    assert learned.spread is not None
    with torch.no_grad():
        learned.spread.weight.mul_(1000.0)
    _, log_variance = learned(*arguments)
    assert log_variance is not None
    assert log_variance.shape == (N, STEPS, OUTPUTS)
    assert ((log_variance >= -5.0) & (log_variance <= 2.01)).all()
    assert log_variance.max() - log_variance.min() > 6.0


def test_errors_are_the_likelihoods_of_a_gaussian() -> None:
    mean, true = draw(2, N, STEPS)
    log_variance = draw(N, STEPS)
    found = gaussian_errors(mean, log_variance, true)
    expected = -Normal(mean, (0.5 * log_variance).exp()).log_prob(true)  # type: ignore[no-untyped-call]
    offset = found - expected
    torch.testing.assert_close(offset, offset[:1, :1].expand(offset.shape), rtol=0.0, atol=1e-12)
    lowest = torch.full((1,), -5.0, dtype=torch.float64)
    assert gaussian_errors(mean[0, :1], lowest, mean[0, :1]).item() == 0.0


def test_a_constant_spread_has_the_squared_error() -> None:
    mean, true = draw(2, N, STEPS)
    torch.testing.assert_close(gaussian_errors(mean, None, true), (mean - true) ** 2)


def test_the_latest_step_is_that_of_the_whole_day() -> None:
    made = model()
    requirements, static = draw(N, STEPS, REQUIREMENTS), draw(N, STATIC)
    states = draw(N, STEPS, FEATURES)
    expected, _ = made(requirements, states, static)
    memory: dict[str, Any] = {}
    for step in (0, 1, 4, 5):
        known = slice(step + 1)
        history = History(
            states[:, known], draw(N, step), static, requirements[:, known], draw(N, step + 1),
            draw(N, 0),
        )  # fmt: skip
        found = made.latest(history, memory)
        torch.testing.assert_close(found, expected[:, step], rtol=1e-12, atol=1e-12)


def test_an_unknown_spread_is_refused() -> None:
    check_spread("learned")
    with pytest.raises(InvalidArgumentError, match=r"settings\.spread.*constant"):
        check_spread("wide")
