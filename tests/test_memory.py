"""Where working arrays come from."""

import numpy as np
import pytest

from nntrain.memory import Memory, in_memory_order


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_arrays_have_the_memorys_dtype_unless_another_is_asked_for(dtype: type[np.floating]) -> None:
    memory = Memory(dtype)
    assert memory.empty((2, 3)).dtype == memory.zeros((2, 3)).dtype == memory.flowing(1, 5, (2,)).dtype == dtype
    assert memory.zeros((2,), np.bool_).dtype == np.bool_
    assert memory.flowing(1, 2, (3,), np.int64).dtype == np.int64


def test_float32_is_the_default() -> None:
    assert Memory().empty((1,)).dtype == np.float32


def test_what_was_handed_out_is_counted() -> None:
    memory = Memory(np.float64)
    memory.empty((10, 10))
    memory.zeros((5,), np.bool_)
    memory.flowing(2, 7, (3,))
    assert memory.nbytes == 800 + 5 + 2 * 7 * 3 * 8


@pytest.mark.parametrize(
    ("examples", "shape", "runs_along_examples"),
    [(1, (4,), False), (4, (4,), False), (5, (4,), True), (1, (1,), False), (9, (2, 2), False)],
)
def test_activations_run_along_the_longer_axis(
    examples: int, shape: tuple[int, ...], runs_along_examples: bool
) -> None:
    array = Memory().flowing(3, examples, shape)
    assert array.shape == (3, examples, *shape)
    stored = in_memory_order(array)
    assert stored.flags.c_contiguous
    assert np.shares_memory(stored, array)
    assert stored.shape == ((3, shape[0], examples) if runs_along_examples else array.shape)


def test_zeros_to_compare_with_are_shared_and_cannot_be_written() -> None:
    memory = Memory(np.float64)
    small, large = memory.flowing(2, 5, (3,)), memory.empty((2, 3, 4, 5))
    first, second = memory.zeros_like(small), memory.zeros_like(large)
    assert (first.shape, first.strides) == (small.shape, small.strides)
    assert (second.shape, second.strides) == (large.shape, large.strides)
    assert not first.any()
    assert not second.any()
    assert np.shares_memory(memory.zeros_like(small), second)
    with pytest.raises(ValueError, match="read-only"):
        second[...] = 1
    assert not first.flags.writeable
