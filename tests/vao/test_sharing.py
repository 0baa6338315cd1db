"""Relabelled data and the batches drawn from them."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from auctionsim.dataset import Trajectories
from auctionsim.errors import InvalidArgumentError, InvalidDataError
from auctionsim.observation import FEATURES
from auctionsim.tasks import BCB, CPA_MCB, TARGET_ROAS, TASKS
from tests.vao.factories import COUNTS, STEPS, make_trajectories
from vao.batch import join
from vao.conditions import FIELDS, LOG_CPA, LOG_ROAS
from vao.scales import Scales
from vao.sharing import TRAINING_COLUMNS, Source, TaskSampler, shares

COLUMNS = list(range(len(FEATURES)))
ALL = make_trajectories()
SCALES = Scales.fit(ALL, FEATURES, COLUMNS, categories=3)
TASK_CODES = tuple(range(len(TASKS)))


def _of(task: int) -> Trajectories:
    return ALL.take(np.flatnonzero(ALL.task == task))


def _sources() -> list[Source]:
    return [Source.prepare(_of(task), SCALES, COLUMNS) for task in TASK_CODES]


def _sampler(samples: int = 9, seed: int = 0) -> TaskSampler:
    sources = _sources()
    rng = np.random.default_rng(seed)
    return TaskSampler(sources, TASK_CODES, samples, rng, validation=sources, validation_samples=4)


@pytest.mark.parametrize("target", TASK_CODES)
@pytest.mark.parametrize("source", TASK_CODES)
def test_relabelling_masks_foreign_fields(source: int, target: int) -> None:
    data = _sources()[source]
    requirements = data.relabelled(np.arange(len(data)), target).requirements
    values, mask = requirements.chunk(2, dim=1)
    assert mask[:, :2].all()
    assert mask[:, LOG_CPA].bool().tolist() == [target == CPA_MCB] * len(data)
    assert mask[:, LOG_ROAS].bool().tolist() == [target == TARGET_ROAS] * len(data)
    assert not values[mask == 0.0].any()
    assert torch.equal(values[mask == 1.0], data.values[mask == 1.0])


def test_relabelling_keeps_the_trajectory() -> None:
    data = _sources()[BCB]
    places = np.array([3, 0, 3])
    one, other = (data.relabelled(places, task) for task in (CPA_MCB, BCB))
    for name in ("states", "actions", "active", "static", "to_go"):
        assert torch.equal(getattr(one, name), getattr(other, name))
        assert torch.equal(getattr(one, name), getattr(data, name)[torch.from_numpy(places)])


def test_states_hold_the_final_one() -> None:
    states = _sources()[CPA_MCB].states
    assert states.shape == (COUNTS[CPA_MCB], STEPS + 1, len(FEATURES))
    final = SCALES.states(_of(CPA_MCB).final_state)
    np.testing.assert_array_equal(states[:, -1].numpy(), final)


def test_the_return_to_go_is_what_is_still_to_come() -> None:
    data, own = _sources()[TARGET_ROAS], _of(TARGET_ROAS)
    gains = own.expected_value.astype(np.float64) / own.budget[:, None]
    unit = SCALES.requirements.mean_return
    for step in range(STEPS):
        expected = gains[:, step:].sum(axis=1) / unit
        np.testing.assert_allclose(data.to_go[:, step], expected, rtol=1e-5)


def test_without_a_budget_there_is_nothing_to_go() -> None:
    budget = ALL.budget.copy()
    budget[0] = 0.0
    source = Source.prepare(replace(ALL, budget=budget), SCALES, COLUMNS)
    assert not source.to_go[0].any()
    assert torch.isfinite(source.to_go).all()


def test_noise_comes_with_every_sample() -> None:
    sources = _sources()
    sampler, same, plain = (
        TaskSampler(sources, TASK_CODES, 400, np.random.default_rng(0), noise=noise)
        for noise in (3, 3, 0)
    )
    drawn = [s.pooled(0) for s in (sampler, same, plain)]
    assert drawn[0].noise.shape == (400, 3)
    assert drawn[2].noise.shape == (400, 0)
    assert torch.equal(drawn[0].noise, drawn[1].noise)
    assert torch.equal(drawn[0].states, drawn[2].states)  # noise disturbs no other draw
    assert abs(float(drawn[0].noise.mean())) < 0.15
    assert float(drawn[0].noise.std()) == pytest.approx(1.0, abs=0.1)
    assert len(torch.unique(drawn[0].noise)) > 1000


def test_a_sampler_goes_on_from_its_state() -> None:
    sources = _sources()

    def made(seed: int) -> TaskSampler:
        return TaskSampler(
            sources, TASK_CODES, 9, np.random.default_rng(seed),
            validation=sources, validation_samples=4, noise=2,
        )  # fmt: skip

    one, other = made(0), made(1)
    one.pooled(1)
    one.validation(2)
    other.resume(json.loads(json.dumps(one.state())))
    for mine, its in (
        (one.pooled(0), other.pooled(0)),
        (one.validation(1), other.validation(1)),
        (join(one.by_source(2)), join(other.by_source(2))),
    ):
        assert all(torch.equal(a, b) for a, b in zip(mine, its, strict=True))


@given(st.integers(1, 70), st.integers(1, 70), st.integers(0, 69))
def test_shares_lose_no_sample(samples: int, sources: int, first: int) -> None:
    if samples < sources:
        with pytest.raises(InvalidArgumentError, match="batch"):
            shares(samples, sources, first)
        return
    counts = shares(samples, sources, first)
    assert sum(counts) == samples
    assert max(counts) - min(counts) <= 1
    assert counts[first % sources] == max(counts)


def test_every_way_of_drawing_takes_the_same_samples() -> None:
    sampler = _sampler(samples=10)
    for target in TASK_CODES:
        assert len(sampler.pooled(target).states) == 10
        assert sum(len(batch.states) for batch in sampler.by_source(target)) == 10
        assert len(sampler.validation(target).states) == 4


def test_the_pool_is_drawn_in_proportion() -> None:
    sampler = _sampler(samples=6000)
    drawn = sampler.pooled(0).actions
    known = [source.actions for source in _sources()]
    counts = [int((drawn[:, None] == a[None]).all(-1).any(1).sum()) for a in known]
    assert sum(counts) == 6000
    share = np.array(list(COUNTS.values())) / sum(COUNTS.values())
    np.testing.assert_allclose(np.array(counts) / 6000, share, atol=0.03)


def test_draws_follow_the_seed() -> None:
    one, same, other = _sampler(), _sampler(), _sampler(seed=1)
    assert torch.equal(one.pooled(0).states, same.pooled(0).states)
    assert not torch.equal(one.pooled(0).states, other.pooled(0).states)


def test_validation_does_not_disturb_training_draws() -> None:
    one, other = _sampler(), _sampler()
    one.validation(0)
    assert torch.equal(one.pooled(0).states, other.pooled(0).states)


def test_only_training_columns_are_needed() -> None:
    part = Trajectories.partial({name: getattr(ALL, name) for name in TRAINING_COLUMNS})
    whole, lean = Source.prepare(ALL, SCALES, COLUMNS), Source.prepare(part, SCALES, COLUMNS)
    assert torch.equal(whole.states, lean.states)
    assert torch.equal(whole.values, lean.values)


def test_trajectories_without_an_active_step_are_left_out() -> None:
    active = ALL.active.copy()
    active[::2] = False
    assert len(Source.prepare(replace(ALL, active=active), SCALES, COLUMNS)) == len(ALL) // 2
    with pytest.raises(InvalidDataError, match="active"):
        Source.prepare(replace(ALL, active=np.zeros_like(active)), SCALES, COLUMNS)


def test_only_what_counts_must_be_finite() -> None:
    state, active, action = ALL.state.copy(), ALL.active.copy(), ALL.action.copy()
    active[0, 3:] = False
    state[0, 4:], action[0, 3:] = np.nan, np.nan
    good = Source.prepare(replace(ALL, state=state, active=active, action=action), SCALES, COLUMNS)
    assert torch.isfinite(good.states).all()
    assert torch.isfinite(good.actions).all()
    state[0, 3] = np.nan
    with pytest.raises(InvalidDataError, match="finite"):
        Source.prepare(replace(ALL, state=state, active=active), SCALES, COLUMNS)


def test_unknown_categories_have_no_code() -> None:
    static = SCALES.static(np.array([2, 7]), np.array([10.0, 10.0]))
    np.testing.assert_array_equal(static[:, : len(FIELDS) - 1], [[0, 0, 1], [0, 0, 0]])
