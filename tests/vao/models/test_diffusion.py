"""Diffusion: the schedule's shape, the three targets, and what DDIM makes of exact estimates."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import get_args

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from auctionsim.errors import InvalidArgumentError
from vao.models.diffusion import CosineSchedule, Target, ddim

N, STEPS, FEATURES, LEVELS = 4, 6, 3, 20
TARGETS = get_args(Target)


def _normal(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def _schedule(levels: int = LEVELS) -> CosineSchedule:
    return CosineSchedule(levels).double()


@settings(max_examples=30)
@given(st.integers(1, 200))
def test_data_fade_and_noise_grows_from_level_to_level(levels: int) -> None:
    schedule = _schedule(levels)
    assert schedule.signal.shape == schedule.spread.shape == (levels + 1,)
    assert float(schedule.signal[0]) == 1.0
    assert float(schedule.spread[0]) == 0.0
    assert bool((schedule.signal.diff() < 0.0).all())
    assert bool((schedule.spread.diff() >= 0.0).all())
    total = schedule.signal.square() + schedule.spread.square()
    torch.testing.assert_close(total, torch.ones_like(total), rtol=0.0, atol=1e-6)


def test_the_schedule_is_the_squared_cosine_and_ends_near_nothing() -> None:
    kept = _schedule().signal.square()
    whole = math.cos(0.008 / 1.008 * math.pi / 2) ** 2
    for level in (1, 7, LEVELS - 1):
        expected = math.cos((level / LEVELS + 0.008) / 1.008 * math.pi / 2) ** 2 / whole
        assert float(kept[level]) == pytest.approx(expected, rel=1e-6)
    assert 0.0 < float(kept[-1]) < 1e-5


def test_mixtures_go_from_the_data_to_the_noise() -> None:
    schedule, data, noise = _schedule(), _normal(N, STEPS, FEATURES), _normal(N, STEPS, FEATURES)
    zeros = torch.zeros(N, dtype=torch.long)
    assert torch.equal(schedule.mix(data, noise, zeros), data)
    mixed = schedule.mix(data, noise, zeros + LEVELS)
    torch.testing.assert_close(mixed, noise, rtol=0.0, atol=0.02)


def _output(target: Target, data: Tensor, noise: Tensor, levels: Tensor) -> Tensor:
    """What a perfect network says."""
    signal, spread = _schedule().at(levels)
    if target == "velocity":
        return signal * noise - spread * data
    return data if target == "data" else noise


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_tells_the_data(target: Target) -> None:
    schedule = _schedule()
    data, noise = _normal(N, STEPS, FEATURES), _normal(N, STEPS, FEATURES, seed=1)
    levels = torch.tensor([1, 7, 13, LEVELS])
    noisy = schedule.mix(data, noise, levels)
    output = _output(target, data, noise, levels)
    found = schedule.data_from(output, noisy, levels, target)
    torch.testing.assert_close(found, data, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("target", TARGETS)
def test_weights_make_errors_of_data_into_errors_of_the_target(target: Target) -> None:
    schedule, levels = _schedule(), torch.tensor([1, 7, 13, LEVELS])
    noisy, output = _normal(N, STEPS, FEATURES), _normal(N, STEPS, FEATURES, seed=1)
    error = _normal(N, STEPS, FEATURES, seed=2)
    right = schedule.data_from(output, noisy, levels, target)
    wrong = schedule.data_from(output + error, noisy, levels, target)
    weighted = (wrong - right).square() * schedule.weight(levels, target)
    torch.testing.assert_close(weighted, error.square())


@given(st.integers(1, 60), st.data())
def test_samplers_visit_falling_levels(levels: int, data: st.DataObject) -> None:
    steps = data.draw(st.integers(1, levels))
    visited = CosineSchedule(levels).visited(steps)
    assert (visited[0], visited[-1], len(visited)) == (levels, 0, steps + 1)
    assert all(after < before for before, after in pairwise(visited))


@pytest.mark.parametrize("steps", [0, LEVELS + 1])
def test_more_steps_than_levels_or_none_are_an_error(steps: int) -> None:
    with pytest.raises(InvalidArgumentError, match=r"steps` must be in 1\.\.20"):
        CosineSchedule(LEVELS).visited(steps)


@pytest.mark.parametrize("steps", [1, 2, 7, LEVELS])
def test_an_oracle_is_followed_exactly(steps: int) -> None:
    data, noise = _normal(N, STEPS, FEATURES), _normal(N, STEPS, FEATURES, seed=1)
    known = torch.zeros(STEPS, 1, dtype=torch.bool)
    found = ddim(lambda noisy, level: data, noise, data, known, _schedule(), steps)
    torch.testing.assert_close(found, data, rtol=0.0, atol=1e-12)


def test_what_is_known_is_seen_at_every_step_and_comes_back_untouched() -> None:
    path, noise = _normal(N, STEPS, FEATURES), _normal(N, STEPS, FEATURES, seed=1)
    known = (torch.arange(STEPS) < 2).unsqueeze(-1)
    seen: list[int] = []

    def estimate(noisy: Tensor, level: int) -> Tensor:
        assert torch.equal(noisy[:, :2], path[:, :2])
        seen.append(level)
        return noisy + 1.0

    hidden = torch.where(known, path, torch.nan)
    found = ddim(estimate, noise, hidden, known, _schedule(), 4)
    assert seen == [20, 15, 10, 5]
    assert torch.equal(found[:, :2], path[:, :2])
    assert bool(found.isfinite().all())


def test_normals_are_sampled_with_their_mean_and_spread() -> None:
    """For x_0 of N(m, s^2) the best estimate is known, and many steps map eps to m + s eps."""
    mean, deviation = 0.7, 0.3
    schedule, noise = _schedule(400), _normal(N, STEPS, FEATURES)

    def estimate(noisy: Tensor, level: int) -> Tensor:
        signal, spread = schedule.signal[level], schedule.spread[level]
        variance = (signal * deviation).square() + spread.square()
        return mean + signal * deviation**2 / variance * (noisy - signal * mean)

    known = torch.zeros(STEPS, 1, dtype=torch.bool)
    found = ddim(estimate, noise, noise, known, schedule, 400)
    torch.testing.assert_close(found, mean + deviation * noise, rtol=0.0, atol=0.03)
