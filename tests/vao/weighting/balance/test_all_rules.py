"""What holds for every rule: its scale, its state, its reports."""

from __future__ import annotations

import math

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vao.weighting.balance.toys import (
    BY_LOSSES,
    GRAMIAN,
    OPTIONS,
    STATEFUL,
    Linear,
    Lines,
    Targets,
    Vector,
    rule_of,
    train,
    update_of,
    weights_of,
)
from vao.weighting import DivergedError, EqualWeights
from vao.weighting.registry import WEIGHTINGS, weighting_class, weighting_settings

NAMES = list(OPTIONS)
entries = st.floats(-10.0, 10.0).map(lambda x: round(x, 3))
vectors = hnp.arrays(np.float64, 4, elements=entries).filter(lambda v: bool(np.abs(v).max() > 0.1))
matrices = st.integers(1, 4).flatmap(lambda k: hnp.arrays(np.float64, (k, 4), elements=entries))


def test_every_rule_of_the_package_is_looked_at() -> None:
    listed = [n for n, place in WEIGHTINGS.items() if place.startswith("vao.weighting.balance:")]
    assert sorted(listed) == sorted(NAMES)
    assert all(weighting_class(name).weighs == "targets" for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=15, deadline=None)
@given(vectors, st.integers(1, 5), st.integers(-6, 6), st.floats(0.1, 10.0), st.integers(0, 9))
def test_targets_that_are_alike_get_the_update_of_equal_weights(
    name: str, vector: Vector, targets: int, power: int, loss: float, step: int
) -> None:
    gradient = vector * 10.0**power
    rows, losses = np.tile(gradient, (targets, 1)), np.full(targets, loss)
    update, report = update_of(rule_of(name), rows, losses, step)
    np.testing.assert_allclose(update, targets * gradient, rtol=1e-6)
    expected, plain = update_of(EqualWeights(), rows, losses)
    np.testing.assert_allclose(update, expected, rtol=1e-6, atol=1e-12 * np.abs(gradient).max())
    torch.testing.assert_close(report.losses, plain.losses)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=20, deadline=None)
@given(matrices, st.integers(0, 2**32))
def test_updates_are_finite_and_weights_sum_to_their_number(
    name: str, rows: Vector, seed: int
) -> None:
    losses = np.random.default_rng(seed).uniform(0.1, 5.0, size=len(rows))
    update, report = update_of(rule_of(name), rows, losses)
    assert report.balance is not None
    np.testing.assert_allclose(report.balance.sum(), len(rows), rtol=1e-9)
    np.testing.assert_allclose(report.losses, losses, rtol=1e-12)
    assert np.isfinite(update).all()


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=10, deadline=None)
@given(vectors, st.floats(0.1, 10.0), st.floats(0.1, 10.0))
def test_a_target_alone_is_trained_plainly(
    name: str, gradient: Vector, first: float, second: float
) -> None:
    rule = rule_of(name)
    for step, loss in enumerate([first, second, first, second, second, first]):
        update, report = update_of(rule, gradient, [loss], step)
        np.testing.assert_allclose(update, gradient, rtol=1e-12)
        assert report.balance is not None
        assert report.balance.tolist() == [1.0]
        rule.stepped(Linear(len(gradient)))


@pytest.mark.parametrize("name", NAMES)
def test_without_gradients_the_update_is_0(name: str) -> None:
    update, report = update_of(rule_of(name), np.zeros((3, 4)), [1.0, 2.0, 3.0])
    np.testing.assert_array_equal(update, 0.0)
    assert report.balance is not None
    assert bool(report.balance.isfinite().all())


@pytest.mark.parametrize("name", NAMES)
def test_gradients_that_cancel_out_do_no_harm(name: str) -> None:
    rows = np.array([[1.0, 2.0, 0.0], [-1.0, -2.0, 0.0]])
    update, _ = update_of(rule_of(name), rows)
    if name in GRAMIAN:
        np.testing.assert_allclose(update, 0.0, atol=1e-9)
    assert np.abs(update).max() <= 4.0


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"rlw", "pcgrad"}))
@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32))
def test_the_order_of_targets_does_not_matter(name: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows, losses = rng.normal(size=(3, 6)), rng.uniform(3.0, 9.0, size=3)
    order = rng.permutation(3)
    rule, permuted = rule_of(name), rule_of(name)
    first = train(rule, Targets(rows, losses), Linear(6), range(6))
    second = train(permuted, Targets(rows[order], losses[order]), Linear(6), range(6))
    np.testing.assert_allclose(np.array(first)[:, order], second, rtol=1e-5)


@pytest.mark.parametrize("name", [*GRAMIAN, "grad_norm"])
def test_rules_of_gradients_report_their_cosines(name: str) -> None:
    rows = [[3.0, 0.0], [-1.0, 1.0], [0.0, 0.0]]
    report = update_of(rule_of(name), rows)[1]
    assert report.conflicts is not None
    cosine = -math.sqrt(0.5)
    expected = [[1.0, cosine, 0.0], [cosine, 1.0, 0.0], [0.0, 0.0, 0.0]]
    np.testing.assert_allclose(report.conflicts, expected, atol=1e-12)


@pytest.mark.parametrize("name", BY_LOSSES)
def test_rules_of_losses_make_the_gradient_of_the_weighted_losses(name: str) -> None:
    rows = np.array([[3.0, 0.0], [-1.0, 1.0], [0.5, 0.5]])
    update, report = update_of(rule_of(name), rows, [1.0, 2.0, 4.0])
    assert report.balance is not None
    assert report.conflicts is None
    np.testing.assert_allclose(update, report.balance.numpy() @ rows, rtol=1e-12)


@pytest.mark.parametrize("name", GRAMIAN)
@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32), st.integers(-6, 6))
def test_weights_do_not_depend_on_the_scale_of_all_gradients(
    name: str, seed: int, power: int
) -> None:
    rows = np.random.default_rng(seed).normal(size=(3, 6))
    plain, scaled = (weights_of(rule_of(name), rows * f) for f in (1.0, 10.0**power))
    np.testing.assert_allclose(scaled, plain, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", GRAMIAN)
def test_a_target_without_a_gradient_leaves_the_others_their_update(name: str) -> None:
    rows = np.array([[1.0, 2.0, 0.0], [0.0, 0.0, 0.0], [2.0, -1.5, 1.0]])
    update, report = update_of(rule_of(name), rows)
    others, _ = update_of(rule_of(name), rows[[0, 2]])
    np.testing.assert_allclose(update, others, rtol=1e-9)
    assert report.balance is not None
    assert report.balance[1] > 0.0


@pytest.mark.parametrize("name", GRAMIAN)
def test_unlike_sizes_are_no_trouble(name: str) -> None:
    rng = np.random.default_rng(5)
    rows = rng.normal(size=(4, 8)) * 10.0 ** np.array([[-5.0], [0.0], [2.0], [5.0]])
    update, _ = update_of(rule_of(name), rows)
    assert np.isfinite(update).all()
    assert np.abs(update).max() <= 4.0 * np.abs(rows).sum()


@pytest.mark.parametrize("name", NAMES)
def test_planners_of_single_precision_get_much_the_same_update(name: str) -> None:
    rows = np.random.default_rng(8).normal(size=(3, 5))
    expected, _ = update_of(rule_of(name), rows, [1.0, 2.0, 4.0])
    sampler, objective = Targets(rows, [1.0, 2.0, 4.0]), Linear(5).float()
    sampler.lines = [Lines(*(tensor.float() for tensor in lines)) for lines in sampler.lines]
    report = rule_of(name).accumulate(objective, sampler, 0)
    np.testing.assert_allclose(objective.gradient(), expected, rtol=1e-4, atol=1e-5)
    assert report.balance is not None
    assert report.balance.dtype == report.losses.dtype == torch.float32


def _run(name: str, stop: int | None) -> tuple[list[Vector], Linear]:
    """Train for 9 steps; by two rules, the second taking up where the first was, if told so."""
    rows = np.random.default_rng(3).normal(size=(3, 5))
    sampler, objective = Targets(rows, [3.0, 4.0, 9.0]), Linear(5)
    rule = rule_of(name, seed=11)
    if stop is None:
        return train(rule, sampler, objective, range(9)), objective
    told = train(rule, sampler, objective, range(stop))
    saved = {key: value.clone() for key, value in rule.state().items()}
    assert all(isinstance(value, torch.Tensor) for value in saved.values())
    train(rule, sampler, Linear(5), range(stop, 9))  # what follows leaves the saved state alone
    again = rule_of(name, seed=11)
    again.resume(saved)
    return told + train(again, sampler, objective, range(stop, 9)), objective


@pytest.mark.parametrize("stop", [0, 1, 5])
@pytest.mark.parametrize("name", NAMES)
def test_a_run_taken_up_goes_on_bit_for_bit(name: str, stop: int) -> None:
    expected, objective = _run(name, None)
    told, again = _run(name, stop)
    np.testing.assert_array_equal(told, expected)
    assert torch.equal(again.rest, objective.rest)


@pytest.mark.parametrize("name", STATEFUL)
def test_what_is_remembered_matters(name: str) -> None:
    expected, _ = _run(name, None)
    rows = np.random.default_rng(3).normal(size=(3, 5))
    sampler, objective = Targets(rows, [3.0, 4.0, 9.0]), Linear(5)
    train(rule_of(name), sampler, objective, range(5))
    forgetful = train(rule_of(name), sampler, objective, range(5, 9))
    assert not np.allclose(forgetful[-1], expected[-1], rtol=1e-9, atol=0.0)


@pytest.mark.parametrize("name", sorted(set(NAMES) - set(STATEFUL)))
def test_rules_without_memory_have_no_state(name: str) -> None:
    rule = rule_of(name)
    train(rule, Targets(np.eye(3), [1.0, 2.0, 3.0]), Linear(3), range(3))
    assert rule.state() == {}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_not_finite_is_refused(name: str, value: float) -> None:
    rule = rule_of(name)
    sampler, objective = Targets(np.eye(3), [1.0, 2.0, 3.0]), Linear(3)
    sampler.lines[1].slopes[0, 0] = value
    sampler.lines[1].heights[0] = value
    with pytest.raises(DivergedError, match="at step 4"):
        rule.accumulate(objective, sampler, 4)


@pytest.mark.parametrize("name", ["famo", "dwa", "go4align", "grad_norm"])
def test_losses_that_are_not_above_the_floor_are_named(name: str) -> None:
    rows = np.eye(3)
    for wrong in (0.0, -0.5):
        with pytest.raises(DivergedError, match=r"losses\[1\].*> 0.*at step 7"):
            update_of(rule_of(name), rows, [1.0, wrong, 2.0], step=7)
    update, _ = update_of(rule_of(name, floor=-2.0), rows, [1.0, -0.5, 2.0])
    assert np.isfinite(update).all()
    lifted, _ = update_of(rule_of(name), rows, [3.0, 1.5, 4.0])
    np.testing.assert_allclose(update, lifted, rtol=1e-12)


WRONG = [
    ("famo", "learning_rate", -1.0),
    ("famo", "decay", math.nan),
    ("famo", "floor", math.inf),
    ("fairgrad", "alpha", 0.0),
    ("fairgrad", "alpha", 1e9),
    ("cagrad", "c", 1.0),
    ("cagrad", "c", -0.1),
    ("grad_norm", "alpha", -1.0),
    ("grad_norm", "learning_rate", math.inf),
    ("grad_norm", "floor", math.nan),
    ("uw", "learning_rate", -0.1),
    ("dwa", "temperature", 0.0),
    ("dwa", "interval", 0),
    ("go4align", "groups", 0),
    ("go4align", "step_size", -1.0),
]


@pytest.mark.parametrize(("name", "setting", "value"), WRONG)
def test_settings_that_break_their_rule_are_refused(name: str, setting: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"`settings.{setting}`"):
        weighting_settings(name, {setting: value})
