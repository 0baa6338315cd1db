from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auctionsim.bidding import BatchBidder, Bidder, Observation
from auctionsim.campaigns import Campaign, Campaigns
from auctionsim.config_files import config_names
from auctionsim.errors import BidderError, InvalidArgumentError
from auctionsim.lineup import Cast, LineupConfig, load_lineup
from auctionsim.simulator import market_campaigns, with_tasks
from auctionsim.tasks import TASKS
from tests.auctionsim.worlds import LINEUP, WORLD, Half, HalfOfMany, campaigns_of, observation_of

ALL_PID = {task: {"pid": 1.0} for task in TASKS}


def lineup_of(shares: dict[str, float], **parameters: dict[str, Any]) -> LineupConfig:
    return LineupConfig("test", {task: dict(shares) for task in TASKS}, parameters)


def test_shares_are_respected() -> None:
    names = lineup_of({"pid": 3.0, "fixed": 1.0}).assign(campaigns_of(4000))
    counts = Counter(names.tolist())
    assert set(counts) == {"pid", "fixed"}
    # Four standard deviations of a binomial of 4000 draws.
    assert abs(counts["pid"] / 4000 - 0.75) < 4 * np.sqrt(0.75 * 0.25 / 4000)


def test_each_task_has_its_own_shares() -> None:
    lineup = LineupConfig(
        "test", {"cpa_mcb": {"pid": 1}, "target_roas": {"fixed": 1}, "bcb": {"limit_aware": 1}}
    )
    for task, name in enumerate(["pid", "fixed", "limit_aware"]):
        assert set(lineup.assign(campaigns_of(20, task))) == {name}


def test_a_share_of_0_is_never_drawn_and_scale_does_not_matter() -> None:
    names = lineup_of({"fixed": 0.0, "limit_aware": 1.0, "pid": 0.0}).assign(campaigns_of(500))
    assert set(names) == {"limit_aware"}
    many = campaigns_of(300)
    small, large = lineup_of({"pid": 0.5, "fixed": 1.5}), lineup_of({"pid": 2.0, "fixed": 6.0})
    assert small.assign(many).tolist() == large.assign(many).tolist()


def test_the_order_in_which_bidders_are_written_does_not_matter() -> None:
    # A card holds its line-up with sorted keys: both must deal the same seats.
    many = campaigns_of(300)
    one = lineup_of({"pid": 1.0, "fixed": 2.0, "limit_aware": 3.0})
    other = lineup_of({"fixed": 2.0, "limit_aware": 3.0, "pid": 1.0})
    assert one.assign(many).tolist() == other.assign(many).tolist()


def test_a_seats_bidder_depends_on_its_own_campaign_alone() -> None:
    many = campaigns_of(50)
    names = LINEUP.assign(many)
    order = np.random.default_rng(0).permutation(50)[:20]
    assert LINEUP.assign(many.take(order)).tolist() == names[order].tolist()


def test_seats_draw_anew_in_every_episode() -> None:
    first, second = (LINEUP.assign(market_campaigns(WORLD, [key] * 8)) for key in (1, 2))
    assert first.tolist() != second.tolist()


SLIPS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"cpa_mcb": {"pid": 1}, "bcb": {"pid": 1}}, {}, r"`bidders\.target_roas` must name at least"),
    ({**ALL_PID, "bcb": {}}, {}, r"`bidders\.bcb` must name at least one bidder"),
    ({**ALL_PID, "bcb": {"pid": 0.0}}, {}, r"`bidders\.bcb`"),
    ({**ALL_PID, "bcb": {"pid": -1.0, "fixed": 2.0}}, {}, r"`bidders\.bcb`"),
    ({**ALL_PID, "bcb": {"pid": float("nan")}}, {}, r"`bidders\.bcb`"),
    ({**ALL_PID, "bcb": {"pid": float("inf")}}, {}, r"`bidders\.bcb`"),
    ({**ALL_PID, "bbc": {"pid": 1.0}}, {}, "found 'bbc'. Did you mean 'bcb'"),
    (ALL_PID, {"pidd": {}}, "found 'pidd'. Did you mean 'pid'"),
]


@pytest.mark.parametrize(("bidders", "parameters", "message"), SLIPS)
def test_slips_are_named(bidders: Any, parameters: Any, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        LineupConfig("test", bidders, parameters)


def test_unknown_bidders_and_parameters_show_before_the_work() -> None:
    with pytest.raises(InvalidArgumentError, match="found 'pidd'"):
        lineup_of({"pid": 1e9, "pidd": 1e-9}).check()
    with pytest.raises(InvalidArgumentError, match="found 'strat'"):
        lineup_of({"pid": 1.0}, pid={"strat": 1.0}).check()
    lineup_of({"pid": 1.0, "pidd": 0.0}).check()


def test_lineups_are_loaded_by_name_and_path(tmp_path: Path) -> None:
    for name in config_names("lineups"):
        assert load_lineup(name).name == name
        load_lineup(name).check()
    file = tmp_path / "own.yaml"
    shares = "".join(f"  {task}: {{pid: 1}}\n" for task in TASKS)
    file.write_text(f"name: own\nbidders:\n{shares}parameters: {{pid: {{kp: [1.0, 2.0]}}}}\n")
    own = load_lineup(str(file))
    assert own.parameters == {"pid": {"kp": [1.0, 2.0]}}
    own.check()
    file.write_text(f"name: own\nbiders:\n{shares}")
    with pytest.raises(InvalidArgumentError, match=r"own\.yaml: .*`bidders`"):
        load_lineup(str(file))
    assert load_lineup(own) is own


def test_every_seat_is_played_once() -> None:
    campaigns = market_campaigns(WORLD, [1, 2])
    cast = Cast(campaigns, LINEUP, [("half", Half(), np.array([3, 9]))])
    seats = np.concatenate([part.seats for part in cast.parts])
    assert sorted(seats.tolist()) == list(range(16))
    for part in cast.parts:
        assert set(cast.names[part.seats]) == {part.name}
    assert set(np.flatnonzero(cast.names == "half")) == {3, 9}


def test_parameters_reach_the_bidders() -> None:
    campaigns = campaigns_of(4)
    cast = Cast(campaigns, lineup_of({"fixed": 1.0}, fixed={"factor": 2.0}))
    assert cast.parts[0].ask(observation_of(4, 0)).tolist() == [200.0] * 4


def test_taking_over_seats_changes_nobody_else() -> None:
    campaigns = market_campaigns(WORLD, [5])
    before = Cast(campaigns, LINEUP)
    task = campaigns.task.copy()
    task[2] = 0
    after = Cast(with_tasks(WORLD, campaigns, task), LINEUP, [("half", Half(), np.array([2]))])
    others = np.arange(8) != 2
    assert before.names[others].tolist() == after.names[others].tolist()
    seen = observation_of(8, 3, cost=np.linspace(0, 500, 8), expected_conversions=3.0)
    answers = []
    for cast in (before, after):
        multipliers = np.zeros(8)
        for part in cast.parts:
            multipliers[part.seats] = part.ask(seen)
        answers.append(multipliers[others])
    np.testing.assert_array_equal(*answers)


@pytest.mark.parametrize("seats", [([1, 2], [2, 3]), ([1, 1], [2])])
def test_no_seat_is_taken_over_twice(seats: tuple[list[int], list[int]]) -> None:
    taken = [("half", Half(), np.array(s)) for s in seats]
    with pytest.raises(InvalidArgumentError, match="must not take over a seat twice"):
        Cast(campaigns_of(8), LINEUP, [*taken])


def test_an_error_in_reset_names_the_bidder_and_keeps_its_cause() -> None:
    class Broken(Half):
        def reset(self, campaign: Campaign) -> None:
            raise KeyError("no such model")

    class BrokenBatch(HalfOfMany):
        def reset(self, campaigns: Campaigns) -> None:
            raise OSError("no file")

    for bidder, cause in ((Broken(), KeyError), (BrokenBatch(), OSError)):
        with pytest.raises(BidderError, match="`bidder 'mine' in reset` must not raise") as caught:
            Cast(campaigns_of(2), LINEUP, [("mine", bidder, np.arange(2))])
        assert isinstance(caught.value.__cause__, cause)


def test_a_bidder_that_cannot_be_copied_is_named() -> None:
    class Holding(Bidder):
        def __init__(self) -> None:
            self.module = np  # modules cannot be copied

        def act(self, observation: Observation) -> float:
            return 1.0

    with pytest.raises(BidderError, match=r"'holding' in reset` must not raise; .*TypeError"):
        Cast(campaigns_of(2), LINEUP, [("holding", Holding(), np.arange(2))])


class Answer(BatchBidder):
    """Returns what it was made with."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def act(self, observation: Observation) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


BROKEN: list[tuple[Any, str]] = [
    ([1.0, float("nan"), 1.0], r"finite multipliers.*found 'nan for seat 5'"),
    ([1.0, 1.0, -0.5], r"finite multipliers.*found '-0.5 for seat 2'"),
    ([float("inf"), 1.0, 1.0], r"finite multipliers.*found 'inf for seat 4'"),
    ([1.0, 1e31, 1.0], r"<= 1e\+30; found '1e\+31 for seat 5'"),
    ([1.0, 2.0], r"one number a seat, shape \(3,\); found 'float64 \(2,\)'"),
    (np.ones((3, 1)), r"one number a seat.*found 'float64 \(3, 1\)'"),
    (1.0, r"one number a seat.*found 'float64 \(\)'"),
    (None, r"one number a seat.*found 'object \(\)'"),
    (["1", "2", "3"], r"one number a seat.*found '<U1 \(3,\)'"),
    ([True, True, False], r"one number a seat.*found 'bool \(3,\)'"),
    (np.ones(3, complex), r"one number a seat.*found 'complex128 \(3,\)'"),
    ([1.0, [2.0], 3.0], r"not raise; found 'ValueError: .*inhomogeneous"),
    (ZeroDivisionError("ouch"), r"not raise; found 'ZeroDivisionError: ouch"),
]


@pytest.mark.parametrize(("answer", "message"), BROKEN)
def test_broken_answers_name_bidder_step_and_seat(answer: Any, message: str) -> None:
    cast = Cast(campaigns_of(6), LINEUP, [("mine", Answer(answer), np.array([4, 5, 2]))])
    with pytest.raises(BidderError, match=rf"`bidder 'mine' in step 3` must.*{message}") as caught:
        cast.parts[0].ask(observation_of(6, 3))
    assert "\n" not in str(caught.value)
    if isinstance(answer, Exception):
        assert caught.value.__cause__ is answer


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int8, np.uint64])
def test_any_numeric_dtype_is_an_answer(dtype: Any) -> None:
    answer = np.array([1, 0, 3], dtype)
    cast = Cast(campaigns_of(3), LINEUP, [("mine", Answer(answer), np.arange(3))])
    got = cast.parts[0].ask(observation_of(3, 0))
    assert got.dtype == np.float64
    assert got.tolist() == [1.0, 0.0, 3.0]


def test_interrupts_are_not_the_bidders_fault() -> None:
    class Interrupted(Half):
        def act(self, observation: Observation) -> float:
            raise KeyboardInterrupt

    cast = Cast(campaigns_of(1), LINEUP, [("mine", Interrupted(), np.arange(1))])
    with pytest.raises(KeyboardInterrupt):
        cast.parts[0].ask(observation_of(1, 0))
