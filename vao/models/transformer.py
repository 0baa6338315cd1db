"""A causal Transformer with FiLM between its blocks, and a cache of keys and values to act with."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn.functional import gelu

from vao.models.film import FiLM

__all__ = ["CausalTransformer", "KeyValueCache"]


@dataclass(eq=False)
class KeyValueCache:
    """Keys and values of the tokens seen so far, so that each token is worked on once.

    Attributes:
        keys: (blocks, n, heads, tokens, width / heads); filled up to `length`.
        values: Likewise.
        length: Tokens seen.
    """

    keys: Tensor
    values: Tensor
    length: int = 0


class CausalBlock(nn.Module):
    """A pre-norm Transformer block in which a token attends to itself and to earlier ones.

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

    def _attend(self, hidden: Tensor, cache: KeyValueCache | None, index: int) -> Tensor:
        samples, tokens, width = hidden.shape
        shape = (samples, tokens, 3, self.heads, width // self.heads)
        projected = self.query_key_value(hidden).view(shape).permute(2, 0, 3, 1, 4)
        query, key, value = projected.unbind(0)
        before = 0
        if cache is not None:
            before, end = cache.length, cache.length + tokens
            cache.keys[index, :, :, before:end] = key
            cache.values[index, :, :, before:end] = value
            key, value = cache.keys[index, :, :, :end], cache.values[index, :, :, :end]
        # Scaling the query, not the scores, touches fewer numbers.
        scores = (query / math.sqrt(width // self.heads)) @ key.transpose(-1, -2)
        if tokens > 1:
            future = scores.new_full((tokens, before + tokens), -math.inf).triu(before + 1)
            scores = scores + future
        mixed: Tensor = self.attention_out(
            (scores.softmax(-1) @ value).transpose(1, 2).reshape(hidden.shape)
        )
        return mixed

    def forward(self, hidden: Tensor, cache: KeyValueCache | None = None, index: int = 0) -> Tensor:
        """Transform hidden features (n, tokens, width), the newest ones if there is a cache."""
        hidden = hidden + self._attend(self.attention_norm(hidden), cache, index)
        result: Tensor = hidden + self.feed_out(gelu(self.feed_in(self.feed_norm(hidden))))
        return result


class CausalTransformer(nn.Module):
    """Transforms token features; entry t depends on tokens 0..t.

    FiLM layers between the blocks modulate the hidden features by the requirements (VAO paper,
    sec. 4.3 and Fig. 3c).

    Args:
        requirements: Size of the requirement vector; 0 leaves FiLM out.
        width: Size of the hidden features, a multiple of `heads`.
        blocks: Transformer blocks.
        heads: Attention heads.
    """

    def __init__(self, *, requirements: int, width: int, blocks: int, heads: int) -> None:
        super().__init__()
        self.width, self.heads = width, heads
        films = blocks - 1 if requirements else 0
        self.embedding = nn.Linear(requirements, width) if films else None
        self.films = nn.ModuleList(FiLM(width, width) for _ in range(films))
        self.blocks = nn.ModuleList(CausalBlock(width, heads) for _ in range(blocks))
        self.norm = nn.LayerNorm(width)

    def new_cache(self, samples: int, tokens: int, like: Tensor) -> KeyValueCache:
        """Return an empty cache for so many samples and tokens, of the kind of `like`."""
        size = (len(self.blocks), samples, self.heads, tokens, self.width // self.heads)
        return KeyValueCache(like.new_zeros(size), like.new_zeros(size))

    def forward(
        self, hidden: Tensor, requirements: Tensor, cache: KeyValueCache | None = None
    ) -> Tensor:
        """Transform the features of tokens.

        Args:
            hidden: (n, tokens, width); with a cache, those of the tokens not seen before.
            requirements: (n, tokens, requirements), or (n, 1, requirements) the same for all.
            cache: Holds what earlier tokens left; takes in these.

        Returns:
            (n, tokens, width), normalised.
        """
        embedded = None if self.embedding is None else gelu(self.embedding(requirements))
        for index, block in enumerate(self.blocks):
            hidden = block(hidden, cache, index)
            if embedded is not None and index < len(self.films):
                hidden = self.films[index](hidden, embedded)
        if cache is not None:
            cache.length += hidden.shape[1]
        result: Tensor = self.norm(hidden)
        return result
