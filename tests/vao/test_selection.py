"""Requests chosen on a grid of roll-outs."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from auctionsim.errors import InvalidArgumentError
from tests.vao.factories import make_trajectories, tiny_config
from vao import PlannerBidder, Request, choose_requests, train
from vao.selection import QUANTILES, RATIOS


@pytest.fixture(scope="module")
def policy() -> PlannerBidder:
    """A policy that need not be good."""
    config = tiny_config(method="naive", steps=2, inverse_steps=2)
    return train(make_trajectories(), config, progress=False).policy


def _score(policy: PlannerBidder) -> Mapping[str, float]:
    """CPA likes low ratios, ROAS a middling quantile; BCB does not care."""
    requests = policy.requests
    return {
        "cpa_mcb": -requests["cpa_mcb"].ratio,
        "target_roas": -abs(requests["target_roas"].quantile - 0.75),
        "bcb": 1.0,
    }


def test_each_task_gets_its_own_best(policy: PlannerBidder) -> None:
    chosen, trials = choose_requests(policy, _score)
    assert len(trials) == len(QUANTILES) * len(RATIOS)
    assert chosen.requests["cpa_mcb"].ratio == 0.75
    assert chosen.requests["target_roas"].quantile == 0.9
    assert chosen.requests["bcb"] == trials[0].request
    assert chosen.models == policy.models
    assert policy.requests["cpa_mcb"] == Request(policy.config.quantile, policy.config.ratio)


@pytest.mark.parametrize("progress", [False, True])
def test_progress_is_shown_if_wanted(
    policy: PlannerBidder, progress: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    choose_requests(policy, _score, progress=progress)
    assert ("choosing requests" in capsys.readouterr().err) is progress


def test_an_empty_grid_is_refused(policy: PlannerBidder) -> None:
    with pytest.raises(InvalidArgumentError, match="quantiles"):
        choose_requests(policy, _score, quantiles=())
