"""Relabelled data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from auctionsim.dataset import Trajectories
from auctionsim.errors import InvalidDataError
from auctionsim.observation import FEATURES
from auctionsim.tasks import BCB, CPA_MCB, TARGET_ROAS, TASKS
from tests.vao.factories import COUNTS, STEPS, make_trajectories
from vao.conditions import FIELDS, LOG_CPA, LOG_ROAS
from vao.scales import Scales
from vao.sharing import TRAINING_COLUMNS, Source

COLUMNS = list(range(len(FEATURES)))
ALL = make_trajectories()
SCALES = Scales.fit(ALL, FEATURES, COLUMNS, categories=3)
TASK_CODES = tuple(range(len(TASKS)))


def _of(task: int) -> Trajectories:
    return ALL.take(np.flatnonzero(ALL.task == task))


def _sources() -> list[Source]:
    return [Source.prepare(_of(task), SCALES, COLUMNS) for task in TASK_CODES]


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
