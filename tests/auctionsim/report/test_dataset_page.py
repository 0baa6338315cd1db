"""The page of a dataset: whole, self-contained, safe, the same for the same data."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from auctionsim.dataset.card import Card, make_card
from auctionsim.dataset.schema import Trajectories
from auctionsim.report.dataset_page import render_dataset
from auctionsim.report.sample import Sample
from auctionsim.report.study import Study, study
from tests.auctionsim.report.samples import Page, make_sample, make_trajectories

SECTIONS = (
    "What it holds",
    "How well the bidders played",
    "Pacing",
    "Price by step",
    "States and actions covered",
    "How far apart the tasks are",
    "How it was made",
    "What the words mean",
)
NASTY = '</title><script>alert("x")</script>&amp;-->$\\frac{'


def card(steps: int, **changes: Any) -> Card:
    settings: dict[str, Any] = {
        "kind": "simulated",
        "semantics": 1,
        "features": ("time_left",),
        "seeds": {"episodes": 7},
        "config": {"market": {"name": "tiny", "campaigns": {"reference_price": 90.0}}},
    }
    return make_card(steps=steps, **settings | changes)


def page_of(sample: Sample, name: str = "d", **changes: Any) -> str:
    return render_dataset(name, study(card(sample.steps, **changes), 1000, sample))


@pytest.fixture(scope="module")
def found() -> Study:
    return study(card(6), 1000, make_sample(shift=1.0))


@pytest.fixture(scope="module")
def html(found: Study) -> str:
    return render_dataset("my data", found)


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_the_page_shows_every_section(page: Page) -> None:
    for heading in SECTIONS:
        assert f"\n{heading}\n" in page.text
    for name in ("Dataset: my data", "CPA-MCB", "TargetROAS", "BCB", "pid", "été", "tiny"):
        assert name in page.text
    # Seven metrics; pacing and cells by task; one of prices; one a pair of tasks.
    assert page.tags["figure"] == 7 + 3 + 1 + 3 + 3
    assert page.tags["table"] == 1 + 1 + 1 + 3 + 3


def test_the_page_needs_nothing_beside_it(html: str, page: Page) -> None:
    assert not page.tags.keys() & {"script", "link", "img", "iframe", "object", "image"}
    links = [v for k, v in page.attributes if k in ("href", "src", "xlink:href") and v]
    assert all(link.startswith("#") for link in links)
    assert "http" not in html
    assert "@import" not in html
    assert not re.search(r"url\((?!#)", html)


def test_ids_are_unique_and_references_resolve(html: str, page: Page) -> None:
    ids = Counter(value for key, value in page.attributes if key == "id")
    assert max(ids.values()) == 1
    links = [v for k, v in page.attributes if k == "href" and v]
    for reference in (*re.findall(r"url\(#([^)]*)\)", html), *(link[1:] for link in links)):
        assert reference in ids


def test_all_colours_come_from_the_page(html: str) -> None:
    body = html.partition("<body>")[2]
    assert not re.search(r"#[0-9a-fA-F]{6}\b", body)
    used = set(re.findall(r"var\((--[\w-]+)\)", html))
    assert used <= set(re.findall(r"(--[\w-]+):", html))


def test_equal_data_give_equal_text(found: Study, html: str) -> None:
    assert render_dataset("my data", found) == html


def test_hostile_names_are_shown_as_they_are() -> None:
    data = make_trajectories((1, 0, 1), episodes=2, steps=3)
    data.bidder[:] = [f"{NASTY}{i % 2}" for i in range(len(data))]
    html = page_of(make_sample(data), NASTY, seeds={NASTY: 1}, config={NASTY: {NASTY: NASTY}})
    assert "<script" not in html
    assert Page(html).text.count(NASTY) >= 8


def tiny(advertisers: tuple[int, int, int], episodes: int, steps: int) -> Trajectories:
    return make_trajectories(advertisers, episodes=episodes, steps=steps)


def test_one_trajectory_of_one_step_is_a_page_too() -> None:
    page = Page(page_of(make_sample(tiny((0, 0, 1), 1, 1))))
    assert "The data holds one task only: there is nothing to compare." in page.text


def test_two_tasks_in_one_episode_say_what_is_missing() -> None:
    text = Page(page_of(make_sample(tiny((1, 1, 0), 1, 2)))).text
    assert "needs 4 episodes" in text
    assert "fewer than two of them" in text


def test_idle_and_worthless_data_is_a_page_too() -> None:
    data = tiny((2, 2, 2), 5, 3)
    for name in ("action", "reward", "value", "cost", "expected_value", "expected_conversions"):
        getattr(data, name)[:] = 0
    data.active[:] = False
    data.budget[:] = 0
    data.state[:] = 0
    data.final_state[:] = 0
    text = Page(page_of(make_sample(data))).text
    for heading in SECTIONS:
        assert heading in text


def test_numbers_that_are_none_do_not_break_the_page() -> None:
    data = tiny((2, 0, 3), 5, 3)
    for name in ("state", "final_state", "action"):
        getattr(data, name)[:] = np.nan
    data.cpa_target[:] = np.nan
    assert "hold no market prices" in Page(page_of(make_sample(data))).text


def test_states_without_prices_say_so() -> None:
    data = tiny((0, 0, 2), 2, 3)
    few = replace(data, state=data.state[:, :, :1], final_state=data.final_state[:, :1])
    sample = Sample(few, few.episode.astype(np.int64), ("time_left",), None, len(few))
    text = Page(page_of(sample)).text
    assert "hold no market prices" in text
    assert "median multiplier in the data" in text


def test_a_sample_is_called_one(html: str) -> None:
    assert "All of them are shown" in html
    sample = make_sample(tiny((0, 0, 2), 3, 2))
    text = page_of(replace(sample, of=1_000_000))
    assert "1,000,000 trajectories of 2 steps" in text
    assert "from 6 of them: 3 episodes, evenly spaced" in text


def test_many_bidders_share_a_row() -> None:
    data = tiny((0, 0, 12), 4, 2)
    data.bidder[:] = [f"bidder {i % 12}" for i in range(48)]
    text = Page(page_of(make_sample(data))).text
    assert "all others" in text
    assert "6 most frequent" in text
