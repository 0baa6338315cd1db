"""VAO's options: what is compared, with what, on how many samples, and what is reported."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from auctionsim.errors import InvalidArgumentError
from tests.vao.weighting.linear import FixedSampler, Regression, closed_form
from tests.vao.weighting.reference import (
    START,
    aligned,
    closed_alignment,
    closed_update,
    vao,
)
from tests.vao.weighting.samplers import GivenSampler
from tests.vao.weighting.teams import parts_of_a_team
from vao.weighting import ValidationAligned
from vao.weighting.protocol import Context
from vao.weighting.settings import VaoSettings


def test_the_trunk_alone_is_compared_and_all_is_updated() -> None:
    sampler, objective = FixedSampler(8, 2, [2, 3]), Regression(START)
    report = vao(parameters="trunk").accumulate(objective, sampler, 0)
    assert report.alignment is not None
    assert report.weights is not None
    for k in range(2):
        wanted = closed_form(START, sampler.validation(k, 8))[1:]
        pairs = [closed_form(START, points)[1:] for points in sampler.by_source(k)]
        expected = [aligned("cosine", pair, wanted) for pair in pairs]
        np.testing.assert_allclose(report.alignment[k].numpy(), expected, rtol=1e-9)
    whole = closed_alignment(sampler)
    assert np.abs(report.alignment.numpy() - whole).max() > 0.01
    weights = report.weights.numpy()
    np.testing.assert_allclose(objective.gradient(), closed_update(sampler, weights), rtol=1e-8)


class Headless(nn.Module):
    """A regression that does not say what its heads are."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Regression(START)

    def forward(self, points: Any) -> Any:
        return self.model(points)


def test_refuses_to_compare_trunks_where_no_heads_are_named() -> None:
    with pytest.raises(InvalidArgumentError, match="heads"):
        vao(parameters="trunk").accumulate(Headless(), FixedSampler(8, 2, [2]), 0)


def test_own_training_data_take_the_place_of_held_out_ones() -> None:
    sampler, objective = FixedSampler(9, 2, [3, 4]), Regression(START)
    report = vao(signal="training", validation_batch=0).accumulate(objective, sampler, 0)
    assert sampler.calls["validation"] == 0
    assert sampler.calls["own_training"] == 2
    assert report.alignment is not None
    # The toy's own training data are the very samples of its own source.
    np.testing.assert_allclose(report.alignment.diagonal().numpy(), 1.0, rtol=1e-12)
    assert report.alignment[0, 1] < 1.0
    assert not ValidationAligned.validates(VaoSettings(signal="training"))
    assert ValidationAligned.validates(VaoSettings())


@pytest.mark.parametrize(("batch", "size"), [(0, None), (1, 1), (4, 4)])
def test_validates_on_as_many_samples_as_it_is_told(batch: int, size: int | None) -> None:
    sampler = FixedSampler(10, 2, [3, 4])
    report = vao(validation_batch=batch).accumulate(Regression(START), sampler, 0)
    assert report.alignment is not None
    np.testing.assert_allclose(report.alignment.numpy(), closed_alignment(sampler, size), rtol=1e-9)


def test_a_refresh_may_draw_more_samples_than_a_step() -> None:
    drawn: list[int | None] = []

    class Counting(FixedSampler):
        def by_source(self, target: int, samples: int | None = None) -> list[Any]:
            drawn.append(samples)
            return super().by_source(target, samples)

    sampler, objective, rule = Counting(11, 1, [3, 4]), Regression(START), vao(refresh_batch=2)
    report = rule.accumulate(objective, sampler, 0)
    firsts = [type(p)(p.inputs[:1], p.outputs[:1]) for p in sampler.points[0]]
    assert report.weights is not None
    gradients = np.array([closed_form(START, points) for points in firsts])
    expected = report.weights.numpy()[0] @ gradients
    np.testing.assert_allclose(objective.gradient(), expected, rtol=1e-9)
    rule.accumulate(objective, sampler, 1)
    assert drawn == [2, None]


def test_conflicts_are_cosines_between_the_targets_held_out_gradients() -> None:
    sampler = FixedSampler(12, 3, [2, 2])
    report = vao().accumulate(Regression(START), sampler, 0)
    assert report.conflicts is not None
    wanted = [closed_form(START, sampler.validation(k, 8)) for k in range(3)]
    expected = [[aligned("cosine", a, b) for a in wanted] for b in wanted]
    np.testing.assert_allclose(report.conflicts.numpy(), expected, rtol=1e-9)
    alone = vao().accumulate(Regression(START), FixedSampler(12, 1, [2, 2]), 0)
    assert alone.conflicts is None


def test_reports_are_of_every_target_and_source() -> None:
    sampler, objective, rule = FixedSampler(13, 3, [1, 2]), Regression(START), vao(refresh=1)
    first, second = (rule.accumulate(objective, sampler, step) for step in range(2))
    for report in (first, second):
        assert report.losses.shape == (3,)
        assert report.alignment is not None
        assert report.alignment.shape == (3, 2)
        assert report.balance is None
    assert first.noise is None
    assert second.noise is not None
    assert second.noise.shape == (3, 2)


@pytest.mark.parametrize("settings", [{}, {"parameters": "trunk", "alignment": "inner_product"}])
def test_processes_of_a_team_add_up_to_one(settings: dict[str, Any]) -> None:
    """Between renewals: at a renewal the sums must be known before the weights are."""
    sampler: GivenSampler = FixedSampler(14, 2, [3, 2])
    rules = [
        ValidationAligned(VaoSettings(**settings), Context(team))
        for team in (Context().team, *parts_of_a_team(2))
    ]
    weights = torch.tensor([[0.9, 0.1], [0.3, 0.7]], dtype=torch.float64)
    gradients = []
    for rule in rules:
        rule.resume({"weights": weights})
        objective = Regression(START)
        rule.accumulate(objective, sampler, 1)
        gradients.append(objective.gradient())
    np.testing.assert_allclose(gradients[1] + gradients[2], gradients[0], rtol=1e-12)


@pytest.mark.parametrize(
    ("settings", "smallest"),
    [
        ({}, 8),
        ({"validation_batch": 0}, 10),
        ({"refresh_batch": 6}, 2),
        ({"validation_batch": 1}, 1),
    ],
)
def test_smallest_batch(settings: dict[str, Any], smallest: int) -> None:
    assert ValidationAligned.smallest_batch(VaoSettings(**settings), 32, 3) == smallest
