"""Writes the golden trajectories: `python -m tests.golden.trajectory.regenerate [--replace]`.

A change of what an episode brings is a change of semantics: raise `auctionsim.SEMANTICS`, run this,
delete the old files, and say in the changelog what changed. `--replace` overwrites the files of the
present semantics; it is for semantics that were never released.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np

from tests.golden.trajectory.play import MARKETS, golden_path, play_golden


def main(arguments: list[str] | None = None) -> int:
    """Write all files, or say which exist; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--replace", action="store_true", help="overwrite existing files")
    replace = parser.parse_args(arguments).replace
    existing = [golden_path(name).name for name in MARKETS if golden_path(name).exists()]
    if existing and not replace:
        sys.stderr.write(
            f"{', '.join(existing)} exist: raise auctionsim.SEMANTICS first, or pass --replace "
            "if these semantics were never released.\n"
        )
        return 2
    for name in MARKETS:
        path = golden_path(name)
        partial = path.with_suffix(".partial.npz")
        np.savez_compressed(partial, allow_pickle=False, **play_golden(name))
        partial.replace(path)
        sys.stdout.write(f"{path.name} {path.stat().st_size} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
