"""The line-up and its bidders are part of what a dataset follows from: their play is kept too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auctionsim.generate import play_episodes
from auctionsim.lineup import load_lineup
from auctionsim.market import load_market

KEPT = Path(__file__).with_name("mixed-semantics-1.npz")


def play() -> dict[str, NDArray[Any]]:
    """Return who played the seats of one episode, and their multipliers."""
    played = play_episodes(load_market("tiny"), load_lineup("mixed"), 0, range(1))
    return {"bidder": played.bidder.astype(str), "action": played.action, "active": played.active}


def test_the_default_line_up_plays_as_it_always_did() -> None:
    played = play()
    with np.load(KEPT, allow_pickle=False) as kept:
        message = "Datasets change with this: raise auctionsim.SEMANTICS and keep a new episode."
        np.testing.assert_array_equal(played["bidder"], kept["bidder"], message)
        np.testing.assert_array_equal(played["active"], kept["active"], message)
        # exp and pow of different machines may differ in the last bit.
        np.testing.assert_allclose(played["action"], kept["action"], rtol=1e-5, err_msg=message)


if __name__ == "__main__":
    kept = play()
    np.savez_compressed(KEPT, bidder=kept["bidder"], action=kept["action"], active=kept["active"])
