"""Tensors beside a card: JSON and safetensors in a folder, nothing that could run code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from auctionsim import SEMANTICS
from auctionsim.dataset.files import sha256_of_file, write_json, write_whole
from auctionsim.errors import invalid_data

__all__ = ["WEIGHTS", "read_state", "write_state"]

WEIGHTS = "weights.safetensors"


def write_state(
    folder: Path,
    card_name: str,
    format_name: str,
    version: int,
    card: Mapping[str, Any],
    tensors: Mapping[str, Tensor],
) -> None:
    """Write tensors and their card into a folder, the card last.

    Args:
        folder: An empty one; see `auctionsim.dataset.staging.staged_folder`.
        card_name: File name of the card.
        format_name: What the folder is, for the card.
        version: Version of that format.
        card: The rest of the card, in plain values.
        tensors: By name.
    """
    content = save_tensors({n: t.detach().cpu().contiguous() for n, t in tensors.items()})
    write_whole(folder / WEIGHTS, lambda file: file.write(content))
    begin = {"format": format_name, "version": version, "semantics": SEMANTICS}
    end = {"weights_sha256": sha256_of_file(folder / WEIGHTS)}
    write_json(folder / card_name, {**begin, **card, **end})


def read_state(
    folder: Path, card_name: str, format_name: str, version: int
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Read what `write_state` wrote.

    Returns:
        The card and the tensors.

    Raises:
        InvalidDataError: If a file is missing, cut short or altered, is of another format, version
            or semantics, or holds numbers that are not finite.
    """
    for name in (card_name, WEIGHTS):
        if not (folder / name).is_file():
            rule, mend = f"must hold {name}", "Name a folder written whole."
            raise invalid_data(str(folder), rule, "none", mend)
    card = _read_card(folder / card_name, format_name, version)
    path = folder / WEIGHTS
    if sha256_of_file(path) != card.get("weights_sha256"):
        rule, mend = (
            f"must be the file {card_name} was written with",
            "Copy the whole folder again.",
        )
        raise invalid_data(str(path), rule, "another", mend)
    try:
        tensors = load_tensors(path.read_bytes())
    except SafetensorError as error:
        raise invalid_data(str(path), "must hold tensors", error, "Save it again.") from None
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            raise invalid_data(str(path), "must be finite", f"nan or inf in {name}", "Train again.")
    return card, tensors


def _read_card(path: Path, format_name: str, version: int) -> dict[str, Any]:
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise invalid_data(str(path), "must be JSON", error, "Copy the folder again.") from None
    if not isinstance(content, dict) or content.get("format") != format_name:
        rule = f"must be the card of a {format_name}"
        raise invalid_data(str(path), rule, "another file", "Name it.")
    for name, current in (("version", version), ("semantics", SEMANTICS)):
        if content.get(name) != current:
            found = content.get(name)
            raise invalid_data(str(path), f"must have {name} {current}", found, "Train it again.")
    return content
