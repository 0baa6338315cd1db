"""The claim a writer lays on a folder: whose it is, and whether it is still where it was."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from auctionsim.dataset.card import CARD_FILE, LOG_FOLDER, Card, read_card
from auctionsim.dataset.files import TEMPORARY_SUFFIX, write_json
from auctionsim.dataset.records import UNFINISHED, read_json
from auctionsim.errors import InvalidDataError, invalid_argument, invalid_data

#: What a run cost: beside a dataset, but no part of it.
RUN_FILE = "run.json"

_CLAIM = "identity.json"
_MEND = "Choose another folder, or remove this one."
_LONGEST = 60


def claim_folder(folder: Path, card: Card, shard_name: re.Pattern[str]) -> Card | None:
    """Make a folder ours, or take over what a writer with the same settings began.

    Args:
        folder: New or empty, or begun with the same settings.
        card: What is to be made, without files.
        shard_name: What the names of shards look like.

    Returns:
        The card of a finished dataset that lies there.

    Raises:
        InvalidArgumentError: If the folder holds anything else, or a card that cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    claim, found = folder / UNFINISHED / _CLAIM, None
    if (folder / CARD_FILE).is_file():
        found = _readable(folder)
        _refuse_other_settings(folder, found.identity, found.settings, card)
    elif claim.parent.is_dir():
        # Where the claim itself is damaged, every record still says what it belongs to.
        left = read_json(claim)
        identity = str(left.get("identity", card.identity))
        _refuse_other_settings(folder, identity, left.get("card"), card)
        _refuse_strangers(folder, shard_name)
    elif any(path.name != RUN_FILE for path in folder.iterdir()):
        raise _occupied(folder, "must be new or empty", "other files")
    claim.parent.mkdir(exist_ok=True)
    write_json(claim, {"identity": card.identity, "card": card.settings})
    return found


def place_of(folder: Path) -> tuple[int, int] | None:
    """Return what tells a folder from every other one; None if there is none."""
    try:
        found = folder.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def check_place(folder: Path, place: tuple[int, int] | None) -> None:
    """Raise `InvalidDataError` if a folder is gone, or another one lies in its place."""
    now = place_of(folder)
    if now != place:
        found = "no folder there" if now is None else "another folder there"
        raise moved(folder, found)


def moved(folder: Path, found: str) -> InvalidDataError:
    """Return the error for a folder that was taken away."""
    rule = "must stay where it is while a dataset is written into it"
    mend = "Put it back and give the same command again, which goes on from there."
    return invalid_data(str(folder), rule, found, mend)


def _readable(folder: Path) -> Card:
    try:
        return read_card(folder)
    except InvalidDataError as error:
        rule = f"must hold a {CARD_FILE} that can be read, or none"
        # Shards do not say what settings they were made with: those of another dataset must stay.
        mend = "Remove the folder and give the same command again, which makes the same files."
        raise invalid_argument("folder", f"{folder} {rule}", error, mend) from error


def _refuse_other_settings(folder: Path, identity: str, settings: object, card: Card) -> None:
    if identity == card.identity:
        return
    rule = "must not hold a dataset made with other settings"
    found = identity[:12]
    if isinstance(settings, dict):
        found = next(_differences(settings, card.settings), found)
    raise _occupied(folder, rule, found)


def _differences(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> Iterator[str]:
    """Yield what differs, settings first: where it stands, what is there, and what was asked."""
    left, right = (dict(_flat(_plain(settings))) for settings in (theirs, ours))
    left.pop("config_sha256", None)
    right.pop("config_sha256", None)
    names = sorted(left.keys() | right.keys(), key=lambda n: (not n.startswith("config."), n))
    for name in names:
        if left.get(name) != right.get(name):
            yield f"{name} {_short(left, name)}, asked for {_short(right, name)}"


def _flat(mapping: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in mapping.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as JSON gives them back, with lists for tuples."""
    result: dict[str, Any] = json.loads(json.dumps(settings))
    return result


def _short(values: Mapping[str, Any], name: str) -> str:
    if name not in values:
        return "none"
    text = str(values[name])
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _refuse_strangers(folder: Path, shard_name: re.Pattern[str]) -> None:
    """Raise if an unfinished folder holds what no writer of datasets put there."""
    known = (RUN_FILE, UNFINISHED, LOG_FOLDER)
    for path in folder.iterdir():
        ours = path.name in known or shard_name.fullmatch(path.name)
        if not ours and not path.name.endswith(TEMPORARY_SUFFIX):
            raise _occupied(folder, "must hold nothing but a dataset", path.name)


def _occupied(folder: Path, rule: str, found: str) -> Exception:
    return invalid_argument("folder", f"{folder} {rule}", found, _MEND)
