"""Datasets from simulation: a line-up plays the episodes of each split, and all seats are kept."""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import auctionsim
from auctionsim.dataset.card import Card, LogFile
from auctionsim.dataset.claim import moved
from auctionsim.dataset.files import sha256_of_file, write_json, write_whole
from auctionsim.dataset.writer import RUN_FILE, DatasetWriter
from auctionsim.errors import invalid_argument, invalid_data
from auctionsim.factory.config import DatasetConfig, load_dataset_config
from auctionsim.factory.costs import earlier_costs
from auctionsim.factory.keeping import alone_in, name_owner
from auctionsim.factory.makers import LocalWorkers, Makers, ThisProcess, worthwhile_workers
from auctionsim.factory.parts import Recipe, log_parts, shard_parts
from auctionsim.factory.run import Run
from auctionsim.factory.tasks_file import TASKS_FILE, tasks_text
from auctionsim.lineup import load_lineup
from auctionsim.market import load_market
from auctionsim.mechanism.arguments import check_integer, check_name
from auctionsim.stopping import ending_when_told

#: Where parts are made: in processes of this machine, or on a Ray cluster.
BACKENDS: tuple[str, ...] = ("local", "ray")

_MOST_WORKERS = 4096
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def generate_dataset(
    config: DatasetConfig | str,
    out: Path | str,
    *,
    workers: int | None = 1,
    backend: str = "local",
    ray_address: str | None = None,
    progress: bool = True,
) -> Card:
    """Generate a dataset folder; a run that was cut short is taken up where it stopped.

    The bytes of all files but `run.json` follow from the config alone, however the work is spread
    and however often it was cut short.

    Args:
        config: The dataset's config, its name or a path.
        out: Folder: new, empty, or begun by the same config.
        workers: Processes to spread the work over, four a core at most, which the kernels' threads
            are divided among; None for as many as pay. A script that asks for more than 1 must do
            its work under `if __name__ == "__main__":`. With Ray: tasks at a time, None for one a
            core.
        backend: "local" for processes on this machine, "ray" for a Ray cluster.
        ray_address: Of a cluster that runs; by default one is started on this machine.
        progress: Whether to show progress with rate and time left.

    Returns:
        The dataset's card.

    Raises:
        InvalidArgumentError: If an argument breaks its rule, or `out` holds anything else or is
            being written by another process.
        InvalidDataError: If the disk is full; what is complete is kept.
        BidderError: If a bidder breaks its contract.
        AuctionSimError: If workers are ended again and again while they make the same file.
    """
    config = load_dataset_config(config)
    _check(workers, backend, ray_address)
    recipe = _recipe(config)
    if workers is None and backend == "local":
        workers = worthwhile_workers(config, recipe)
    folder = Path(out)
    with ExitStack() as stack:
        stack.enter_context(_telling_of_the_disk(folder))
        stack.enter_context(ending_when_told())
        folder.mkdir(parents=True, exist_ok=True)
        stack.enter_context(alone_in(folder))
        writer = _writer(config, recipe, folder)
        name_owner(folder)
        stack.callback(writer.clean)  # once the workers have ended
        makers = stack.enter_context(_makers(recipe, writer, workers, backend, ray_address))
        run = Run(writer, makers, progress, earlier_costs(folder))
        run.make(list(shard_parts(config)), "simulating")
        run.make(list(log_parts(config)), "logging")
        if config.logs.wanted:
            writer.take(_write_tasks(folder, recipe))
        card = writer.finish()
        if run.made or not (folder / RUN_FILE).is_file():
            write_json(folder / RUN_FILE, run.costs())
    return card


def _check(workers: int | None, backend: str, ray_address: str | None) -> None:
    check_name("backend", backend, BACKENDS)
    if workers is not None:
        check_integer("workers", workers, 1, _MOST_WORKERS, "Use the number of cores.")
    if ray_address is not None and backend != "ray":
        mend = "Use backend ray, or leave the address out."
        raise invalid_argument("ray_address", "must not be given without Ray", ray_address, mend)
    if backend == "ray":
        from auctionsim.factory.ray_backend import check_ray

        check_ray(ray_address)


def _recipe(config: DatasetConfig) -> Recipe:
    market, lineup = load_market(config.market), load_lineup(config.lineup)
    lineup.check(market.advertisers)
    config.logs.check_fits(market)
    return Recipe(market, lineup, config.seed, config.logs)


def _makers(
    recipe: Recipe,
    writer: DatasetWriter,
    workers: int | None,
    backend: str,
    ray_address: str | None,
) -> Makers:
    if backend == "ray":
        from auctionsim.factory.ray_backend import RayTasks

        return RayTasks(recipe, writer, workers, ray_address)
    if workers is None or workers == 1:
        return ThisProcess(recipe, writer)
    return LocalWorkers(recipe, writer, workers)


def _writer(config: DatasetConfig, recipe: Recipe, folder: Path) -> DatasetWriter:
    market, lineup = recipe.market, recipe.lineup
    # Names, not paths: the same data made elsewhere has the same card.
    named = replace(config, market=market.name, lineup=lineup.name)
    settings = {
        "dataset": named.as_settings(),
        "market": asdict(market),
        "lineup": asdict(lineup),
    }
    return DatasetWriter(
        folder,
        kind="simulated",
        semantics=auctionsim.SEMANTICS,
        steps=market.steps,
        seeds={"episodes": config.seed, "campaigns": market.campaigns.seed},
        # As it will be read back: JSON has lists for tuples.
        config=json.loads(json.dumps(settings)),
    )


def _write_tasks(folder: Path, recipe: Recipe) -> LogFile:
    path, text = folder / TASKS_FILE, tasks_text(recipe.market, recipe.logs)
    write_whole(path, lambda file: file.write(text.encode()))
    return LogFile(TASKS_FILE, 0, sha256_of_file(path))


@contextmanager
def _telling_of_the_disk(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOENT and not folder.is_dir():
            raise moved(folder, "no folder there") from error
        if error.errno not in _FULL:
            raise
        rule = "must have room for the dataset"
        mend = (
            "All finished files are kept: free some space and give the same command again, which "
            "goes on from there."
        )
        raise invalid_data(str(error.filename or folder), rule, error.strerror, mend) from error
