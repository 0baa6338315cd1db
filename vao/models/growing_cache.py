"""A cache of keys and values to differentiate through: it grows instead of being written to."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor

from vao.models.transformer import KeyValueCache

__all__ = ["growing_cache"]


class _Grown:
    """One tensor a block, (n, heads, tokens, size); new tokens are put at the end of a copy.

    It stands in for the tensor of all blocks that `KeyValueCache` holds, as far as a Transformer
    block uses it: writing the newest tokens of a block, and reading all of its tokens.
    """

    def __init__(self) -> None:
        self._blocks: dict[int, Tensor] = {}

    def __setitem__(self, place: tuple[int, slice, slice, slice], new: Tensor) -> None:
        block = place[0]
        known = self._blocks.get(block)
        self._blocks[block] = new if known is None else torch.cat([known, new], dim=-2)

    def __getitem__(self, place: tuple[int, slice, slice, slice]) -> Tensor:
        return self._blocks[place[0]]


def growing_cache() -> KeyValueCache:
    """Return an empty cache that gradients flow through and `torch.func` can transform.

    `CausalTransformer.new_cache` is faster to act with, but writes in place.
    """
    return KeyValueCache(cast(Tensor, _Grown()), cast(Tensor, _Grown()))
