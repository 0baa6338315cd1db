"""One model: its updates, the weights it keeps, when it stops, and data that do not count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch

from auctionsim.observation import FEATURES
from auctionsim.tasks import CPA_MCB, TASKS
from tests.vao.factories import make_trajectories, tiny_config
from tests.vao.training.runs import TRAINING, of_kind, run, toy_config, weights_of
from vao.policy import PlannerBidder
from vao.training import Score, train
from vao.training.building import build_learners
from vao.training.learner import Learner
from vao.weighting import DivergedError


def _learner(**changes: Any) -> Learner:
    config = toy_config(method="naive", **changes)
    learner = build_learners(TRAINING, None, config, FEATURES)[0]
    learner.begin(learner.stages[1])
    return learner


def _moved(gradient: list[float], step: int) -> list[float]:
    """How far plain gradient descent moves from 0 at a step of 10."""
    learner = _learner(steps=10, learning_rate=0.1, gradient_clip=2.0)
    parameter = torch.nn.Parameter(torch.zeros(len(gradient), dtype=torch.float64))
    parameter.grad = torch.tensor(gradient, dtype=torch.float64)
    learner.parameters = [parameter]
    learner.optimiser = torch.optim.SGD([parameter], lr=9.0)  # type: ignore[assignment]
    learner._descend(step)
    moved: list[float] = parameter.detach().tolist()
    return moved


@pytest.mark.parametrize(
    ("step", "share"), [(0, 1.0), (5, 0.5), (9, 0.5 + 0.5 * np.cos(0.9 * np.pi))]
)
def test_the_learning_rate_decays_along_a_cosine(step: int, share: float) -> None:
    assert _moved([1.0], step) == pytest.approx([-0.1 * share])


def test_long_gradients_are_clipped() -> None:
    assert _moved([30.0, 40.0], step=0) == pytest.approx([-0.1 * 1.2, -0.1 * 1.6], rel=1e-5)
    assert _moved([0.3, 0.4], step=0) == pytest.approx([-0.03, -0.04])


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_gradients_that_run_away_are_named(value: float) -> None:
    with pytest.raises(DivergedError, match="learning_rate"):
        _moved([1.0, value], step=0)


def test_a_stage_may_learn_slower() -> None:
    rates = []
    for late in (0, 1):
        config = toy_config({"late": 5}, method="naive", steps=5, learning_rate=0.1)
        learner = build_learners(TRAINING, None, config, FEATURES)[0]
        learner.begin(learner.stages[1 + late])
        learner.update(0)
        rates.append(learner.optimiser.param_groups[0]["lr"])
    assert rates == pytest.approx([0.1, 0.05])


def test_the_inverse_dynamics_do_not_see_inactive_steps() -> None:
    data = make_trajectories({CPA_MCB: 12})
    active = data.active.copy()
    active[::2, 4:] = False
    data = replace(data, active=active)
    config = tiny_config(method="none", steps=0)

    def fit(bid_when_inactive: float) -> dict[str, torch.Tensor]:
        learner = build_learners(data, None, config, FEATURES)[0]
        # Past `prepare`, which blanks them, such actions must not count either.
        for source in learner.pool._sources:
            source.actions[source.active == 0.0] = bid_when_inactive
        learner.begin(learner.stages[0])
        for step in range(5):
            learner.update(step)
        return learner.planner.state_dict()

    plain, wild = fit(0.5), fit(50.0)
    assert all(torch.equal(tensor, wild[name]) for name, tensor in plain.items())


def test_the_best_weights_are_kept_and_ties_go_to_the_first() -> None:
    learner = _learner()
    found = []
    for score in (1.0, 3.0, 3.0, 2.0):
        found.append((learner.consider(score), learner.snapshot().planner.state_dict()))
        learner.update(len(found))
    assert [better for better, _ in found] == [True, True, False, False]
    best = learner.best().planner.state_dict()
    assert all(torch.equal(tensor, found[1][1][name]) for name, tensor in best.items())
    assert not torch.equal(best["main.weight"], found[2][1]["main.weight"])
    assert learner.best_score == 3.0


@pytest.mark.parametrize(
    ("patience", "scores", "stops"),
    [
        (0, [3.0, 2.0, 1.0, 0.0, 0.0], None),
        (1, [1.0, 2.0, 3.0, 3.0, 4.0], 3),
        (2, [1.0, 0.0, 2.0, 1.0, 2.0, 3.0], 4),
        (3, [1.0, 0.0, 0.0, 2.0, 1.0, 2.0, 3.0], None),
    ],
)
def test_patience_counts_misses_in_a_row(
    patience: int, scores: list[float], stops: int | None
) -> None:
    learner = _learner(patience=patience)
    stopped = []
    for score in scores:
        learner.consider(score)
        stopped.append(learner.stopped)
        if learner.stopped:
            break
    assert (stopped.index(True) if any(stopped) else None) == stops


def _scripted(columns: Mapping[str, list[float]]) -> tuple[list[PlannerBidder], Score]:
    """A score whose values by task go along lists, and the policies it was shown."""
    seen: list[PlannerBidder] = []

    def score(policy: PlannerBidder) -> dict[str, float]:
        seen.append(policy)
        return {task: column[len(seen) - 1] for task, column in columns.items()}

    return seen, score


RISING = [float(i) for i in range(20)]
FALLING = RISING[::-1]


def test_each_model_stops_on_its_own_and_the_others_go_on() -> None:
    columns = {"cpa_mcb": FALLING, "target_roas": RISING, "bcb": [5.0, 6.0, *FALLING]}
    seen, score = _scripted(columns)
    config = toy_config(method="none", steps=10, select_every=1, patience=2)
    result = run(config, select=score)
    ended = [(record["step"], record["tasks"]) for record in of_kind(result, "stopped")]
    # The third of BCB's Scores, 19, is its best.
    assert ended == [(3, ["cpa_mcb"]), (5, ["bcb"])]
    losses = {record["step"]: set(record["losses"]) for record in of_kind(result, "loss", "main")}
    assert losses[2] == set(TASKS)
    assert losses[3] == {"target_roas", "bcb"}
    assert losses[9] == {"target_roas"}
    for task in range(3):
        moves = [
            not all(map(torch.equal, *(p.models[task].planner.state_dict().values() for p in two)))
            for two in pairwise(seen)
        ]
        still = {0: 3, 1: 10, 2: 5}[task]
        assert moves == [done < still for done in range(1, 10)]
    kept = {0: 0, 1: 9, 2: 2}
    for task, place in kept.items():
        best = seen[place].models[task].planner.state_dict()
        chosen = result.policy.models[task].planner.state_dict()
        assert all(torch.equal(tensor, best[name]) for name, tensor in chosen.items())


def test_the_loop_ends_when_all_have_stopped() -> None:
    seen, score = _scripted(dict.fromkeys(TASKS, FALLING))
    config = toy_config(method="none", steps=500, select_every=2, patience=3)
    result = run(config, select=score)
    assert len(seen) == 4
    assert of_kind(result, "loss")[-1]["step"] == 7
    assert [record["step"] for record in of_kind(result, "stopped")] == [8]
    assert result.history[-1]["tasks"] == list(TASKS)
    assert all(map(torch.equal, weights_of(result.policy), weights_of(seen[0])))


def test_a_later_stage_begins_with_new_patience() -> None:
    _, score = _scripted(dict.fromkeys(TASKS, FALLING))
    config = toy_config({"late": 6}, method="naive", steps=6, select_every=1, patience=2)
    result = run(config, select=score)
    assert [(r["stage"], r["step"]) for r in of_kind(result, "stopped")] == [
        ("main", 3),
        ("late", 2),
    ]


def test_a_later_stage_begins_where_the_best_of_the_one_before_lay() -> None:
    column = [0.0, 5.0, 3.0, 2.0, 4.0, 1.0]
    seen, score = _scripted(dict.fromkeys(TASKS, column))
    config = toy_config({"late": 3}, method="naive", steps=3, select_every=1)
    result = run(config, select=score)
    assert len(seen) == 6
    assert all(map(torch.equal, weights_of(result.policy), weights_of(seen[1])))
    # The first step of an optimiser that begins anew moves every weight by the learning rate.
    rate = 0.5 * config.learning_rate
    main, late = (seen[i].models[0].planner.get_parameter("main.weight") for i in (1, 3))
    assert float((late - main).abs().max()) == pytest.approx(rate, rel=1e-3)


def test_a_stage_without_scores_is_not_undone_by_the_best_of_one_before() -> None:
    learner = _learner()
    learner.consider(1.0)
    learner.end()
    learner.begin(learner.stages[0])
    before = learner.planner.get_parameter("warm.weight").clone()
    learner.update(0)
    learner.end()
    after = learner.planner.get_parameter("warm.weight")
    assert not torch.equal(after, before)
    assert torch.equal(learner.best().planner.get_parameter("warm.weight"), after)


def test_without_a_score_nothing_stops() -> None:
    config = toy_config(method="naive", steps=6, select_every=1, patience=1)
    result = train(TRAINING, config, progress=False)
    assert len(of_kind(result, "loss", "main")) == 6
