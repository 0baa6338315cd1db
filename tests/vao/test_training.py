"""The training loop: learning, equal treatment, choice of checkpoints, determinism."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from auctionsim.dataset import Trajectories
from auctionsim.errors import InvalidArgumentError, InvalidDataError
from auctionsim.observation import FEATURES
from auctionsim.tasks import BCB, CPA_MCB, TASKS
from tests.vao.factories import all_tasks, make_campaigns, make_trajectories, tiny_config
from vao.conditions import LOG_RETURN, Request
from vao.config import METHODS, TrainingConfig
from vao.policy import PlannerBidder
from vao.preparation import build_learners
from vao.training import Record, Score, TrainingResult, train
from vao.weighting import DivergedError

TRAINING, VALIDATION = make_trajectories(seed=1), make_trajectories(seed=2)


def _train(config: TrainingConfig, select: Score | None = None) -> TrainingResult:
    return train(TRAINING, config, validation=VALIDATION, select=select, progress=False)


def _weights(policy: PlannerBidder) -> list[Tensor]:
    networks = [n for model in policy.models for n in (model.planner, model.inverse)]
    return [tensor.clone() for network in networks for tensor in network.state_dict().values()]


def _same(one: PlannerBidder, other: PlannerBidder) -> bool:
    return all(map(torch.equal, _weights(one), _weights(other)))


def _of(result: TrainingResult, kind: str) -> list[Record]:
    return [record for record in result.history if record["kind"] == kind]


@pytest.mark.parametrize("method", METHODS)
def test_training_reduces_the_loss(method: Any) -> None:
    config = tiny_config(method=method, steps=120, inverse_steps=200, learning_rate=0.01)
    result = _train(config)
    losses = [sum(record["losses"].values()) for record in _of(result, "loss")]
    assert np.mean(losses[-10:]) < 0.4 * np.mean(losses[:3])
    assert all(record["error"] < 0.5 for record in _of(result, "inverse"))


@pytest.mark.parametrize("method", METHODS)
def test_the_same_seed_gives_the_same_weights(method: Any) -> None:
    config = tiny_config(method=method)
    state = torch.random.get_rng_state()
    one = _train(config)
    torch.manual_seed(123)
    again, other = _train(config), _train(tiny_config(method=method, seed=1))
    assert _same(one.policy, again.policy)
    assert one.history == again.history
    assert not _same(one.policy, other.policy)
    torch.random.set_rng_state(state)


def test_training_leaves_global_randomness_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    _train(tiny_config(method="naive", steps=2))
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("method", METHODS)
def test_methods_differ_in_models_only_as_said(method: Any) -> None:
    policy = _train(tiny_config(method=method)).policy
    assert policy.tasks == TASKS
    assert len(policy.models) == (3 if method == "none" else 1)
    if method != "none":
        return
    learners = build_learners(TRAINING, None, policy.config, FEATURES, lambda record: None, False)
    starts = [learner.objective.planner.state_dict() for learner in learners]
    for name, tensor in starts[0].items():
        assert all(torch.equal(tensor, start[name]) for start in starts), name


def test_normalisers_follow_the_data_setting() -> None:
    own = _train(tiny_config(method="none", steps=1)).policy.models
    pooled = _train(tiny_config(method="naive", steps=1)).policy.models
    means = [model.scales.actions.mean for model in own]
    assert len(set(means)) == 3
    assert min(means) < pooled[0].scales.actions.mean < max(means)


def test_methods_without_weights_do_not_see_validation_data() -> None:
    for method in ("none", "naive"):
        config = tiny_config(method=method)
        blind = train(TRAINING, config, progress=False)
        assert _same(blind.policy, _train(config).policy)


def test_weights_come_from_the_held_out_data() -> None:
    config = tiny_config(method="vao", steps=1)
    one = _of(_train(config), "weights")[0]
    other = train(TRAINING, config, validation=make_trajectories(seed=3), progress=False)
    assert _of(other, "weights")[0]["alignment"] != one["alignment"]
    assert _of(other, "inverse") == _of(_train(config), "inverse")


def test_weights_are_recorded_at_every_refresh() -> None:
    records = _of(_train(tiny_config(method="vao", steps=8, refresh=3)), "weights")
    assert [record["step"] for record in records] == [0, 3, 6]
    for record in records:
        assert record["tasks"] == list(TASKS)
        assert np.shape(record["alignment"]) == (3, 3)
        assert np.abs(record["alignment"]).max() <= 1.0 + 1e-6
        np.testing.assert_allclose(np.sum(record["weights"], axis=1), 1.0, rtol=1e-5)


class _Script:
    """Scores snapshots from a list, and remembers their weights."""

    def __init__(self, scores: list[Mapping[str, float]]) -> None:
        self.scores = scores
        self.seen: list[list[Tensor]] = []

    def __call__(self, policy: PlannerBidder) -> Mapping[str, float]:
        self.seen.append(_weights(policy))
        return self.scores[len(self.seen) - 1]


# Updates 5, 10 and 12, the last: the best mean is the first, the best per task differ.
SCORES: list[Mapping[str, float]] = [
    {"cpa_mcb": 5.0, "target_roas": 9.0, "bcb": 5.0},
    {"cpa_mcb": 8.0, "target_roas": 1.0, "bcb": 1.0},
    {"cpa_mcb": 4.0, "target_roas": 4.0, "bcb": 9.0},
]


@pytest.mark.parametrize("method", ["naive", "vao"])
def test_one_model_keeps_the_checkpoint_of_the_best_mean(method: Any) -> None:
    script = _Script(SCORES)
    result = _train(tiny_config(method=method), script)
    assert all(map(torch.equal, _weights(result.policy), script.seen[0]))
    assert [r["kept"] for r in _of(result, "select")] == [list(TASKS), [], []]
    assert [r["step"] for r in _of(result, "select")] == [5, 10, 12]


def test_each_tasks_model_keeps_its_own_best_checkpoint() -> None:
    script = _Script(SCORES)
    policy = _train(tiny_config(method="none"), script).policy
    each = len(script.seen[0]) // 3
    kept = _weights(policy)
    for model, best in enumerate([1, 0, 2]):
        part = slice(model * each, (model + 1) * each)
        assert all(map(torch.equal, kept[part], script.seen[best][part]))


def test_without_selection_the_last_weights_stay() -> None:
    script = _Script([{task: float(i) for task in TASKS} for i in range(3)])
    assert _same(
        _train(tiny_config(method="naive"), script).policy,
        _train(tiny_config(method="naive")).policy,
    )


@pytest.mark.parametrize("scores", [{}, {**SCORES[0], "bcb": float("nan")}])
def test_scores_must_be_whole(scores: Mapping[str, float]) -> None:
    with pytest.raises(InvalidArgumentError, match="score of"):
        _train(tiny_config(method="naive"), lambda policy: scores)


def test_fewer_tasks_are_fewer_targets() -> None:
    two = TRAINING.take(np.flatnonzero(TRAINING.task != BCB))
    result = train(two, tiny_config(), validation=VALIDATION, progress=False)
    assert result.policy.tasks == ("cpa_mcb", "target_roas")
    assert np.shape(_of(result, "weights")[0]["weights"]) == (2, 2)


def test_a_subset_of_features() -> None:
    config = tiny_config(features=("budget_left", "mean_bid_last_3", "time_left"))
    policy = _train(config).policy
    assert policy.models[0].scales.states.features == config.features
    assert policy.models[0].planner.change.out_features == 3


def _without(task: int) -> Trajectories:
    return VALIDATION.take(np.flatnonzero(VALIDATION.task != task))


@pytest.mark.parametrize("validation", [None, _without(CPA_MCB)])
def test_vao_needs_held_out_data_of_every_task(validation: Trajectories | None) -> None:
    with pytest.raises(InvalidArgumentError, match="cpa_mcb"):
        train(TRAINING, tiny_config(method="vao"), validation=validation, progress=False)


@pytest.mark.parametrize(
    ("config", "features", "named"),
    [
        ({"batch": 2}, FEATURES, "batch"),
        ({"device": "cuda:99"}, FEATURES, "device"),
        ({"device": "toaster"}, FEATURES, "device"),
        ({"features": ("time_lefd",)}, FEATURES, "time_lefd"),
        ({"features": ()}, FEATURES, "features"),
        ({}, FEATURES[:5], "features"),
    ],
)
def test_what_the_data_cannot_give_is_refused(
    config: dict[str, Any], features: tuple[str, ...], named: str
) -> None:
    with pytest.raises(InvalidArgumentError, match=named):
        train(
            TRAINING,
            tiny_config(**config),
            validation=VALIDATION,
            features=features,
            progress=False,
        )


def test_no_data_are_refused() -> None:
    with pytest.raises(InvalidDataError, match="training"):
        train(TRAINING.take([]), tiny_config(), progress=False)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
@pytest.mark.parametrize("method", METHODS)
def test_trains_on_cuda_as_on_the_cpu(method: Any) -> None:
    cpu, cuda = (_train(tiny_config(method=method, steps=3, device=d)) for d in ("cpu", "cuda"))
    for one, other in zip(_of(cpu, "loss"), _of(cuda, "loss"), strict=True):
        assert other["losses"] == pytest.approx(one["losses"], rel=0.02)


@pytest.mark.parametrize("method", METHODS)
def test_training_that_runs_away_is_named(method: Any) -> None:
    config = tiny_config(method=method, learning_rate=1e30, inverse_steps=1, refresh=1)
    with pytest.raises(DivergedError, match="not finite at step"):
        _train(config)


def test_a_request_asks_for_the_same_return_however_data_are_shared() -> None:
    campaigns = make_campaigns(all_tasks(each=3))
    asked = {method: np.zeros(len(campaigns)) for method in METHODS}
    for method, returns in asked.items():
        policy = _train(tiny_config(method=method, steps=1, inverse_steps=1)).policy
        for model in policy.models:
            mine = np.flatnonzero(np.isin(campaigns.task, model.tasks))
            encoder, own = model.scales.requirements, campaigns.take(mine)
            requests = {task: Request(0.6, 0.9) for task in model.tasks}
            values, _ = encoder.asked(own, requests)
            field = values[:, LOG_RETURN] * encoder.deviation[LOG_RETURN] + encoder.mean[LOG_RETURN]
            returns[mine] = np.exp(field) - encoder.offset / own.budget
    totals = TRAINING.totals(expected=True)
    achieved = totals.value / totals.budget
    expected = [np.quantile(achieved[TRAINING.task == task], 0.6) for task in campaigns.task]
    for returns in asked.values():
        np.testing.assert_allclose(returns, expected, rtol=1e-5)
    assert len({round(value, 3) for value in expected}) == len(TASKS)
