"""A simulation's state: whole after an error, and in another process."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest

from auctionsim.simulator import Simulation, simulation
from auctionsim.simulator.step import play_step
from tests.auctionsim.simulator.comparing import assert_same_outcome
from tests.auctionsim.worlds import WORLD

PLAY_ON = """
import pickle, sys
from pathlib import Path
import numpy as np
simulation = pickle.loads(Path(sys.argv[1]).read_bytes())
print(simulation.step(np.full(len(simulation.campaigns), 90.0)).cost.sum())
"""


def test_a_step_that_was_broken_off_can_be_played_again() -> None:
    broken, whole = Simulation(WORLD, [0], 1), Simulation(WORLD, [0], 1)
    ask = np.full(len(whole.campaigns), 90.0)

    def interrupted(*arguments: object) -> object:
        play_step(*arguments)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with patch.object(simulation, "play_step", interrupted), pytest.raises(KeyboardInterrupt):
        broken.step(ask)
    assert_same_outcome(broken.step(ask), whole.step(ask))
    np.testing.assert_array_equal(broken.remaining_budget, whole.remaining_budget)


def test_a_simulation_plays_on_in_another_process(tmp_path: Path) -> None:
    here = Simulation(WORLD, [0], 1)
    ask = np.full(len(here.campaigns), 90.0)
    here.step(ask)
    (tmp_path / "simulation").write_bytes(pickle.dumps(here))
    there = subprocess.run(
        [sys.executable, "-c", PLAY_ON, str(tmp_path / "simulation")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert there.returncode == 0, there.stderr
    assert float(there.stdout) == here.step(ask).cost.sum()
