"""What is not finite, what does not learn, and what cannot be batched is told, by every rule."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from auctionsim.errors import InvalidArgumentError
from tests.vao.weighting.quadratic import Centres, Quadratic, problem
from vao.team import SOLO
from vao.weighting import DivergedError
from vao.weighting.finite import check_finite, finite_losses
from vao.weighting.protocol import Context
from vao.weighting.registry import WEIGHTINGS, make, weighting_class

#: Rules that compare gradients, and so run the objective for several batches at once.
BATCHED = ("vao", "sampled_vao")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_the_first_number_that_is_not_finite_is_named_with_its_step(value: float) -> None:
    values = torch.tensor([[0.0, 1.0], [0.5, value]])
    with pytest.raises(DivergedError, match=r"m\[1, 1\]. must be finite at step 12"):
        check_finite("m", values, 12)
    check_finite("m", values[:1], 12)
    with pytest.raises(DivergedError, match=r"losses\[1\]"):
        finite_losses(values[1], SOLO, 0)
    assert not finite_losses(torch.ones(2, requires_grad=True), SOLO, 0).requires_grad


class Spoilt(Quadratic):
    """Has losses that are no numbers from some call on."""

    spoils = False

    def forward(self, samples: Centres) -> Tensor:
        """Losses, (n,)."""
        found = super().forward(samples)
        return found * math.nan if self.spoils else found


class Rooted(Quadratic):
    """Adds a root that is 0, and has no slope there, from some call on."""

    spoils = False

    def forward(self, samples: Centres) -> Tensor:
        """Losses, (n,)."""
        found = super().forward(samples)
        return found + (self.head.sum() * 0.0).sqrt() if self.spoils else found


@pytest.mark.parametrize("step", [0, 1])
@pytest.mark.parametrize("kind", [Spoilt, Rooted])
@pytest.mark.parametrize("rule", sorted(WEIGHTINGS))
def test_no_rule_goes_on_with_losses_or_gradients_that_are_not_finite(
    rule: str, kind: type[Spoilt | Rooted], step: int
) -> None:
    start, curvature, sampler = problem(0, 3, [6, 6, 6])
    objective = kind(start, curvature)
    weighting = make(rule, context=Context(steps=4))
    if step:
        weighting.accumulate(objective, sampler, 0)
        weighting.stepped(objective)
    objective.spoils = True
    with pytest.raises(DivergedError, match="finite"):
        weighting.accumulate(objective, sampler, step)


def test_a_gradient_left_out_of_a_comparison_must_be_finite_too() -> None:
    start, curvature, sampler = problem(0, 3, [6, 6, 6])
    objective = Rooted(start, curvature)
    objective.spoils = True
    with pytest.raises(DivergedError, match=r"gradient of head\[0\]. must be finite at step 0"):
        make("vao", parameters="trunk").accumulate(objective, sampler, 0)


@pytest.mark.parametrize("rule", sorted(WEIGHTINGS))
def test_what_is_frozen_on_the_way_stays_where_it_is(rule: str) -> None:
    start, curvature, sampler = problem(0, 3, [6, 6, 6])
    objective = Quadratic(start, curvature)
    optimiser = torch.optim.SGD(objective.parameters(), lr=0.01)
    weighting = make(rule, context=Context(steps=8))
    for step in range(8):
        if step == 3:
            objective.head.requires_grad_(False)
            held, moved = objective.head.clone(), objective.trunk.clone()
        weighting.accumulate(objective, sampler, step)
        optimiser.step()
        weighting.stepped(objective)
    assert torch.equal(objective.head, held)
    assert not torch.equal(objective.trunk, moved)


@pytest.mark.parametrize("rule", sorted(WEIGHTINGS))
def test_a_model_of_which_nothing_learns_is_refused(rule: str) -> None:
    start, curvature, sampler = problem(0, 3, [6, 6, 6])
    objective = Quadratic(start, curvature).requires_grad_(False)
    with pytest.raises(InvalidArgumentError, match=r"objective.*parameters"):
        make(rule, context=Context(steps=4)).accumulate(objective, sampler, 0)


class Detached(Quadratic):
    """Cuts its losses off from its parameters."""

    def forward(self, samples: Centres) -> Tensor:
        """Losses, (n,)."""
        return super().forward(samples).detach()


@pytest.mark.parametrize("rule", sorted(WEIGHTINGS))
def test_losses_that_do_not_depend_on_the_model_are_refused(rule: str) -> None:
    start, curvature, sampler = problem(0, 3, [6, 6, 6])
    with pytest.raises(InvalidArgumentError, match="losses that depend on its parameters"):
        make(rule, context=Context(steps=4)).accumulate(Detached(start, curvature), sampler, 0)


class Dropped(Quadratic):
    """Draws what it forgets."""

    def forward(self, samples: Centres) -> Tensor:
        """Losses, (n,)."""
        return nn.functional.dropout(super().forward(samples), 0.5, self.training)


@pytest.mark.parametrize("rule", BATCHED)
def test_what_cannot_be_batched_is_told_with_a_way_out(rule: str) -> None:
    start, curvature, sampler = problem(0, 3, [6, 6, 6])
    with pytest.raises(InvalidArgumentError, match=r"torch\.func\.vmap.*eval mode"):
        make(rule).accumulate(Dropped(start, curvature), sampler, 0)
    make(rule).accumulate(Dropped(start, curvature).eval(), sampler, 0)
    make("equal").accumulate(Dropped(start, curvature), sampler, 0)


class Broken(Quadratic):
    """Fails for a reason of its own."""

    def forward(self, samples: Centres) -> Tensor:
        """Never returns."""
        raise RuntimeError("no such luck")


@pytest.mark.parametrize("rule", sorted(WEIGHTINGS))
def test_a_models_own_errors_come_through(rule: str) -> None:
    start, curvature, sampler = problem(0, 3, [6, 6, 6])
    with pytest.raises(RuntimeError, match="no such luck"):
        make(rule, context=Context(steps=4)).accumulate(Broken(start, curvature), sampler, 0)


@pytest.mark.parametrize("rule", sorted(WEIGHTINGS))
def test_half_precision_is_no_obstacle(rule: str) -> None:
    start, curvature, sampler = problem(0, 3, [6, 6, 6])
    objective = Quadratic(start, curvature).to(torch.bfloat16)
    points = [[Centres(c.centres.bfloat16(), c.place) for c in row] for row in sampler.points]
    held_out = [Centres(c.centres.bfloat16(), c.place) for c in sampler.held_out]
    weighting = make(rule, context=Context(steps=4))
    for step in range(2):
        report = weighting.accumulate(objective, type(sampler)(points, held_out), step)
        weighting.stepped(objective)
        assert report.losses.isfinite().all()
    assert weighting_class(rule) is type(weighting)
