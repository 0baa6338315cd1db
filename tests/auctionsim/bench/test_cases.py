from __future__ import annotations

import numpy as np
import pytest

from auctionsim.bench.cases import CASES, MANY_EPISODES, cases_for
from auctionsim.evaluation import evaluate
from auctionsim.generate import play_episodes
from auctionsim.lineup import load_lineup
from auctionsim.simulator.reference import simulate_reference
from tests.auctionsim.worlds import WORLD, world


@pytest.mark.parametrize("case", CASES)
def test_a_case_is_the_same_work_every_time(case: str) -> None:
    play = CASES[case].play
    assert play(WORLD, 3) == play(WORLD, 3) > 0
    assert play(WORLD, 3) != play(WORLD, 4)


def test_cases_play_what_their_titles_say() -> None:
    lineup, price = load_lineup("mixed"), WORLD.campaigns.reference_price
    paid = simulate_reference(WORLD, 0, 5, np.full((WORLD.steps, 8), price)).spent.sum()
    assert CASES["fixed"].play(WORLD, 5) == pytest.approx(paid)
    for case, episodes in (("lineup", 1), ("many", MANY_EPISODES)):
        cost = play_episodes(WORLD, lineup, 5, range(episodes)).cost
        assert CASES[case].play(WORLD, 5) == pytest.approx(cost.sum(), rel=1e-5)
    alone = evaluate("pid", "bcb", WORLD, 1, 5, protocol="wide").trajectories
    assert len(alone) == WORLD.advertisers
    assert CASES["alone"].play(WORLD, 5) == pytest.approx(alone.cost.sum(), rel=1e-5)


def test_bids_are_counted_in_every_run() -> None:
    counts = {name: case.bids(WORLD) for name, case in CASES.items()}
    assert counts == {
        "fixed": 6400, "lineup": 6400, "alone": 51_200, "frozen": 12_800, "bounds": 12_800,
        "many": 102_400,
    }  # fmt: skip
    assert CASES["fixed"].bids(world(opportunities=0)) == 0


def test_bids_are_not_recorded_where_they_cannot_be() -> None:
    assert list(cases_for(WORLD)) == list(CASES)
    assert list(cases_for(world(rules="auctionnet"))) == ["fixed", "lineup", "alone", "many"]
