"""What can be tested of the comparison of strategies without a checkout of AuctionNet."""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import spearmanr

from auctionsim import MarketConfig, load_market
from auctionsim.errors import InvalidArgumentError
from benchmarks import strategies
from benchmarks.calibration_record import Record, load_record
from benchmarks.strategies_checkout import STRATEGIES, opened
from benchmarks.strategies_compare import agreement_rows, group_means, group_rows, spearman
from benchmarks.strategies_play import table_episodes
from benchmarks.strategies_record import Results, Seat, recorded_lineup, recorded_results
from benchmarks.strategies_tables import TableMaker, thinned, write_table
from tests.benchmarks.auctionnet_checkout import STEPS, write_checkout

Float64Array = NDArray[np.float64]

_FEW = st.lists(st.integers(-3, 3), min_size=2, max_size=12)


def test_the_lineup_is_auctionnets() -> None:
    lineup = recorded_lineup()
    assert [seat.advertiser for seat in lineup] == list(range(48))
    assert Counter(seat.category for seat in lineup) == dict.fromkeys(range(6), 8)
    constraints = {60.0, 70.0, 80.0, 90.0, 100.0, 110.0, 120.0, 130.0}
    for category in range(6):
        mine = [seat for seat in lineup if seat.category == category]
        assert {seat.cpa_constraint for seat in mine} == constraints
        tables = [seat.table for seat in mine if seat.strategy == "online_lp"]
        assert tables == [category, category + 1]
    assert {seat.strategy for seat in lineup} == set(STRATEGIES) - {"td3_bc"}
    assert all((seat.table is None) == (seat.strategy != "online_lp") for seat in lineup)
    assert table_episodes(lineup) == range(7)


def test_recorded_scores_are_those_that_auctionnet_computed() -> None:
    """Its own figures: mean Score of each episode, and of two classes over all three."""
    lineup = recorded_lineup()
    results = recorded_results(lineup, load_record())
    assert results.score.mean(axis=1) == pytest.approx([19.75927, 22.61152, 20.74534], abs=1e-5)
    names = sorted({seat.group for seat in lineup})
    means = dict(zip(names, group_means(lineup, results.score).mean(axis=0), strict=True))
    assert means["PID"] == pytest.approx(13.520396, abs=1e-5)
    assert means["OnlineLP"] == pytest.approx(24.159974, abs=1e-5)
    assert (results.predicted_score > 0).sum() > 130


@given(_FEW, st.randoms(use_true_random=False))
def test_rank_correlation_is_scipys(numbers: list[int], random: Any) -> None:
    other = [random.randint(-3, 3) for _ in numbers]
    a, b = np.array(numbers, np.float64), np.array(other, np.float64)
    if len(set(numbers)) == 1 or len(set(other)) == 1:
        assert np.isnan(spearman(a, b))
    else:
        assert spearman(a, b) == pytest.approx(spearmanr(a, b).statistic, abs=1e-12)


def seats_of(groups: str) -> list[Seat]:
    return [Seat(i, 0, 100.0, "pid", group, None) for i, group in enumerate(groups)]


def results(score: list[list[float]]) -> Results:
    rows = np.array(score, np.float64)
    return Results(cost=10.0 * rows, score=rows, predicted_score=rows + 1.0)


def test_classes_are_ranked_best_first_with_their_means() -> None:
    lineup = seats_of("abab")
    theirs = results([[1.0, 5.0, 3.0, 7.0], [2.0, 6.0, 4.0, 8.0]])
    ours = [results([[9.0, 5.0, 9.0, 7.0], [9.0, 5.0, 9.0, 7.0]]),
            results([[9.0, 1.0, 9.0, 3.0], [9.0, 1.0, 9.0, 3.0]])]  # fmt: skip
    first, second = group_rows(lineup, theirs, ours)
    assert (first.group, first.seats, first.their_place, first.our_place) == ("b", 2, 1, 2)
    assert (second.group, second.seats, second.their_place, second.our_place) == ("a", 2, 2, 1)
    assert (first.theirs.score, first.ours.score) == (6.5, 4.0)
    assert (second.theirs.cost, second.ours.predicted_score) == (25.0, 10.0)
    differences = np.array([9.0 - 1.0, 9.0 - 3.0, 9.0 - 2.0, 9.0 - 4.0])
    assert second.difference_error == pytest.approx(differences.std(ddof=1) / 2.0)


def test_agreement_is_of_like_with_like() -> None:
    lineup = seats_of("aabbcc")
    score = [[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [6.0, 5.0, 4.0, 3.0, 2.0, 1.0]]
    theirs, other = results(score), results([row[::-1] for row in score])
    rows = {row.pairs: row for row in agreement_rows(lineup, theirs, [theirs, theirs])}
    assert rows["same episode: AuctionNet and ours"].score == pytest.approx(1.0)
    assert rows["same episode: AuctionNet and ours"].groups == pytest.approx(1.0)
    assert rows["same episode: ours and ours, another seed"].cost == pytest.approx(1.0)
    assert rows["another episode: AuctionNet"].predicted_score == pytest.approx(-1.0)
    assert rows["another episode: ours"].predicted_groups == pytest.approx(-1.0)
    assert np.isnan(rows["means over episodes: AuctionNet and ours"].score)
    rows = {row.pairs: row for row in agreement_rows(lineup, theirs, [theirs, other])}
    assert rows["same episode: AuctionNet and ours"].score == pytest.approx(0.0)
    assert rows["same episode: ours and ours, another seed"].score == pytest.approx(-1.0)


def lines_by_the_rule(
    chances: list[tuple[int, float, float]], step: int
) -> list[tuple[float, float]]:
    """OnlineLP's table line by line: chances are (step, value, price)."""
    left = [(price / (value + 1e-4), price) for s, value, price in chances
            if s >= step and value > 0 and price > 1e-4]  # fmt: skip
    total, last, lines = 0.0, 0.0, []
    bought = []
    for ratio, price in sorted(left, key=lambda chance: chance[0]):
        total += price
        if total < 6000.0:
            bought.append((ratio, total))
    for place, (ratio, cost) in enumerate(bought):
        if cost - last >= 10.0 or place == len(bought) - 1:
            lines.append((ratio, cost))
            last = cost
    return lines


@given(st.integers(0, 2**32), st.sampled_from([1.0, 30.0, 400.0]))
def test_tables_follow_onlinelps_rule(seed: int, price: float) -> None:
    random, steps = np.random.default_rng(seed), 4
    category = np.array([0, 0, 1])
    maker = TableMaker(category, seed, share=1.0)
    chances: dict[int, list[tuple[int, float, float]]] = {0: [], 1: []}
    for step in range(steps):
        values = np.maximum(random.normal(0.05, 0.04, (3, 12)), 0.0)
        prices = price * random.choice([1e-4, 0.5, 1.5], 12) * random.uniform(0.5, 1.5, 12)
        maker.take_in(step, values, prices)
        for kind, row in zip(category.tolist(), values, strict=True):
            chances[kind] += [(step, v, p) for v, p in zip(row, prices, strict=True)]
    table = maker.table(steps)
    assert set(table) == {(c, step) for c in (0, 1) for step in range(steps)}
    for (kind, step), lines in table.items():
        expected = lines_by_the_rule(chances[kind], step)
        np.testing.assert_allclose(lines, np.reshape(expected, (-1, 2)), rtol=1e-9)


def test_every_eighth_chance_is_taken() -> None:
    maker = TableMaker(np.zeros(8, np.int64), seed=0)
    maker.take_in(0, np.full((8, 5000), 0.05), np.full(5000, 0.1))
    cost = maker.table(1)[0, 0][-1, 1]
    assert cost == pytest.approx(8 * 5000 / 8 * 0.1, rel=0.05)


def test_nothing_to_buy_makes_an_empty_table() -> None:
    maker = TableMaker(np.zeros(2, np.int64), seed=0)
    maker.take_in(0, np.zeros((2, 9)), np.ones(9))
    assert maker.table(1)[0, 0].shape == (0, 2)
    assert thinned(np.zeros(0), np.zeros(0)).shape == (0, 2)


def test_tables_are_written_as_onlinelp_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "new" / "episode-0.csv"
    write_table(path, {(1, 7): np.array([[20.5, 10.25], [31.0, 21.0]])})
    with path.open(encoding="utf-8", newline="") as file:
        first, second = csv.DictReader(file)
    assert first == {
        "advertiserCategoryIndex": "1", "timeStepIndex": "7", "realCPA": "20.5", "cum_cost": "10.25"
    }  # fmt: skip
    assert second["cum_cost"] == "21.0"


def test_a_checkout_is_copied_imported_and_left_alone(tmp_path: Path) -> None:
    source = write_checkout(tmp_path / "checkout")
    before = sorted((path, path.stat().st_mtime_ns) for path in source.rglob("*"))
    (tmp_path / "copy").mkdir()
    with opened(source, tmp_path / "copy") as checkout:
        assert str(tmp_path / "copy") in sys.path
        assert not checkout.has_tables(range(2))
        checkout.without_tables(range(2))
        assert checkout.has_tables(range(2))
        assert not checkout.has_tables(range(3))
        checkout.write_tables({2: {(0, 0): np.ones((4, 2))}})
        for name in STRATEGIES:
            checkout.bidder(name, 2 if name == "online_lp" else None)
        traffic = checkout.traffic(4)
        assert traffic.volumes.tolist() == [9] * STEPS
        assert traffic.value_mean.shape == traffic.value_deviation.shape == (STEPS, 48)
        assert traffic.error_ratio == pytest.approx(np.full(48, 0.1))
    assert sorted((path, path.stat().st_mtime_ns) for path in source.rglob("*")) == before
    assert str(tmp_path / "copy") not in sys.path
    assert not [name for name in sys.modules if name.startswith("simul_bidding_env")]


@pytest.mark.parametrize(
    "lost", ["strategy/pid_bidding_strategy.py", "PvGenerator/NeurIPSPvGen.py"]
)
def test_what_is_no_checkout_is_refused(tmp_path: Path, lost: str) -> None:
    source = write_checkout(tmp_path / "checkout")
    (source / "simul_bidding_env" / lost).unlink()
    with (
        pytest.raises(
            InvalidArgumentError, match=r"`--auctionnet` must be a checkout .*found.*no "
        ),
        opened(source, tmp_path / "copy"),
    ):
        pass


def short_days(record: Record) -> tuple[MarketConfig, Record]:
    """The market and the record with eight steps of few opportunities, each worth more."""
    share = 500
    market = load_market("auctionnet")
    market = replace(
        market, opportunities=1000, steps=STEPS, reserve_price=market.reserve_price * share
    )
    return market, replace(
        record,
        volumes=record.volumes[:, :STEPS] // share,
        value_mean=record.value_mean[:, :STEPS] * share,
        value_deviation=record.value_deviation[:, :STEPS] * share,
    )


def test_the_command_plays_prints_and_writes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    market, record = short_days(load_record())
    monkeypatch.setattr(strategies, "load_market", lambda name: market)
    monkeypatch.setattr(strategies, "load_record", lambda: record)
    source, figures = write_checkout(tmp_path / "checkout"), tmp_path / "figures.json"
    asked = ["--auctionnet", str(source), "--seeds", "0", "1", "--json", str(figures)]
    assert strategies.main(asked) == 0
    printed = capsys.readouterr().out
    written = json.loads(figures.read_text(encoding="utf-8"))
    assert len(written["groups"]) == 8
    assert all(row["group"] in printed for row in written["groups"])
    costs = {row["group"]: row["ours"]["cost"] for row in written["groups"]}
    assert max(costs, key=lambda group: costs[group]) == "OnlineLP"  # its bids grow with the tables
    assert all(cost <= 4850.0 for cost in costs.values())
    assert sorted(row["our_place"] for row in written["groups"]) == list(range(1, 9))
    assert all(row["pairs"] in printed for row in written["agreement"])
    same = next(r for r in written["agreement"] if r["pairs"].startswith("same episode: ours"))
    assert same["cost"] > 0.8
