"""Parts made on a Ray cluster: one task a part, which sends the file's bytes back.

The machines need no folder in common: this process alone writes the dataset. Tasks whose worker or
machine is lost are run again by Ray; as a part's bytes follow from the recipe, it does not matter
where they came from.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import signal
import socket
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, BinaryIO

from auctionsim.dataset.card import LogFile, Shard, package_versions
from auctionsim.dataset.run_costs import peak_memory_mib
from auctionsim.dataset.writer import DatasetWriter
from auctionsim.errors import (
    InvalidArgumentError,
    how_to_install,
    invalid_argument,
    invalid_data,
)
from auctionsim.factory.makers import Finished
from auctionsim.factory.parts import Part, Recipe, keep_part
from auctionsim.factory.worker import Failed
from auctionsim.factory.workers import ended_workers
from auctionsim.threads import use_threads

# How often Ray runs a part again whose worker was lost: machines come and go in a cluster.
_RETRIES = 3
# Bytes sent at a time: an episode's log may be larger than what a machine has memory for.
_CHUNK = 16 << 20
# How many of these a task is ahead of who fetches them: the cluster's memory holds no more.
_CHUNKS_AHEAD = 4
_ANSWER_SECONDS = 10.0
# Never to the network: dashboard, usage statistics; nor a change of CUDA_VISIBLE_DEVICES.
_QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}


def check_ray(address: str | None) -> None:
    """Raise `InvalidArgumentError` unless Ray can be imported, and a cluster's address answers."""
    if importlib.util.find_spec("ray") is None:
        mend = how_to_install("ray")
        raise invalid_argument("backend", "must be installed to be used", "no package ray", mend)
    host, colon, port = (address or "").removeprefix("ray://").rpartition(":")
    if not colon:
        return
    # Ray itself would try for minutes.
    try:
        socket.create_connection((host, int(port)), _ANSWER_SECONDS).close()
    except (OSError, ValueError, OverflowError) as error:
        raise _no_cluster(address, error) from error


def _no_cluster(address: str | None, error: Exception) -> InvalidArgumentError:
    rule = "must be that of a Ray cluster that runs"
    mend = "Start one there (ray start --head), or leave the address out."
    return invalid_argument("ray_address", rule, f"{address} ({error})", mend)


@dataclass(frozen=True)
class Sent:
    """What a task sends before the bytes.

    Attributes:
        entry: What the card says of the part.
        peak_memory_mib: Largest resident memory of the worker so far; None where not known.
    """

    entry: Shard | LogFile
    peak_memory_mib: float | None


def send_part(
    recipe: Recipe, part: Part, packages: dict[str, str]
) -> Iterator[Sent | Failed | bytes]:
    """Make a part on another machine.

    Args:
        recipe: What it follows from.
        part: The part.
        packages: Versions that the dataset's card will name, which must be those here.

    Yields:
        What the card says of the part, then the file's bytes; or what went wrong, alone.
    """
    found = {n: v for n, v in package_versions().items() if packages.get(n) != v}
    if found:
        rule = f"must have the versions {_named(packages)} of this machine"
        mend = "Install the same versions on all machines."
        yield Failed.of(invalid_data("cluster", rule, _named(found), mend))
        return
    with tempfile.TemporaryFile() as file:
        try:
            with use_threads(1):
                entry = part.prepare(recipe)(file)
            file.seek(0)
            entry = replace(entry, sha256=hashlib.file_digest(file, "sha256").hexdigest())
            file.seek(0)
        except Exception as error:
            yield Failed.of(error)
            return
        yield Sent(entry, peak_memory_mib())
        while chunk := file.read(_CHUNK):
            yield chunk


class RayTasks:
    """Makes parts as tasks of a Ray cluster; it is joined, or started, when it is first needed.

    Args:
        recipe: What parts follow from.
        writer: Of the dataset.
        count: Tasks at a time; None for as many as the cluster has cores.
        address: Of the cluster; None to start one on this machine.
    """

    def __init__(
        self, recipe: Recipe, writer: DatasetWriter, count: int | None, address: str | None
    ) -> None:
        self._recipe, self._writer = recipe, writer
        self._count, self._address = count, address
        self._began = False

    def __enter__(self) -> RayTasks:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._began:
            import ray

            ray.shutdown()

    @property
    def plan(self) -> dict[str, Any]:
        """What these are, for the record of the run."""
        return {"backend": "ray", "workers": self._count, "threads": 1}

    def make(self, parts: Sequence[Part]) -> Iterator[Finished]:
        """Make parts, write and record them; yields each as it is complete, in any order."""
        if not parts:
            return
        ray = self._joined()
        task = ray.remote(
            num_cpus=1,
            max_retries=_RETRIES,
            num_returns="streaming",
            _generator_backpressure_num_objects=_CHUNKS_AHEAD,
        )(send_part)
        recipe, packages = ray.put(self._recipe), package_versions()
        waiting, running = list(reversed(parts)), dict[Any, Part]()
        while waiting or running:
            # No more than are being made: what is finished and not yet fetched takes memory.
            while waiting and len(running) < (self._count or 1):
                part = waiting.pop()
                running[task.remote(recipe, part, packages)] = part
            (told,), _ = ray.wait(list(running), num_returns=1, fetch_local=False)
            yield self._fetched(running.pop(told), told)

    def _joined(self) -> Any:
        """Join the cluster, or start one; returns the library."""
        for name, value in _QUIET.items():
            os.environ.setdefault(name, value)
        import ray

        if not ray.is_initialized():
            self._began = True
            settings: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
            if self._address is None:
                settings |= {"include_dashboard": False, "_node_ip_address": "127.0.0.1"}
                settings |= {} if self._count is None else {"num_cpus": self._count}
            with _own_signals():
                try:
                    ray.init(address=self._address or "local", **settings)
                except (ConnectionError, ValueError) as error:
                    raise _no_cluster(self._address, error) from error
        if self._count is None:
            held = ray.cluster_resources()  # type: ignore[no-untyped-call]
            self._count = max(1, int(held.get("CPU", 1)))
        return ray

    def _fetched(self, part: Part, sent: Any) -> Finished:
        """Write the part that a task sends."""
        import ray

        try:
            head = ray.get(next(sent))
            if isinstance(head, Failed):
                raise head.error()
            assert isinstance(head, Sent)

            def write(file: BinaryIO) -> Shard | LogFile:
                for chunk in sent:
                    file.write(ray.get(chunk))
                return replace(head.entry, sha256="")

            folder, records = self._writer.folder, self._writer.records
            entry = keep_part(part, write, folder, records, head.entry.sha256)
        except ray.exceptions.RayError as error:
            how = str(error).strip().partition("\n")[0]
            raise ended_workers(part, how, _RETRIES + 1) from error
        return Finished(part, entry, head.peak_memory_mib)


@contextmanager
def _own_signals() -> Iterator[None]:
    """Keep the answers to signals that Ray would replace by its own."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, answer in kept.items():
            signal.signal(number, answer)


def _named(versions: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
