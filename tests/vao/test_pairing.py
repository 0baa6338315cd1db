"""Paired differences and the jackknife, against sums done by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from auctionsim.dataset import Trajectories
from auctionsim.errors import InvalidDataError
from auctionsim.evaluation import Evaluation, summarise
from auctionsim.tasks import BCB, TARGET_ROAS, TASKS
from tests.vao.factories import make_trajectories
from vao.experiment import delta_of
from vao.findings import result_row
from vao.pairing import EpisodeMeans, delta_error, paired_differences

SEATS = [(4, 0), (4, 1), (7, 0), (7, 1), (9, 0), (9, 1)]


def played(
    values: Sequence[float], seats: Sequence[tuple[int, int]] = SEATS, task: int = BCB
) -> Evaluation:
    """Return an evaluation in which each (episode, advertiser) won this much, at no cost."""
    trajectories = make_trajectories({task: len(values)})
    columns = {name: getattr(trajectories, name).copy() for name in Trajectories.__annotations__}
    columns["episode"][:] = [episode for episode, _ in seats]
    columns["advertiser"][:] = [advertiser for _, advertiser in seats]
    columns["cost"][:] = 0.0
    for name, factor in (("value", 1.0), ("expected_value", 2.0)):
        columns[name][:] = 0.0
        columns[name][:, 0] = factor * np.asarray(values)
    return summarise(TASKS[task], Trajectories(**columns))


def test_differences_are_averaged_by_episode_then_over_episodes() -> None:
    ours = played([3.0, 5.0, 10.0, 12.0, 20.0, 30.0])
    other = played([1.0, 3.0, 9.0, 9.0, 20.0, 28.0])
    # Episodes' differences: 2, 2, 1; mean 5/3; variance 1/3; error sqrt(1/3 / 3) = 1/3.
    found = paired_differences(ours, other, ("value", "expected_value"))
    assert found["value"].mean == pytest.approx(5 / 3)
    assert found["value"].standard_error == pytest.approx(1 / 3)
    assert found["expected_value"].standard_error == pytest.approx(2 / 3)
    alone = np.hypot(ours.standard_errors["value"], other.standard_errors["value"])
    assert alone > 5.0  # taken apart, the same gap would drown


def test_rows_are_matched_whatever_their_order() -> None:
    ours, values = played([3.0, 5.0, 10.0, 12.0, 20.0, 30.0]), [1.0, 3.0, 9.0, 9.0, 20.0, 28.0]
    back = played(values[::-1], SEATS[::-1])
    straight = paired_differences(ours, played(values), ("value",))
    assert paired_differences(ours, back, ("value",)) == straight


def test_one_episode_has_no_error() -> None:
    one = played([1.0, 2.0], SEATS[:2])
    found = paired_differences(one, played([1.0, 1.0], SEATS[:2]), ("value",))["value"]
    assert (found.mean, found.standard_error) == (0.5, None)
    assert delta_error({"bcb": one}, {"bcb": one}) is None


@pytest.mark.parametrize(
    ("seats", "message"),
    [
        ([*SEATS[:5], (9, 2)], r"same \(episode, advertiser\) on both sides; found \(9, 1\)"),
        ([*SEATS[:5], (8, 1)], r"same \(episode, advertiser\) on both sides; found \(8, 1\)"),
        ([*SEATS[:5], (9, 0)], r"each \(episode, advertiser\) once; found \(9, 0\)"),
        (SEATS[:4], r"found \(9, 0\)"),
    ],
)
def test_other_seats_are_refused(seats: list[tuple[int, int]], message: str) -> None:
    ours, other = played([1.0] * 6), played([1.0] * len(seats), seats)
    with pytest.raises(InvalidDataError, match=message):
        paired_differences(ours, other, ("value",))
    with pytest.raises(InvalidDataError, match=message):
        delta_error({"bcb": ours}, {"bcb": other})
    with pytest.raises(InvalidDataError, match=message):
        result_row("x", {"bcb": ours}, None, behaviour={"bcb": other})


def test_the_jackknife_of_three_episodes() -> None:
    ours = {"bcb": played([2.0, 4.0, 6.0], SEATS[::2])}
    base = {"bcb": played([2.0, 2.0, 4.0], SEATS[::2])}
    # Value and strict Score are equal here, so delta-m is 100 (1 - ours / base).
    # Without one episode: 100 (1 - 10/6), 100 (1 - 8/6), 100 (1 - 6/4).
    without = 100 * np.array([1 - 10 / 6, 1 - 8 / 6, 1 - 6 / 4])
    by_hand = np.sqrt(2 / 3 * ((without - without.mean()) ** 2).sum())
    assert by_hand == pytest.approx(19.2450089729875)
    assert delta_error(ours, base) == pytest.approx(by_hand)
    row = result_row("x", ours, base)
    assert row.delta_m is not None
    assert row.delta_m.mean == pytest.approx(-50.0)
    assert row.delta_m.standard_error == pytest.approx(by_hand)


def test_an_episode_is_left_out_of_all_tasks_at_once() -> None:
    rng = np.random.default_rng(0)
    tasks = {"target_roas": TARGET_ROAS, "bcb": BCB}
    ours, base = (
        {name: played(rng.uniform(1, 9, 6).tolist(), task=task) for name, task in tasks.items()}
        for _ in range(2)
    )

    def without(of: dict[str, Evaluation], episode: int) -> dict[str, Evaluation]:
        kept = {t: np.flatnonzero(r.trajectories.episode != episode) for t, r in of.items()}
        return {t: summarise(t, r.trajectories.take(kept[t])) for t, r in of.items()}

    deltas = np.array([delta_of(without(ours, e), without(base, e)) for e in (4, 7, 9)])
    by_hand = np.sqrt(2 / 3 * ((deltas - deltas.mean()) ** 2).sum())
    assert delta_error(ours, base) == pytest.approx(by_hand)


def test_delta_m_that_hangs_on_one_episode_has_no_error() -> None:
    ours, base = played([1.0, 1.0], SEATS[1:3]), played([0.0, 4.0], SEATS[1:3])
    assert delta_error({"bcb": ours}, {"bcb": base}) is None
    row = result_row("x", {"bcb": ours}, {"bcb": base})
    assert row.delta_m is not None
    assert row.delta_m.standard_error is None


def test_means_without_an_episode_are_over_the_rows_that_stay() -> None:
    uneven = played([1.0, 3.0, 10.0], [(4, 0), (4, 1), (7, 0)])
    assert EpisodeMeans.of(uneven).without(9)["value"] == pytest.approx(14 / 3)
    assert EpisodeMeans.of(uneven).without(7)["value"] == pytest.approx(2.0)
