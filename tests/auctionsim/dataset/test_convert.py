from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from auctionsim.dataset import Dataset, Trajectories, convert_log
from auctionsim.observation import FEATURES
from tests.auctionsim.dataset.samples import (
    GOLDEN,
    LOGS,
    make_log,
    write_csv,
    write_parquet,
)

SLICES = ("period-0.csv.gz", "period-1.parquet")
# Every number is computed in float64 and stored in float32, which rounds by up to 6e-8.
RTOL = 1e-6


def convert(source: Path, out: Path) -> Trajectories:
    convert_log(source, out, progress=False)
    return Dataset.open(out).load("train")


@pytest.mark.parametrize("period", [0, 1])
def test_slices_give_what_auctionnets_own_builder_gives(tmp_path: Path, period: int) -> None:
    found = convert(LOGS / SLICES[period], tmp_path / "out")
    golden = np.load(GOLDEN / f"period-{period}.npz")
    assert len(found) == 48
    assert set(found.episode) == {period}
    assert found.advertiser.tolist() == list(range(48))
    rows = golden["advertiserNumber"].astype(int), golden["timeStepIndex"].astype(int)
    for place, name in enumerate(FEATURES[:16]):
        wanted = golden["state"][:, place]
        # pandas' rolling means leave rests near 1e-17 where the window holds only zeros.
        np.testing.assert_allclose(found.state[..., place][rows], wanted, RTOL, 1e-14, err_msg=name)
    np.testing.assert_allclose(found.action[rows], golden["action"], RTOL)
    np.testing.assert_array_equal(found.reward[rows], golden["reward"])
    np.testing.assert_array_equal(found.value, found.reward)
    for expected in (found.expected_value, found.expected_conversions):
        np.testing.assert_allclose(expected[rows], golden["reward_continuous"], RTOL)
    last = rows[1] == 47
    totals = found.totals()
    np.testing.assert_allclose(totals.cost, golden["realAllCost"][last], RTOL)
    np.testing.assert_array_equal(totals.conversions, golden["realAllConversion"][last])
    np.testing.assert_allclose(found.budget, golden["budget"][last], RTOL)
    np.testing.assert_allclose(found.cpa_target, golden["CPAConstraint"][last], RTOL)
    np.testing.assert_array_equal(~found.active[rows] | last, golden["done"] == 1)
    assert 0.5 < found.active.mean() < 1.0


def test_beyond_auctionnets_columns(tmp_path: Path) -> None:
    found = convert(LOGS / SLICES[0], tmp_path / "out")
    ratio = found.cost / found.budget[:, None]
    np.testing.assert_array_equal(found.state[:, 0, 16], 0.0)
    np.testing.assert_allclose(found.state[:, 1:, 16], ratio[:, :-1], RTOL)
    np.testing.assert_allclose(found.final_state[:, 16], ratio[:, -1], RTOL)
    final = dict(zip(FEATURES, found.final_state.T, strict=True))
    before = found.state[:, -1, FEATURES.index("budget_left")]
    np.testing.assert_allclose(
        final["budget_left"], np.maximum(before - ratio[:, -1], 0.0), atol=1e-6
    )
    assert set(final["time_left"]) == set(final["current_volume"]) == {0.0}
    assert set(final["volume_so_far"]) == {48.0 * 8.0}
    assert set(found.bidder) == {"log"}
    assert found.category.tolist() == [advertiser // 8 for advertiser in range(48)]


def test_a_folder_of_logs_is_one_dataset_and_counts_are_reported(tmp_path: Path) -> None:
    report = convert_log(LOGS, tmp_path / "out", tasks=LOGS / "tasks.yaml", progress=False)
    assert (report.files, report.rows, report.periods, report.trajectories) == (2, 36_864, 2, 96)
    assert report.tasks == {"cpa_mcb": 4, "target_roas": 12, "bcb": 80}
    found = Dataset.open(tmp_path / "out").load("train")
    roas, cpa = found.task == 1, found.task == 0
    assert np.isnan(found.cpa_target[~cpa]).all()
    assert np.isnan(found.roas_target[~roas]).all()
    constraints = np.load(GOLDEN / "period-0.npz")["CPAConstraint"].reshape(48, 48)[:, 0]
    np.testing.assert_allclose(found.roas_target[roas], 1 / constraints[found.advertiser[roas]])
    np.testing.assert_allclose(found.cpa_target[cpa], constraints[found.advertiser[cpa]])
    run = json.loads((tmp_path / "out/run.json").read_text())
    assert run["rows"] == 36_864
    assert run["seconds"] > 0


def test_the_form_of_a_log_does_not_change_a_bit(tmp_path: Path) -> None:
    log = make_log([5, 6], volumes=(700, 400, 900), advertisers=(4, 2, 9))
    reordered = dict(reversed(log.items())) | {"comment": np.full(len(log["bid"]), np.nan)}
    sources = [
        write_csv(tmp_path / "a.csv", log),
        write_csv(tmp_path / "a.csv.gz", log),
        write_parquet(tmp_path / "a.parquet", log),
        write_csv(tmp_path / "b.csv", reordered),
    ]
    quoted = [
        f'"{line.replace(",", chr(34) + "," + chr(34))}"'
        for line in (sources[0].read_text().splitlines())
    ]
    (tmp_path / "quoted.csv").write_text("\ufeff" + "\r\n".join(quoted))
    shards = set()
    for place, source in enumerate([*sources, tmp_path / "quoted.csv"]):
        convert_log(source, tmp_path / f"out{place}", progress=False)
        shards.add((tmp_path / f"out{place}" / "train-00000.parquet").read_bytes())
    assert len(shards) == 1


def test_whole_numbers_may_be_written_without_a_point(tmp_path: Path) -> None:
    log = make_log()
    source = write_parquet(tmp_path / "a.parquet", log)
    wanted = convert(source, tmp_path / "floats")
    small = {"xi": np.bool_, "advertiserNumber": np.int64, "timeStepIndex": np.uint8}
    mixed = log | {name: log[name].astype(kind) for name, kind in small.items()}
    found = convert(write_parquet(tmp_path / "b.parquet", mixed), tmp_path / "mixed")
    np.testing.assert_array_equal(found.state, wanted.state)
    text = (write_csv(tmp_path / "a.csv", log)).read_text().replace(".0,", ",")
    (tmp_path / "a.csv").write_text(text)
    found = convert(tmp_path / "a.csv", tmp_path / "text")
    np.testing.assert_array_equal(found.state, wanted.state)


def test_a_period_may_go_on_in_the_next_file_of_natural_order(tmp_path: Path) -> None:
    log = make_log([0, 1])
    folder = tmp_path / "logs"
    folder.mkdir()
    for name, rows in (("part-2.csv", slice(0, 20)), ("part-10.csv", slice(20, None))):
        write_csv(folder / name, {column: values[rows] for column, values in log.items()})
    (folder / "notes.txt").write_text("not a log")
    whole = convert(write_csv(tmp_path / "whole.csv", log), tmp_path / "a")
    parts = convert(folder, tmp_path / "b")
    np.testing.assert_array_equal(parts.state, whole.state)
    assert parts.episode.tolist() == [0, 0, 0, 1, 1, 1]


def test_many_periods_go_to_several_shards(tmp_path: Path) -> None:
    source = write_parquet(tmp_path / "a.parquet", make_log(range(45), volumes=(1, 2)))
    found = convert(source, tmp_path / "out")
    assert np.unique(found.episode).tolist() == list(range(45))
    shards = Dataset.open(tmp_path / "out").card.shards
    assert [shard.rows for shard in shards] == [60, 60, 15]
    Dataset.open(tmp_path / "out").verify()


def test_converting_again_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        convert_log(LOGS / SLICES[1], tmp_path / name, progress=False)
    for file in ("card.json", "train-00000.parquet"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_split_and_least_budget_can_be_chosen(tmp_path: Path) -> None:
    source = write_csv(tmp_path / "a.csv", make_log())
    convert_log(
        source, tmp_path / "out", progress=False, splits={"test": [0]}, min_remaining_budget=0.0
    )
    dataset = Dataset.open(tmp_path / "out")
    assert dataset.splits == ("test",)
    assert dataset.load("test").active.all()


def test_an_advertiser_takes_part_from_the_least_budget_on(tmp_path: Path) -> None:
    log = make_log(volumes=(1,), advertisers=(0, 1, 2))
    log["remainingBudget"][:] = [0.1, 0.0999, 5.0]
    found = convert(write_csv(tmp_path / "a.csv", log), tmp_path / "out")
    assert found.active.tolist() == [[True], [False], [True]]


def test_progress_is_shown_only_if_wanted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_csv(tmp_path / "a.csv", make_log())
    convert_log(source, tmp_path / "a", progress=False)
    assert capsys.readouterr() == ("", "")
    convert_log(source, tmp_path / "b", progress=True)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "100%" in shown.err


def test_overwriting_replaces_a_dataset(tmp_path: Path) -> None:
    source = write_csv(tmp_path / "a.csv", make_log([1]))
    convert(source, tmp_path / "out")
    write_csv(source, make_log([2]))
    convert_log(source, tmp_path / "out", overwrite=True, progress=False)
    assert set(Dataset.open(tmp_path / "out").load("train").episode) == {2}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "out"]


def test_an_empty_folder_and_new_parents_will_do(tmp_path: Path) -> None:
    source = write_csv(tmp_path / "a.csv", make_log())
    (tmp_path / "empty").mkdir()
    convert(source, tmp_path / "empty")
    convert(source, tmp_path / "new/deeper/out")
    shutil.rmtree(tmp_path / "new")
