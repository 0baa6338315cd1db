"""Made-up trajectories whose differences between tasks and advertisers are known."""

from __future__ import annotations

from collections import Counter
from html.parser import HTMLParser
from typing import Any

import numpy as np

from auctionsim.dataset.schema import Trajectories
from auctionsim.observation import FEATURES
from auctionsim.report.sample import Sample
from auctionsim.report.two_sample import Units

VOID = {"meta", "link", "br", "img", "input", "hr"}


def make_trajectories(
    advertisers: tuple[int, int, int] = (2, 3, 5),
    episodes: int = 10,
    steps: int = 6,
    *,
    shift: float = 0.0,
    own: float = 0.0,
    seed: int = 0,
) -> Trajectories:
    """Return trajectories in which only the multiplier tells tasks or advertisers apart.

    Args:
        advertisers: By task; an advertiser keeps its task.
        episodes: In each, every advertiser plays.
        steps: Of a trajectory.
        shift: Deviations by which the log multiplier of a task lies above that of the one before.
        own: Deviation of each advertiser's own log multiplier.
        seed: Of all numbers.
    """
    rng = np.random.default_rng(seed)
    tasks = np.repeat(np.arange(3), advertisers)
    count = len(tasks)
    n = count * episodes
    task = np.tile(tasks, episodes).astype(np.int8)
    level = np.tile(shift * tasks + own * rng.normal(size=count), episodes)
    action = 90.0 * 2.0 ** (level[:, None] + rng.normal(size=(n, 1)) + np.zeros(steps))
    cost = rng.random((n, steps))
    arrays: dict[str, Any] = {
        "episode": np.repeat(np.arange(episodes), count).astype(np.int32),
        "advertiser": np.tile(np.arange(count), episodes).astype(np.int32),
        "category": np.zeros(n, np.int16),
        "task": task,
        "bidder": np.array([("pid", "été")[i] for i in rng.integers(0, 2, n)], np.object_),
        "budget": np.full(n, float(steps), np.float32),
        "cpa_target": np.where(task == 0, 90.0, np.nan).astype(np.float32),
        "roas_target": np.where(task == 1, 1 / 90.0, np.nan).astype(np.float32),
        "state": rng.random((n, steps, len(FEATURES))).astype(np.float32),
        "final_state": rng.random((n, len(FEATURES))).astype(np.float32),
        "action": action.astype(np.float32),
        "active": np.ones((n, steps), np.bool_),
        "reward": rng.integers(0, 2, (n, steps)).astype(np.float32),
        "value": rng.random((n, steps)).astype(np.float32),
        "cost": cost.astype(np.float32),
        "expected_value": rng.random((n, steps)).astype(np.float32),
        "expected_conversions": rng.random((n, steps)).astype(np.float32),
    }
    return Trajectories(**arrays)


def make_sample(trajectories: Trajectories | None = None, **settings: Any) -> Sample:
    """Return a sample of such trajectories."""
    data = make_trajectories(**settings) if trajectories is None else trajectories
    return Sample(data, data.episode.astype(np.int64), FEATURES, 90.0, len(data))


def make_units(
    advertisers: int, episodes: int, features: int = 3, rows: int = 1, seed: int = 0
) -> Units:
    """Return units of pure noise, `rows` rows each."""
    rng = np.random.default_rng(seed)
    count = advertisers * episodes
    return Units(
        rng.normal(size=(count * rows, features)),
        np.repeat(np.arange(count), rows),
        np.repeat(np.arange(episodes), advertisers),
        np.tile(np.arange(advertisers), episodes),
    )


class Page(HTMLParser):
    """Collects tags, attributes and text, and checks that tags are closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
