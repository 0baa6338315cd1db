"""Records of weights as arrays over training: complete, in order, thinned without mixing stages."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auctionsim.errors import InvalidDataError
from vao.sharing_findings.records import POINTS, Track, mean_where_known


def entry(step: int, stage: str = "policy", **more: Any) -> dict[str, Any]:
    return {"kind": "weights", "stage": stage, "step": step, "tasks": ["a", "b"], **more}


def track_of(*records: dict[str, Any]) -> Track:
    track = Track.of(records, "weights")
    assert track is not None
    return track


def test_a_history_without_such_records_has_no_track() -> None:
    assert Track.of([], "weights") is None
    assert Track.of([{"kind": "loss", "stage": "policy", "step": 0}], "weights") is None


def test_records_that_lack_a_part_leave_gaps() -> None:
    noise = [[1.0, 2.0], [3.0, 4.0]]
    track = track_of(entry(0), entry(5, noise=noise))
    assert track.matrices("alignment") is None
    found = track.matrices("noise")
    assert found is not None
    assert np.isnan(found[0]).all()
    assert found[1].tolist() == noise


def test_sources_are_the_tasks_where_none_are_named() -> None:
    assert track_of(entry(0)).sources == ("a", "b")
    wider = track_of(entry(0, sources=["x", "a", "b"], weights=[[0, 1, 0], [1, 0, 0]]))
    assert wider.sources == ("x", "a", "b")
    found = wider.matrices("weights")
    assert found is not None
    assert found.shape == (1, 2, 3)


def test_models_side_by_side_share_their_times() -> None:
    def one(step: int, task: str, weight: float) -> dict[str, Any]:
        part = {"tasks": [task], "sources": ["a", "b"], "weights": [[weight, 1 - weight]]}
        return {"kind": "weights", "stage": "policy", "step": step, **part}

    track = track_of(one(0, "a", 0.1), one(0, "b", 0.2), one(5, "a", 0.3))
    assert track.steps.tolist() == [0.0, 5.0]
    found = track.matrices("weights")
    assert found is not None
    np.testing.assert_array_equal(found[:, :, 0], [[0.1, 0.2], [0.3, np.nan]])


def test_steps_are_counted_on_through_the_stages_that_are_weighed() -> None:
    others = [{"kind": "loss", "stage": stage, "step": 99} for stage in ("inverse", "one", "two")]
    records = [*others, entry(0, "one"), entry(50, "one"), entry(0, "two")]
    track = track_of(*records)
    assert track.steps.tolist() == [0.0, 50.0, 100.0]
    assert track.stages == {"one": 0.0, "two": 100.0}
    np.testing.assert_array_equal(track.thinned(np.arange(3.0)), [0.0, 1.0, np.nan, 2.0])
    assert track.positions().tolist() == [0.0, 50.0, 100.0, 100.0]


def test_records_from_before_stages_were_named_are_one_stage() -> None:
    old = [{"kind": "weights", "step": step, "tasks": ["a"]} for step in (0, 5)]
    track = track_of(*old)
    assert track.steps.tolist() == [0.0, 5.0]
    assert track.stages == {}


def test_running_means_do_not_reach_over_a_stage_nor_fill_what_is_not_known() -> None:
    track = track_of(*(entry(step, stage) for stage in ("one", "two") for step in range(30)))
    half = track.window // 2
    values = np.repeat([1.0, 5.0], 30)
    values[10] = np.nan
    found = track.running(track.thinned(values))
    assert half >= 1
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(found)), [10, 30])
    assert set(np.delete(found[:30], 10)) == {1.0}
    assert set(found[31:]) == {5.0}


@given(st.lists(st.integers(1, 3 * POINTS), min_size=1, max_size=4))
def test_thinning_keeps_every_time_once_and_few_points(lengths: list[int]) -> None:
    records = [entry(step, f"{i}") for i, length in enumerate(lengths) for step in range(length)]
    track = track_of(*records)
    covered = [time for span in track.spans for time in range(span.start, span.stop)]
    assert covered == list(range(sum(lengths)))
    assert len(track.spans) <= POINTS + 2 * len(lengths)
    assert max(span.stop - span.start for span in track.spans) <= track.averaged
    assert (np.diff(track.positions()) >= 0).all()


def test_what_is_not_finite_is_left_out_of_means() -> None:
    numbers = np.array([[1.0, np.nan, np.inf], [3.0, np.nan, 5.0]])
    np.testing.assert_array_equal(mean_where_known(numbers), [2.0, np.nan, 5.0])
    np.testing.assert_array_equal(mean_where_known(np.empty((0, 2))), [np.nan, np.nan])


def test_null_and_infinite_numbers_become_gaps() -> None:
    found = track_of(entry(0, weights=[[None, 1.0], [np.inf, 0.5]])).matrices("weights")
    np.testing.assert_array_equal(found, [[[np.nan, 1.0], [np.nan, 0.5]]])


@pytest.mark.parametrize(
    "weights", [[[1.0, 0.0]], [[1.0], [1.0]], [[1.0, 0.0], [1.0]], 1.0, "text", [["x", "y"]] * 2]
)
def test_matrices_of_another_size_are_refused(weights: object) -> None:
    with pytest.raises(InvalidDataError, match=r"weights of the records.* shape \(2, 2\)"):
        track_of(entry(0, weights=weights)).matrices("weights")


def test_vectors_must_be_there_and_as_long_as_the_tasks() -> None:
    assert track_of(entry(0, balance=[0.5, 1.5])).vectors("balance").tolist() == [[0.5, 1.5]]
    for found in ({}, {"balance": [1.0]}, {"balance": [[1.0, 2.0]]}):
        with pytest.raises(InvalidDataError, match="balance of the records"):
            track_of(entry(0, **found)).vectors("balance")
