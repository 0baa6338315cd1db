"""The contract test, tried on sound bidders and on ones broken in every way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from auctionsim.bidding import (
    BatchBidder,
    Bidder,
    Observation,
    Opportunities,
    OpportunityBidder,
    Outcome,
)
from auctionsim.campaigns import Campaign, Campaigns
from auctionsim.errors import BidderError, InvalidArgumentError
from auctionsim.testing import BidderReport, check_bidder
from tests.auctionsim.worlds import Half, HalfOfMany, Remembering, world

MARKET = world(opportunities=400)
Multipliers = NDArray[np.float64]


def check(bidder: Any, **settings: Any) -> BidderReport:
    return check_bidder(bidder, **({"market": MARKET} | settings))


@pytest.mark.parametrize("bidder", [Half(), HalfOfMany(), Remembering(), "pid"])
def test_sound_bidders_pass(bidder: Any) -> None:
    report = check(bidder)
    name = bidder if isinstance(bidder, str) else type(bidder).__name__
    assert (report.bidder, report.seats, report.steps) == (name, 8, 8)
    assert report.tasks == ("cpa_mcb", "target_roas", "bcb")


def test_the_cost_of_a_step_is_reported() -> None:
    class Slow(Half):
        def act(self, observation: Observation) -> float:
            time.sleep(0.002)
            return 1.0

    report = check(Slow(), market=world(opportunities=100, steps=3, advertisers=4))
    assert 0.002 <= report.seconds_alone < 0.006
    assert 0.008 <= report.seconds_together < 0.024


class Of(HalfOfMany):
    """A batch bidder made of a function of the observation."""

    def __init__(self, answer: Callable[[Observation, Campaigns], Any]) -> None:
        self.answer = answer

    def act(self, observation: Observation) -> Any:
        return self.answer(observation, self.campaigns)


def spoiled(observation: Observation, bad: float) -> Multipliers:
    answer = np.ones(len(observation))
    if observation.step == 3:
        answer[-1] = bad
    return answer


ANSWERS: list[tuple[Callable[[Observation, Campaigns], Any], str]] = [
    (lambda o, c: spoiled(o, np.nan), r"in step 3` must return finite.*nan for seat 7"),
    (lambda o, c: spoiled(o, -1.0), r"in step 3` must return finite.*-1.0 for seat 7"),
    (lambda o, c: spoiled(o, np.inf), r"in step 3` must return finite.*inf for seat 7"),
    (lambda o, c: np.ones(len(o) + 1), r"in step 0` must return one number a seat.*\(9,\)"),
    (lambda o, c: np.ones((len(o), 1)), r"must return one number a seat.*\(8, 1\)"),
    (lambda o, c: 1.0, r"must return one number a seat, shape \(8,\)"),
    (lambda o, c: None, r"must return one number a seat.*object"),
    (lambda o, c: np.ones(len(o), bool), r"must return one number a seat.*bool"),
    (lambda o, c: ["1"] * len(o), r"must return one number a seat.*<U1"),
    (lambda o, c: 1 / 0, r"in step 0` must not raise; found 'ZeroDivisionError"),
    (lambda o, c: c.cpa_target, r"must return finite.*nan for seat 1"),
    (lambda o, c: np.where(o.active, 1.0, np.nan), r"must return finite.*nan for seat 6"),
]


@pytest.mark.parametrize(("answer", "message"), ANSWERS)
def test_broken_answers_are_named(answer: Any, message: str) -> None:
    with pytest.raises(BidderError, match=rf"`bidder 'Of' {message}|`bidder 'Of' .*{message}"):
        check(Of(answer))


def test_a_single_seat_bidder_that_returns_nothing_is_named() -> None:
    class Forgetful(Bidder):
        def act(self, observation: Observation) -> Any:
            self.multiplier = 1.0

    with pytest.raises(BidderError, match=r"`bidder 'Forgetful' in step 0` .*NoneType"):
        check(Forgetful())


def test_chance_of_its_own_is_found() -> None:
    class Dicing(Half):
        def act(self, observation: Observation) -> float:
            return float(np.random.default_rng().random())

    with pytest.raises(BidderError, match=r"'Dicing'` must play the same episode in the same way"):
        check(Dicing())


def test_chance_from_a_seed_in_the_bidder_is_found() -> None:
    class Seeded(HalfOfMany):
        def __init__(self) -> None:
            self.generator = np.random.default_rng(0)

        def act(self, observation: Observation) -> Multipliers:
            return self.generator.random(len(observation))

    with pytest.raises(BidderError, match="whatever it played before"):
        check(Seeded())


def test_a_clock_is_found() -> None:
    class Watching(Half):
        def act(self, observation: Observation) -> float:
            return time.perf_counter() % 10

    with pytest.raises(BidderError, match="must play the same episode in the same way"):
        check(Watching())


def test_state_that_reset_keeps_is_found() -> None:
    class Learning(HalfOfMany):
        def __init__(self) -> None:
            self.episodes = 0

        def reset(self, campaigns: Campaigns) -> None:
            super().reset(campaigns)
            self.episodes += 1

        def act(self, observation: Observation) -> Multipliers:
            return np.full(len(observation), float(self.episodes))

    with pytest.raises(BidderError, match=r"whatever it played before; found '\(?3\.0"):
        check(Learning())


def test_state_outside_the_bidder_is_found() -> None:
    class Sharing(Half):
        seen: ClassVar[list[float]] = []

        def act(self, observation: Observation) -> float:
            self.seen.append(1.0)
            return float(len(self.seen))

    with pytest.raises(BidderError, match="no state outside the bidder"):
        check(Sharing())


def test_seats_that_influence_each_other_are_found() -> None:
    average = Of(lambda o, c: np.full(len(o), o.remaining_budget.mean()))
    by_place = Of(lambda o, c: np.arange(len(o), dtype=float))
    for bidder in (average, by_place):
        with pytest.raises(BidderError, match=r"whatever other seats it plays; found .* for seat"):
            check(bidder)


def test_a_bidder_for_one_size_of_batch_only_is_found() -> None:
    class Stiff(HalfOfMany):
        def act(self, observation: Observation) -> Multipliers:
            return np.ones(8)

    with pytest.raises(BidderError, match=r"one number a seat, shape \(1,\); found 'float64 \(8,"):
        check(Stiff())


def rounding(observation: Observation, campaigns: Campaigns) -> Multipliers:
    """Differ with the batch as matrix products may."""
    return np.full(len(observation), 1.0 + 1e-7 * len(observation))


def test_rounding_that_differs_with_the_batch_needs_a_tolerance() -> None:
    with pytest.raises(BidderError, match="if only rounding differs, allow a tolerance"):
        check(Of(rounding))
    check(Of(rounding), tolerance=1e-6)
    with pytest.raises(BidderError, match="whatever other seats"):
        check(Of(rounding), tolerance=1e-8)


def change_campaigns(observation: Observation, campaigns: Campaigns) -> Multipliers:
    campaigns.budget[0] += 1.0
    return np.ones(len(observation))


def change_cost(observation: Observation, campaigns: Campaigns) -> Multipliers:
    observation.cost[:] = 0.0
    observation.cost[0] = 1e-9
    return np.ones(len(observation))


def change_features(observation: Observation, campaigns: Campaigns) -> Multipliers:
    np.nan_to_num(observation.features, copy=False)
    observation.features[:] -= observation.features.mean(axis=0)
    return np.ones(len(observation))


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (change_campaigns, "campaigns.budget"),
        (change_cost, "observation.cost"),
        (change_features, "observation.features"),
    ],
)
def test_changing_what_is_given_is_found(change: Any, name: str) -> None:
    with pytest.raises(BidderError, match=rf"must not change what it is given; found .*{name}"):
        check(Of(change))


def test_a_single_seat_bidder_that_changes_its_features_is_found() -> None:
    class Scaling(Half):
        def act(self, observation: Observation) -> float:
            observation.features[12] *= 2.0
            return 1.0

    with pytest.raises(BidderError, match=r"must not change .*observation\.features"):
        check(Scaling())


def test_errors_in_reset_are_found() -> None:
    class Picky(Half):
        def reset(self, campaign: Campaign) -> None:
            if campaign.task != "bcb":
                raise NotImplementedError(campaign.task)
            super().reset(campaign)

    with pytest.raises(BidderError, match="'Picky' in reset` must not raise; found 'NotImpl"):
        check(Picky())
    assert check(Picky(), tasks=["bcb"]).tasks == ("bcb",)


def test_a_bidder_that_cannot_be_copied_is_found() -> None:
    class Locked(Half):
        def __init__(self) -> None:
            self.lock = threading.Lock()

    with pytest.raises(BidderError, match="'Locked'` must be copyable"):
        check(Locked())


def test_a_batch_bidder_need_not_be_copyable() -> None:
    class LockedBatch(HalfOfMany):
        def __init__(self) -> None:
            self.lock = threading.Lock()

    assert check(LockedBatch()).bidder == "LockedBatch"


def test_every_task_is_played_and_some_seats_sit_out() -> None:
    tasks: set[int] = set()
    idle: list[bool] = []

    class Looking(HalfOfMany):
        def act(self, observation: Observation) -> Multipliers:
            tasks.update(self.campaigns.task.tolist())
            idle.append(not observation.active.all())
            return super().act(observation)

    check(Looking())
    assert tasks == {0, 1, 2}
    assert any(idle)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"bidder": Half}, "Pass an instance"),
        ({"bidder": "pidd"}, "Did you mean 'pid'"),
        ({"tasks": ["bbc"]}, "Did you mean 'bcb'"),
        ({"tasks": []}, "`tasks` must not be empty"),
        ({"market": "tinny"}, "Did you mean 'tiny'"),
        ({"tolerance": "x"}, "`tolerance` must be a number >= 0"),
        ({"time_limit": 0}, "`time_limit` must be a number of seconds"),
        ({"tolerance": -1.0}, "`tolerance` must be a number >= 0"),
        ({"tolerance": float("nan")}, "`tolerance` must be a number >= 0"),
    ],
)
def test_bad_arguments_are_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        check(**({"bidder": "pid"} | arguments))


def test_batch_bidders_are_asked_for_arrays_of_their_seats() -> None:
    sizes: set[int] = set()

    class Counting(BatchBidder):
        def act(self, observation: Observation) -> Multipliers:
            sizes.add(len(observation))
            return np.ones(len(observation))

    check(Counting())
    assert sizes == {1, 4, 8}


class Each(OpportunityBidder):
    """Bids one by one, paced by what it was told of the last steps."""

    def reset(self, campaign: Campaign) -> None:
        super().reset(campaign)
        self.paid = 0.0

    def bid(self, observation: Observation, opportunities: Opportunities) -> Any:
        pace = 1.0 / (1.0 + self.paid / self.campaign.budget)
        surer = opportunities.probabilities > opportunities.errors
        return self.campaign.reference * pace * opportunities.values * surer

    def observe(self, outcome: Outcome) -> None:
        assert outcome.results is not None
        self.paid += float(outcome.results.price[outcome.results.exposed].sum())


def test_a_bidder_of_single_bids_that_learns_passes() -> None:
    report = check(Each())
    assert report.seconds_alone > 0.0


def test_single_bids_with_chance_of_their_own_are_found() -> None:
    class Dicing(Each):
        def bid(self, observation: Observation, opportunities: Opportunities) -> Any:
            return np.random.default_rng().random(len(opportunities))

    with pytest.raises(BidderError, match=r"'Dicing'` must play the same .* for seat 0 in step 0"):
        check(Dicing())


def test_what_is_told_of_opportunities_cannot_be_changed() -> None:
    class Doubling(Each):
        def bid(self, observation: Observation, opportunities: Opportunities) -> Any:
            opportunities.values[:] *= 2.0
            return opportunities.values

    with pytest.raises(BidderError, match=r"must not raise; found 'ValueError: .*read-only"):
        check(Doubling())

    class Insisting(Each):
        def bid(self, observation: Observation, opportunities: Opportunities) -> Any:
            opportunities.values.flags.writeable = True
            opportunities.values[:] *= 2.0
            return opportunities.values

    with pytest.raises(BidderError, match=r"must not change .*another opportunities\.values"):
        check(Insisting())


def test_what_is_told_of_outcomes_must_be_left_alone() -> None:
    class Crossing(Each):
        def observe(self, outcome: Outcome) -> None:
            assert outcome.results is not None
            outcome.results.bids[:] = -1.0

    with pytest.raises(BidderError, match=r"must not change .*another outcome\.results\.bids"):
        check(Crossing())

    class CrossingMany(HalfOfMany):
        def observe(self, outcome: Outcome) -> None:
            outcome.cost[:] = -1.0

    with pytest.raises(BidderError, match=r"must not change .*another outcome\.cost"):
        check(CrossingMany())


def test_what_was_learnt_before_reset_is_found() -> None:
    class Hoarding(HalfOfMany):
        paid = 0.0

        def act(self, observation: Observation) -> Multipliers:
            return self.campaigns.reference / (1.0 + self.paid)

        def observe(self, outcome: Outcome) -> None:
            self.paid += float(outcome.cost.sum())

    with pytest.raises(BidderError, match="whatever it played before"):
        check(Hoarding())


def test_one_task_may_be_given_as_it_is() -> None:
    assert check(Half(), tasks="bcb").tasks == ("bcb",)


def test_the_slowest_step_counts() -> None:
    class Dozing(Half):
        def act(self, observation: Observation) -> float:
            if observation.step == 3:
                time.sleep(0.02)
            return super().act(observation)

    report = check(Dozing(), tasks=["bcb"])
    assert report.seconds_alone < 0.01 < report.seconds_longest
    with pytest.raises(BidderError, match=r"'Dozing' in step 3` must take at most 0.01 s a seat"):
        check(Dozing(), tasks=["bcb"], time_limit=0.01)
