"""Tensors from arrays: where they lie, and whose memory they are."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vao.tensors import owned_tensor


@pytest.mark.parametrize("shift", range(1, 16))
def test_a_tensor_is_aligned_wherever_the_array_lies(shift: int) -> None:
    base = np.arange(100, dtype=np.float32)
    tensor = owned_tensor(base[shift:])
    assert tensor.data_ptr() % 64 == 0
    assert tensor.dtype == torch.float32
    np.testing.assert_array_equal(tensor.numpy(), base[shift:])


def test_an_array_that_changes_later_changes_no_tensor() -> None:
    array = np.zeros(3)
    tensor = owned_tensor(array)
    array[:] = 1.0
    assert tensor.tolist() == [0.0, 0.0, 0.0]


def test_read_only_arrays_are_taken() -> None:
    array = np.ones(3)
    array.flags.writeable = False
    assert owned_tensor(array).tolist() == [1.0, 1.0, 1.0]
