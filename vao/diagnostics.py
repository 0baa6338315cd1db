"""Why a planner acts as it does: what it foresees, what its actions are made of, what it obeys."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from auctionsim.dataset import Trajectories
from auctionsim.errors import invalid_argument
from auctionsim.evaluation import Evaluation
from auctionsim.tasks import CPA_MCB, TARGET_ROAS, TASKS
from vao.batch import Batch, History
from vao.planners import Planner, StatePlanner
from vao.policy import TrainedModel
from vao.request import Request
from vao.scales import feature_columns
from vao.sharing import Source

__all__ = ["Foresight", "Obedience", "foresight", "obedience", "swing"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Foresight:
    """What a planner foresees on given trajectories, step by step along their true histories.

    Attributes:
        trajectories: How many were looked at.
        features: Names of the state features; empty for planners that plan no states.
        plan_error: Root mean squared error of the planned next states, (features,), normalised.
        copy_error: The same for "the next state is the present one", to compare with.
        action_error: Root mean squared error of its actions, standardised log multipliers.
        action_spread: The same for the best constant: the spread of the true actions.
        inverse_error: The same for the inverse dynamics, told the true next states; nan without.
        plan_change: Mean change of the multiplier, in standardised log units, where a plan takes
            the place of the true next state; nan without.
    """

    trajectories: int
    features: tuple[str, ...]
    plan_error: tuple[float, ...]
    copy_error: tuple[float, ...]
    action_error: float
    action_spread: float
    inverse_error: float
    plan_change: float


def foresight(
    model: TrainedModel, trajectories: Trajectories, features: Sequence[str], seed: int = 0
) -> Foresight:
    """Compare plans with what came next, and actions with those taken.

    On held-out data this tells what the planner has learned; on trajectories of its own roll-outs,
    how far its plans hold where it went itself.

    Args:
        model: A trained model.
        trajectories: Trajectories, those of other tasks than the model's are left out.
        features: Names of the columns of their states.
        seed: Seed of the noise that some planners act on.

    Raises:
        InvalidArgumentError: If none is of the model's tasks.
    """
    batch = _batch(model, trajectories, features)
    plans, actions = _walk(model.planner, batch, seed)
    active = batch.active.bool()
    truth, states = batch.states[:, 1:], batch.states[:, :-1]
    spread = float(batch.actions[active].std())
    inverse_error = change = float("nan")
    plan_error: Sequence[float] = ()
    copy_error: Sequence[float] = ()
    names: tuple[str, ...] = ()
    if plans is not None:
        names = model.scales.states.features
        plan_error = _rms((plans - truth)[active], 0).tolist()
        copy_error = _rms((states - truth)[active], 0).tolist()
    if isinstance(model.planner, StatePlanner):
        with torch.no_grad():
            found = model.planner.inverse(states, truth)
        inverse_error = float(_rms((found - batch.actions)[active]))
        change = float((actions - found)[active].abs().mean())
    return Foresight(
        trajectories=len(batch.states),
        features=names,
        plan_error=tuple(plan_error),
        copy_error=tuple(copy_error),
        action_error=float(_rms((actions - batch.actions)[active])),
        action_spread=spread,
        inverse_error=inverse_error,
        plan_change=change,
    )


def swing(trajectories: Trajectories) -> float:
    """Return how far the multiplier swings within a day: its mean deviation on a log scale.

    The standard deviation of the log multiplier over a trajectory's active steps with a positive
    one, averaged over the trajectories that have two such steps at least; nan if none has.
    """
    used = trajectories.active & (trajectories.action > 0.0)
    with np.errstate(divide="ignore"):
        logs = np.where(used, np.log(trajectories.action.astype(np.float64)), 0.0)
    enough = used.sum(axis=1) >= 2
    if not enough.any():
        return float("nan")
    rows = [row[own].std() for row, own in zip(logs[enough], used[enough], strict=True)]
    return float(np.mean(rows))


@dataclass(frozen=True)
class Obedience:
    """Whether a planner does what it is asked for.

    Attributes:
        task: Name of the task.
        quantiles: Quantiles of the data's returns that were asked for.
        asked: The log returns (expected value over budget) which that meant, means over campaigns.
        achieved: Means of what roll-outs achieved: log return, and for the tasks that have one log
            CPA or log ROAS over its target, 0 at the limit; (requests, 1 or 2). A planner that
            obeys raises the first as `asked` rises.
        scores: Mean strict Scores of expected values, (requests,).
    """

    task: str
    quantiles: tuple[float, ...]
    asked: tuple[float, ...]
    achieved: tuple[tuple[float, ...], ...]
    scores: tuple[float, ...]


def obedience(
    task: str, model: TrainedModel, requests: Sequence[Request], played: Sequence[Evaluation]
) -> Obedience:
    """Sum up roll-outs of one policy under different requests.

    Args:
        task: The task that was played.
        model: The model that played it.
        requests: What was asked for in each evaluation.
        played: The evaluations.
    """
    returns = model.scales.requirements.returns[TASKS.index(task)]
    rows, scores, asked = [], [], []
    for request, evaluation in zip(requests, played, strict=True):
        budget = evaluation.trajectories.budget.astype(np.float64)
        wanted = returns.at(request.quantile, np.log(budget)) + math.log(request.factor)
        asked.append(float(wanted.mean()))
        totals = evaluation.trajectories.totals(expected=True)
        with np.errstate(divide="ignore", invalid="ignore"):
            columns = [np.log(totals.value / totals.budget)]
            if TASKS.index(task) == CPA_MCB:
                columns.append(np.log(totals.cpa_ratio))
            if TASKS.index(task) == TARGET_ROAS:
                columns.append(np.log(totals.roas_ratio))
        rows.append(tuple(_mean_of_finite(column) for column in columns))
        scores.append(float(totals.score_strict.mean()))
    quantiles = tuple(request.quantile for request in requests)
    return Obedience(task, quantiles, tuple(asked), tuple(rows), tuple(scores))


def _mean_of_finite(numbers: FloatArray) -> float:
    finite = numbers[np.isfinite(numbers)]
    return float(finite.mean()) if len(finite) else float("nan")


def _batch(model: TrainedModel, trajectories: Trajectories, features: Sequence[str]) -> Batch:
    mine = np.flatnonzero(np.isin(trajectories.task, model.tasks))
    if not len(mine):
        names = ", ".join(TASKS[task] for task in model.tasks)
        rule = f"must hold one of the model's tasks ({names})"
        raise invalid_argument("trajectories", rule, "none", "Load others.")
    columns = feature_columns(model.scales.states.features, features)
    device = next(model.planner.parameters()).device
    parts = []
    for task in model.tasks:
        own = trajectories.take(mine[trajectories.task[mine] == task])
        if len(own):
            source = Source.prepare(own, model.scales, columns, device)
            parts.append(source.relabelled(np.arange(len(source)), task))
    return Batch(*(torch.cat(tensors) for tensors in zip(*parts, strict=True)))


@torch.no_grad()
def _walk(planner: Planner, batch: Batch, seed: int) -> tuple[Tensor | None, Tensor]:
    """Plans (n, T, features), if there are any, and actions (n, T), along true histories."""
    samples, steps = batch.actions.shape
    rng = np.random.default_rng(seed)
    drawn = rng.standard_normal((samples, planner.action_noise), np.float32)
    noise = torch.from_numpy(drawn).to(batch.states.device)
    requirements = batch.requirements.unsqueeze(1).expand(-1, steps, -1)
    to_plan: dict[str, object] = {}
    to_act: dict[str, object] = {}
    plans, actions = [], []
    for step in range(steps):
        history = History(
            states=batch.states[:, : step + 1],
            actions=batch.actions[:, :step],
            static=batch.static,
            requirements=requirements[:, : step + 1],
            to_go=batch.to_go[:, : step + 1],
            noise=noise,
        )
        plan = planner.plan(history, to_plan)
        if plan is not None:
            plans.append(plan)
        actions.append(planner.act(history, to_act))
    return (torch.stack(plans, dim=1) if plans else None), torch.stack(actions, dim=1)


def _rms(errors: Tensor, dim: int | None = None) -> Tensor:
    return errors.square().mean(dim=dim).sqrt()
