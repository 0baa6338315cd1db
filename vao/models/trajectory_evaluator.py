"""A judge of trajectories: how good a sequence of states is, as a number within bounds."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from vao.models.transformer import CausalTransformer

__all__ = [
    "TrajectoryEvaluator",
    "lipschitz_excess",
    "masked_trajectory",
    "pair_accuracy",
    "pair_loss",
    "steepness",
    "trajectory_distance",
]


class TrajectoryEvaluator(nn.Module):
    """Estimates the quality of a trajectory from its states (AIGB-Pearl, Mou et al., 2025).

    A Transformer reads the states; the static features of the advertiser are added to every token,
    where the paper adds the embedding of a text about the advertiser. The mean of the hidden
    features over the whole episode, to which masked states add nothing, leads to a number between 0
    and `ceiling`: whoever maximises the estimate cannot drive it without limit.

    Args:
        features: State features.
        static: Static features.
        states: States in a trajectory, the final one included.
        width: Size of the hidden features, a multiple of `heads`.
        blocks: Transformer blocks.
        heads: Attention heads.
        blind: Columns of the states that it does not see.
    """

    ceiling: Tensor
    lipschitz: Tensor
    _seen: Tensor

    def __init__(
        self,
        *,
        features: int,
        static: int,
        states: int,
        width: int,
        blocks: int,
        heads: int,
        blind: tuple[int, ...] = (),
    ) -> None:
        super().__init__()
        self.token = nn.Linear(features + 1, width)
        self.static = nn.Linear(static, width)
        self.time = nn.Parameter(0.02 * torch.randn(states, width))
        self.transformer = CausalTransformer(
            requirements=0, width=width, blocks=blocks, heads=heads
        )
        self.head = nn.Linear(width, 1)
        seen = torch.ones(features)
        seen[list(blind)] = 0.0
        self.register_buffer("_seen", seen, persistent=False)
        self.register_buffer("ceiling", torch.tensor(4.0))
        self.register_buffer("lipschitz", torch.tensor(1.0))

    def visible(self, states: Tensor, counts: Tensor) -> Tensor:
        """What it sees of trajectories, (n, states, features + 1); see `masked_trajectory`."""
        return masked_trajectory(states * self._seen, counts)

    def forward(self, states: Tensor, counts: Tensor, static: Tensor) -> Tensor:
        """Estimate qualities, (n,), in (0, ceiling).

        Args:
            states: (n, states, features) normalised.
            counts: (n, states) 1 where the state counts, else 0.
            static: (n, static).
        """
        tokens = self.token(self.visible(states, counts)) + self.time
        hidden = self.transformer(tokens + self.static(static).unsqueeze(1), static.unsqueeze(1))
        pooled = (hidden * counts.unsqueeze(-1)).mean(dim=1)
        estimates: Tensor = self.ceiling * self.head(pooled).squeeze(-1).sigmoid()
        return estimates


def masked_trajectory(states: Tensor, counts: Tensor) -> Tensor:
    """Return states (n, states, features) with 0 where they do not count, and `counts` beside."""
    mask = counts.unsqueeze(-1)
    return torch.cat([states * mask, mask.expand(*states.shape[:-1], 1)], dim=-1)


def trajectory_distance(first: Tensor, second: Tensor) -> Tensor:
    """Root mean squares over time and features, (n,), of differences (n, states, features).

    That is the Frobenius norm, divided by the root of how many numbers there are.
    """
    return (first - second).square().mean(dim=(-2, -1)).sqrt()


def pair_loss(estimates: Tensor, qualities: Tensor, shift: int) -> Tensor:
    """-log sigmoid(estimate of the better - estimate of the worse), (n,); 0 for equals.

    The pair loss of AIGB-Pearl's evaluator (eq. 59, whose print lacks the minus).

    Args:
        estimates: (n,).
        qualities: (n,) true ones.
        shift: A sample's partner stands so many places before it, cyclically.
    """
    sign = (qualities - qualities.roll(shift)).sign()
    return softplus(-sign * (estimates - estimates.roll(shift))) * sign.abs()


def lipschitz_excess(
    estimates: Tensor, trajectories: Tensor, constant: Tensor, shift: int
) -> Tensor:
    """[|difference of estimates| - constant * distance]_+ of partners, (n,) (eq. 59).

    Args:
        estimates: (n,).
        trajectories: (n, states, features).
        constant: Lipschitz constant allowed.
        shift: As in `pair_loss`.
    """
    distance = trajectory_distance(trajectories, trajectories.roll(shift, dims=0))
    return ((estimates - estimates.roll(shift)).abs() - constant * distance).relu()


def steepness(qualities: Tensor, trajectories: Tensor, shifts: int, quantile: float) -> Tensor:
    """A quantile of |difference of qualities| / distance over partners: a Lipschitz constant.

    The supremum would be the constant proper, but hangs on the one closest pair.

    Args:
        qualities: (n,).
        trajectories: (n, states, features).
        shifts: Partners of a trajectory are the 1..shifts before it, cyclically.
        quantile: Which one, in [0, 1].
    """
    ratios = []
    for shift in range(1, shifts + 1):
        distance = trajectory_distance(trajectories, trajectories.roll(shift, dims=0))
        gap = (qualities - qualities.roll(shift)).abs()
        ratios.append(torch.where(distance > 0.0, gap / distance, 0.0))
    return torch.quantile(torch.cat(ratios), quantile)


def pair_accuracy(estimates: Tensor, qualities: Tensor) -> float:
    """Share of all pairs of unlike quality that the estimates put in the right order.

    An AUC; pairs estimated to be equal count half. nan if all qualities are equal.

    Args:
        estimates: (n,).
        qualities: (n,) true ones.
    """
    truth = (qualities[:, None] - qualities).sign()
    order = (estimates[:, None] - estimates).sign()
    unlike = truth != 0.0
    return float((0.5 + 0.5 * truth * order)[unlike].mean())
