"""Commands to try the base with."""

from __future__ import annotations

import errno
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import tyro

from auctionsim.cli import Command
from auctionsim.errors import invalid_argument


@dataclass(frozen=True)
class Optimizer:
    """Settings of the optimizer.

    Attributes:
        learning_rate: Step size.
    """

    learning_rate: float = 1e-3


@dataclass(frozen=True, kw_only=True)
class Work(Command):
    """Work a little.

    Attributes:
        source: Where from.
        episodes: How many.
        market: Which.
        optimizer: How.
        fail: What to raise.
    """

    source: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="SOURCE")]
    episodes: int = 4
    market: Literal["small", "tiny"] = "tiny"
    optimizer: Optimizer = field(default_factory=Optimizer)
    fail: str = ""

    def run(self) -> Mapping[str, Any]:
        if self.fail.startswith("SIG"):
            signal.raise_signal(getattr(signal, self.fail))
        if self.fail:
            raise FAILURES[self.fail]
        return {
            "source": self.source,
            "episodes": self.episodes,
            "market": self.market,
            "learning_rate": self.optimizer.learning_rate,
            "score": np.float32(1.5),
            "nothing": float("nan"),
            "progress": self.progress,
        }


@dataclass(frozen=True, kw_only=True)
class Named(Command):
    """Take a config by name."""

    config_kind: ClassVar[str | None] = "markets"
    name: str = ""
    opportunities: int = 0

    def run(self) -> Mapping[str, Any]:
        return {"name": self.name, "opportunities": self.opportunities}


FAILURES: dict[str, BaseException] = {
    "argument": invalid_argument("episodes", "must be at least 1", 0, "Raise it."),
    "disk": OSError(errno.ENOSPC, "No space left on device", "/data/x.parquet"),
    "odd": OSError("weird"),
    "interrupt": KeyboardInterrupt(),
    "memory": MemoryError("Unable to allocate 9 TiB"),
    "bug": ZeroDivisionError("a bug"),
}
