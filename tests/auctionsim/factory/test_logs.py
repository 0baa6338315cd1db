from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import auctionsim
from auctionsim.dataset import Dataset, Trajectories, convert_log
from auctionsim.errors import InvalidArgumentError, InvalidDataError
from auctionsim.factory import log_rows, log_writing
from auctionsim.factory.config import LogsConfig
from auctionsim.factory.generation import generate_dataset
from auctionsim.factory.log_columns import AUCTIONNET_COLUMNS, COLUMNS
from auctionsim.factory.log_rows import capped
from auctionsim.generate import DatasetConfig
from auctionsim.market import CampaignTerms, MarketConfig, ValueSpreads
from auctionsim.observation import FEATURES
from auctionsim.simulator import Simulation
from auctionsim.tasks import TASKS
from auctionsim.traffic import draw_day, episode_key
from tests.auctionsim.dataset.samples import LOG_HEADER, LOGS, make_log, write_csv
from tests.auctionsim.factory.samples import contents
from tests.auctionsim.worlds import WORLD, world, write_world

Log = dict[str, NDArray[np.float64]]

SEED = 11
ONE_BY_ONE = "tests.auctionsim.factory.bidders:OneByOne"
SHARES = f"{{'{ONE_BY_ONE}': 2, limit_aware: 1, pid: 1, fixed: 1}}"
RICH = ValueSpreads({"cpa_mcb": 0.0, "target_roas": 0.5, "bcb": 0.2}, realised=0.3)
TIGHT = replace(WORLD.campaigns, budget=(20.0, 60.0), budget_step=1.0)
MARKETS: dict[str, MarketConfig] = {
    "default": world(opportunities=700, values=RICH),
    "tight budgets": world(opportunities=700, values=RICH, campaigns=TIGHT),
    "auctionnet": world(opportunities=700, rules="auctionnet"),
    "auctionnet, tight budgets": world(opportunities=700, rules="auctionnet", campaigns=TIGHT),
    "another least budget": world(opportunities=700, campaigns=TIGHT, min_remaining_budget=9.0),
    "one slot, first price": world(opportunities=700, slots=1, mechanism="first_price"),
}


def make(
    folder: Path, market: MarketConfig, logs: LogsConfig, episodes: dict[str, int] | None = None
) -> Path:
    """Generate a dataset with logs, of bidders of all kinds; returns its folder."""
    folder.mkdir(exist_ok=True)
    lineup = folder / "own.yaml"
    lineup.write_text(f"name: own\nbidders: {{{', '.join(f'{t}: {SHARES}' for t in TASKS)}}}\n")
    config = DatasetConfig(
        "toy", write_world(folder, market), str(lineup), episodes or {"train": 2}, SEED, logs=logs
    )
    generate_dataset(config, folder / "d", progress=False)
    return folder / "d"


def read(path: Path) -> Log:
    table = pq.read_table(path)
    assert table.column_names == list(COLUMNS)
    return {name: table[name].to_numpy() for name in COLUMNS}


def converted(folder: Path, out: Path) -> Trajectories:
    convert_log(folder / "logs", out, folder / "logs/tasks.yaml", progress=False)
    return Dataset.open(out).load("train")


def assert_read_back(found: Trajectories, wanted: Trajectories) -> None:
    """Demand equal bits, but for means of bids: sums of as many float32 numbers, rounded once."""
    for name, array in wanted.arrays().items():
        other = getattr(found, name)
        if name == "bidder":
            assert set(other) == {"log"}
        elif name in ("state", "final_state"):
            for place, feature in enumerate(FEATURES):
                rtol = 3e-7 if feature.startswith("mean_bid") else 0.0
                np.testing.assert_allclose(
                    other[..., place], array[..., place], rtol, 1e-12, err_msg=f"{name} {feature}"
                )
        else:
            np.testing.assert_array_equal(other, array, err_msg=name)


@pytest.mark.parametrize("name", MARKETS)
def test_logs_are_read_back_to_all_but_who_played_and_the_last_digit_of_mean_bids(
    tmp_path: Path, name: str
) -> None:
    folder = make(tmp_path, MARKETS[name], LogsConfig({"train": 2}))
    wanted = Dataset.open(folder).load("train")
    assert_read_back(converted(folder, tmp_path / "c"), wanted)
    assert set(wanted.task) == {0, 1, 2}
    assert (wanted.active.mean() < 0.97) == ("tight" in name or "least" in name)
    assert ONE_BY_ONE in set(wanted.bidder)


@pytest.mark.parametrize("kind", ["csv", "csv.gz"])
def test_text_says_the_same_as_parquet(tmp_path: Path, kind: str) -> None:
    market = MARKETS["tight budgets"]
    parquet = make(tmp_path / "p", market, LogsConfig({"train": 1}))
    text = make(tmp_path / "t", market, LogsConfig({"train": 1}, format=kind))
    path = text / f"logs/period-00000.{kind}"
    data = gzip.decompress(path.read_bytes()) if kind == "csv.gz" else path.read_bytes()
    assert data.partition(b"\n")[0].decode() == ",".join(COLUMNS)
    table = pyarrow.csv.read_csv(pa.BufferReader(data))
    for column, values in read(parquet / "logs/period-00000.parquet").items():
        np.testing.assert_array_equal(table[column].to_numpy(), values, err_msg=column)
    first, second = (converted(f, tmp_path / f.parent.name / "c") for f in (parquet, text))
    np.testing.assert_array_equal(first.state, second.state)


def test_the_first_columns_are_auctionnets(tmp_path: Path) -> None:
    assert tuple(AUCTIONNET_COLUMNS) == LOG_HEADER == COLUMNS[:18]
    assert len(COLUMNS) == len(set(COLUMNS)) == 23
    folder = make(tmp_path, MARKETS["default"], LogsConfig({"train": 1}))
    schema = pq.read_schema(folder / "logs/period-00000.parquet")
    assert set(schema.types) == {pa.float64()}
    # AuctionNet's order: step, opportunity, advertiser.
    log = read(folder / "logs/period-00000.parquet")
    order = np.lexsort((log["advertiserNumber"], log["pvIndex"], log["timeStepIndex"]))
    np.testing.assert_array_equal(order, np.arange(len(order)))


def grid(log: Log, step: int, name: str) -> NDArray[np.float64]:
    """Return a column of one step, (opportunities, advertisers)."""
    rows = log["timeStepIndex"] == step
    column: NDArray[np.float64] = log[name][rows].reshape(-1, WORLD.advertisers)
    return column


@pytest.mark.parametrize("name", MARKETS)
def test_the_bids_of_a_log_clear_to_its_sales(tmp_path: Path, name: str) -> None:
    market = MARKETS[name]
    log = read(make(tmp_path, market, LogsConfig({"train": 1})) / "logs/period-00000.parquet")
    keys = draw_day(market, episode_key(SEED, 0)).step_keys
    lowered = 0
    for step in range(market.steps):
        bids = grid(log, step, "bid").astype(np.float32)
        np.testing.assert_array_equal(bids, grid(log, step, "bid"))
        cleared = auctionsim.clear(
            bids, market.reserve_price, market.slots, market.mechanism, market.rules,
            seed=int(keys[step]),
        )  # fmt: skip
        slots, prices = np.zeros(bids.shape), np.zeros(bids.shape, np.float32)
        row, slot = np.nonzero(cleared.winners >= 0)
        slots[row, cleared.winners[row, slot]] = slot + 1
        prices[row, cleared.winners[row, slot]] = cleared.prices[row, slot]
        np.testing.assert_array_equal(grid(log, step, "adSlot"), slots)
        np.testing.assert_array_equal(grid(log, step, "xi"), slots > 0)
        np.testing.assert_array_equal(grid(log, step, "cost"), prices)
        price = grid(log, step, "leastWinningCost")
        np.testing.assert_array_equal(price, np.tile(cleared.market_price[:, None], bids.shape[1]))
        paid = grid(log, step, "cost") * grid(log, step, "isExposed")
        if market.rules == "default":
            before = np.vstack([np.zeros(bids.shape[1]), np.cumsum(paid, axis=0)[:-1]])
            left = grid(log, step, "remainingBudget") - before
            assert (bids <= left + 1e-9).all()
        wanted = grid(log, step, "playedMultiplier") * grid(log, step, "knownValue")
        lowered += int((bids < wanted * (1 - 1e-6)).sum())
    assert lowered > 0 or "tight" not in name


def test_what_a_log_says_of_conversions_and_ends(tmp_path: Path) -> None:
    market = MARKETS["tight budgets"]
    log = read(make(tmp_path, market, LogsConfig({"train": 1})) / "logs/period-00000.parquet")
    converted, seen, won = (log[n] == 1 for n in ("conversionAction", "isExposed", "xi"))
    assert converted.any()
    assert not (converted & ~seen).any()
    assert not (seen & ~won).any()
    assert (log["cost"][won & ~seen] > 0).any()
    np.testing.assert_array_equal(log["conversionValue"] > 0, converted)
    short = log["remainingBudget"] < market.min_remaining_budget
    np.testing.assert_array_equal(log["isActive"] == 0, short)
    last = log["timeStepIndex"] == market.steps - 1
    np.testing.assert_array_equal(log["isEnd"] == 1, short | last)
    assert short.any()
    ratio = log["pValueSigma"] / np.maximum(log["pValue"], 1e-30)
    assert 0 < ratio.max() < 1


def test_rows_do_not_depend_on_how_many_are_put_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    market, logs = MARKETS["tight budgets"], LogsConfig({"train": 1})
    one = read(make(tmp_path / "1", market, logs) / "logs/period-00000.parquet")
    monkeypatch.setattr(log_rows, "_ROWS_AT_ONCE", 20)
    folder = make(tmp_path / "2", market, logs)
    two = read(folder / "logs/period-00000.parquet")
    assert pq.ParquetFile(folder / "logs/period-00000.parquet").metadata.num_row_groups > 100
    for name, values in one.items():
        np.testing.assert_array_equal(values, two[name], err_msg=name)


def test_parts_of_the_episodes_steps_and_advertisers_can_be_chosen(tmp_path: Path) -> None:
    market, episodes = MARKETS["default"], {"train": 2, "val_align": 1, "test": 3}
    whole = make(tmp_path / "w", market, LogsConfig({"train": 1, "test": 2}), episodes)
    assert {p.name for p in (whole / "logs").iterdir()} == {
        "period-00000.parquet", "period-00003.parquet", "period-00004.parquet", "tasks.yaml",
    }  # fmt: skip
    assert len(Dataset.open(whole).card.logs) == 4
    logs = LogsConfig({"test": 1}, steps=(2, 7), advertisers=(5, 1))
    part = make(tmp_path / "p", market, logs, episodes)
    found = read(part / "logs/period-00003.parquet")
    log = read(whole / "logs/period-00003.parquet")
    keep = np.isin(log["timeStepIndex"], [2, 7]) & np.isin(log["advertiserNumber"], [1, 5])
    for name, values in log.items():
        np.testing.assert_array_equal(found[name], values[keep], err_msg=name)


def test_some_advertisers_alone_are_read_back_too(tmp_path: Path) -> None:
    folder = make(tmp_path, MARKETS["default"], LogsConfig({"train": 2}, advertisers=(1, 6)))
    wanted = Dataset.open(folder).load("train")
    wanted = wanted.take(np.flatnonzero(np.isin(wanted.advertiser, [1, 6])))
    assert_read_back(converted(folder, tmp_path / "c"), wanted)


def test_shards_and_the_rest_of_the_card_are_those_of_a_dataset_without_logs(
    tmp_path: Path,
) -> None:
    market = MARKETS["default"]
    plain = contents(make(tmp_path / "1", market, LogsConfig()))
    logged = contents(make(tmp_path / "2", market, LogsConfig({"train": 1})))
    assert plain["train-00000.parquet"] == logged["train-00000.parquet"]
    assert b'"logs"' not in plain["card.json"]


def test_a_step_without_opportunities_has_no_rows_and_cannot_be_read_back(tmp_path: Path) -> None:
    folder = make(tmp_path, world(opportunities=5), LogsConfig({"train": 1}))
    log = read(folder / "logs/period-00000.parquet")
    assert len(log["bid"]) == 5 * WORLD.advertisers
    with pytest.raises(InvalidDataError, match=r"must hold all steps.*opportunities in each"):
        converted(folder, tmp_path / "c")


@pytest.mark.parametrize(("steps", "said"), [((0, 1, 2), "0, 1, 2"), ((1, 3), "1, 3")])
def test_of_some_steps_it_is_said_which_were_logged(
    tmp_path: Path, steps: tuple[int, ...], said: str
) -> None:
    folder = make(tmp_path, MARKETS["default"], LogsConfig({"train": 1}, steps=steps))
    message = rf"must hold all steps of period 0; found 'only {said}'.*generate it with all"
    with pytest.raises(InvalidDataError, match=message):
        converted(folder, tmp_path / "c")


def test_logs_are_converted_by_the_tasks_file_beside_them(tmp_path: Path) -> None:
    folder = make(tmp_path, MARKETS["default"], LogsConfig({"train": 1}))
    told = converted(folder, tmp_path / "told")
    convert_log(folder / "logs", tmp_path / "found", progress=False)
    found = Dataset.open(tmp_path / "found").load("train")
    np.testing.assert_array_equal(found.task, told.task)
    assert set(found.task) == {0, 1, 2}
    (folder / "logs/tasks.yaml").unlink()
    with pytest.raises(InvalidArgumentError, match=r"`tasks` must be given.*no .*tasks\.yaml"):
        convert_log(folder / "logs", tmp_path / "lost", progress=False)
    assert not (tmp_path / "lost").exists()


def test_logs_of_datasets_with_different_tasks_are_not_mixed(tmp_path: Path) -> None:
    folder = make(tmp_path, MARKETS["default"], LogsConfig({"train": 1}))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "tasks.yaml").write_text("default: bcb\n")
    logs = [folder / "logs/period-00000.parquet", tmp_path / "other" / "period-00001.parquet"]
    logs[1].write_bytes(logs[0].read_bytes())
    with pytest.raises(InvalidArgumentError, match="have different tasks"):
        convert_log(logs, tmp_path / "c", progress=False)


def test_an_episode_without_opportunities_is_an_empty_log(tmp_path: Path) -> None:
    folder = make(tmp_path, world(opportunities=0), LogsConfig({"train": 1}))
    assert len(read(folder / "logs/period-00000.parquet")["bid"]) == 0
    Dataset.open(folder).verify()


def test_sales_are_kept_of_no_other_steps_than_those_logged(tmp_path: Path) -> None:
    seen = []

    class Counted(Simulation):
        def step(self, *arguments: Any, **settings: Any) -> Any:
            outcome = super().step(*arguments, **settings)
            seen.append(outcome.sales is not None)
            return outcome

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(log_writing, "Simulation", Counted)
        make(tmp_path, MARKETS["default"], LogsConfig({"train": 1}, steps=(3,)))
    assert seen == [step == 3 for step in range(WORLD.steps)]


@settings(max_examples=200)
@given(
    budget=st.floats(0.0, 1e6),
    share=st.floats(0.0, 1.0),
    bids=st.lists(st.floats(0.0, 1e6, width=32), min_size=1, max_size=20),
    seen=st.lists(st.booleans(), min_size=20, max_size=20),
)
def test_bids_are_lowered_to_what_is_left(
    budget: float, share: float, bids: list[float], seen: list[bool]
) -> None:
    """Beside the plain walk: each pays its bid where it is seen."""
    spent, wanted, paid = budget * share, [], []
    start = spent
    for bid, exposed in zip(bids, seen, strict=False):
        left = budget - spent
        cap = np.float32(left)
        while float(cap) > left:
            cap = np.nextafter(cap, np.float32(0.0))
        wanted.append(min(np.float32(bid), max(cap, np.float32(0.0))))
        paid.append(wanted[-1] if exposed else np.float32(0.0))
        spent = min(spent + float(paid[-1]), budget)
    found = capped(np.array(bids, np.float32), np.array(paid, np.float32), budget, start)
    np.testing.assert_array_equal(found, np.array(wanted, np.float32))


def test_logs_of_ours_lack_none_of_our_columns(tmp_path: Path) -> None:
    log = make_log() | {"knownValue": np.full(len(make_log()["bid"]), 0.1)}
    with pytest.raises(InvalidDataError, match="`conversionValue` must be a column of"):
        convert_log(write_csv(tmp_path / "a.csv", log), tmp_path / "out", progress=False)


def test_values_of_our_columns_are_checked(tmp_path: Path) -> None:
    n = len(make_log()["bid"])
    own = {name: np.zeros(n) for name in COLUMNS[18:]}
    (tmp_path / "tasks.yaml").write_text("default: bcb\n")
    for name, value in (("isActive", 0.5), ("knownValue", -1.0), ("biasFactor", np.inf)):
        log = make_log() | {k: v.copy() for k, v in own.items()}
        log[name][3] = value
        with pytest.raises(InvalidDataError, match=rf"`{name}` must be .* line 5 of"):
            convert_log(write_csv(tmp_path / "a.csv", log), tmp_path / "out", progress=False)


def test_a_period_cannot_be_half_ours(tmp_path: Path) -> None:
    log = make_log(volumes=(2, 2))
    half = len(log["bid"]) // 2
    own = {name: np.zeros(half) for name in COLUMNS[18:]}
    first = write_csv(tmp_path / "a.csv", {n: v[:half] for n, v in log.items()})
    rest = write_csv(tmp_path / "b.csv", {n: v[half:] for n, v in log.items()} | own)
    with pytest.raises(InvalidDataError, match="`knownValue` must be in all rows of period 0"):
        convert_log([first, rest], tmp_path / "out", progress=False)


def test_our_logs_and_auctionnets_can_be_converted_together(tmp_path: Path) -> None:
    terms = CampaignTerms(task_shares={"cpa_mcb": 1, "target_roas": 0, "bcb": 0})
    market = MarketConfig("forty-eight", 9600, 48, campaigns=terms, reserve_price=0.01)
    folder = make(tmp_path, market, LogsConfig({"train": 3}), {"train": 3})
    ours = folder / "logs/period-00002.parquet"
    convert_log([LOGS / "period-0.csv.gz", ours], tmp_path / "both", progress=False)
    both = Dataset.open(tmp_path / "both").load("train")
    convert_log(LOGS / "period-0.csv.gz", tmp_path / "theirs", progress=False)
    theirs = Dataset.open(tmp_path / "theirs").load("train")
    np.testing.assert_array_equal(both.take(np.arange(48)).action, theirs.action)
    wanted = Dataset.open(folder).load("train")
    assert_read_back(both.take(np.arange(48, 96)), wanted.take(np.flatnonzero(wanted.episode == 2)))
