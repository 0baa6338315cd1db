"""A causal Transformer with one token a step, and a Gaussian at each."""

from __future__ import annotations

from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from auctionsim.errors import unknown_name
from vao.batch import History
from vao.models.transformer import CausalTransformer, KeyValueCache

__all__ = ["Spread", "StepTransformer", "check_spread", "gaussian_errors"]

Spread = Literal["constant", "learned"]
"""Of a Gaussian: constant, whose likelihood is the squared error, or learned, one an output."""

_LOWEST, _HIGHEST = -5.0, 2.0


class StepTransformer(nn.Module):
    """Predicts something at every step, as a Gaussian, from the requirements and the past.

    Each token concatenates the requirements with their mask bits, the normalised state, and the
    static features of the advertiser (VAO paper, sec. 4.3); a learned embedding tells the step.

    Args:
        requirements: Size of the requirement vector.
        features: State features.
        static: Static features of an advertiser.
        steps: T, steps in an episode.
        outputs: How much is predicted a step.
        width: Size of the hidden features, a multiple of `heads`.
        blocks: Transformer blocks.
        heads: Attention heads.
        film: Whether FiLM layers stand between the blocks.
        spread: Of the Gaussian.
    """

    def __init__(
        self,
        *,
        requirements: int,
        features: int,
        static: int,
        steps: int,
        outputs: int,
        width: int,
        blocks: int,
        heads: int,
        film: bool,
        spread: Spread,
    ) -> None:
        super().__init__()
        self.steps = steps
        self.token = nn.Linear(requirements + features + static, width)
        self.time = nn.Parameter(0.02 * torch.randn(steps, width))
        self.transformer = CausalTransformer(
            requirements=requirements if film else 0, width=width, blocks=blocks, heads=heads
        )
        self.mean = nn.Linear(width, outputs)
        self.spread = nn.Linear(width, outputs) if spread == "learned" else None

    def forward(
        self,
        requirements: Tensor,
        states: Tensor,
        static: Tensor,
        cache: KeyValueCache | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        """Predict at each step.

        Args:
            requirements: (n, t, requirements), or (n, 1, requirements) the same for all steps.
            states: (n, t, features); with a cache, those of the steps not seen before.
            static: (n, static).
            cache: Holds what earlier steps left; takes in these.

        Returns:
            Means, (n, t, outputs), and logarithms of the variances, in [-5, 2], of the same shape;
            None where the spread is constant. Entry t depends on states 0..t.
        """
        samples, steps, _ = states.shape
        begin = 0 if cache is None else cache.length
        parts = (requirements, static.unsqueeze(1))
        constant = [part.expand(samples, steps, part.shape[-1]) for part in parts]
        tokens = self.token(torch.cat([*constant, states], dim=-1))
        hidden = tokens + self.time[begin : begin + steps]
        hidden = self.transformer(hidden, requirements, cache)
        mean: Tensor = self.mean(hidden)
        if self.spread is None:
            return mean, None
        capped = _HIGHEST - softplus(_HIGHEST - self.spread(hidden))
        return mean, _LOWEST + softplus(capped - _LOWEST)

    def latest(self, history: History, memory: dict[str, Any]) -> Tensor:
        """Return the mean at the step about to be played, (n, outputs).

        Args:
            history: n seats.
            memory: Holds what earlier steps of the episode left; takes in the new ones.
        """
        if "cache" not in memory:
            samples = len(history.states)
            memory["cache"] = self.transformer.new_cache(samples, self.steps, history.states)
        cache: KeyValueCache = memory["cache"]
        new = slice(cache.length, history.step + 1)
        mean, _ = self(history.requirements[:, new], history.states[:, new], history.static, cache)
        newest: Tensor = mean[:, -1]
        return newest


def gaussian_errors(mean: Tensor, log_variance: Tensor | None, true: Tensor) -> Tensor:
    """Return negative log-likelihoods, up to a constant that makes them >= 0.

    Args:
        mean: (...) as predicted.
        log_variance: Likewise, in [-5, 2]; None for a constant one, which gives squared errors.
        true: (...) what was predicted.
    """
    error = (mean - true).square()
    if log_variance is None:
        return error
    return 0.5 * (error * (-log_variance).exp() + log_variance - _LOWEST)


def check_spread(spread: str) -> None:
    """Raise unless it is a kind of spread.

    Raises:
        InvalidArgumentError: If it is not.
    """
    if spread not in get_args(Spread):
        raise unknown_name("settings.spread", str(spread), get_args(Spread))
