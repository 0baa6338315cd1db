"""Requests chosen part by part in roll-outs."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auctionsim.errors import InvalidArgumentError
from auctionsim.tasks import TASKS
from tests.vao.training.runs import run, toy_config
from vao import PlannerBidder, Request, choose_requests
from vao.selection import SEARCH, START, Search

POLICY = run(toy_config({"warm": 0}, method="naive", steps=0)).policy
TRIALS = 1 + sum(len(values) - 1 for _, values in SEARCH)


def _score(policy: PlannerBidder) -> Mapping[str, float]:
    """CPA likes low ratios, ROAS a middling quantile; BCB does not care."""
    requests = policy.requests
    return {
        "cpa_mcb": -requests["cpa_mcb"].ratio,
        "target_roas": -abs(requests["target_roas"].quantile - 0.7),
        "bcb": 1.0,
    }


def test_each_task_gets_its_own_best() -> None:
    chosen, trials = choose_requests(POLICY, _score)
    assert chosen.requests["cpa_mcb"].ratio == 0.75
    assert chosen.requests["target_roas"].quantile == 0.75
    assert chosen.requests["bcb"] == START
    assert chosen.models == POLICY.models
    assert POLICY.requests["cpa_mcb"] == Request(POLICY.config.quantile, POLICY.config.ratio)
    assert trials[0].requests == dict.fromkeys(TASKS, START)
    assert trials[0].scores == {"cpa_mcb": -0.9, "target_roas": pytest.approx(-0.2), "bcb": 1.0}


Wishes = dict[str, dict[str, float]]


def _away(requests: Mapping[str, Request], wishes: Wishes) -> dict[str, float]:
    """Minus the distance of each task's request from what it wishes, part by part."""
    return {
        task: -sum(abs(getattr(requests[task], part) - v) for part, v in wishes[task].items())
        for task in TASKS
    }


@given(st.data())
def test_the_best_of_a_separable_score_is_found(data: st.DataObject) -> None:
    wishes = {
        task: {part: data.draw(st.sampled_from(values)) for part, values in SEARCH}
        for task in TASKS
    }
    seen = 0

    def score(policy: PlannerBidder) -> Mapping[str, float]:
        nonlocal seen
        seen += 1
        return _away(policy.requests, wishes)

    chosen, trials = choose_requests(POLICY, score)
    assert chosen.requests == {task: Request(**wishes[task]) for task in TASKS}
    assert seen == len(trials) == TRIALS == 13


def test_the_search_takes_the_best_of_all_it_tried() -> None:
    def score(policy: PlannerBidder) -> Mapping[str, float]:
        """Return scores whose parts depend on one another."""
        return {
            task: (hash((i, r.quantile, r.ratio, r.adapt, r.factor)) % 1009) / 1009.0
            for i, (task, r) in enumerate(policy.requests.items())
        }

    chosen, trials = choose_requests(POLICY, score)
    found = score(chosen)
    for task in TASKS:
        assert found[task] == max(trial.scores[task] for trial in trials)
        assert any(trial.requests[task] == chosen.requests[task] for trial in trials)
    assert len(trials) == TRIALS


def test_parts_are_tried_in_order_from_the_best_so_far() -> None:
    wishes = {task: {"ratio": 0.5, "factor": 2.0} for task in TASKS}
    search: Search = (("ratio", (0.5, 0.7)), ("factor", (1.0, 2.0, 3.0)))
    start = Request(quantile=0.4, ratio=0.7)
    _, trials = choose_requests(
        POLICY, lambda policy: _away(policy.requests, wishes), search, start
    )
    tried = [(t.requests["bcb"].ratio, t.requests["bcb"].factor) for t in trials]
    assert tried == [(0.7, 1.0), (0.5, 1.0), (0.5, 2.0), (0.5, 3.0)]
    assert {t.requests["bcb"].quantile for t in trials} == {0.4}


def test_of_equals_the_first_tried_stays() -> None:
    search: Search = (("quantile", (0.1, 0.2, 0.3)),)
    liked = {0.9: 0.0, 0.1: 1.0, 0.2: 1.0, 0.3: 1.0}
    chosen, _ = choose_requests(
        POLICY,
        lambda policy: {task: liked[r.quantile] for task, r in policy.requests.items()},
        search,
    )
    assert {request.quantile for request in chosen.requests.values()} == {0.1}


def test_the_number_of_trials_does_not_depend_on_what_is_found() -> None:
    for cpa, roas in product((0.0, 1.0), repeat=2):
        _, trials = choose_requests(
            POLICY,
            lambda policy, cpa=cpa, roas=roas: {  # type: ignore[misc]
                "cpa_mcb": cpa * policy.requests["cpa_mcb"].adapt,
                "target_roas": -roas * policy.requests["target_roas"].quantile,
                "bcb": policy.requests["bcb"].factor,
            },
        )
        assert len(trials) == TRIALS


@pytest.mark.parametrize("progress", [False, True])
def test_progress_is_shown_if_wanted(progress: bool, capsys: pytest.CaptureFixture[str]) -> None:
    choose_requests(POLICY, _score, progress=progress)
    assert ("choosing requests" in capsys.readouterr().err) is progress


@pytest.mark.parametrize(
    ("search", "named"),
    [
        ((("quantile", ()),), "search"),
        ((("quantil", (0.5,)),), "quantile"),
        ((("ratio", (0.5, -1.0)),), "ratio"),
    ],
)
def test_a_search_that_makes_no_sense_is_refused(search: Search, named: str) -> None:
    with pytest.raises(InvalidArgumentError, match=named):
        choose_requests(POLICY, _score, search)


@pytest.mark.parametrize("found", [{}, {"cpa_mcb": 1.0, "target_roas": float("nan"), "bcb": 1.0}])
def test_scores_must_be_whole(found: Mapping[str, float]) -> None:
    with pytest.raises(InvalidArgumentError, match="score of"):
        choose_requests(POLICY, lambda policy: found)
