"""Records as they come: lines of JSON, and TensorBoard's scalars."""

from __future__ import annotations

import builtins
import json
from pathlib import Path
from typing import Any

import pytest

from auctionsim.errors import InvalidArgumentError
from vao.history import read_history
from vao.logs import json_lines, scalars, tensorboard

LOSS = {"kind": "loss", "stage": "planner", "step": 3, "losses": {"bcb": 0.5, "cpa_mcb": 2.0}}
SELECT = {"kind": "select", "stage": "planner", "step": 4, "scores": {"bcb": 7.0}, "kept": []}
WEIGHTS = {
    "kind": "weights",
    "stage": "planner",
    "step": 5,
    "tasks": ["cpa_mcb", "bcb"],
    "alignment": [[1.0, 0.1], [0.2, 1.0]],
    "weights": [[0.9, 0.1], [0.3, 0.7]],
}
STOPPED = {"kind": "stopped", "stage": "planner", "step": 6, "tasks": ["bcb"]}


def test_a_line_is_there_as_soon_as_it_is_recorded(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "vao.jsonl"
    with json_lines(path) as record:
        record(LOSS)
        assert read_history(path) == [LOSS]
        record(SELECT)
        assert read_history(path) == [LOSS, SELECT]
    with json_lines(path) as record:
        record(WEIGHTS)
    assert read_history(path) == [WEIGHTS]


def test_what_is_not_finite_is_no_json(tmp_path: Path) -> None:
    with json_lines(tmp_path / "a.jsonl") as record, pytest.raises(ValueError, match="JSON"):
        record(LOSS | {"losses": {"bcb": float("nan")}})
    assert not (tmp_path / "a.jsonl").exists()


def test_without_a_record_the_old_log_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("old\n")
    with json_lines(path):
        pass
    assert path.read_text() == "old\n"


def test_scalars_have_names_of_their_own() -> None:
    assert scalars(LOSS) == {"planner/loss/bcb": 0.5, "planner/loss/cpa_mcb": 2.0}
    assert scalars(SELECT) == {"planner/score/bcb": 7.0}
    found = scalars(WEIGHTS)
    assert found["planner/weight/bcb/cpa_mcb"] == 0.3
    assert found["planner/alignment/cpa_mcb/bcb"] == 0.1
    assert len(found) == 8
    assert scalars(STOPPED) == {}


def test_tensorboard_reads_back_what_was_recorded(tmp_path: Path) -> None:
    loader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    with tensorboard(tmp_path) as record:
        for step in range(3):
            record(LOSS | {"step": step, "losses": {"bcb": 0.5 * step}})
    events = loader.EventAccumulator(str(tmp_path)).Reload()
    found = [(event.step, event.value) for event in events.Scalars("planner/loss/bcb")]
    assert found == [(0, 0.0), (1, 0.5), (2, 1.0)]


def test_without_tensorboard_the_error_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = builtins.__import__

    def refuse(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("torch.utils.tensorboard"):
            raise ImportError("No module named 'tensorboard'")
        return plain(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(InvalidArgumentError, match=r'-e "\.\[tensorboard'), tensorboard(tmp_path):
        pass


def test_records_of_a_run_are_json(tmp_path: Path) -> None:
    with json_lines(tmp_path / "b.jsonl") as record:
        for entry in (LOSS, SELECT, WEIGHTS, STOPPED):
            record(entry)
    lines = (tmp_path / "b.jsonl").read_text().splitlines()
    assert [json.loads(line)["kind"] for line in lines] == ["loss", "select", "weights", "stopped"]
