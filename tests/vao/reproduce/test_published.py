"""The paper's numbers, held against each other."""

from __future__ import annotations

import pytest

from auctionsim.tasks import TASKS
from vao.methods import Method
from vao.reproduce.published import (
    BASELINE,
    PUBLISHED,
    TABLES,
    WITHOUT_FILM,
    PublishedRow,
    recomputed,
)


@pytest.mark.parametrize("name", [name for name, row in PUBLISHED.items() if row.delta_m])
def test_delta_m_follows_from_the_cells_to_the_digits_printed(name: str) -> None:
    row = PUBLISHED[name]
    # The cells have two decimals, and so their ratios are known to a few units of the fourth.
    assert recomputed(row) == pytest.approx(row.delta_m, abs=0.0055)


def test_delta_m_stands_in_tables_2_and_3_only() -> None:
    without = {name for name, row in PUBLISHED.items() if row.delta_m is None}
    assert without == set(TABLES[1])
    assert recomputed(PUBLISHED[BASELINE]) == 0.0


def test_the_headline_of_the_paper() -> None:
    ours, best = (PUBLISHED[name].delta_m for name in ("odom-vao", "odom-fairgrad"))
    assert ours is not None
    assert best is not None
    # "a 46.8% relative improvement over the best baseline" (sec. 5.2)
    assert 100 * (ours / best - 1) == pytest.approx(46.8, abs=0.05)
    # "from 25.46 to 27.45", "from 19.37 to 26.34", under equal weights
    equal = PUBLISHED["odom-equal"].value
    assert (equal["cpa_mcb"][0], equal["bcb"][0]) == (27.45, 26.34)


def test_rows_are_entrants_and_complete() -> None:
    assert {name for names in TABLES.values() for name in names} == set(PUBLISHED)
    assert [len(names) for names in TABLES.values()] == [3, 10, 2]
    for name, row in PUBLISHED.items():
        if name != WITHOUT_FILM and name.endswith(("equal", "vao")):
            assert Method.of(name).name == name
        for by_task in (row.value, row.score):
            assert tuple(by_task) == TASKS
            assert all(mean > 0 and 0 < error < 2 for mean, error in by_task.values())


def test_nobody_can_change_them() -> None:
    with pytest.raises(TypeError):
        PUBLISHED["odom-vao"] = PublishedRow({}, {})  # type: ignore[index]
    with pytest.raises(TypeError):
        PUBLISHED["odom-vao"].value["bcb"] = (99.0, 0.0)  # type: ignore[index]
