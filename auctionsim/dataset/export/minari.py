"""Minari datasets (HDF5), which the offline learners of Gymnasium's world read.

Each trajectory is an episode: T + 1 observations, T actions of shape (1,), T rewards (realised
value), `terminations` true in the last step, `truncations` never. `infos` hold, a number a step,
`active`, `cost`, `value`, `expected_value`, `conversions`, `expected_conversions` and `multiplier`;
and once an episode `episode`, `advertiser`, `category`, `task` (its code), `budget`, `cpa_target`
and `roas_target` (nan for none). The names of task and bidder are in the episode's metadata, with
the seed and options that begin the same day in the environment.

Simulated data takes the form of `auctionsim/AutoBidding-v0` in its market: the same spaces, so that
a policy learned from it can play there; where names say all of market and line-up,
`recover_environment()` makes that environment. Its action x stands for the multiplier reference *
20^x; multipliers beyond the range are brought to its edge, and the report says how many
(`infos["multiplier"]` has them as they were). Converted logs know no market: there observations are
in natural units, and actions are the multipliers themselves.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import auctionsim
from auctionsim.dataset.export.parts import ExportReport, Parts, choose
from auctionsim.dataset.files import write_json
from auctionsim.dataset.naming import given_name
from auctionsim.dataset.reader import Dataset
from auctionsim.dataset.schema import COLUMNS, Trajectories
from auctionsim.dataset.selection import Selection
from auctionsim.dataset.staging import check_free, staged_folder
from auctionsim.dataset.targets import check_apart
from auctionsim.errors import how_to_install, invalid_argument
from auctionsim.tasks import TASKS

if TYPE_CHECKING:
    from auctionsim.dataset.export.forms import EnvironmentForm, NaturalForm

    Form = EnvironmentForm | NaturalForm

_ID = re.compile(r"([-\w]{2,}/)*[-\w]+-v[0-9]+", re.ASCII)
_MARK = "data/metadata.json"
_NAMESPACE_FILE = "namespace_metadata.json"
_EPISODES = 256  # written at a time


def export_minari(
    folder: Path | str,
    dataset_id: str | None = None,
    *,
    root: Path | str | None = None,
    split: str = "train",
    selection: Selection | None = None,
    limit: int | None = None,
    observation: str | None = None,
    overwrite: bool = False,
    progress: bool = True,
) -> ExportReport:
    """Write trajectories as a Minari dataset, whole or not at all; `minari.load_dataset` reads it.

    What an episode holds stands at the top of this module.

    Args:
        folder: The dataset's folder.
        dataset_id: Minari's name for it; by default "auctionsim/<name>-<split>-v0".
        root: Folder of Minari datasets; by default Minari's own (MINARI_DATASETS_PATH, or
            ~/.minari/datasets).
        split: One of the dataset's splits.
        selection: Which trajectories; all if None.
        limit: The most trajectories: the first of those selected.
        observation: "scaled" or "natural", as the environment's argument; "scaled" by default.
        overwrite: Whether a Minari dataset of that name may be replaced.
        progress: Whether to show a progress bar on standard error.

    Raises:
        InvalidArgumentError: If Minari is not installed, for an argument that breaks its rule, or
            if nothing is selected.
        InvalidDataError: If the dataset is damaged.
    """
    _check_installed()
    from auctionsim.dataset.export.forms import form_of

    began = time.perf_counter()
    dataset = Dataset.open(folder)
    form = form_of(dataset.card, observation)
    name = _check_id(dataset_id if dataset_id is not None else _default_id(dataset, split))
    out = (base := _root(root)) / name
    check_apart("root", out, dataset.folder)
    check_free(out, overwrite, _MARK)
    parts = choose(dataset, split, selection, limit)
    spec = form.spec(parts.tasks)
    with staged_folder(out, overwrite, _MARK) as staging:
        storage = _new_storage(staging / "data", form, spec, name, parts, selection)
        clipped = _write(storage, form, parts, progress)
        size = sum(path.stat().st_size for path in (staging / "data").iterdir())
    _mark_namespaces(base, out.parent)
    return ExportReport(
        format="minari",
        out=str(out),
        trajectories=len(parts),
        steps=len(parts) * dataset.card.steps,
        seconds=round(time.perf_counter() - began, 3),
        bytes=size,
        clipped_actions=clipped,
        environment=None if spec is None else spec.id,
    )


def _new_storage(
    folder: Path, form: Form, spec: Any, name: str, parts: Parts, selection: Selection | None
) -> Any:
    """Begin a Minari dataset that says where its data came from."""
    import minari
    from minari.dataset.minari_storage import MinariStorage

    card, chosen = parts.dataset.card, selection or Selection()
    storage = MinariStorage.new(
        folder,
        observation_space=form.observation_space,
        action_space=form.action_space,
        env_spec=spec,
        data_format="hdf5",
    )
    text = f"Auto-bidding episodes, split {parts.split}, exported by auctionsim."
    storage.update_metadata(
        {
            "dataset_id": name,
            "minari_version": minari.__version__,
            "description": text,
            "requirements": [f"auctionsim>={auctionsim.__version__}"],
            "auctionsim": {
                "kind": card.kind,
                "semantics": card.semantics,
                "identity": card.identity,
                "config_sha256": card.config_sha256,
                "features": list(card.features),
                "split": parts.split,
                "tasks": None if chosen.tasks is None else list(chosen.tasks),
                "bidders": None if chosen.bidders is None else list(chosen.bidders),
                "quality": None if chosen.quality is None else list(chosen.quality),
            },
        }
    )
    return storage


def _write(storage: Any, form: Form, parts: Parts, progress: bool) -> float | None:
    """Write all episodes; returns the share of active steps whose action was clipped."""
    from tqdm import tqdm

    seed = parts.dataset.card.seeds.get("episodes")
    written, clipped, active = 0, 0, 0
    known = True
    with tqdm(total=len(parts), unit=" episodes", disable=not progress) as bar:
        for part in parts.read(tuple(COLUMNS)):
            beyond = form.clipped(part)
            known = known and beyond is not None
            clipped, active = clipped + (beyond or 0), active + int(part.active.sum())
            for start in range(0, len(part), _EPISODES):
                chunk = part.take(np.arange(start, min(start + _EPISODES, len(part))))
                storage.update_episodes(_episodes(form, chunk, seed))
                places = range(written, written + len(chunk))
                storage.update_episode_metadata(_names(chunk), places)
                written += len(chunk)
                bar.update(len(chunk))
    return clipped / max(active, 1) if known else None


def _episodes(form: Form, part: Trajectories, seed: int | None) -> Iterator[Any]:
    """Return Minari's buffers, one a trajectory."""
    from minari.data_collector import EpisodeBuffer

    observations, actions = form.observations(part), form.actions(part)
    steps = part.action.shape[1]
    terminations = np.arange(steps) == steps - 1
    truncations = np.zeros(steps, np.bool_)
    # A reset with them gives the same day; which seat acts is the environment's argument.
    seed = seed if seed is not None and seed < 2**63 else None
    for row in range(len(part)):
        yield EpisodeBuffer(
            seed=seed,
            options=None if seed is None else {"episode": int(part.episode[row])},
            observations=observations[row],
            actions=actions[row],
            rewards=part.value[row],
            terminations=terminations,
            truncations=truncations,
            infos=_infos(part, row),
        )


def _infos(part: Trajectories, row: int) -> dict[str, Any]:
    a_step = {
        "active": part.active,
        "cost": part.cost,
        "value": part.value,
        "expected_value": part.expected_value,
        "conversions": part.reward,
        "expected_conversions": part.expected_conversions,
        "multiplier": part.action,
        "episode": part.episode,
        "advertiser": part.advertiser,
        "category": part.category,
        "task": part.task,
        "budget": part.budget,
        "cpa_target": part.cpa_target,
        "roas_target": part.roas_target,
    }
    return {name: array[row] for name, array in a_step.items()}


def _names(part: Trajectories) -> list[dict[str, str]]:
    return [
        {"task": TASKS[code], "bidder": str(bidder)}
        for code, bidder in zip(part.task.tolist(), part.bidder, strict=True)
    ]


def _check_installed() -> None:
    for package in ("minari", "h5py"):
        if find_spec(package) is None:
            rule = "must be installed to write Minari datasets"
            raise invalid_argument(package, rule, "no such package", how_to_install("minari"))


def _default_id(dataset: Dataset, split: str) -> str:
    name = given_name(dataset.card) or dataset.card.kind
    plain = re.sub(r"[^-\w]+", "-", f"{name}-{split}", flags=re.ASCII)
    return f"auctionsim/{plain}-v0"


def _check_id(dataset_id: object) -> str:
    if isinstance(dataset_id, str) and _ID.fullmatch(dataset_id):
        return dataset_id
    rule = (
        "must be a name in Minari's form: letters, digits, - and _, a version at its end, and "
        "before it, if wanted, namespaces of two letters or more"
    )
    raise invalid_argument("dataset_id", rule, dataset_id, "Write auctionsim/small-v0, say.")


def _root(root: Path | str | None) -> Path:
    if root == "":
        raise invalid_argument("root", "must name a folder", root, "Leave it out for Minari's own.")
    named = root if root is not None else os.environ.get("MINARI_DATASETS_PATH")
    return Path(named) if named else Path.home() / ".minari" / "datasets"


def _mark_namespaces(root: Path, folder: Path) -> None:
    """Put the file into each folder between that makes it one of Minari's namespaces."""
    while folder != root:
        if not (folder / _NAMESPACE_FILE).exists():
            write_json(folder / _NAMESPACE_FILE, {})
        folder = folder.parent
