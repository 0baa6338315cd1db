"""Trajectories that a planner of states imagines: roll-outs in which plans come true."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from auctionsim.errors import invalid_data
from vao.batch import Batch
from vao.models.growing_cache import growing_cache
from vao.models.normaliser import LIMIT
from vao.models.return_range import regression
from vao.planners.aigb import NextState

__all__ = [
    "Spans",
    "gaussian_divergence",
    "imagine",
    "one_step_errors",
    "path_distance",
    "planning_steepness",
]

_GROUPS = 5
_TAIL = 0.001
_LEAST_NOISE = 0.01


class Spans(nn.Module):
    """How far states go in the data (all but .1 % at each end), and how far they miss plans.

    Args:
        features: State features.
    """

    low: Tensor
    high: Tensor
    noise: Tensor

    def __init__(self, features: int) -> None:
        super().__init__()
        self.register_buffer("low", torch.full((features,), -LIMIT))
        self.register_buffer("high", torch.full((features,), LIMIT))
        self.register_buffer("noise", torch.ones(features))

    def fit(self, states: Tensor, counts: Tensor, errors: Tensor) -> None:
        """Measure them.

        Args:
            states: (n, states, features).
            counts: (n, states) which of them count.
            errors: (k, features) of plans one step ahead.
        """
        known = states[counts > 0.0]
        tail = int(_TAIL * len(known))
        ordered = known.sort(dim=0).values
        self.low.copy_(ordered[tail])
        self.high.copy_(ordered[len(ordered) - 1 - tail])
        self.noise.copy_(errors.square().mean(dim=0).sqrt().clamp(min=_LEAST_NOISE))

    def share_at_bounds(self, states: Tensor) -> Tensor:
        """Share of states (n, states, features) that stand at or beyond a bound, (features,)."""
        outside = (states <= self.low) | (states >= self.high)
        return outside.to(states.dtype).mean(dim=(0, 1))


def imagine(
    next_state: NextState,
    requirements: Tensor,
    start: Tensor,
    static: Tensor,
    noise: Tensor,
    spans: Spans,
) -> Tensor:
    """Roll out a planner, each state drawn around the one planned before it (AIGB-Pearl, sec. 4).

    Gradients flow through the whole trajectory (reparameterisation). With the same noise two
    roll-outs under unlike requirements are coupled synchronously.

    Args:
        next_state: The planner.
        requirements: (n, requirements), the same all day.
        start: (n, 1, features) first states.
        static: (n, static).
        noise: (n, T, features) standard normals.
        spans: Bounds of the states, so that none spends more than its budget, say; and the
            deviation of the noise, where the planner has none of its own.

    Returns:
        (n, T + 1, features).
    """
    cache = growing_cache()
    states = [start]
    asked = requirements.unsqueeze(1)
    for step in range(noise.shape[1]):
        mean, log_variance = next_state(asked, states[-1], static, cache)
        spread = spans.noise if log_variance is None else (0.5 * log_variance).exp()
        drawn = mean + spread * noise[:, step : step + 1]
        states.append(drawn.clamp(spans.low, spans.high))
    return torch.cat(states, dim=1)


def gaussian_divergence(
    first: tuple[Tensor, Tensor | None], second: tuple[Tensor, Tensor | None], deviation: Tensor
) -> Tensor:
    """KL divergence of Gaussians from one another, in nats, one an entry.

    Args:
        first: Means, and logarithms of the variances, of the same shape, or None.
        second: Likewise.
        deviation: (features,) where they are None.
    """
    (mean, one), (other_mean, two) = first, second
    miss = (mean - other_mean).square()
    if one is None or two is None:
        return 0.5 * miss / deviation.square()
    return 0.5 * ((one - two).exp() + miss * (-two).exp() - 1.0 + two - one)


def path_distance(first: Tensor, second: Tensor) -> Tensor:
    """Mean over time of the distances (n,) of states (n, states, features), root mean squares.

    Of coupled roll-outs its mean bounds the Wasserstein distance from above.
    """
    square = (first - second).square().mean(dim=-1)
    # The root has no gradient at 0, where both trajectories begin.
    moved = square > 0.0
    return torch.where(moved, torch.where(moved, square, 1.0).sqrt(), 0.0).mean(dim=-1)


def one_step_errors(next_state: NextState, batch: Batch) -> Tensor:
    """Errors (k, features) of the states planned after the active steps, given true histories."""
    states = batch.states[:, :-1]
    mean, _ = next_state(batch.requirements.unsqueeze(1), states, batch.static)
    errors: Tensor = (mean - batch.states[:, 1:])[batch.active > 0.0]
    return errors


def planning_steepness(states: Tensor, counts: Tensor, static: Tensor, returns: Tensor) -> Tensor:
    """How fast trajectories change with their returns in the data: a lower bound of L_p.

    Trajectories of like static features fall in groups by their return. The distance of two
    groups' mean trajectories bounds the Wasserstein distance of the groups from below; the steepest
    pair of groups counts.

    Args:
        states: (n, states, features).
        counts: (n, states) which of them count.
        static: (n, static).
        returns: (n,).

    Raises:
        InvalidDataError: If there are fewer trajectories than groups.
    """
    if len(returns) < _GROUPS:
        rule = f"must hold at least {_GROUPS} trajectories with an active step"
        raise invalid_data("sample", rule, len(returns), "Add data.")
    rest = returns - _fitted(static, returns[:, None])[:, 0]
    groups = rest.argsort().tensor_split(_GROUPS)
    mask = counts.unsqueeze(-1)
    level = (states * mask).sum(dim=0) / mask.sum(dim=0).clamp(min=1.0)
    away = ((states - level) * mask).flatten(1)
    away = (away - _fitted(static, away)).view_as(states) * mask
    paths = [away[g].sum(dim=0) / mask[g].sum(dim=0).clamp(min=1.0) for g in groups]
    heights = [rest[g].mean() for g in groups]
    ratios = [
        path_distance(paths[i][None], paths[j][None])[0]
        / (heights[i] - heights[j]).abs().clamp(min=1e-6)
        for i in range(_GROUPS)
        for j in range(i)
    ]
    return torch.stack(ratios).max()


def _fitted(static: Tensor, outputs: Tensor) -> Tensor:
    """What static features say of outputs (n, k), linearly."""
    weights = regression(static, outputs)
    return static @ weights[:-1] + weights[-1]
