"""The delta-m of the paper's tables, and its rules."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auctionsim.errors import InvalidArgumentError
from vao import delta_m

CELLS = [(task, m) for task in ("cpa_mcb", "target_roas", "bcb") for m in ("value", "score")]
# Means printed in Tables 2 and 3 of the VAO paper, and the delta-m printed beside them.
NO_SHARING = (25.46, 19.14, 24.05, 24.32, 19.37, 13.34)
PUBLISHED = {
    "MDOM EW": ((21.12, 19.26, 15.43, 13.38, 12.93, 7.22), 29.39),
    "ODOM EW": ((27.45, 21.95, 27.58, 27.57, 26.34, 21.32), -24.39),
    "ODOM FairGrad": ((33.64, 24.50, 27.71, 27.90, 25.77, 22.73), -32.25),
    "VAO": ((36.10, 31.48, 30.38, 30.94, 28.01, 23.97), -47.35),
    "VAO without FiLM": ((32.73, 29.30, 29.77, 29.70, 27.35, 23.06), -40.27),
}


def _table(numbers: tuple[float, ...]) -> dict[tuple[str, str], float]:
    return dict(zip(CELLS, numbers, strict=True))


@pytest.mark.parametrize("method", PUBLISHED)
def test_reproduces_the_published_figures(method: str) -> None:
    numbers, published = PUBLISHED[method]
    assert delta_m(_table(numbers), _table(NO_SHARING)) == pytest.approx(published, abs=0.02)


def test_is_negative_for_gains_and_positive_for_losses() -> None:
    assert delta_m({"a": 2.0}, {"a": 1.0}) == -100.0
    assert delta_m({"a": 0.5}, {"a": 1.0}) == 50.0


@given(st.dictionaries(st.text(), st.floats(0.1, 1e6), min_size=1))
def test_against_itself_is_zero(metrics: dict[str, float]) -> None:
    assert delta_m(metrics, metrics) == 0.0


@pytest.mark.parametrize(
    ("metrics", "baseline", "named"),
    [
        ({}, {}, "baseline"),
        ({"a": 1.0}, {"a": 1.0, "b": 1.0}, "b"),
        ({"a": 1.0, "c": 1.0}, {"a": 1.0, "b": 1.0}, "c"),
        ({"a": 1.0}, {"a": 0.0}, "0"),
        ({"a": math.nan}, {"a": 1.0}, "nan"),
        ({"a": 1.0}, {"a": math.inf}, "inf"),
    ],
)
def test_refuses_tables_that_cannot_be_compared(
    metrics: dict[str, float], baseline: dict[str, float], named: str
) -> None:
    with pytest.raises(InvalidArgumentError, match=named):
        delta_m(metrics, baseline)
