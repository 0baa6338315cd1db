"""Folders written whole or not at all."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from auctionsim.dataset.card import CARD_FILE
from auctionsim.errors import AuctionSimError, invalid_argument


@contextmanager
def staged_folder(out: Path, overwrite: bool, mark: str = CARD_FILE) -> Iterator[Path]:
    """Give a new folder beside `out` to write into; it takes `out`'s name if all went well.

    After an error the new folder is removed, and whatever lay at `out` is as it was.

    Args:
        out: The final folder.
        overwrite: Whether what lies there may be replaced.
        mark: The file by which a folder to be replaced is known as one of its kind.

    Raises:
        InvalidArgumentError: If `out` is taken, or its parent cannot be written to.
    """
    out = out.resolve()
    check_free(out, overwrite, mark)
    staging = out.with_name(f".{out.name}.{secrets.token_hex(6)}.tmp")
    made = [folder for folder in out.parents if not folder.exists()]
    try:
        staging.mkdir(parents=True)
    except OSError as error:
        rule = f"must lie where folders can be made ({out.parent})"
        raise invalid_argument("out", rule, error, "Choose another place.") from error
    try:
        yield staging
        check_free(out, overwrite, mark)
        _swap(staging, out)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        _remove_empty(made)
        raise


def check_free(out: Path, overwrite: bool, mark: str = CARD_FILE) -> None:
    """Raise `InvalidArgumentError` unless `out` is new, empty, or may be replaced."""
    if not out.exists():
        return
    if not out.is_dir():
        raise _taken(out, "must be a folder", "a file", "Choose another name.")
    if not any(out.iterdir()):
        return
    if not overwrite:
        mend = "Choose another folder, or allow overwriting."
        raise _taken(out, "must be new or empty", "files", mend)
    if not (out / mark).is_file():
        # Overwriting by mistake must not cost anyone a folder of another kind.
        mend = "Choose another folder; only one with this file is overwritten."
        raise _taken(out, f"must hold {mark} to be overwritten", "no such file", mend)


def _remove_empty(folders: list[Path]) -> None:
    """Remove folders, innermost first, as far as they are empty."""
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return


def _swap(staging: Path, out: Path) -> None:
    """Put `staging` in the place of `out`; put the old folder back if that fails."""
    if not out.exists():
        staging.rename(out)
        return
    old = staging.with_name(f"{staging.name}.old")
    out.rename(old)
    try:
        staging.rename(out)
    except BaseException:
        old.rename(out)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _taken(out: Path, rule: str, found: str, mend: str) -> AuctionSimError:
    return invalid_argument("out", f"{out} {rule}", found, mend)
