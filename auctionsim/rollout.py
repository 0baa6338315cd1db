"""Roll-outs: bidders play a simulation to its end, and the seats' trajectories are kept."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from auctionsim.bidding import Observation
from auctionsim.cast import Cast
from auctionsim.dataset.schema import Trajectories
from auctionsim.errors import invalid_argument
from auctionsim.observation import FEATURES
from auctionsim.simulator import Game, StepOutcome

IntArray = NDArray[np.int64]

_FROM_OUTCOME = {
    "reward": "conversions",
    "value": "value",
    "cost": "cost",
    "expected_value": "expected_value",
    "expected_conversions": "expected_conversions",
}


def roll_out(
    simulation: Game,
    cast: Cast,
    seats: IntArray | None = None,
    on_step: Callable[[], object] | None = None,
) -> Trajectories:
    """Play a simulation to its end.

    Args:
        simulation: A simulation at its beginning.
        cast: Who plays each seat.
        seats: Flat seats whose trajectories to keep, in this order; all by default.
        on_step: Called after every step, for progress.

    Returns:
        The trajectories of these seats.

    Raises:
        InvalidArgumentError: If the simulation has begun.
        BidderError: If a bidder breaks its contract, unless the cast lets it sit out.
    """
    if simulation.step_index > 0:
        found, mend = f"step {simulation.step_index}", "Make a new one."
        raise invalid_argument("simulation", "must be at its beginning", found, mend)
    kept = np.arange(len(simulation.campaigns)) if seats is None else seats
    recorder = Recorder(simulation, kept)
    while not simulation.done:
        observation = simulation.observe()
        multipliers, bids = cast.decide(simulation, observation)
        recorder.take_in(observation, cast.play(simulation, multipliers, bids))
        if on_step is not None:
            on_step()
    return recorder.finish(simulation.observe(), cast.names)


class Recorder:
    """Keeps what a dataset needs of some seats, step by step."""

    def __init__(self, simulation: Game, seats: IntArray) -> None:
        self._simulation, self._seats = simulation, seats
        steps, n = simulation.market.steps, len(seats)
        self._state = np.zeros((n, steps, len(FEATURES)), np.float32)
        self._active = np.zeros((n, steps), np.bool_)
        self._action = np.zeros((n, steps), np.float32)
        self._sums = {name: np.zeros((n, steps), np.float32) for name in _FROM_OUTCOME}

    def take_in(self, observation: Observation, outcome: StepOutcome) -> None:
        """Keep one step: what was seen before it, and what it brought."""
        step, seats = observation.step, self._seats
        self._state[:, step] = observation.features[seats]
        self._active[:, step] = observation.active[seats]
        self._action[:, step] = outcome.multiplier.ravel()[seats]
        for name, field in _FROM_OUTCOME.items():
            self._sums[name][:, step] = getattr(outcome, field).ravel()[seats]

    def finish(self, final: Observation, names: NDArray[np.object_]) -> Trajectories:
        """Return the trajectories, given the observation after the last step."""
        simulation, seats = self._simulation, self._seats
        campaigns = simulation.campaigns.take(seats)
        return Trajectories(
            episode=simulation.seat_episode[seats].astype(np.int32),
            advertiser=campaigns.advertiser.astype(np.int32),
            category=campaigns.category.astype(np.int16),
            task=campaigns.task,
            bidder=names[seats],
            budget=campaigns.budget.astype(np.float32),
            cpa_target=campaigns.cpa_target.astype(np.float32),
            roas_target=campaigns.roas_target.astype(np.float32),
            state=self._state,
            final_state=final.features[seats].astype(np.float32),
            action=self._action,
            active=self._active,
            **self._sums,
        )
