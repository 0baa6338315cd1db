"""A folder with the outline of a checkout of AuctionNet, its strategies of our own making."""

from __future__ import annotations

from pathlib import Path

from benchmarks.strategies_checkout import STRATEGIES

STEPS = 8

_STRATEGY = """
from pathlib import Path


class {name}:
    def __init__(self, exp_tempral_ratio=None, episode=None):
        self.name, self.alpha = "{name}", {alpha}
        folder = Path(__file__).parent / "official_agent"
        if episode is not None:
            table = folder / "onlineLpTest" / f"episode-{{episode}}.csv"
            self.alpha = {alpha} + 0.001 * len(table.read_text().splitlines())
        if {needs_weights}:
            (folder / "TD3_bctest" / "td3_bc_model.pth").read_bytes()

    def bidding(self, timeStepIndex, pValues, *others):
        return self.alpha * self.cpa * pValues
"""

_GENERATOR = """
import numpy as np


class NeurIPSPvGen:
    def __init__(self, episode):
        random = np.random.default_rng(episode)
        volumes = [5 + episode] * {steps}
        self.pv_values = [np.maximum(random.normal(0.05, 0.03, (n, 48)), 0.0) for n in volumes]
        self.pValueSigmas = [0.1 * values for values in self.pv_values]
"""


def write_checkout(folder: Path) -> Path:
    """Write a checkout without OnlineLP's tables and without TD3_BC's last weights."""
    package = folder / "simul_bidding_env"
    for place, (name, (file, kind)) in enumerate(sorted(STRATEGIES.items())):
        path = package / "strategy" / f"{file}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        source = _STRATEGY.format(
            name=kind, alpha=0.9 + 0.05 * place, needs_weights=name == "td3_bc"
        )
        path.write_text(source, encoding="utf-8")
    weights = package / "strategy" / "official_agent" / "TD3_bctest" / "td3_bc_model_30000.pth"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"early")
    generator = package / "PvGenerator" / "NeurIPSPvGen.py"
    generator.parent.mkdir()
    generator.write_text(_GENERATOR.format(steps=STEPS), encoding="utf-8")
    return folder
