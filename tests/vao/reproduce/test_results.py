"""The raw results of a study: their file, their rules, what can be taken out of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auctionsim.errors import InvalidArgumentError, InvalidDataError
from tests.vao.reproduce.studies import FIXED, LEVELS, hand_made, study
from vao.reproduce.results import COLUMNS, METRICS, Results


def columns_of(results: Results) -> dict[str, np.ndarray[Any, Any]]:
    return {name: getattr(results, name).copy() for name in COLUMNS}


def same(one: Results, other: Results) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in COLUMNS)


def test_the_file_gives_back_what_was_written(tmp_path: Path) -> None:
    results = study()
    results.write(tmp_path / "raw.parquet")
    read = Results.read(tmp_path / "raw.parquet")
    assert same(read, results)
    assert [getattr(read, name).dtype.kind for name in COLUMNS] == list("UUUiii") + ["f"] * 6
    assert read.value.dtype == np.float32
    assert [path.name for path in tmp_path.iterdir()] == ["raw.parquet"]


def test_no_results_can_be_written_too(tmp_path: Path) -> None:
    Results.join([]).write(tmp_path / "raw.parquet")
    assert len(Results.read(tmp_path / "raw.parquet")) == 0


@given(st.randoms(use_true_random=False))
def test_the_order_of_lines_and_parts_does_not_matter(random: Any) -> None:
    results = study(episodes=3, seeds=(0, 1))
    parts = [results.where(row=name) for name in results.names("row")]
    random.shuffle(parts)
    order = list(range(len(results)))
    random.shuffle(order)
    assert same(Results.join(parts), results)
    assert same(Results(**{n: c[order] for n, c in columns_of(results).items()}), results)


def test_equal_results_give_equal_bytes_and_a_small_file(tmp_path: Path) -> None:
    results = study(episodes=40, seeds=range(5))
    parts = [results.where(row=name) for name in reversed(results.names("row"))]
    results.write(tmp_path / "a.parquet")
    Results.join(parts).write(tmp_path / "b.parquet")
    content = (tmp_path / "a.parquet").read_bytes()
    assert content == (tmp_path / "b.parquet").read_bytes()
    # Six metrics of four bytes are what cannot be foreseen; the keys take next to nothing.
    assert len(content) < 4 * len(METRICS) * len(results)


def test_lines_are_taken_out_by_their_keys() -> None:
    results = Results.join([study(), study(protocol="paper", of=1)])
    assert len(results.where(row="odom-vao")) == 2 * 3 * 3 * 6
    assert len(results.where(row=["odom-vao", "behaviour"], protocol="wide")) == (3 + 1) * 3 * 6
    assert len(results.where(task="bcb", seed=2)) == 2 * len(LEVELS) * 6
    assert results.where(protocol="paper", seed=[0, 2]).names("seed") == [0, 2]
    assert results.names("task") == ["cpa_mcb", "target_roas", "bcb"]
    assert results.names("row") == sorted([*LEVELS, *FIXED, "optimum"])
    with pytest.raises(InvalidArgumentError, match=r"`row`.*Did you mean 'odom-vao'"):
        results.where(row="odom-voa")
    with pytest.raises(InvalidArgumentError, match="`seed` must be one of 0, 1, 2; found 7"):
        results.where(seed=7)
    with pytest.raises(InvalidArgumentError, match="`column` must be one of"):
        results.names("value")


def test_a_line_twice_is_refused() -> None:
    results = study()
    with pytest.raises(InvalidDataError, match=r"once; found .twice \('behaviour', 'wide', 'bcb'"):
        Results.join([results, results.where(row="behaviour")])


def test_seeds_that_cover_different_episodes_are_refused() -> None:
    one, other = hand_made({"a": [[1.0, 2.0, 3.0]]}), hand_made({"a": [[1.0, 2.0]]}, seeds=(1,))
    expected = r"same episodes for all seeds.*episode 2 in only one of \('a', 'wide', 'bcb', 0\)"
    with pytest.raises(InvalidDataError, match=expected):
        Results.join([one, other])
    # Tasks and entrants may differ in their episodes here; tables ask for more.
    assert len(Results.join([one, hand_made({"b": [[1.0]]})])) == 4


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("value", np.nan, r"`value` must be finite; found .nan of \('behaviour'"),
        ("score_paper", np.inf, "`score_paper` must be finite"),
        ("value", 1e39, "`value` must be finite; found .inf"),
        ("seed", -1, "`seed` must be >= 0; found -1"),
        ("seed", 40_000, "`seed` must be at most 32767; found 40000"),
        ("seed", 0.5, "`seed` must be a row of whole numbers"),
        ("episode", -3, "`episode` must be >= 0"),
        ("seats", 0, "`seats` must be >= 1; found 0"),
        ("task", "cpa", "`task` must be one of cpa_mcb, target_roas, bcb; found 'cpa'"),
        ("protocol", "open", "`protocol` must be one of paper, wide; found 'open'"),
        ("row", "", "`row` must name an entrant"),
        ("row", 3, "`row` must be a row of texts"),
    ],
)
def test_what_is_no_result_is_refused(column: str, value: object, message: str) -> None:
    columns = columns_of(study())
    given: list[object] = [value, *columns[column].tolist()[1:]]
    if column == "row" and value == 3:
        given = [value] * len(given)
    with pytest.raises(InvalidDataError, match=message):
        Results(**{**columns, column: np.array(given)})


def test_columns_of_other_lengths_and_shapes_are_refused() -> None:
    columns = columns_of(study())
    with pytest.raises(InvalidDataError, match="columns of one length"):
        Results(**{**columns, "value": columns["value"][1:]})
    with pytest.raises(InvalidDataError, match=r"`value` must be a row of numbers.*shape"):
        Results(**{**columns, "value": columns["value"][:, None]})


def test_a_metric_left_out_is_named() -> None:
    metrics = {name: [1.0] for name in METRICS if name != "value"}
    with pytest.raises(InvalidArgumentError, match=r"`metrics` must hold .* Add value"):
        Results.of("a", 0, "wide", "bcb", [1], 4, metrics)


def test_other_metrics_are_left_aside() -> None:
    metrics = {**{name: [1.0] for name in METRICS}, "cpa_ratio": [np.nan]}
    assert len(Results.of("a", 0, "wide", "bcb", [1], 4, metrics)) == 1


def test_files_that_hold_something_else_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "raw.parquet"
    with pytest.raises(InvalidDataError, match="whole Parquet file"):
        Results.read(path)
    study().write(path)
    content = path.read_bytes()
    for damaged in (b"", b"PAR1", content[:-20], content[:200] + b"x" * 64 + content[264:]):
        path.write_bytes(damaged)
        with pytest.raises(InvalidDataError):
            Results.read(path)
    path.write_bytes(content)
    table = pq.read_table(path)
    first = table["value"].cast(pa.float64())
    for other, message in (
        (table.drop_columns(["seats"]), r"odd \['seats'\]"),
        (table.append_column("more", table["seats"]), r"odd \['more'\]"),
        (table.set_column(10, "value", first), "float in column 'value'; found 'double'"),
    ):
        pq.write_table(other, path)
        with pytest.raises(InvalidDataError, match=message):
            Results.read(path)
    holes = pa.array([None, *table["value"].to_pylist()[1:]], pa.float32())
    pq.write_table(table.set_column(10, "value", holes), path)
    with pytest.raises(InvalidDataError, match="no nulls in column 'value'"):
        Results.read(path)


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "raw.parquet"
    path.write_bytes(b"old")

    def fail(*args: object, **options: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(pq, "write_table", fail)
    with pytest.raises(OSError, match="disk full"):
        study().write(path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
