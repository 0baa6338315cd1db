"""Ratios, limits and both Scores, by hand and by law."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auctionsim.errors import InvalidArgumentError
from auctionsim.tasks import (
    BCB,
    CPA_MCB,
    TARGET_ROAS,
    TASKS,
    PaperScore,
    Totals,
    cpa_ratio,
    roas_ratio,
    task_code,
)

NAN, INF = float("nan"), float("inf")


def _totals(
    task: int,
    *,
    cost: float,
    conversions: float = 0.0,
    value: float = 0.0,
    budget: float = 100.0,
    target: float = NAN,
) -> Totals:
    return Totals(
        task=np.array([task], np.int8),
        budget=np.array([budget]),
        cpa_target=np.array([target if task == CPA_MCB else NAN]),
        roas_target=np.array([target if task == TARGET_ROAS else NAN]),
        cost=np.array([cost]),
        conversions=np.array([conversions]),
        value=np.array([value]),
    )


def test_codes_are_places() -> None:
    assert [task_code(name) for name in TASKS] == [CPA_MCB, TARGET_ROAS, BCB] == [0, 1, 2]
    with pytest.raises(InvalidArgumentError, match=r"`task`.*Did you mean 'cpa_mcb'"):
        task_code("cpa_mbc")


@pytest.mark.parametrize(
    ("cost", "conversions", "target", "expected"),
    [(50, 5, 10, 1.0), (50, 5, 20, 0.5), (50, 2.5, 10, 2.0), (50, 0, 10, INF), (0, 5, 10, 0.0)],
)
def test_cpa_ratio(cost: float, conversions: float, target: float, expected: float) -> None:
    assert cpa_ratio(cost, conversions, target) == expected


def test_ratios_of_nothing_are_unknown() -> None:
    assert np.isnan(cpa_ratio(0.0, 0.0, 10.0))
    assert np.isnan(roas_ratio(0.0, 0.0, 10.0))


@pytest.mark.parametrize(
    ("cost", "value", "target", "expected"),
    [(10, 20, 2, 1.0), (10, 20, 4, 0.5), (10, 0, 2, 0.0), (0, 5, 2, INF)],
)
def test_roas_ratio(cost: float, value: float, target: float, expected: float) -> None:
    assert roas_ratio(cost, value, target) == expected


# task, cost, conversions, value, target -> strict, paper, violated; the budget is 100
SCORES: list[tuple[int, float, float, float, float, float, float, bool]] = [
    (CPA_MCB, 50, 5, 6, 10, 6.0, 6.0, False),  # at the limit
    (CPA_MCB, 50, 5, 6, 20, 6.0, 6.0, False),  # below it: no bonus
    (CPA_MCB, 50, 5, 6, 5, 1.5, 1.5, True),  # twice the limit: a quarter
    (CPA_MCB, 50, 0, 0, 5, 0.0, 0.0, True),  # cost and no conversions
    (CPA_MCB, 0, 0, 0, 5, 0.0, 0.0, False),  # did not play
    (TARGET_ROAS, 10, 1, 20, 2, 20.0, 20.0, False),
    (TARGET_ROAS, 10, 1, 20, 4, 5.0, 10.0, True),  # half: a quarter, or a half
    (TARGET_ROAS, 10, 1, 20, 1, 20.0, 21.0, False),  # twice: no bonus, or the cap
    (TARGET_ROAS, 10, 0, 0, 2, 0.0, 0.0, True),
    (TARGET_ROAS, 0, 1, 7, 2, 7.0, 7.35, False),  # value without cost
    (BCB, 50, 5, 8, NAN, 8.0, 4.0, False),
    (BCB, 100, 5, 8, NAN, 8.0, 8.0, False),
    (BCB, 0, 0, 0, NAN, 0.0, 0.0, False),
]


@pytest.mark.parametrize(
    ("task", "cost", "conversions", "value", "target", "strict", "paper", "violated"), SCORES
)
def test_scores_by_hand(
    task: int,
    cost: float,
    conversions: float,
    value: float,
    target: float,
    strict: float,
    paper: float,
    violated: bool,
) -> None:
    totals = _totals(task, cost=cost, conversions=conversions, value=value, target=target)
    assert totals.score_strict[0] == pytest.approx(strict)
    assert totals.score_paper()[0] == pytest.approx(paper)
    assert totals.violated[0] == violated


def test_paper_score_takes_its_exponents() -> None:
    form = PaperScore(utilisation_exponent=2.0, roas_exponent=2.0, roas_cap=1.5)
    assert _totals(BCB, cost=50, value=8).score_paper(form)[0] == pytest.approx(2.0)
    low = _totals(TARGET_ROAS, cost=10, value=20, target=4)
    assert low.score_paper(form)[0] == pytest.approx(5.0)
    high = _totals(TARGET_ROAS, cost=10, value=20, target=1)
    assert high.score_paper(form)[0] == pytest.approx(30.0)


def test_ratios_belong_to_their_tasks() -> None:
    for task in (CPA_MCB, TARGET_ROAS, BCB):
        totals = _totals(task, cost=10, conversions=1, value=1, target=5)
        assert np.isnan(totals.cpa_ratio[0]) == (task != CPA_MCB)
        assert np.isnan(totals.roas_ratio[0]) == (task != TARGET_ROAS)


def test_utilisation_of_no_budget_is_none() -> None:
    np.testing.assert_array_equal(_totals(BCB, cost=0, budget=0).utilisation, [0.0])
    np.testing.assert_array_equal(_totals(BCB, cost=25).utilisation, [0.25])


AMOUNT = st.floats(0.0, 1e6)
TARGET = st.floats(0.01, 1e4)


@st.composite
def totals(draw: st.DrawFn) -> Totals:
    task = draw(st.sampled_from([CPA_MCB, TARGET_ROAS, BCB]))
    budget = draw(st.floats(1.0, 1e6))
    return _totals(
        task, cost=budget * draw(st.floats(0, 1)), conversions=draw(st.integers(0, 1000)),
        value=draw(AMOUNT), budget=budget, target=draw(TARGET),
    )  # fmt: skip


@given(totals())
def test_scores_are_finite_and_bounded_by_the_value(some: Totals) -> None:
    strict, paper = some.score_strict, some.score_paper()
    assert np.isfinite(strict).all()
    assert np.isfinite(paper).all()
    assert (strict >= 0).all()
    assert (strict <= some.value).all()
    assert (paper <= some.value * 1.05 + 1e-9).all()


@given(totals())
def test_a_kept_limit_costs_no_score(some: Totals) -> None:
    kept = ~some.violated
    np.testing.assert_array_equal(some.score_strict[kept], some.value[kept])
    broken = some.violated & (some.value > 0)
    assert (some.score_strict[broken] <= some.value[broken]).all()


@given(totals(), st.floats(0.1, 10.0))
def test_scores_do_not_depend_on_the_currency(some: Totals, rate: float) -> None:
    other = Totals(
        task=some.task, budget=some.budget * rate, cpa_target=some.cpa_target * rate,
        roas_target=some.roas_target / rate, cost=some.cost * rate,
        conversions=some.conversions, value=some.value,
    )  # fmt: skip
    np.testing.assert_allclose(other.score_strict, some.score_strict, rtol=1e-9)
    np.testing.assert_allclose(other.score_paper(), some.score_paper(), rtol=1e-9)


def test_tasks_mix_in_one_table() -> None:
    rows = [_totals(t, cost=c, conversions=n, value=v, target=y) for t, c, n, v, y, *_ in SCORES]
    names = ("task", "budget", "cpa_target", "roas_target", "cost", "conversions", "value")
    table = Totals(**{n: np.concatenate([getattr(row, n) for row in rows]) for n in names})
    np.testing.assert_allclose(table.score_strict, [row[5] for row in SCORES])
    np.testing.assert_allclose(table.score_paper(), [row[6] for row in SCORES])
