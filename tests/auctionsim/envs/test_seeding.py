from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auctionsim.envs.seeding import (
    EpisodeCounter,
    check_options,
    check_reset_seeds,
    draw_advertiser,
)
from auctionsim.errors import InvalidArgumentError


def run_python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_without_gymnasium_the_package_works_all_the_same() -> None:
    run_python(
        "import sys; sys.modules['gymnasium'] = None\n"
        "import auctionsim\n"
        "assert auctionsim.load_market('tiny').name == 'tiny'"
    )


def test_importing_the_package_is_enough_for_gymnasium() -> None:
    told = run_python(
        "import gymnasium, auctionsim, importlib, warnings\n"
        "warnings.simplefilter('error')\n"
        "importlib.reload(auctionsim)\n"
        "print(gymnasium.make('auctionsim/AutoBidding-v0', market='tiny'))"
    )
    assert "AutoBiddingEnv<auctionsim/AutoBidding-v0>" in told


def test_single_and_vector_environments_need_no_pettingzoo() -> None:
    run_python(
        "import sys; sys.modules['pettingzoo'] = None\n"
        "import auctionsim.envs\n"
        "assert auctionsim.envs.AutoBiddingEnv and auctionsim.envs.AutoBiddingVectorEnv"
    )


def test_episodes_are_numbered_by_seed() -> None:
    counter = EpisodeCounter()
    asked = [(5, None), (None, None), (None, 9), (None, None), (5, None), (6, 2), (None, None)]
    begun = [counter.begin(seed, number) for seed, number in asked]
    assert begun == [(5, 0), (5, 1), (5, 9), (5, 10), (5, 0), (6, 2), (6, 3)]


def test_a_seed_is_taken_from_the_system_once() -> None:
    counter = EpisodeCounter()
    seed, number = counter.begin(None, None)
    assert number == 0
    assert 0 <= seed < 2**63
    assert counter.begin(None, None) == (seed, 1)


@given(
    seed=st.integers(0, 2**64 - 1), episode=st.integers(0, 2**32 - 1), advertisers=st.integers(1, 9)
)
def test_the_advertiser_drawn_is_one_of_the_market(
    seed: int, episode: int, advertisers: int
) -> None:
    assert 0 <= draw_advertiser(seed, episode, advertisers) < advertisers


def test_all_advertisers_are_drawn_alike() -> None:
    drawn = [draw_advertiser(3, episode, 4) for episode in range(2000)]
    assert np.bincount(drawn).min() > 400


def test_seeds_of_many_environments_follow_the_first() -> None:
    assert check_reset_seeds(np.int64(4), 3) == [4, 5, 6]
    assert check_reset_seeds(np.array([9, 2]), 2) == [9, 2]
    assert check_reset_seeds((None, 2), 2) == [None, 2]
    assert check_reset_seeds(None, 2) == [None, None]
    with pytest.raises(InvalidArgumentError, match="`seed` must be an integer"):
        check_reset_seeds([[1], [2]], 2)


def test_options_are_left_alone_when_they_are_for_others() -> None:
    assert dict(check_options({"level": 2}, lenient=True)) == {"level": 2}
    assert dict(check_options(None)) == {}
    for lenient in (True, False):
        with pytest.raises(InvalidArgumentError, match="Did you mean 'episode'"):
            check_options({"epsode": 2}, lenient=lenient)
