"""One run of a study, and what tells it from all others."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import lru_cache

from auctionsim import SEMANTICS
from auctionsim.errors import invalid_argument
from auctionsim.generate import load_dataset_config
from auctionsim.lineup import load_lineup
from auctionsim.market import load_market
from auctionsim.plain_values import plain
from vao.config import TrainingConfig
from vao.reproduce.variants import DataVariant

__all__ = ["RECIPE", "Run", "data_fingerprint"]

RECIPE = 1
"""Number of how runs are trained and tested; a change of code that changes their results raises it,
so that runs of before are played again."""


@dataclass(frozen=True)
class Run:
    """One training and its test, or the play of one that does not learn.

    Attributes:
        row: Its name in the results: the entrant's, and the variant's if there is one.
        seed: Training seed; 0 for what does not learn.
        dataset: Dataset config, by name.
        variant: What is changed in the training data.
        config: How it is trained; None for what does not learn.
        respond: Whether the others respond to it in the test; if not, they bid what they bid when
            the line-up played all seats (where the market allows), many times faster.
    """

    row: str
    seed: int
    dataset: str
    variant: DataVariant
    config: TrainingConfig | None
    respond: bool = False

    def __post_init__(self) -> None:
        if any(sign in self.row for sign in "/\\\0\n"):
            rule, mend = "must fit a file's name", "Call it otherwise."
            raise invalid_argument("name of an entrant or a variant", rule, self.row, mend)

    @property
    def label(self) -> str:
        """What its files are called."""
        return f"{self.row.replace(' ', '_')}-{self.seed}"

    @property
    def fingerprint(self) -> str:
        """Tells it from any other run by all that its results depend on."""
        config = None if self.config is None else asdict(self.config) | {"device": ""}
        data = data_fingerprint(self.dataset)
        told = [self.row, self.seed, data, asdict(self.variant), config]
        told += [f"recipe {RECIPE}"] if RECIPE > 1 else []
        told += ["respond"] if self.respond else []
        told += ["drawn by seed"] if self.variant.draws else []
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]


@lru_cache
def data_fingerprint(dataset: str) -> str:
    """Tell a dataset config from others by all that its trajectories depend on."""
    config = load_dataset_config(dataset)
    market, lineup = load_market(config.market), load_lineup(config.lineup)
    told = [SEMANTICS, *(plain(asdict(part)) for part in (config, market, lineup))]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]
