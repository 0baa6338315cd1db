"""Files and folders to write where a user names them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from auctionsim.dataset.files import write_whole
from auctionsim.errors import invalid_argument


def check_apart(argument: str, target: Path | str, folder: Path) -> None:
    """Refuse a target in a dataset's folder, or one that holds it, links followed.

    A dataset's folder holds the dataset alone, and what is written must not replace its files.

    Args:
        argument: What named the target.
        target: File or folder to write.
        folder: The dataset's.

    Raises:
        InvalidArgumentError: If they are not apart.
    """
    # Not by Path.resolve(), which raises where links go round in a circle.
    there, data = Path(os.path.realpath(target)), Path(os.path.realpath(folder))
    if there == data or data in there.parents or there in data.parents:
        rule = f"must lie apart from the dataset that is read, {folder}"
        raise invalid_argument(argument, rule, str(target), "Choose another place.")


def takes_bytes(target: Path) -> bool:
    """Whether a pipe or a device stands there: it is written into, and nothing takes its place."""
    return target.exists() and not target.is_file() and not target.is_dir()


def write_target(target: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a file whole or not at all, through links; or write into a pipe or a device.

    Args:
        target: A file there is replaced only once the new one is complete on disk.
        write: Called with the open file.
    """
    if takes_bytes(target):
        with target.open("wb") as file:
            write(file)
        return
    write_whole(Path(os.path.realpath(target)), write)
