from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.online_lp_log import learn_from_log
from agents.online_lp_table import CONVERSIONS, COST, VALUE, ResponseTable, persistence_of
from auctionsim.errors import BidderError, InvalidArgumentError, InvalidDataError
from tests.auctionsim.dataset.samples import Log, make_log, write_csv, write_parquet
from tests.auctionsim.worlds import campaigns_of

GRID = np.array([1.0, 10.0, 100.0])


def table_of(**changes: Any) -> ResponseTable:
    arrays: dict[str, Any] = {
        "key": "advertiser",
        "ids": np.array([0, 2, 5]),
        "kinds": np.array([0, 1, 0]),
        "multipliers": GRID,
        "curves": np.random.default_rng(0).random((2, 3, 8, 3, 3)),
        "volume": np.full(8, 5.0),
        "mean_value": np.full((2, 3, 8), 0.1),
        "persistence": np.array([1.0, 0.5, 0.25, 0.0, 0.0, 0.0, 0.0, 0.0]),
    }
    return ResponseTable(**(arrays | changes))


def test_what_remains_is_the_sum_over_the_steps_to_come() -> None:
    table = table_of()
    for step in range(8):
        expected = table.curves[:, :, step:].sum(axis=2)
        np.testing.assert_allclose(table.remaining[:, :, step], expected)
        weights = table.persistence[: 8 - step, None, None]
        lasting = (weights * table.curves[:, :, step:]).sum(axis=2)
        np.testing.assert_allclose(table.lasting[:, :, step], lasting)


def test_persistence_is_the_autocorrelation_of_what_sets_days_apart() -> None:
    rng = np.random.default_rng(0)
    blocks = np.repeat(rng.uniform(0.5, 1.5, (2000, 3)), 4, axis=1)
    mean = np.arange(1.0, 13.0)
    found = persistence_of(blocks * mean, mean)
    # Of 12 - k pairs of steps k apart, 3 (4 - k) lie within one of the three blocks.
    np.testing.assert_allclose(found[:4], [1.0, 9 / 11, 6 / 10, 3 / 9], atol=0.05)
    assert found[4:].max() < 0.1


def test_nothing_persists_where_nothing_differs() -> None:
    for supply in (np.ones((3, 4)), np.zeros((3, 4))):
        assert persistence_of(supply, supply.mean(axis=0)).tolist() == [1.0, 0.0, 0.0, 0.0]
    opposed = np.array([[1.0, 3.0], [3.0, 1.0]])
    assert persistence_of(opposed, opposed.mean(axis=0)).tolist() == [1.0, 0.0]


def test_campaigns_are_found_by_id_and_task() -> None:
    table = table_of(
        ids=np.arange(4), curves=np.ones((2, 4, 8, 3, 3)), mean_value=np.ones((2, 4, 8))
    )
    assert table.places(campaigns_of(4, task=0)).tolist() == [0, 1, 2, 3]
    assert table.places(campaigns_of(4, task=1)).tolist() == [4, 5, 6, 7]
    by_category = table_of(key="category", ids=np.array([0, 3, 7]))
    assert by_category.places(campaigns_of(2)).tolist() == [0, 0]


def test_campaigns_without_a_curve_are_named() -> None:
    with pytest.raises(BidderError, match="must hold a curve for every advertiser; found 'none fo"):
        table_of().places(campaigns_of(2))
    with pytest.raises(BidderError, match="`table` must have 9 steps, as the campaigns do; foun"):
        table_of().places(campaigns_of(1, steps=9))


def test_it_is_read_back_as_it_was_saved(tmp_path: Path) -> None:
    table = table_of()
    table.save(tmp_path / "table.npz")
    again = ResponseTable.load(tmp_path / "table.npz")
    assert again.key == table.key
    arrays = ("ids", "kinds", "multipliers", "curves", "volume", "mean_value", "persistence")
    for name in (*arrays, "remaining", "lasting"):
        np.testing.assert_array_equal(getattr(again, name), getattr(table, name))
    assert [p.name for p in tmp_path.iterdir()] == ["table.npz"]
    with pytest.raises(InvalidArgumentError, match=r"`path` must end in \.npz"):
        table.save(tmp_path / "table.json")


def test_nothing_can_be_changed_in_it() -> None:
    with pytest.raises(ValueError, match="read-only"):
        table_of().curves[0] = 0.0


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.npz"
    with pytest.raises(InvalidDataError, match="must be a table of responses saved as"):
        ResponseTable.load(path)
    for content in (b"", b"PK\x03\x04 cut off", b"\x93NUMPY", b"text"):
        path.write_bytes(content)
        with pytest.raises(InvalidDataError, match="must be a table of responses"):
            ResponseTable.load(path)
    np.savez(path, key=np.array("advertiser"))
    with pytest.raises(InvalidDataError, match=r"must be a table of responses.*ids"):
        ResponseTable.load(path)
    table_of().save(path)
    with np.load(path) as file:
        arrays: dict[str, Any] = dict(file)
    np.savez(path, **arrays | {"key": np.array([print], object)})
    with pytest.raises(InvalidDataError, match=r"must be a table of responses.*pickle"):
        ResponseTable.load(path)


SLIPS: list[tuple[dict[str, Any], str]] = [
    ({"key": "seat"}, r"`table\.key` must be one of advertiser, category"),
    ({"ids": np.array([2, 0, 5])}, r"`table\.ids` must rise"),
    ({"ids": np.array([], int)}, r"`table\.ids` must rise, and not be empty"),
    ({"ids": np.array([0.5, 1.0, 2.0])}, r"`table\.ids` must be a row of numbers"),
    ({"kinds": np.array([0, 1])}, r"`table\.kinds` must hold a place"),
    ({"kinds": np.array([0, -1, 0])}, r"`table\.kinds` must hold a place"),
    ({"kinds": np.array([0, 2, 0])}, r"`table\.curves` must hold floats of shape \(3, 3, "),
    ({"multipliers": GRID[::-1]}, r"`table\.multipliers` must rise"),
    ({"multipliers": np.array([0.0, 1.0, 2.0])}, r"`table\.multipliers` must rise"),
    ({"multipliers": np.array([1.0, 2.0, np.nan])}, r"`table\.multipliers` must rise"),
    ({"curves": np.zeros((2, 3, 8, 2, 3))}, r"`table\.curves` must hold floats of shape"),
    ({"curves": np.zeros((2, 3, 0, 3, 3))}, r"`table\.curves` must hold floats"),
    ({"curves": np.full((2, 3, 8, 3, 3), -1.0)}, r"`table\.curves` must be finite and >= 0"),
    ({"curves": np.full((2, 3, 8, 3, 3), np.inf)}, r"`table\.curves` must be finite"),
    ({"volume": np.ones(7)}, r"`table\.volume` must hold a number a step"),
    ({"volume": np.full(8, np.nan)}, r"`table\.volume` must hold a number a step, >= 0"),
    (
        {"mean_value": np.ones((2, 3, 7))},
        r"`table\.mean_value` must hold floats of shape \(2, 3, 8",
    ),
    ({"mean_value": np.full((2, 3, 8), -1.0)}, r"`table\.mean_value` must hold a number a step"),
    ({"persistence": np.full(8, 1.1)}, r"`table\.persistence` must .* at most 1"),
    ({"curves": np.full((2, 3, 8, 3, 3), "a")}, r"`table\.curves` must hold floats"),
]


@pytest.mark.parametrize(("changes", "message"), SLIPS)
def test_slips_are_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidDataError, match=message):
        table_of(**changes)


# --- from logs ------------------------------------------------------------------------------------


def plain_curve(log: Log, category: int, step: int, multiplier: float) -> tuple[float, float]:
    """Cost and conversions of one category's step, row by row, a campaign."""
    columns = {name: column.tolist() for name, column in log.items()}
    campaigns, cost, conversions = set(), 0.0, 0.0
    for row in range(len(columns["bid"])):
        if columns["advertiserCategoryIndex"][row] != category:
            continue
        campaigns.add((columns["deliveryPeriodIndex"][row], columns["advertiserNumber"][row]))
        p, price = columns["pValue"][row], columns["leastWinningCost"][row]
        if columns["timeStepIndex"][row] == step and multiplier * p >= price:
            cost += price
            conversions += p
    return cost / len(campaigns), conversions / len(campaigns)


def test_a_log_is_learned_as_row_by_row(tmp_path: Path) -> None:
    log = make_log(periods=(0, 1, 4), volumes=(5, 7, 3), advertisers=(0, 1, 2, 9))
    log["pValue"] = np.random.default_rng(1).random(len(log["bid"]))
    grid = np.geomspace(0.1, 20.0, 9)
    table = learn_from_log(write_csv(tmp_path / "log.csv", log), grid)
    seen = (log["xi"] * log["isExposed"]).sum() / log["xi"].sum()
    assert table.ids.tolist() == [0, 1]
    assert table.steps == 3
    for category in (0, 1):
        for step in range(3):
            for m, multiplier in enumerate(grid.tolist()):
                cost, conversions = plain_curve(log, category, step, multiplier)
                found = table.curves[0, category, step, m]
                assert found[COST] == pytest.approx(seen * cost, rel=1e-5, abs=1e-9)
                assert found[CONVERSIONS] == pytest.approx(seen * conversions, rel=1e-5, abs=1e-9)
                assert found[VALUE] == found[CONVERSIONS]
    np.testing.assert_allclose(table.volume, [5.0, 7.0, 3.0])
    of_second = (log["advertiserCategoryIndex"] == 1) & (log["timeStepIndex"] == 2)
    assert table.mean_value[0, 1, 2] == pytest.approx(log["pValue"][of_second].mean())


def test_files_one_by_one_are_as_good_as_one(tmp_path: Path) -> None:
    for period in (0, 1):
        log = make_log(periods=(period,), seed=period)
        write_parquet(tmp_path / f"period-{period}.parquet", log)
    both = {
        name: np.concatenate([make_log(periods=(i,), seed=i)[name] for i in (0, 1)])
        for name in make_log()
    }
    together = ResponseTable.from_log(write_csv(tmp_path / "both.csv.gz", both))
    apart = ResponseTable.from_log(sorted(tmp_path.glob("*.parquet")))
    np.testing.assert_allclose(apart.curves, together.curves)


def test_a_log_without_a_winner_is_no_error(tmp_path: Path) -> None:
    log = make_log()
    log["xi"] = np.zeros(len(log["xi"]))
    table = ResponseTable.from_log(write_parquet(tmp_path / "log.parquet", log))
    assert np.isfinite(table.curves).all()


def test_what_is_wrong_in_a_log_is_named(tmp_path: Path) -> None:
    log = make_log()
    log["pValue"][3] = 2.0
    with pytest.raises(InvalidDataError, match="`pValue` must be a probability"):
        ResponseTable.from_log(write_csv(tmp_path / "log.csv", log))
    with pytest.raises(InvalidDataError, match="must be a file"):
        ResponseTable.from_log(tmp_path / "absent.csv")
    with pytest.raises(InvalidArgumentError, match="`multipliers` must be a rising row"):
        learn_from_log(write_csv(tmp_path / "log.csv", make_log()), [2.0, 1.0])
