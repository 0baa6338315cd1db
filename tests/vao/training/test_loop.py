"""The training loop: learning, equal treatment, choice of checkpoints, determinism."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch

from auctionsim.errors import InvalidArgumentError
from auctionsim.tasks import TASKS
from tests.vao.factories import all_tasks, make_campaigns, make_trajectories, tiny_config
from tests.vao.training.runs import (
    TRAINING,
    Script,
    of_kind,
    run,
    same,
    toy_config,
    weights_of,
)
from vao.conditions import LOG_RETURN
from vao.config import METHODS
from vao.request import Request
from vao.training import train
from vao.weighting import DivergedError


@pytest.mark.parametrize("method", METHODS)
def test_training_reduces_the_loss(method: Any) -> None:
    settings = {"inverse_steps": 200}
    config = tiny_config(method=method, steps=120, settings=settings, learning_rate=0.01)
    result = run(config)
    losses = [sum(record["losses"].values()) for record in of_kind(result, "loss", "planner")]
    assert np.mean(losses[-10:]) < 0.4 * np.mean(losses[:3])
    last = of_kind(result, "loss", "inverse")[-1]
    assert set(last["losses"]) == set(TASKS)
    assert all(error < 0.5 for error in last["losses"].values())


@pytest.mark.parametrize("method", METHODS)
def test_the_same_seed_gives_the_same_weights(method: Any) -> None:
    config = tiny_config(method=method)
    state = torch.random.get_rng_state()
    one = run(config)
    torch.manual_seed(123)
    again, other = run(config), run(tiny_config(method=method, seed=1))
    assert same(one.policy, again.policy)
    assert one.history == again.history
    assert not same(one.policy, other.policy)
    torch.random.set_rng_state(state)


def test_training_leaves_global_randomness_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    run(tiny_config(method="naive", steps=2))
    assert torch.equal(torch.rand(3), expected)


def test_losses_follow_the_noise_drawn_for_them() -> None:
    one, same_seed, other = (run(toy_config(seed=seed, steps=1)) for seed in (0, 0, 1))
    losses = [of_kind(result, "loss", "main")[0]["losses"] for result in (one, same_seed, other)]
    assert losses[0] == losses[1] != losses[2]


def test_methods_without_weights_do_not_see_validation_data() -> None:
    for method in ("none", "naive"):
        config = tiny_config(method=method)
        blind = train(TRAINING, config, progress=False)
        assert same(blind.policy, run(config).policy)


def test_weights_come_from_the_held_out_data() -> None:
    config = tiny_config(method="vao", steps=1)
    one = run(config)
    other = train(TRAINING, config, validation=make_trajectories(seed=3), progress=False)
    alignments = [of_kind(result, "weights")[0]["alignment"] for result in (one, other)]
    assert alignments[0] != alignments[1]
    assert of_kind(other, "loss", "inverse") == of_kind(one, "loss", "inverse") != []


def test_weights_are_recorded_at_every_refresh() -> None:
    records = of_kind(run(tiny_config(method="vao", steps=8)), "weights")
    assert [record["step"] for record in records] == [0, 3, 6]
    for record in records:
        assert record["stage"] == "planner"
        assert record["tasks"] == list(TASKS)
        assert np.shape(record["alignment"]) == (3, 3)
        assert np.abs(record["alignment"]).max() <= 1.0 + 1e-6
        np.testing.assert_allclose(np.sum(record["weights"], axis=1), 1.0, rtol=1e-5)


def test_losses_are_recorded_as_often_as_told_and_at_the_end() -> None:
    result = run(toy_config(steps=8, log_every=3))
    assert [record["step"] for record in of_kind(result, "loss", "main")] == [0, 3, 6, 7]
    assert [record["step"] for record in of_kind(result, "loss", "warm")] == [0, 3]
    every: list[Any] = []
    told = run(toy_config(steps=8, log_every=3), record=every.append)
    assert every == told.history == result.history


def test_a_stage_trains_its_parts_only() -> None:
    start, warm, both = (
        run(toy_config({"warm": warm}, method="naive", steps=steps)).policy.models[0].planner
        for warm, steps in ((0, 0), (4, 0), (4, 2))
    )
    states = [planner.state_dict() for planner in (start, warm, both)]
    assert torch.equal(states[0]["main.weight"], states[1]["main.weight"])
    assert not torch.equal(states[0]["warm.weight"], states[1]["warm.weight"])
    assert torch.equal(states[1]["warm.weight"], states[2]["warm.weight"])
    assert not torch.equal(states[1]["main.weight"], states[2]["main.weight"])
    assert all(not p.requires_grad for p in both.parameters())


# Updates 5, 10 and 12, the last: the best mean is the first, the best per task differ.
SCORES: list[Mapping[str, float]] = [
    {"cpa_mcb": 5.0, "target_roas": 9.0, "bcb": 5.0},
    {"cpa_mcb": 8.0, "target_roas": 1.0, "bcb": 1.0},
    {"cpa_mcb": 4.0, "target_roas": 4.0, "bcb": 9.0},
]


@pytest.mark.parametrize("method", ["naive", "vao"])
def test_one_model_keeps_the_checkpoint_of_the_best_mean(method: Any) -> None:
    script = Script(SCORES)
    result = run(tiny_config(method=method), select=script)
    assert all(map(torch.equal, weights_of(result.policy), script.seen[0]))
    assert [r["kept"] for r in of_kind(result, "select")] == [list(TASKS), [], []]
    assert [r["step"] for r in of_kind(result, "select")] == [5, 10, 12]


def test_each_tasks_model_keeps_its_own_best_checkpoint() -> None:
    script = Script(SCORES)
    policy = run(tiny_config(method="none"), select=script).policy
    each = len(script.seen[0]) // 3
    kept = weights_of(policy)
    for model, best in enumerate([1, 0, 2]):
        part = slice(model * each, (model + 1) * each)
        assert all(map(torch.equal, kept[part], script.seen[best][part]))


def test_without_selection_the_last_weights_stay() -> None:
    script = Script([{task: float(i) for task in TASKS} for i in range(3)])
    assert same(
        run(tiny_config(method="naive"), select=script).policy,
        run(tiny_config(method="naive")).policy,
    )


@pytest.mark.parametrize("scores", [{}, {**SCORES[0], "bcb": float("nan")}])
def test_scores_must_be_whole(scores: Mapping[str, float]) -> None:
    with pytest.raises(InvalidArgumentError, match="score of"):
        run(tiny_config(method="naive"), select=lambda policy: scores)


@pytest.mark.parametrize("method", METHODS)
def test_without_steps_the_planner_stays_as_drawn_but_its_inverse_dynamics_learn(
    method: Any,
) -> None:
    def fail(policy: object) -> Mapping[str, float]:
        raise AssertionError("there is nothing to choose from")

    untrained = run(tiny_config(method=method, steps=0), select=fail)
    assert {record["stage"] for record in untrained.history} == {"inverse"}
    drawn = run(tiny_config(method=method, steps=0, settings={"inverse_steps": 0})).policy
    trained = run(tiny_config(method=method, steps=1)).policy
    models = zip(untrained.policy.models, drawn.models, trained.models, strict=True)
    for model, start, later in models:
        states = [m.planner.state_dict() for m in (model, start, later)]
        inverse = {name for name in states[0] if name.startswith("inverse.")}
        moved = [{n for n, t in states[0].items() if not torch.equal(t, s[n])} for s in states]
        assert moved[1] == inverse
        assert moved[2]
        assert not moved[2] & inverse


@pytest.mark.parametrize("method", METHODS)
def test_mixed_precision_stays_close_to_full(method: Any) -> None:
    full, mixed = (
        run(tiny_config(method=method, precision=precision, steps=10))
        for precision in ("float32", "bfloat16")
    )
    assert not same(full.policy, mixed.policy)
    assert all(t.dtype == torch.float32 for t in weights_of(mixed.policy))
    for one, other in zip(of_kind(full, "loss"), of_kind(mixed, "loss"), strict=True):
        assert other["losses"] == pytest.approx(one["losses"], rel=0.05)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
@pytest.mark.parametrize("method", METHODS)
def test_trains_on_cuda_as_on_the_cpu(method: Any) -> None:
    cpu, cuda = (run(tiny_config(method=method, steps=3, device=d)) for d in ("cpu", "cuda"))
    for one, other in zip(of_kind(cpu, "loss"), of_kind(cuda, "loss"), strict=True):
        assert other["losses"] == pytest.approx(one["losses"], rel=0.02)


@pytest.mark.parametrize("method", METHODS)
def test_training_that_runs_away_is_named(method: Any) -> None:
    settings = {"inverse_steps": 1}
    config = tiny_config(method=method, learning_rate=1e30, settings=settings)
    with pytest.raises(DivergedError, match="must be finite at step"):
        run(config)


def test_a_request_asks_for_the_same_return_however_data_are_shared() -> None:
    campaigns = make_campaigns(all_tasks(each=3))
    asked = {method: np.zeros(len(campaigns)) for method in METHODS}
    for method, returns in asked.items():
        policy = run(tiny_config(method=method, steps=0, settings={"inverse_steps": 0})).policy
        for model in policy.models:
            mine = np.flatnonzero(np.isin(campaigns.task, model.tasks))
            encoder, own = model.scales.requirements, campaigns.take(mine)
            fields = encoder.asked(own, {task: Request(0.6, 0.9) for task in model.tasks})
            returns[mine] = np.exp(fields[:, LOG_RETURN]) - encoder.offset / own.budget
    np.testing.assert_array_equal(asked["naive"], asked["vao"])
    # The offset that keeps logarithms finite follows the data, and moves the rest by little.
    np.testing.assert_allclose(asked["none"], asked["naive"], rtol=0.005)
    spread = [np.ptp(asked["naive"][campaigns.task == task]) for task in range(len(TASKS))]
    assert min(spread) > 0.005 * asked["naive"].max()
