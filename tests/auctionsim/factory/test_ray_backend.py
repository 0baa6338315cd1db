from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from auctionsim.cli import main
from auctionsim.dataset.card import package_versions
from auctionsim.errors import AuctionSimError, InvalidArgumentError
from auctionsim.factory.config import LogsConfig
from auctionsim.factory.generation import generate_dataset
from auctionsim.factory.parts import LogPart, Recipe, ShardPart
from auctionsim.factory.ray_backend import RayTasks, Sent, send_part
from auctionsim.factory.worker import Failed
from auctionsim.lineup import load_lineup
from tests.auctionsim.dataset.samples import make_writer
from tests.auctionsim.factory.samples import (
    SMALL,
    config_in,
    contents,
    environment,
    write_lineup,
)

RECIPE = Recipe(SMALL, load_lineup("mixed"), 11, LogsConfig({"train": 1}))
INSTALLED = importlib.util.find_spec("ray") is not None

# In a process of its own: Ray leaves threads and sockets behind, and its logs go elsewhere.
SCRIPT = """
import sys
from auctionsim.config_files import load
from auctionsim.generate import DatasetConfig, generate_dataset
config = load(DatasetConfig, "datasets", sys.argv[1])
generate_dataset(config, sys.argv[2], workers=2, backend="ray", progress=False)
"""


def test_without_ray_the_command_that_installs_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda n, *a: None if n == "ray" else find_spec(n, *a)
    )
    assert main(["generate", "--out", str(tmp_path / "d"), "--backend", "ray"]) == 2
    assert 'pip install -e ".[ray]"' in capsys.readouterr().err
    assert not (tmp_path / "d").exists()


def test_ray_is_not_imported_before_it_is_wanted() -> None:
    modules = "sys, auctionsim.generate, auctionsim.factory.ray_backend"
    code = f"import {modules}; print('ray' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


@pytest.mark.parametrize("part", [ShardPart("train", 3, range(2, 4)), LogPart(1, "parquet")])
def test_a_part_is_sent_as_it_would_be_written(
    tmp_path: Path, part: ShardPart | LogPart, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auctionsim.factory.ray_backend._CHUNK", 1000)
    head, *chunks = send_part(RECIPE, part, package_versions())
    assert isinstance(head, Sent)
    assert {len(chunk) for chunk in chunks[:-1]} == {1000}  # type: ignore[arg-type]
    data = b"".join(chunks)  # type: ignore[arg-type]
    with (tmp_path / "file").open("wb") as file:
        entry = part.prepare(RECIPE)(file)
    assert (tmp_path / "file").read_bytes() == data
    assert replace(head.entry, sha256="") == entry


def test_machines_with_other_versions_are_refused() -> None:
    part = ShardPart("train", 0, range(1))
    (answer,) = send_part(RECIPE, part, package_versions() | {"numba": "0.1"})
    assert isinstance(answer, Failed)
    message = str(answer.error())
    assert "must have the versions" in message
    assert "numba 0.1" in message


def test_an_error_is_sent_alone() -> None:
    (answer,) = send_part(
        replace(RECIPE, seed=-1), ShardPart("train", 0, range(1)), package_versions()
    )
    assert isinstance(answer, Failed)
    assert isinstance(answer.error(), InvalidArgumentError)


@pytest.mark.slow
@pytest.mark.skipif(not INSTALLED, reason="Ray is an extra")
def test_with_ray_the_bytes_are_those_of_processes_though_a_worker_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaths = tmp_path / "deaths"
    deaths.write_text("")
    monkeypatch.setenv("FACTORY_DEATHS", str(deaths))
    lineup = write_lineup(tmp_path, "tests.auctionsim.factory.bidders:Deadly")
    logs = LogsConfig({"train": 1, "test": 1})
    config = config_in(tmp_path, lineup=lineup, logs=logs)
    for workers in (1, 2):
        generate_dataset(config, tmp_path / str(workers), workers=workers, progress=False)
    assert contents(tmp_path / "1") == contents(tmp_path / "2")
    deaths.write_text("one\n")
    path = tmp_path / "toy.json.yaml"
    path.write_text(json.dumps(config.as_settings()))
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(path), str(tmp_path / "ray")],
        env=environment(), cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert deaths.read_text() == ""
    assert contents(tmp_path / "ray") == contents(tmp_path / "1")
    costs = json.loads((tmp_path / "ray" / "run.json").read_text())
    assert (costs["backend"], costs["workers"]) == ("ray", 2)


@pytest.mark.skipif(not INSTALLED, reason="Ray is an extra")
@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "127.0.0.1:x"])
def test_an_address_where_no_cluster_is_is_named(tmp_path: Path, address: str) -> None:
    message = rf"`ray_address` must be that of a Ray cluster that runs; found .{re.escape(address)}"
    with pytest.raises(InvalidArgumentError, match=message):
        generate_dataset(config_in(tmp_path), tmp_path / "d", backend="ray", ray_address=address)
    assert not (tmp_path / "d").exists()


@pytest.mark.parametrize("chunk", [0, 1])
def test_a_file_that_arrives_altered_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    class RayError(Exception):
        pass

    library = SimpleNamespace(get=lambda sent: sent, exceptions=SimpleNamespace(RayError=RayError))
    monkeypatch.setitem(sys.modules, "ray", library)
    monkeypatch.setattr("auctionsim.factory.ray_backend._CHUNK", 1000)
    part = ShardPart("train", 0, range(2))
    head, *chunks = send_part(RECIPE, part, package_versions())
    writer = make_writer(tmp_path / "d")
    tasks = RayTasks(RECIPE, writer, 1, None)
    broken = [bytearray(c) if isinstance(c, bytes) else c for c in chunks]
    broken[chunk][7] ^= 16  # type: ignore[index]
    with pytest.raises(AuctionSimError, match="must arrive as it was sent"):
        tasks._fetched(part, iter([head, *broken]))
    assert [path.name for path in (tmp_path / "d").iterdir()] == [".unfinished"]
    assert writer.records.read() == {}
    assert tasks._fetched(part, iter([head, *chunks])).entry == head.entry  # type: ignore[union-attr]
    assert set(writer.records.read()) == {part.file}
