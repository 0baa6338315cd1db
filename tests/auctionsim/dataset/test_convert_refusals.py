"""Every wrong log is one clear line, and leaves nothing behind."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auctionsim.dataset import Dataset, convert_log, writer
from auctionsim.errors import AuctionSimError, InvalidArgumentError, InvalidDataError
from tests.auctionsim.dataset.samples import LOGS, make_log, write_csv, write_parquet


def refusal(
    tmp_path: Path,
    source: Any,
    error: type[AuctionSimError] = InvalidDataError,
    out: str = "deep/er/out",
) -> str:
    """Convert, expect an error, and check that nothing is left beside what was there."""
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(error) as caught:
        convert_log(source, tmp_path / out, progress=False)
    assert sorted(tmp_path.rglob("*")) == before
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 700
    return message


def csv_with(tmp_path: Path, change: Callable[[list[str]], list[str]]) -> Path:
    """Write a small log, changing its lines (the header is the first)."""
    path = write_csv(tmp_path / "a.csv", make_log())
    path.write_text("".join(change(path.read_text().splitlines(keepends=True))))
    return path


def field(line: int, column: int, value: str) -> Callable[[list[str]], list[str]]:
    """Change one field; lines count from 1."""

    def change(lines: list[str]) -> list[str]:
        parts = lines[line - 1].rstrip("\n").split(",")
        parts[column] = value
        return [*lines[: line - 1], ",".join(parts) + "\n", *lines[line:]]

    return change


@pytest.mark.parametrize("value", ["cheap", "", "1.2.3", "None"])
def test_text_where_a_number_should_be(tmp_path: Path, value: str) -> None:
    message = refusal(tmp_path, csv_with(tmp_path, field(7, 10, value)))
    assert message.startswith(f"`bid` must be a number in line 7 of a.csv; found {value!r}")


@pytest.mark.parametrize("value", ["nan", "-1.0", "inf", "1e999"])
def test_numbers_that_are_not_allowed(tmp_path: Path, value: str) -> None:
    message = refusal(tmp_path, csv_with(tmp_path, field(7, 10, value)))
    assert message.startswith("`bid` must be finite and >= 0 in line 7 of a.csv; found")


def test_a_missing_column_is_named_with_the_nearest(tmp_path: Path) -> None:
    message = refusal(tmp_path, csv_with(tmp_path, field(1, 16, "leastWiningCost")))
    assert message.startswith("`leastWinningCost` must be a column of a.csv")
    assert "Did you mean its column 'leastWiningCost'?" in message


def test_a_column_given_twice(tmp_path: Path) -> None:
    message = refusal(tmp_path, csv_with(tmp_path, field(1, 9, "bid")))
    assert message.startswith("`bid` must be one column of a.csv; found '2 of them'")


def test_a_file_without_a_header(tmp_path: Path) -> None:
    message = refusal(tmp_path, csv_with(tmp_path, lambda lines: lines[1:]))
    assert message.startswith("`deliveryPeriodIndex` must be a column of a.csv")


def test_a_last_line_that_is_cut_off(tmp_path: Path) -> None:
    message = refusal(tmp_path, csv_with(tmp_path, lambda ls: [*ls[:-1], ls[-1][:30]]))
    assert "must have 18 fields in line 16" in message


def test_lines_missing_at_the_end(tmp_path: Path) -> None:
    message = refusal(tmp_path, csv_with(tmp_path, lambda lines: lines[:-1]))
    assert "must have as many rows as the others in step 1" in message


def test_an_empty_file_and_a_mere_header(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("")
    assert "must be a column of a.csv; found 'no columns'" in refusal(tmp_path, path)
    path = csv_with(tmp_path, lambda lines: lines[:1])
    assert "must hold rows; found 'none'" in refusal(tmp_path, path)
    empty = {name: values[:0] for name, values in make_log().items()}
    path = write_parquet(tmp_path / "a.parquet", empty)
    assert "must hold rows; found 'none'" in refusal(tmp_path, path)


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.99, 0.99999])
@pytest.mark.parametrize("name", ["period-0.csv.gz", "period-1.parquet"])
def test_a_truncated_file(tmp_path: Path, name: str, kept: float) -> None:
    data = (LOGS / name).read_bytes()
    (tmp_path / name).write_bytes(data[: int(len(data) * kept)])
    assert "must be a whole" in refusal(tmp_path, tmp_path / name)


def test_a_damaged_gzip(tmp_path: Path) -> None:
    data = bytearray((LOGS / "period-0.csv.gz").read_bytes())
    data[len(data) // 2] ^= 0xFF
    (tmp_path / "a.csv.gz").write_bytes(data)
    refusal(tmp_path, tmp_path / "a.csv.gz")


# A fixed time, so that the test has the same name in every process of a parallel run.
ZIPPED = gzip.compress(b"\xff" * 99, mtime=0)


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.parquet"])
@pytest.mark.parametrize(
    "data",
    [
        b"\x00" * 3000,
        bytes(range(256)) * 50,
        b"PAR1",
        b"\x1f\x8b",
        ZIPPED,
    ],
)
def test_junk(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    refusal(tmp_path, tmp_path / name)


def test_a_line_beyond_all_bounds(tmp_path: Path) -> None:
    path = csv_with(tmp_path, field(7, 9, "1" * 3_000_000))
    refusal(tmp_path, path)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (pa.array(["1.0"] * 15), "`bid` must be numeric in a.parquet; found 'string'"),
        (pa.array([1.0] * 6 + [None] * 9), "`bid` must be given in row 7 of a.parquet"),
        (pa.array([1.0] * 6 + [-1.0] * 9), "`bid` must be finite and >= 0 in row 7 of a.parquet"),
        (pa.array([[1.0]] * 15), "`bid` must be numeric"),
    ],
)
def test_wrong_columns_in_parquet(tmp_path: Path, values: pa.Array, message: str) -> None:
    table = pa.table(make_log())
    table = table.set_column(table.schema.get_field_index("bid"), "bid", values)
    pq.write_table(table, tmp_path / "a.parquet")
    assert refusal(tmp_path, tmp_path / "a.parquet").startswith(message)
    pq.write_table(table.drop_columns(["bid"]), tmp_path / "a.parquet")
    assert "`bid` must be a column" in refusal(tmp_path, tmp_path / "a.parquet")


def test_sources_that_are_not_there(tmp_path: Path) -> None:
    assert "must be a file; found 'nothing'" in refusal(tmp_path, tmp_path / "absent.csv")
    folder = tmp_path / "logs"
    folder.mkdir()
    assert "must hold a log" in refusal(tmp_path, folder)
    assert "must be a file; found 'a folder'" in refusal(tmp_path, [folder])
    assert "must hold a log" in refusal(tmp_path, [])


def test_an_error_in_a_later_file_leaves_nothing(tmp_path: Path) -> None:
    first = write_csv(tmp_path / "1.csv", make_log(range(25)))
    second = write_csv(tmp_path / "2.csv", make_log([30]))
    second.write_text(second.read_text()[:-40])
    assert "2.csv" in refusal(tmp_path, [first, second])
    assert "must not come back" in refusal(tmp_path, [first, first])


def test_periods_of_different_length(tmp_path: Path) -> None:
    first = write_csv(tmp_path / "1.csv", make_log([1], volumes=(1, 2)))
    second = write_csv(tmp_path / "2.csv", make_log([2], volumes=(1, 2, 1)))
    message = refusal(tmp_path, [first, second])
    assert "must have 2 steps in every period, as in the first; found '3 in period 2'" in message


def test_a_taken_place_is_left_alone(tmp_path: Path) -> None:
    source = write_csv(tmp_path / "a.csv", make_log())
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.tex").write_text("x")
    assert "must be new or empty" in refusal(tmp_path, source, InvalidArgumentError, "out")
    with pytest.raises(InvalidArgumentError, match=r"must hold card\.json to be overwritten"):
        convert_log(source, out, overwrite=True, progress=False)
    assert (out / "thesis.tex").read_text() == "x"
    with pytest.raises(InvalidArgumentError, match="must be a folder; found 'a file'"):
        convert_log(source, source, overwrite=True, progress=False)
    with pytest.raises(InvalidArgumentError, match="must not hold the log"):
        convert_log(source, tmp_path, overwrite=True, progress=False)
    with pytest.raises(InvalidArgumentError, match="must lie where folders can be made"):
        convert_log(source, source / "out", progress=False)


def test_a_failed_overwrite_keeps_the_old_dataset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_csv(tmp_path / "a.csv", make_log([1]))
    convert_log(source, tmp_path / "out", progress=False)
    good, text = sorted(tmp_path.rglob("*")), source.read_text()
    source.write_text(text[:-40])
    with pytest.raises(InvalidDataError):
        convert_log(source, tmp_path / "out", overwrite=True, progress=False)
    source.write_text(text)

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(writer.DatasetWriter, "finish", killed)
    with pytest.raises(KeyboardInterrupt):
        convert_log(source, tmp_path / "out", overwrite=True, progress=False)
    assert sorted(tmp_path.rglob("*")) == good
    Dataset.open(tmp_path / "out").verify()


def test_arguments_against_their_rule(tmp_path: Path) -> None:
    source = write_csv(tmp_path / "a.csv", make_log())
    with pytest.raises(InvalidArgumentError, match="Did you mean 'train'"):
        convert_log(source, tmp_path / "out", progress=False, splits={"trains": [0]})
    for least in (-1.0, np.nan, np.inf):
        with pytest.raises(InvalidArgumentError, match="`min_remaining_budget`"):
            convert_log(source, tmp_path / "out", progress=False, min_remaining_budget=least)
    tasks = tmp_path / "tasks.yaml"
    tasks.write_text("bcb: [0, 48]\ndefault: cpa_mcb")
    with pytest.raises(InvalidArgumentError, match=r"advertisers of the log .* found '48'"):
        convert_log(source, tmp_path / "out", tasks=tasks, progress=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "tasks.yaml"]


def test_a_period_given_twice_in_two_files_is_refused(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    for name in ("period.csv", "period (copy).csv"):
        write_csv(logs / name, make_log())
    assert "Give every period once" in refusal(tmp_path, logs)


@pytest.mark.parametrize(("column", "value"), [("pValue", 2.0), ("conversionAction", 0.5)])
def test_what_cannot_be_right_is_refused(column: str, value: float, tmp_path: Path) -> None:
    log = make_log()
    log[column][1] = value
    assert f"`{column}`" in refusal(tmp_path, write_csv(tmp_path / "a.csv", log))
