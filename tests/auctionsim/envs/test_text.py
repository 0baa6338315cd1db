from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auctionsim.envs.day import DayRecord, MarketRecord
from auctionsim.envs.text import (
    amount,
    blocks,
    day_facts,
    describe_day,
    describe_market,
    market_facts,
    shortened,
)
from tests.auctionsim.envs.days import NOTHING, ODD_DAYS, ODD_MARKETS, day, market


def line_of(text: str, label: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(label))


@pytest.mark.parametrize("record", ODD_DAYS.values(), ids=ODD_DAYS)
def test_any_day_fits_the_page(record: DayRecord) -> None:
    text = describe_day(record)
    assert all(len(line) <= 80 and line.isprintable() for line in text.split("\n"))
    assert not text.endswith("\n")
    assert f"step {record.played} of {record.steps}" in text
    assert "nan" not in text


@pytest.mark.parametrize("record", ODD_MARKETS.values(), ids=ODD_MARKETS)
def test_any_market_fits_the_page(record: MarketRecord) -> None:
    text = describe_market(record)
    assert all(len(line) <= 80 and line.isprintable() for line in text.split("\n"))
    assert not text.endswith("\n")
    assert "nan" not in text


def test_a_day_is_told_in_full() -> None:
    text = describe_day(day({}, {"market_price": 4.0, "cost": 40.0}, steps=4, task="bcb"))
    assert line_of(text, "a day").endswith("step 2 of 4")
    assert "value 3   conversions 2   CPA 25   spent 50 of 100" in text
    assert line_of(text, "market price").split() == [
        "market", "price", "▄" * 12 + "█" * 12 + "·" * 24, "4", "/", "4",
    ]  # fmt: skip
    assert line_of(text, "budget left").endswith("50%, pace 50%")


def test_a_limit_is_named_and_its_breach_told() -> None:
    kept = day_facts(day({}, task="cpa_mcb", target=10.0))[3]
    assert kept == ("CPA", "10 (target 10)", False)
    broken = day({}, task="cpa_mcb", target=9.9)
    assert day_facts(broken)[3] == ("CPA", "10 (target 9.9)", True)
    assert "CPA 10 (target 9.9), limit broken" in describe_day(broken)
    assert day_facts(day({}, task="target_roas", target=0.15))[3].broken is False
    assert day_facts(day({}, task="target_roas", target=0.16))[3].broken is True


def test_no_limit_is_broken_before_anything_is_paid() -> None:
    for task in ("cpa_mcb", "target_roas"):
        fact = day_facts(day(NOTHING, task=task, target=1.0))[3]
        assert fact.text == "– (target 1)"
        assert not fact.broken
    paid = day({"conversions": 0.0}, task="cpa_mcb", target=1.0)
    assert day_facts(paid)[3] == ("CPA", "∞ (target 1)", True)


def test_the_multiplier_is_drawn_by_logarithm_from_0_to_20_times_the_reference() -> None:
    given_up = [{"multiplier": 90.0 * r} for r in (0.0, 1e-3, 0.05, 1.0, 20.0, 1e9)]
    drawn = line_of(describe_day(day(*given_up, steps=6)), "mult. / ref.")[14:62]
    assert drawn[::8] == " ▁▁▄██"


def test_a_market_is_told_in_full() -> None:
    text = describe_market(market([[10.0, 99.6], [10.0, 0.0]], steps=4))
    assert "advertisers 2   value 120   wins 120   spent 120 of 200" in text
    assert "spent out (below 1% left) 1" in text
    first, second = text.splitlines()[-2:]
    assert first.split() == ["advertiser_1", "99.6", "100", "99.6", "▏" + "·" * 19, "0%"]
    assert second.split() == ["advertiser_0", "20", "20", "20", "█" * 16 + "·" * 4, "80%"]


def test_facts_of_a_market_count_who_has_spent_it_all() -> None:
    assert market_facts(market([[99.0, 99.1, 0.0]]))[-1].text == "1"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (8.0, "8"),
        (0.010893, "0.0109"),
        (12.345, "12.3"),
        (99.96, "100"),
        (1204.4, "1,204"),
        (9_999_999.0, "9,999,999"),
        (9_999_999.6, "1.0e+07"),
        (1.234e30, "1.2e+30"),
        (1e-30, "1.0e-30"),
        (math.nan, "–"),
        (math.inf, "∞"),
    ],
)
def test_amounts_are_short(number: float, text: str) -> None:
    assert amount(number) == text


@given(st.floats(0.0, allow_nan=False))
def test_amounts_take_nine_characters_at_most_and_say_what_they_stand_for(number: float) -> None:
    text = amount(number)
    assert len(text) <= 9
    if 1e-300 < number < 1e300:
        assert float(text.replace(",", "")) == pytest.approx(number, rel=0.06)


def test_text_is_cut_with_an_ellipsis() -> None:
    assert shortened("abcde", 5) == "abcde"
    assert shortened("abcdef", 5) == "abcd…"


def test_blocks_stand_for_parts_of_steps_or_for_their_means() -> None:
    assert blocks(np.array([8.0, 1.0]), 2, 8.0) == "█" * 24 + "▁" * 24
    assert blocks(np.tile([0.0, 2.0], 48), 96, 2.0) == "▄" * 48
    assert blocks(np.array([0.0, math.nan, math.nan]), 2, 1.0) == " " * 32 + "·" * 16


@given(steps=st.integers(1, 300), data=st.data())
def test_blocks_show_what_was_played_and_only_that(steps: int, data: st.DataObject) -> None:
    played = data.draw(st.integers(0, steps))
    by_step = np.where(np.arange(steps) < played, 1.0, math.nan)
    line = blocks(by_step, played, 1.0)
    assert line == line.strip(" ")
    assert len(line) == 48
    assert set(line) <= {"█", "·"}
    assert line == "█" * line.count("█") + "·" * line.count("·")
    assert (line.count("█") == 48) if played == steps else (line.count("·") > 0 or steps > 48)
