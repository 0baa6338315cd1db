"""Cut short in every way there is, a run leaves whole files, and the same command goes on."""

from __future__ import annotations

import errno
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from auctionsim.dataset import Dataset, Trajectories, writer
from auctionsim.dataset.tables import write_table
from auctionsim.errors import InvalidArgumentError, InvalidDataError
from auctionsim.factory import parts
from auctionsim.factory.config import LogsConfig
from auctionsim.factory.generation import generate_dataset
from auctionsim.factory.play import play_episodes
from tests.auctionsim.factory.samples import (
    config_in,
    contents,
    environment,
    finish,
    kill,
    run,
    start,
    wait_until,
    write_config,
    write_lineup,
)

SLOW = "tests.auctionsim.factory.bidders:Slow"


def names(folder: Path) -> set[str]:
    """Return the names of all files and folders, hidden ones too."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def kill_and_resume(tmp_path: Path, points: int, seed: int) -> None:
    """Kill a command, resume it, and demand the folder of one that was left in peace."""
    logs = "{episodes: {train: 2, test: 1}}"
    flags = ["--config", write_config(tmp_path, logs=logs), "--quiet", "--workers", "2"]
    whole = tmp_path / "whole"
    process = start(*flags, "--out", str(whole))
    wait_until(lambda: (whole / ".unfinished").exists(), 120)
    began = time.monotonic()
    assert finish(process)[0] == 0
    duration = time.monotonic() - began
    draws = random.Random(seed)
    for point in range(points):
        out = tmp_path / str(point)
        process = start(*flags, "--out", str(out), group=True)
        wait_until((out / ".unfinished").exists)
        time.sleep(draws.uniform(0.0, duration))
        if point % 2:
            kill(process.pid)  # its workers end by themselves
        elif process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        finish(process)
        assert run(*flags, "--out", str(out)) == (0, "")
        assert names(out) == names(whole)
        assert contents(out) == contents(whole)


def test_killed_at_some_points_it_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    kill_and_resume(tmp_path, 3, 1)


@pytest.mark.slow
def test_killed_at_twenty_points_it_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    kill_and_resume(tmp_path, 20, 2)


def fail_midway(calls: int) -> Callable[..., None]:
    """Return a `write_table` that fills the disk when it was called so many times."""
    left = [calls]

    def write(file: BinaryIO, trajectories: Trajectories) -> None:
        if left[0] == 0:
            file.write(b"PAR1 and not much more")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        left[0] -= 1
        write_table(file, trajectories)

    return write


@pytest.mark.parametrize("calls", [0, 3, 5])
def test_a_full_disk_leaves_whole_files_and_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: int
) -> None:
    config, out = config_in(tmp_path), tmp_path / "d"
    generate_dataset(config, tmp_path / "whole", progress=False)
    with monkeypatch.context() as patched:
        patched.setattr(writer, "write_table", fail_midway(calls))
        message = r"d/.*\.parquet` must have room.*'No space left on device'\. .*kept.*same command"
        with pytest.raises(InvalidDataError, match=message):
            generate_dataset(config, out, progress=False)
    left = {name for name in names(out) if not name.startswith(".unfinished")}
    assert len(left) == calls
    assert all(contents(tmp_path / "whole")[name] == contents(out)[name] for name in left)
    generate_dataset(config, out, progress=False)
    assert contents(out) == contents(tmp_path / "whole")


def test_a_limit_on_files_met_by_a_worker_is_told_and_mended(tmp_path: Path) -> None:
    flags = ["--config", write_config(tmp_path, logs="{episodes: {train: 2}}"), "--quiet"]
    flags += ["--workers", "2", "--out"]
    assert run(*flags, str(tmp_path / "whole")) == (0, "")  # compiles what is not compiled yet
    flags += [str(tmp_path / "d")]
    # Room for a shard, and not for a log.
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, -1));"
        "from auctionsim.cli import main; sys.exit(main())"
    )
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    done = subprocess.run(
        [sys.executable, "-c", code, "generate", *flags],
        env=environment(), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "must have room for the dataset; found 'File too large'" in done.stderr
    left = names(tmp_path / "d")
    assert "train-00004.parquet" in left
    assert not any("period" in name or "tmp" in name for name in left)
    assert run(*flags) == (0, "")
    assert contents(tmp_path / "d") == contents(tmp_path / "whole")


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 16
    path.write_bytes(data)


def test_every_damaged_file_is_named_and_it_alone_made_again(tmp_path: Path) -> None:
    config = config_in(tmp_path, logs=LogsConfig({"train": 2}))
    out = tmp_path / "d"
    generate_dataset(config, out, progress=False)
    whole = contents(out)
    flip(out / "train-00001.parquet")
    (out / "train-00002.parquet").write_bytes(whole["train-00002.parquet"][:-1])
    (out / "test-00000.parquet").unlink()
    flip(out / "logs/period-00001.parquet")
    damaged = {name for name in whole if contents(out).get(name) != whole[name]}
    assert len(damaged) == 4
    with pytest.raises(InvalidDataError, match=r"generate.*given again") as told:
        Dataset.open(out).verify()
    assert all(name in str(told.value) for name in damaged)
    assert not any(name in str(told.value) for name in set(whole) - damaged)
    before = {name: (out / name).stat().st_ino for name in set(whole) - damaged}
    generate_dataset(config, out, progress=False)
    assert contents(out) == whole
    made = {"card.json", "logs/tasks.yaml"}
    assert all((out / n).stat().st_ino == node for n, node in before.items() if n not in made)
    Dataset.open(out).verify()


def test_two_commands_on_one_folder_do_not_disturb_each_other(tmp_path: Path) -> None:
    flags = ["--config", write_config(tmp_path), "--quiet", "--workers", "2"]
    flags += ["--lineup", write_lineup(tmp_path, SLOW)]
    whole, out = tmp_path / "whole", tmp_path / "d"
    assert run(*flags, "--out", str(whole)) == (0, "")
    first = start(*flags, "--out", str(out))
    wait_until((out / ".unfinished" / "owner.json").exists)
    code, said = run(*flags, "--out", str(out))
    assert code == 2
    assert said.count("\n") == 1
    assert (
        f"must not be written by another command at the same time; found 'process {first.pid}'"
        in said
    )
    assert finish(first) == (0, "")
    assert contents(out) == contents(whole)


def test_where_folders_cannot_be_locked_two_commands_make_one_dataset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    def refuse(*_: Any) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    config, out = config_in(tmp_path), tmp_path / "d"
    generate_dataset(config, tmp_path / "whole", progress=False)
    monkeypatch.setattr(fcntl, "flock", refuse)
    played: list[bool] = []

    def intrude(*arguments: Any) -> Any:
        """Let another command make the whole dataset meanwhile."""
        if not played:
            played.append(True)
            generate_dataset(config, out, progress=False)
        return play_episodes(*arguments)

    monkeypatch.setattr(parts, "play_episodes", intrude)
    generate_dataset(config, out, progress=False)
    assert contents(out) == contents(tmp_path / "whole")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"entry": 3}', "\x00", '{"identity": "other"}'])
def test_damaged_records_count_as_none(tmp_path: Path, text: str) -> None:
    config, out = config_in(tmp_path), tmp_path / "d"
    generate_dataset(config, tmp_path / "whole", progress=False)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(writer, "write_table", fail_midway(4))
        with pytest.raises(InvalidDataError):
            generate_dataset(config, out, progress=False)
    records = sorted((out / ".unfinished").glob("*.record.json"))
    assert len(records) == 4
    records[1].write_text(text)
    made: list[int] = []

    def count(file: BinaryIO, trajectories: Trajectories) -> None:
        made.append(1)
        write_table(file, trajectories)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(writer, "write_table", count)
        generate_dataset(config, out, progress=False)
    assert len(made) == 6 - 3
    assert contents(out) == contents(tmp_path / "whole")


@pytest.mark.parametrize("name", ["identity.json", "owner.json"])
def test_damage_to_the_claim_does_not_stop_a_resume(tmp_path: Path, name: str) -> None:
    config, out = config_in(tmp_path), tmp_path / "d"
    generate_dataset(config, tmp_path / "whole", progress=False)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(writer, "write_table", fail_midway(4))
        with pytest.raises(InvalidDataError):
            generate_dataset(config, out, progress=False)
    (out / ".unfinished" / name).write_text('{"identity": ')
    other = config_in(tmp_path, seed=12)
    generate_dataset(config, out, progress=False)
    assert contents(out) == contents(tmp_path / "whole")
    with pytest.raises(InvalidArgumentError, match="other settings"):
        generate_dataset(other, out, progress=False)


def test_an_unfinished_folder_with_a_stranger_in_it_is_refused(tmp_path: Path) -> None:
    config, out = config_in(tmp_path), tmp_path / "d"
    (out / ".unfinished").mkdir(parents=True)
    (out / "thesis.txt").write_text("mine")
    with pytest.raises(InvalidArgumentError, match=r"nothing but a dataset; found 'thesis\.txt'"):
        generate_dataset(config, out, progress=False)
