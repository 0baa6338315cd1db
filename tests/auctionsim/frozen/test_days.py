"""The days of single seats, against what the market they were recorded in says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from auctionsim.frozen import Recording
from auctionsim.frozen.days import seat_days
from auctionsim.hindsight import SeatDay
from auctionsim.market import MarketConfig, ValueSpreads
from auctionsim.simulator import Simulation, StepOutcome, with_tasks
from auctionsim.simulator.outcome import Sales
from auctionsim.tasks import TASKS, task_code
from auctionsim.threads import use_threads
from tests.auctionsim.frozen.playing import record
from tests.auctionsim.worlds import WORLD, world

SEED, EPISODES = 3, [4, 2]
MARKET = world(values=ValueSpreads(known={"cpa_mcb": 0.0, "target_roas": 0.5, "bcb": 0.3}))


def recorded(market: MarketConfig) -> tuple[Recording, list[StepOutcome]]:
    multipliers = np.tile(np.geomspace(40.0, 400.0, 8), (market.steps, len(EPISODES)))
    recording, outcomes, _ = record(market, EPISODES, multipliers, seed=SEED)
    return recording, outcomes


def days_of(recording: Recording, place: int, task: str, at_once: int = 3) -> list[SeatDay]:
    own = Simulation(recording.market, [EPISODES[place]], SEED).campaigns
    own = with_tasks(recording.market, own, np.full(8, task_code(task), np.int8))
    return [day for some in seat_days(recording, place, own, at_once) for day in some]


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("place", [0, 1])
def test_what_slots_cost_is_the_next_of_the_others_bids(task: str, place: int) -> None:
    recording, _ = recorded(MARKET)
    reserve = np.float32(MARKET.reserve_price)
    for seat, day in enumerate(days_of(recording, place, task)):
        for step, top in enumerate(recording.steps):
            first, end = day.starts[step : step + 2]
            assert end - first == top.volume[place]
            bid, holder = (a[place, :, : end - first].T for a in (top.bid, top.holder))
            others = np.array([
                row[whose != seat][: MARKET.slots] for row, whose in zip(bid, holder, strict=True)
            ])  # fmt: skip
            np.testing.assert_array_equal(day.price[:, first:end], np.maximum(others, reserve).T)


@pytest.mark.parametrize("task", TASKS)
def test_values_are_those_the_market_tells_its_bidders(task: str) -> None:
    recording, _ = recorded(MARKET)
    own = Simulation(MARKET, EPISODES, SEED).campaigns
    own = with_tasks(MARKET, own, np.full(16, task_code(task), np.int8))
    live, days = Simulation(MARKET, EPISODES, SEED, campaigns=own), days_of(recording, 1, task)
    for step in range(MARKET.steps):
        for seat, day in enumerate(days):
            told, here = live.opportunities(8 + seat), slice(*day.starts[step : step + 2])
            np.testing.assert_array_equal(day.value[here], told.values)
            np.testing.assert_array_equal(day.worth[here], told.values)
            np.testing.assert_array_equal(day.chance[here], told.probabilities)
        live.step(np.zeros(16))


def test_what_was_won_was_seen_and_paid_as_the_day_says() -> None:
    """Every sale of the recorded market, a seat's own bids being what they were."""
    recording, outcomes = recorded(MARKET)
    for place in (0, 1):
        days, sold = days_of(recording, place, "bcb"), 0
        for step, outcome in enumerate(outcomes):
            sales = outcome.sales
            assert isinstance(sales, Sales)
            for slot, j in zip(*np.nonzero(sales.winner[place] >= 0), strict=True):
                day = days[sales.winner[place, slot, j]]
                at = day.starts[step] + j
                assert sales.price[place, slot, j] == day.price[slot, at]
                assert sales.exposed[place, slot, j] == (slot < day.seen[at])
                sold += 1
        assert sold > 500


def test_what_is_true_differs_from_what_is_told_by_the_days_bias() -> None:
    market = world(
        values=MARKET.values,
        traffic=replace(WORLD.traffic, prediction_bias=1.0, mean_probability=0.4),
    )
    recording, _ = recorded(market)
    bias = recording.days[0].bias
    assert bias.min() < 0.95
    assert bias.max() > 1.05
    for task in TASKS:
        for seat, day in enumerate(days_of(recording, 0, task)):
            told = days_of_told(market, task)[seat]
            true = np.minimum(told[0] * bias[seat], 1.0)
            np.testing.assert_allclose(day.chance, true, rtol=1e-6)
            worth = told[1] * true / np.maximum(told[0], 1e-30)
            np.testing.assert_allclose(day.worth, worth, rtol=1e-6)
            np.testing.assert_array_equal(day.value, told[1])


def days_of_told(market: MarketConfig, task: str) -> list[np.ndarray]:
    """Probabilities and values that seats are told, (2, opportunities) each."""
    own = Simulation(market, EPISODES[:1], SEED).campaigns
    own = with_tasks(market, own, np.full(8, task_code(task), np.int8))
    live, told = Simulation(market, EPISODES[:1], SEED, campaigns=own), []
    while not live.done:
        step = [live.opportunities(seat) for seat in range(8)]
        told.append([np.stack([of.probabilities, of.values]) for of in step])
        live.step(np.zeros(8))
    return [np.concatenate(seat, axis=1) for seat in zip(*told, strict=True)]


def test_a_seats_terms_are_its_campaigns() -> None:
    recording, _ = recorded(MARKET)
    own = Simulation(MARKET, EPISODES[:1], SEED).campaigns
    for code, task in enumerate(TASKS):
        campaigns = with_tasks(MARKET, own, np.full(8, code, np.int8))
        for seat, day in enumerate(days_of(recording, 0, task)):
            assert day.task == task
            assert (day.budget, day.reference) == (
                campaigns.budget[seat],
                campaigns.reference[seat],
            )
            target = {"cpa_mcb": campaigns.cpa_target, "target_roas": campaigns.roas_target}
            if task in target:
                assert day.target == target[task][seat]
            assert day.min_remaining_budget == MARKET.min_remaining_budget
            np.testing.assert_array_equal(day.exposure, MARKET.slot_exposure)


@pytest.mark.parametrize(("threads", "at_once"), [(1, 1), (2, 5), (3, 8)])
def test_neither_threads_nor_how_many_at_once_matter(threads: int, at_once: int) -> None:
    recording, _ = recorded(MARKET)
    usual = days_of(recording, 0, "target_roas")
    with use_threads(threads):
        others = days_of(recording, 0, "target_roas", at_once)
    for one, other in zip(usual, others, strict=True):
        for name in ("value", "worth", "chance", "price", "seen", "starts"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
