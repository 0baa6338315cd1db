from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from auctionsim.dataset import Dataset, convert_log, inspect
from auctionsim.errors import InvalidDataError
from tests.auctionsim.dataset.samples import LOGS, make_dataset


def test_counts_are_by_split_task_and_bidder(tmp_path: Path) -> None:
    make_dataset(tmp_path)
    found = inspect(tmp_path, verify=True)
    assert found["trajectories"] == 11
    assert found["counts"]["split"] == {"train": 8, "test": 3}
    assert found["counts"]["task"] == {"cpa_mcb": 4, "target_roas": 4, "bcb": 3}
    assert found["counts"]["bidder"] == {"pid": 6, "été": 5}
    assert found["verified"] is True
    assert found["card"]["seeds"] == {"seed": 3}
    assert found["bytes"] == sum(path.stat().st_size for path in tmp_path.glob("*.parquet"))


def test_statistics_are_those_of_the_totals(tmp_path: Path) -> None:
    convert_log(LOGS, tmp_path / "out", tasks=LOGS / "tasks.yaml", progress=False)
    found = inspect(tmp_path / "out")
    json.dumps(found, allow_nan=False)
    assert found["verified"] is False
    bcb = Dataset.open(tmp_path / "out").load("train", tasks=["bcb"])
    statistics = found["statistics"]["train"]["bcb"]
    assert statistics["trajectories"] == 80
    assert statistics["share_active"] == pytest.approx(bcb.active.mean())
    assert statistics["value"]["0.5"] == pytest.approx(np.median(bcb.totals().value))
    assert statistics["utilisation"]["1"] == pytest.approx(bcb.totals().utilisation.max())
    assert statistics["cpa_ratio"] is None
    assert found["statistics"]["train"]["target_roas"]["roas_ratio"]["0"] >= 0.0


def test_damage_is_reported(tmp_path: Path) -> None:
    make_dataset(tmp_path)
    path = tmp_path / "test-00000.parquet"
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(InvalidDataError, match="SHA-256"):
        inspect(tmp_path, verify=True)
    path.unlink()
    with pytest.raises(InvalidDataError, match=r"test-00000\.parquet"):
        inspect(tmp_path)


def test_without_a_page_the_numbers_behind_it_are_none(tmp_path: Path) -> None:
    make_dataset(tmp_path)
    found = inspect(tmp_path)
    for name in ("page", "sample", "spread", "coverage", "shift"):
        assert found[name] is None


def test_a_page_comes_with_its_numbers_and_the_same_statistics(tmp_path: Path) -> None:
    make_dataset(tmp_path / "data")
    page = tmp_path / "page.html"
    found = inspect(tmp_path / "data", page=page)
    json.dumps(found, allow_nan=False)
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert found["page"] == str(page)
    assert set(found["coverage"]) == {"cpa_mcb", "target_roas", "bcb"}
    assert set(found["coverage"]["bcb"]) == {"visits", "states", "actions", "states_and_actions"}
    assert set(found["coverage"]["bcb"]["states"]) == {"cells", "occupied", "effective"}
    assert {"task", "bidder", "trajectories", "share_violated", "quantiles"} == set(
        found["spread"][0]
    )
    pairs = found["shift"]["pairs"]
    assert pairs[0]["tasks"] == ["cpa_mcb", "target_roas"]
    assert set(pairs[0]) == {
        "tasks",
        "advertisers",
        "shared_advertisers",
        "trajectories",
        "steps",
        "control",
        "unseen",
        "distances",
    }
    assert set(pairs[0]["distances"]["utilisation"]) == {"wasserstein", "ks"}
    plain = inspect(tmp_path / "data")
    assert found["statistics"] == plain["statistics"]
    assert found["counts"] == plain["counts"]
