from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auctionsim.dataset.log_columns import LOG_COLUMNS, LogBatch
from auctionsim.dataset.log_sums import SUMS, add_up
from auctionsim.errors import InvalidDataError
from tests.auctionsim.dataset.log_reference import reference_sums
from tests.auctionsim.dataset.samples import Log, make_log


def batches_of(log: Log, size: int) -> Iterator[LogBatch]:
    rows = len(log["bid"])
    for start in range(0, rows, size):
        part = {name: log[name][start : start + size] for name in LOG_COLUMNS}
        yield LogBatch(part, "a.csv", start + 2, "line", rows)


def shuffled_within_periods(log: Log, rng: np.random.Generator) -> Log:
    period = log["deliveryPeriodIndex"]
    _, rank = np.unique(period, return_index=True)
    place = np.searchsorted(np.sort(rank), np.arange(len(period)), side="right")
    order = np.lexsort((rng.random(len(period)), place))
    return {name: values[order] for name, values in log.items()}


@given(
    periods=st.lists(st.integers(0, 2**31 - 1), min_size=1, max_size=3, unique=True),
    volumes=st.lists(st.integers(1, 4), min_size=1, max_size=5),
    advertisers=st.lists(st.integers(0, 10**9), min_size=1, max_size=4, unique=True),
    size=st.integers(1, 70),
    seed=st.integers(0, 1000),
    shuffle=st.booleans(),
)
def test_sums_are_those_of_the_plain_reference(
    periods: list[int],
    volumes: list[int],
    advertisers: list[int],
    size: int,
    seed: int,
    shuffle: bool,
) -> None:
    log = make_log(periods, volumes, advertisers, seed)
    if shuffle:
        log = shuffled_within_periods(log, np.random.default_rng(seed))
    rows = [dict(zip(log, row, strict=True)) for row in zip(*log.values(), strict=True)]
    wanted = reference_sums(rows)
    found = list(add_up(batches_of(log, size)))
    assert [period.period for period in found] == periods
    for period in found:
        assert period.advertisers.tolist() == sorted(advertisers)
        for step in range(len(volumes)):
            for seat, advertiser in enumerate(sorted(advertisers)):
                cell = wanted[period.period, step, advertiser]
                # Equal to the last bit: both add row by row, wherever batches end.
                assert {n: period.sums[n][step, seat] for n in SUMS} == {n: cell[n] for n in SUMS}
                assert period.firsts["remaining_budget"][step, seat] == cell["remaining_budget"]
                assert period.firsts["ended"][step, seat] == cell["ended"]
                place = advertisers.index(advertiser)
                assert period.campaign["budget"][seat] == 10.0 + place
                assert period.campaign["cpa_target"][seat] == 40.0 + place
                assert period.campaign["category"][seat] == place % 2


def test_unexposed_winners_pay_nothing() -> None:
    log = make_log()
    log["isExposed"][:] = 0.0
    log["xi"][:] = 1.0
    log["cost"][:] = 5.0
    (period,) = add_up(batches_of(log, 100))
    assert period.sums["win"].sum() == len(log["xi"])
    assert not period.sums["cost"].any()
    assert not period.sums["expected"].any()


def test_the_first_row_of_a_step_gives_the_remaining_budget() -> None:
    log = make_log(volumes=(3,), advertisers=(0,))
    log["remainingBudget"][:] = [9.0, 8.0, 7.0]
    (period,) = add_up(batches_of(log, 2))
    assert period.firsts["remaining_budget"].tolist() == [[9.0]]


def test_only_one_period_is_held_at_a_time() -> None:
    taken = []

    def watched() -> Iterator[LogBatch]:
        for period in range(5):
            taken.append(period)
            yield from batches_of(make_log([period]), 100)

    for done, period in enumerate(add_up(watched())):
        assert period.period == done
        assert len(taken) <= done + 2


def error_of(log: Log, size: int = 4) -> str:
    with pytest.raises(InvalidDataError) as caught:
        list(add_up(batches_of(log, size)))
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("bid", np.nan, "must be finite and >= 0"),
        ("bid", np.inf, "must be finite and >= 0"),
        ("bid", -0.5, "must be finite and >= 0"),
        ("cost", -1.0, "must be finite and >= 0"),
        ("budget", 1e300, "must be finite and >= 0"),
        ("CPAConstraint", 0.0, "must be finite and > 0"),
        ("xi", 0.5, "must be 0 or 1"),
        ("isExposed", 2.0, "must be 0 or 1"),
        ("timeStepIndex", 0.5, "must be an integer from 0"),
        ("advertiserNumber", -1.0, "must be an integer from 0"),
        ("deliveryPeriodIndex", 2.0**31, "must be an integer from 0"),
        ("advertiserCategoryIndex", 40_000.0, "must be an integer from 0 to 32767"),
    ],
)
def test_a_value_against_its_rule_is_named_with_its_line(
    column: str, value: float, rule: str
) -> None:
    log = make_log()
    log[column][6] = value
    message = error_of(log)
    assert message.startswith(f"`{column}` {rule} in line 8 of a.csv; found {value}")


def test_a_period_that_comes_back_is_refused() -> None:
    parts = [make_log([period]) for period in (3, 4, 3)]
    log = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    assert "must not come back" in error_of(log)
    assert "found '3 again in line 32 of a.csv'" in error_of(log)


def test_a_missing_step_is_refused() -> None:
    log = make_log(volumes=(2, 1, 2))
    gap = {name: values[log["timeStepIndex"] != 1] for name, values in log.items()}
    assert "`timeStepIndex` must run through 0, 1, 2, … in period 0; found 'no step 1'" in error_of(
        gap
    )


@pytest.mark.parametrize("lost", [1, 2])
def test_a_log_that_ends_within_an_opportunity_is_refused(lost: int) -> None:
    log = {name: values[:-lost] for name, values in make_log(volumes=(2, 3)).items()}
    assert "must have as many rows as the others in step 1 of period 0" in error_of(log)


def test_a_log_that_ends_between_steps_is_refused() -> None:
    log = make_log(volumes=(2, 3, 2))
    log["isEnd"][log["timeStepIndex"] < 2] = 0.0
    cut = {name: values[log["timeStepIndex"] < 2] for name, values in log.items()}
    assert "`isEnd` must be 1 in the last step of period 0; found '0 in step 1'" in error_of(cut)


@pytest.mark.parametrize("column", ["budget", "CPAConstraint", "advertiserCategoryIndex"])
def test_a_campaign_that_changes_within_a_period_is_refused(column: str) -> None:
    log = make_log()
    log[column][9] = 77.0
    message = error_of(log)
    assert message.startswith(f"`{column}` must stay ")
    assert "line 11 of a.csv (advertiser 0); found 77.0" in message


def test_absurd_indices_do_not_fill_the_memory() -> None:
    log = make_log(volumes=(1,), advertisers=range(1500))
    log["timeStepIndex"] = np.arange(1500.0)
    assert "at most 1000000 steps x advertisers" in error_of(log, 2000)
