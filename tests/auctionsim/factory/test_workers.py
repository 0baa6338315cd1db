from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from auctionsim.errors import (
    AuctionSimError,
    BidderError,
    InvalidArgumentError,
)
from auctionsim.factory.generation import generate_dataset
from auctionsim.factory.makers import LocalWorkers, worthwhile_workers
from auctionsim.factory.parts import Recipe
from auctionsim.generate import DatasetConfig, LogsConfig
from auctionsim.lineup import load_lineup
from auctionsim.market import load_market
from auctionsim.registry import register
from auctionsim.threads import use_threads
from tests.auctionsim.dataset.samples import make_writer
from tests.auctionsim.factory.bidders import Calm
from tests.auctionsim.factory.samples import (
    children,
    config_in,
    contents,
    finish,
    kill,
    living,
    start,
    wait_until,
    write_config,
    write_lineup,
)

needs_proc = pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="needs /proc to find the workers"
)
BIDDERS = "tests.auctionsim.factory.bidders"


def make(config: DatasetConfig, out: Path, workers: int = 1) -> dict[str, bytes]:
    generate_dataset(config, out, workers=workers, progress=False)
    return contents(out)


def with_lineup(folder: Path, bidder: str) -> DatasetConfig:
    return config_in(folder, lineup=write_lineup(folder, f"{BIDDERS}:{bidder}"))


def deaths(folder: Path, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the deadly bidder end so many processes."""
    path = folder / "deaths"
    path.write_text("one\n" * count)
    monkeypatch.setenv("FACTORY_DEATHS", str(path))


def test_bytes_do_not_depend_on_workers_and_threads(tmp_path: Path) -> None:
    config = config_in(tmp_path, logs=LogsConfig({"train": 1, "test": 1}))
    with use_threads(1):
        whole = make(config, tmp_path / "1")
    assert len(whole) == 6 + 3 + 1
    with use_threads(2):
        assert make(config, tmp_path / "1 of two threads") == whole
        assert make(config, tmp_path / "2", workers=2) == whole
    with use_threads(5):
        assert make(config, tmp_path / "3", workers=3) == whole
    costs = json.loads((tmp_path / "3" / "run.json").read_text())
    assert (costs["workers"], costs["threads"]) == (3, 1)
    assert costs["largest_worker_memory_mib"] > 50


def test_a_part_whose_worker_was_ended_is_made_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = with_lineup(tmp_path, "Deadly")
    deaths(tmp_path, 0, monkeypatch)
    whole = make(config, tmp_path / "whole")
    deaths(tmp_path, 1, monkeypatch)
    assert make(config, tmp_path / "d", workers=2) == whole
    assert (tmp_path / "deaths").read_text() == ""


def test_a_part_whose_workers_are_ended_again_is_named_and_the_others_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = with_lineup(tmp_path, "Deadly")
    deaths(tmp_path, 0, monkeypatch)
    whole = make(config, tmp_path / "whole")
    make(config, tmp_path / "d")
    (tmp_path / "d" / "train-00001.parquet").unlink()
    deaths(tmp_path, 9, monkeypatch)
    message = (
        r"while they make train-00001\.parquet; found 'an end by signal SIGKILL, 2 times'.*same"
    )
    with pytest.raises(AuctionSimError, match=message):
        make(config, tmp_path / "d", workers=2)
    assert {"train-00000.parquet", "test-00000.parquet"} < set(contents(tmp_path / "d"))
    deaths(tmp_path, 0, monkeypatch)
    assert make(config, tmp_path / "d", workers=2) == whole


def test_a_breach_in_a_worker_is_the_error_it_is_in_one_process(tmp_path: Path) -> None:
    config = with_lineup(tmp_path, "Greedy")
    with pytest.raises(BidderError) as here:
        make(config, tmp_path / "1")
    with pytest.raises(BidderError) as there:
        make(config, tmp_path / "2", workers=2)
    short = str(here.value).partition(" in step")[0]
    assert short == str(there.value).partition(" in step")[0]
    assert not list((tmp_path / "2").glob("*.parquet"))


def test_bidders_that_workers_cannot_know_are_named(tmp_path: Path) -> None:
    register("known-here-only", Calm)
    config = config_in(tmp_path, lineup=write_lineup(tmp_path, "known-here-only"))
    make(config, tmp_path / "1")
    with pytest.raises(InvalidArgumentError, match=r"`workers` must be able.*'known-here-only'"):
        make(config, tmp_path / "2", workers=2)


def test_a_script_without_a_guard_is_told_of_it(tmp_path: Path) -> None:
    import subprocess
    import sys

    from tests.auctionsim.factory.samples import environment

    script = tmp_path / "script.py"
    script.write_text(
        "from auctionsim.generate import generate_dataset\n"
        f"generate_dataset({write_config(tmp_path)!r}, {str(tmp_path / 'd')!r}, workers=2)\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)],
        env=environment(), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert 'if __name__ == "__main__":' in done.stderr.splitlines()[-1]


@needs_proc
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"]
)
def test_told_to_stop_it_ends_its_workers_and_leaves_whole_files(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    lineup = write_lineup(tmp_path, f"{BIDDERS}:Slow")
    out = tmp_path / "d"
    flags = ["--config", write_config(tmp_path), "--out", str(out), "--lineup", lineup]
    process = start(*flags, "--workers", "2", "--quiet", group=True)
    wait_until(lambda: list(out.glob("*.parquet")))
    workers = children(process.pid)
    os.killpg(process.pid, number) if number == signal.SIGINT else process.send_signal(number)
    found, said = finish(process)
    assert found == code
    assert "Traceback" not in said
    wait_until(lambda: not living(workers), 10)
    left = {path.name for path in out.rglob("*") if path.is_file() and path.parent == out}
    assert all(name.endswith(".parquet") for name in left)
    assert 1 <= len(left) < 9


@needs_proc
def test_workers_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    lineup = write_lineup(tmp_path, f"{BIDDERS}:Slow")
    out = tmp_path / "d"
    flags = ["--config", write_config(tmp_path), "--out", str(out), "--lineup", lineup]
    process = start(*flags, "--workers", "2", "--quiet")
    wait_until(lambda: list(out.glob("*.parquet")))
    workers = children(process.pid)
    assert len(workers) >= 2
    kill(process.pid)
    finish(process)
    wait_until(lambda: not living(workers), 10)


def test_only_as_many_workers_as_pay() -> None:
    def count(name: str, episodes: int, threads: int = 16, **changes: int) -> int:
        config = DatasetConfig(market=name, episodes={"train": episodes}, **changes)  # type: ignore[arg-type]
        recipe = Recipe(load_market(name), load_lineup("mixed"), 0, LogsConfig())
        with use_threads(threads):
            return worthwhile_workers(config, recipe)

    assert count("tiny", 2000) == 1
    assert count("small", 238) == 1
    assert count("small", 2000) == 9
    assert count("small", 20_000) == 16
    assert count("paper", 2000) == 8
    assert count("paper", 2000, shard_episodes=1000) == 2
    assert count("paper", 2000, threads=2) == 1
    assert count("paper", 2000, threads=1) == 1


def stillborn(folder: Path) -> DatasetConfig:
    lineup = write_lineup(folder, "tests.auctionsim.factory.stillborn:Calm")
    return config_in(folder, lineup=lineup)


def test_a_worker_that_is_killed_while_it_starts_is_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaths(tmp_path, 1, monkeypatch)
    whole = make(stillborn(tmp_path), tmp_path / "whole")
    assert make(stillborn(tmp_path), tmp_path / "d", workers=2) == whole
    assert (tmp_path / "deaths").read_text() == ""


def test_workers_that_are_killed_at_every_start_are_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaths(tmp_path, 9, monkeypatch)
    message = "must not be ended while they start; found 'an end by signal SIGKILL, 2 times'"
    with pytest.raises(AuctionSimError, match=message):
        make(stillborn(tmp_path), tmp_path / "d", workers=2)


def test_there_are_no_more_workers_than_four_a_core(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    recipe = Recipe(load_market("tiny"), load_lineup("mixed"), 0, LogsConfig())
    for asked, found in ((1000, 8), (3, 3)):
        plan = LocalWorkers(recipe, make_writer(tmp_path / str(asked)), asked).plan
        assert (plan["workers"], plan["threads"]) == (found, 1)
