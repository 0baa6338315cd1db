from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auctionsim.errors import InvalidArgumentError
from auctionsim.statistics import holm

P_VALUES = st.dictionaries(st.text(max_size=3), st.floats(0.0, 1.0), max_size=8)


def test_by_hand() -> None:
    found = holm({"a": 0.04, "b": 0.01, "c": 0.03, "d": 0.005})
    assert found == pytest.approx({"a": 0.06, "b": 0.03, "c": 0.06, "d": 0.02})
    assert list(found) == ["a", "b", "c", "d"]
    assert holm({}) == {}


@given(P_VALUES)
def test_it_lies_between_no_correction_and_bonferronis(p_values: dict[str, float]) -> None:
    for name, corrected in holm(p_values).items():
        assert p_values[name] <= corrected <= min(1.0, len(p_values) * p_values[name])


@given(P_VALUES)
def test_it_keeps_the_order(p_values: dict[str, float]) -> None:
    corrected = holm(p_values)
    order = sorted(p_values, key=lambda name: p_values[name])
    assert np.all(np.diff([corrected[name] for name in order]) >= 0.0)


def test_one_false_claim_among_many_is_as_rare_as_it_says() -> None:
    rng = np.random.default_rng(0)
    claims = [
        min(holm({str(i): p for i, p in enumerate(row)}).values()) < 0.05
        for row in rng.uniform(size=(2000, 10))
    ]
    assert np.mean(claims) == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / 2000))


@pytest.mark.parametrize("bad", [-0.1, 1.1, float("nan")])
def test_what_is_no_p_value_is_named(bad: float) -> None:
    with pytest.raises(InvalidArgumentError, match=r"`p_values\.x` must lie in \[0, 1\]"):
        holm({"x": bad})
