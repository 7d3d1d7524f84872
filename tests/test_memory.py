"""Where working arrays come from."""

import numpy as np
import pytest

from nntrain.memory import Memory, empty, full, zeros


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
    memory = Memory()
    array = memory.flowing(3, examples, shape)
    assert array.shape == (3, examples, *shape)
    assert array.flags.c_contiguous is not runs_along_examples
    stored = array.swapaxes(1, 2) if runs_along_examples else array
    assert stored.flags.c_contiguous
    flat = memory.flat(array)
    assert np.shares_memory(flat, array)
    stored[...] = np.arange(array.size).reshape(stored.shape)
    np.testing.assert_array_equal(flat, np.arange(array.size).reshape(3, -1))


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


def test_what_is_filled_row_by_row_is_the_array_itself_where_it_can_be() -> None:
    memory = Memory(np.float32)
    wide, narrow = memory.flowing(2, 3, (4,)), memory.flowing(2, 5, (4,))
    images, tokens = memory.empty((2, 5, 3, 3, 1)), memory.flowing(1, 9, (), np.int64)
    for array in (wide, images, tokens):
        assert memory.staging(array, array.dtype) is array
    before = memory.nbytes
    for array, dtype in ((narrow, np.float32), (narrow, np.uint8), (wide, np.float64), (images, np.uint8)):
        staging = memory.staging(array, dtype)
        assert staging.shape == array.shape
        assert staging.dtype == dtype
        assert staging.flags.c_contiguous
        assert not np.shares_memory(staging, array)
        before += staging.nbytes
    assert memory.nbytes == before


@pytest.mark.parametrize("shape", [(), (2,), (6,), (2, 3, 1)])
def test_members_are_dealt_out_in_whatever_layout(shape: tuple[int, ...]) -> None:
    memory, of_member = Memory(np.float64), np.array([1, 0, 2, 1, 1])
    array, out = memory.flowing(3, 4, shape), memory.flowing(5, 4, shape)
    array[...] = np.random.default_rng(0).standard_normal(array.shape)
    deal = memory.spreading(array, of_member, out)
    for _ in range(2):
        deal()
        np.testing.assert_array_equal(out, array[of_member])
        array += 1


def test_arrays_that_are_no_working_arrays_of_a_step() -> None:
    assert empty((2, 3)).shape == (2, 3)
    assert empty(2, np.uint8).dtype == np.uint8
    np.testing.assert_array_equal(zeros((2, 1)), [[0.0], [0.0]])
    assert zeros(3, bool).dtype == bool
    np.testing.assert_array_equal(full(2, -1), [-1, -1])
    assert [full(1, value).dtype.kind for value in (1, 0.5, True)] == ["i", "f", "b"]
    assert full(1, 1, np.float32).dtype == np.float32
