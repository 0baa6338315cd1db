"""Requirements in hindsight and as asked for: their labels and their masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch

from auctionsim.errors import InvalidArgumentError, InvalidDataError
from auctionsim.tasks import BCB, CPA_MCB, TARGET_ROAS, TASKS, Totals
from tests.vao.factories import all_tasks, make_campaigns, make_trajectories
from vao.conditions import (
    FIELDS,
    LOG_BUDGET,
    LOG_CPA,
    LOG_RETURN,
    LOG_ROAS,
    TASK_FIELDS,
    RequirementEncoder,
    requirement_vector,
)
from vao.request import Request
from vao.returns import TaskReturns

REQUESTS = {task: Request(0.75, 0.8) for task in range(len(TASKS))}


def _totals(task: Sequence[int] = (BCB,), **changes: list[float]) -> Totals:
    columns: dict[str, list[float]] = {
        "budget": [10.0, 20.0, 40.0],
        "cost": [5.0, 20.0, 30.0],
        "conversions": [2.0, 4.0, 6.0],
        "value": [3.0, 4.0, 9.0],
    }
    arrays = {name: np.array(column) for name, column in (columns | changes).items()}
    n = len(arrays["budget"])
    targets, codes = np.full(n, np.nan), np.resize(task, n).astype(np.int8)
    return Totals(task=codes, cpa_target=targets, roas_target=targets, **arrays)


def _natural(encoder: RequirementEncoder, values: np.ndarray) -> np.ndarray:
    result: np.ndarray = np.exp(values * encoder.deviation + encoder.mean)
    return result


def test_hindsight_holds_what_was_achieved() -> None:
    totals = _totals()
    encoder = RequirementEncoder.fit(totals)
    values, known = encoder.hindsight(totals)
    assert known.all()
    natural = _natural(encoder, values)
    np.testing.assert_allclose(natural[:, LOG_BUDGET], totals.budget, rtol=1e-5)
    returned = (totals.value + encoder.offset) / totals.budget
    np.testing.assert_allclose(natural[:, LOG_RETURN], returned, rtol=1e-5)
    np.testing.assert_allclose(natural[:, LOG_CPA], totals.cost / totals.conversions, rtol=1e-5)
    np.testing.assert_allclose(natural[:, LOG_ROAS], totals.value / totals.cost, rtol=1e-5)


def test_ratios_that_are_not_defined_are_unknown() -> None:
    totals = _totals(cost=[0.0, 20.0, 30.0], conversions=[2.0, 0.0, 6.0], value=[3.0, 0.0, 9.0])
    encoder = RequirementEncoder.fit(totals)
    values, known = encoder.hindsight(totals)
    expected = [[True, True, False, False], [True, True, False, False], [True] * 4]
    np.testing.assert_array_equal(known, expected)
    assert np.isfinite(values).all()
    assert not values[~known].any()


def test_labels_come_from_expectations() -> None:
    trajectories = make_trajectories()
    lucky = replace(trajectories, value=trajectories.value + 5, reward=trajectories.reward + 5)
    encoder = RequirementEncoder.fit(trajectories.totals(expected=True))
    plain, _ = encoder.hindsight(trajectories.totals(expected=True))
    same, _ = encoder.hindsight(lucky.totals(expected=True))
    np.testing.assert_array_equal(plain, same)


def test_asked_is_relative_to_data_and_target() -> None:
    totals = _totals(
        task=np.repeat([CPA_MCB, TARGET_ROAS, BCB], [4, 3, 2]).tolist(),
        budget=[10.0, 20.0, 40.0, 50.0, 60.0, 90.0, 12.0, 34.0, 56.0],
        cost=[5.0] * 9,
        conversions=[2.0, 4.0, 6.0] * 3,
        value=[3.0, 4.0, 9.0, 0.0, 40.0, 80.0, 7.0, 1.0, 6.0],
    )
    encoder = RequirementEncoder.fit(totals)
    campaigns = make_campaigns(all_tasks(each=1))
    natural = np.exp(encoder.asked(campaigns, REQUESTS))
    np.testing.assert_array_equal(~np.isnan(natural), TASK_FIELDS[campaigns.task])
    np.testing.assert_allclose(natural[:, LOG_BUDGET], campaigns.budget)
    log_return = np.log((totals.value + encoder.offset) / totals.budget)
    for seat, task in enumerate(campaigns.task):
        own = totals.task == task
        fitted = TaskReturns.fit(log_return[own], np.log(totals.budget[own]))
        wanted = fitted.at(0.75, np.log(campaigns.budget[seat]))
        assert natural[seat, LOG_RETURN] == pytest.approx(np.exp(wanted))
    assert natural[CPA_MCB, LOG_CPA] == pytest.approx(0.8 * campaigns.cpa_target[CPA_MCB])
    roas = campaigns.roas_target[TARGET_ROAS] / 0.8
    assert natural[TARGET_ROAS, LOG_ROAS] == pytest.approx(roas)
    values, known = encoder.standardise(np.log(natural))
    np.testing.assert_array_equal(known, TASK_FIELDS[campaigns.task])
    assert values[TARGET_ROAS, LOG_ROAS] == pytest.approx(
        encoder.scale(np.log(roas), LOG_ROAS), rel=1e-5
    )
    assert not values[~known].any()


def test_each_task_sees_its_own_fields_only() -> None:
    seen = {
        TASKS[task]: {FIELDS[i] for i in np.flatnonzero(TASK_FIELDS[task])} for task in range(3)
    }
    common = {"log_budget", "log_return"}
    assert seen == {
        "cpa_mcb": common | {"log_cpa"},
        "target_roas": common | {"log_roas"},
        "bcb": common,
    }


@pytest.mark.parametrize("task", range(3))
def test_masked_requirements_have_no_effect(task: int) -> None:
    visible = torch.from_numpy(TASK_FIELDS[task].copy())
    known = torch.ones(2, len(FIELDS), dtype=torch.bool)
    values = torch.randn(2, len(FIELDS))
    changed = torch.where(visible, values, values + 7.0)
    vector = requirement_vector(values, known, visible)
    assert torch.equal(requirement_vector(changed, known, visible), vector)
    assert torch.equal(vector[0, len(FIELDS) :].bool(), visible)


@pytest.mark.parametrize("target", [np.nan, 0.0, -1.0, np.inf])
def test_a_campaign_without_its_target_is_refused(target: float) -> None:
    encoder = RequirementEncoder.fit(_totals(task=[CPA_MCB]))
    campaigns = make_campaigns(np.array([CPA_MCB], np.int8))
    campaigns = replace(campaigns, cpa_target=np.array([target]))
    with pytest.raises(InvalidArgumentError, match="cpa_target"):
        encoder.asked(campaigns, REQUESTS)


def test_targets_of_other_tasks_do_not_matter() -> None:
    encoder = RequirementEncoder.fit(_totals())
    campaigns = make_campaigns(np.array([BCB], np.int8))
    plain = encoder.asked(campaigns, REQUESTS)
    wild = replace(campaigns, cpa_target=np.array([-5.0]), roas_target=np.array([np.inf]))
    np.testing.assert_array_equal(encoder.asked(wild, REQUESTS), plain)


def test_a_budget_of_zero_is_finite() -> None:
    encoder = RequirementEncoder.fit(_totals())
    campaigns = replace(make_campaigns(np.array([BCB], np.int8)), budget=np.array([0.0]))
    values, known = encoder.standardise(encoder.asked(campaigns, REQUESTS))
    assert np.isfinite(values).all()
    assert known.sum() == 2


def test_data_without_value_are_refused() -> None:
    with pytest.raises(InvalidDataError, match="expected_value"):
        RequirementEncoder.fit(_totals(value=[0.0, 0.0, 0.0]))


def test_only_tasks_in_the_data_have_returns() -> None:
    encoder = RequirementEncoder.fit(_totals(task=[BCB, CPA_MCB]))
    assert set(encoder.returns) == {CPA_MCB, BCB}


def test_other_tasks_do_not_move_a_tasks_returns() -> None:
    tasks = [BCB, CPA_MCB, BCB]
    one = RequirementEncoder.fit(_totals(task=tasks))
    # The same mean value, and so the same offset.
    other = RequirementEncoder.fit(_totals(task=tasks, budget=[10.0, 2.0, 40.0]))
    assert one.returns[BCB] == other.returns[BCB]
    assert one.returns[CPA_MCB] != other.returns[CPA_MCB]


def test_a_task_without_a_request_is_refused() -> None:
    encoder = RequirementEncoder.fit(_totals(task=[CPA_MCB, BCB]))
    campaigns = make_campaigns(np.array([BCB], np.int8))
    with pytest.raises(InvalidArgumentError, match="bcb"):
        encoder.asked(campaigns, {CPA_MCB: Request()})


def test_the_unit_of_returns_to_go_leaves_out_who_had_no_budget() -> None:
    encoder = RequirementEncoder.fit(_totals(budget=[10.0, 0.0, 40.0]))
    assert encoder.mean_return == pytest.approx((3.0 / 10.0 + 9.0 / 40.0) / 2.0)


def test_a_task_without_budgets_is_refused() -> None:
    totals = _totals(task=[BCB, CPA_MCB, BCB], budget=[10.0, 0.0, 40.0])
    with pytest.raises(InvalidDataError, match="cpa_mcb"):
        RequirementEncoder.fit(totals)
