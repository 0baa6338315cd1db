"""Bidders that bring their worker into trouble; all bid the same otherwise."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from auctionsim.bidding import Bidder, Observation, Opportunities, OpportunityBidder
from auctionsim.campaigns import Campaign


class Calm(Bidder):
    """Bids its reference price."""

    def act(self, observation: Observation) -> float:
        return 0.5 * self.campaign.reference


class Slow(Calm):
    """Takes its time in every episode."""

    def reset(self, campaign: Campaign) -> None:
        super().reset(campaign)
        if campaign.advertiser == 0:
            time.sleep(0.3)


class Deadly(Calm):
    """Ends its process the hard way, once for each line of the file named by FACTORY_DEATHS."""

    def act(self, observation: Observation) -> float:
        path = Path(os.environ["FACTORY_DEATHS"])
        lines = path.read_text().splitlines()
        if lines:
            path.write_text("".join(f"{line}\n" for line in lines[1:]))
            os.kill(os.getpid(), signal.SIGKILL)
        return super().act(observation)


class Greedy(Calm):
    """Breaks its contract in one episode."""

    def act(self, observation: Observation) -> float:
        return -1.0 if observation.step == 1 else super().act(observation)


class OneByOne(OpportunityBidder):
    """Bids more for the better half of the opportunities."""

    def bid(self, observation: Observation, opportunities: Opportunities) -> NDArray[np.float32]:
        values = opportunities.values
        better = values > np.median(values) if len(values) else values > 0
        bids: NDArray[np.float32] = values * np.float32(self.campaign.reference)
        return np.where(better, bids, bids / np.float32(3.0))
