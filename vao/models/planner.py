"""The planner: a causal Transformer that predicts the next state from requirements and past."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu

from vao.models.film import FiLM

__all__ = ["Planner"]


class CausalBlock(nn.Module):
    """A pre-norm Transformer block in which a step attends to itself and to earlier steps.

    Attention is spelled out: at 48 steps it is as fast as the fused kernel, and unlike that it
    can be batched over sets of samples by `torch.func.vmap`, which VAO's refresh needs.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.attention_out = nn.Linear(width, width)
        self.feed_norm = nn.LayerNorm(width)
        self.feed_in = nn.Linear(width, 4 * width)
        self.feed_out = nn.Linear(4 * width, width)

    def _attend(self, hidden: Tensor) -> Tensor:
        samples, steps, width = hidden.shape
        shape = (samples, steps, 3, self.heads, width // self.heads)
        projected = self.query_key_value(hidden).view(shape).permute(2, 0, 3, 1, 4)
        query, key, value = projected.unbind(0)
        future = hidden.new_full((steps, steps), -math.inf).triu(1)
        scores = query @ key.transpose(-1, -2) / math.sqrt(width // self.heads) + future
        attention = scores.softmax(-1)
        mixed: Tensor = self.attention_out(
            (attention @ value).transpose(1, 2).reshape(hidden.shape)
        )
        return mixed

    def forward(self, hidden: Tensor) -> Tensor:
        """Transform hidden features (n, steps, width)."""
        hidden = hidden + self._attend(self.attention_norm(hidden))
        result: Tensor = hidden + self.feed_out(gelu(self.feed_in(self.feed_norm(hidden))))
        return result


class Planner(nn.Module):
    """Predicts the next normalised state at every step (VAO paper, sec. 4.3 and Fig. 3c).

    Each token concatenates the requirements with their mask bits, the normalised state, and the
    static features of the advertiser; a learned embedding tells the step. FiLM layers between the
    blocks modulate the hidden features by the requirements. The head gives the mean of a Gaussian
    of constant spread, whose likelihood is the squared error, as the change from the current state.

    Args:
        requirements: Size of the requirement vector, mask bits included.
        features: State features.
        static: Static features.
        steps: Steps in an episode.
        width: Size of the hidden features, a multiple of `heads`.
        blocks: Transformer blocks.
        heads: Attention heads.
        film: Whether FiLM layers stand between the blocks.
    """

    def __init__(
        self,
        *,
        requirements: int,
        features: int,
        static: int,
        steps: int,
        width: int,
        blocks: int,
        heads: int,
        film: bool = True,
    ) -> None:
        super().__init__()
        films = blocks - 1 if film else 0
        self.token = nn.Linear(requirements + features + static, width)
        self.time = nn.Parameter(0.02 * torch.randn(steps, width))
        self.embedding = nn.Linear(requirements, width) if films else None
        self.films = nn.ModuleList(FiLM(width, width) for _ in range(films))
        self.blocks = nn.ModuleList(CausalBlock(width, heads) for _ in range(blocks))
        self.norm = nn.LayerNorm(width)
        self.change = nn.Linear(width, features)

    def forward(self, requirements: Tensor, states: Tensor, static: Tensor) -> Tensor:
        """Predict the state after each step.

        Args:
            requirements: (n, requirements), masked.
            states: (n, t, features), normalised, the first t <= steps of an episode.
            static: (n, static).

        Returns:
            Predicted next states, (n, t, features), normalised; entry t depends on states 0..t.
        """
        samples, steps, _ = states.shape
        constant = torch.cat([requirements, static], dim=-1)
        constant = constant.unsqueeze(1).expand(samples, steps, constant.shape[-1])
        hidden = self.token(torch.cat([constant, states], dim=-1)) + self.time[:steps]
        embedded = None if self.embedding is None else gelu(self.embedding(requirements))
        for index, block in enumerate(self.blocks):
            hidden = block(hidden)
            if embedded is not None and index < len(self.films):
                hidden = self.films[index](hidden, embedded)
        result: Tensor = states + self.change(self.norm(hidden))
        return result
