"""The hot loops are vector instructions: what LLVM made of them, on processors with AVX2."""

from __future__ import annotations

import platform
import re
from collections import Counter

import numba
import numpy as np
import pytest
from llvmlite import binding

from auctionsim.random_numbers import BLOCK
from auctionsim.simulator import ranking
from auctionsim.traffic import kernels

WIDE = re.compile(r"^\s+(v\w+)\s.*%[yz]mm\d", re.MULTILINE)


def has_avx2() -> bool:
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return False
    return bool(binding.get_host_cpu_features().get("avx2"))


pytestmark = [
    pytest.mark.skipif(not has_avx2(), reason="made for processors with AVX2"),
    pytest.mark.skipif(bool(numba.config.BOUNDSCHECK), reason="checks of bounds are branches"),  # type: ignore[attr-defined]
]


def wide_instructions(kernel: numba.core.registry.CPUDispatcher) -> Counter[str]:
    """Count the vector instructions of 256 bits and more, by name."""
    (assembly,) = kernel.inspect_asm().values()
    return Counter(WIDE.findall(assembly))


def test_random_words_and_normals_are_drawn_side_by_side() -> None:
    @numba.njit
    def draw(out):  # type: ignore[no-untyped-def]
        word = np.uint32(1)
        kernels.normal_block(0, word, word, word, word, out)

    draw(np.empty(BLOCK, np.float32))
    found = wide_instructions(draw)
    # Philox has 20 multiplications of words to twice their width; a vector of words needs two each.
    assert found["vpmuludq"] >= 40
    assert found["vmulps"] >= 20
    assert found["vsqrtps"] >= 1


def test_bids_find_their_places_side_by_side() -> None:
    @numba.njit
    def rank(bid, column, top_bid, top_column):  # type: ignore[no-untyped-def]
        ranking._insert(bid, column, top_bid, top_column)

    rank(
        np.zeros(BLOCK, np.float32), np.zeros(BLOCK, np.int32), np.zeros((4, BLOCK), np.float32),
        np.zeros((4, BLOCK), np.int32),
    )  # fmt: skip
    found = wide_instructions(rank)
    compares = sum(n for name, n in found.items() if name.startswith("vcmp") and "ps" in name)
    stores = found["vmovups"] + found["vmovdqu"] + found["vmovdqu64"] + found["vmovdqu32"]
    assert compares >= 1
    assert stores >= 4


def test_nothing_is_contracted_or_reordered() -> None:
    """Fused or reassociated operations would make bits differ between processors and builds."""

    @numba.njit
    def draw(out):  # type: ignore[no-untyped-def]
        word = np.uint32(1)
        kernels.normal_block(0, word, word, word, word, out)

    draw(np.empty(BLOCK, np.float32))
    (assembly,) = draw.inspect_asm().values()
    assert not re.search(r"\bvfn?m(add|sub)", assembly)
