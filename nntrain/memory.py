"""Where all working arrays come from, and how they are laid out.

Layout is this module's business: who computes with an array asks for one that lies like another, or for a flat view,
and never looks at strides.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import DTypeLike

from nntrain.arrays import Array, DType, Shape


class Memory:
    """Where all working arrays come from.

    Attributes:
        dtype: of every floating-point array.
        threads: how many cores the operations on them may use.
        nbytes: how much has been handed out.
    """

    def __init__(self, dtype: DTypeLike = np.float32, *, threads: int = 1) -> None:
        self.dtype: DType = np.dtype(dtype)
        self.threads = threads
        self.nbytes = 0
        self._zeros: Array = np.zeros(0, dtype=self.dtype)

    def fresh(self) -> Memory:
        """Another memory of the same dtype and threads, which has handed out nothing yet."""
        return Memory(self.dtype, threads=self.threads)

    def empty(self, shape: Shape, dtype: DTypeLike | None = None) -> Array:
        """An uninitialized array, of `dtype` or else of the memory's own."""
        array = _aligned(shape, np.dtype(self.dtype if dtype is None else dtype))
        self.nbytes += array.nbytes
        return array

    def zeros(self, shape: Shape, dtype: DTypeLike | None = None) -> Array:
        """An array of zeros, of `dtype` or else of the memory's own."""
        array = self.empty(shape, dtype)
        array[...] = 0
        return array

    def full(self, shape: Shape, value: float, dtype: DTypeLike | None = None) -> Array:
        """An array of one value; of shape () it is a constant that ufuncs take faster than a Python number."""
        array = self.empty(shape, dtype)
        array[...] = value
        return array

    def flowing(self, members: int, examples: int, shape: Shape, dtype: DTypeLike | None = None) -> Array:
        """An array [M, N, *shape] for what flows between layers.

        Where there are fewer features than examples, [M, N, O] is a transposed view of memory laid out [M, O, N]:
        biases, softmax and sums then run along the long axis, which makes narrow populations about three times
        faster. Both layouts hold the same numbers, and the choice depends on nothing but N and O.
        """
        if len(shape) == 1 and shape[0] < examples:
            return self.empty((members, shape[0], examples), dtype).swapaxes(1, 2)
        return self.empty((members, examples, *shape), dtype)

    def like(self, array: Array, dtype: DTypeLike | None = None) -> Array:
        """An uninitialized array with the shape and the layout of `array`; of the memory's own dtype, or of `dtype`."""
        stored = _in_memory_order(array)
        made = self.empty(stored.shape, dtype)
        return made if stored is array else made.swapaxes(1, 2)

    def zeros_like(self, array: Array) -> Array:
        """Read-only zeros with the shape and the layout of `array`, out of one block that all callers share.

        NumPy compares two arrays three times faster than an array and a scalar, so ReLU compares with these.
        """
        if self._zeros.size < array.size:
            self._zeros = self.zeros((array.size,))
            self._zeros.flags.writeable = False
        stored = _in_memory_order(array)
        zeros = self._zeros[: array.size].reshape(stored.shape)
        return zeros if stored is array else zeros.swapaxes(1, 2)

    def flat(self, array: Array) -> Array:
        """A view [M, n] of an array [M, …]: each member's numbers in the order in which they lie.

        Raises:
            ValueError: they do not lie side by side.
        """
        stored = _in_memory_order(array)
        if not stored.flags.c_contiguous:
            raise ValueError("the numbers of a member do not lie side by side: there is no flat view of them")
        return stored.reshape(len(array), -1)

    def alike(self, one: Array, other: Array) -> bool:
        """Whether `flat` gives the numbers of both in the same order; M may be different."""
        first, second = _in_memory_order(one), _in_memory_order(other)
        if not (first.flags.c_contiguous and second.flags.c_contiguous):
            return False
        return (first is one) == (second is other)

    def reshaped(self, array: Array, shape: Shape) -> tuple[Array, Callable[[], object] | None]:
        """The numbers of an array [M, N, …] as [M, N, *shape], in C order.

        A view where the layout allows one; otherwise an array, and the call that copies the numbers into it.
        """
        whole = (*array.shape[:2], *shape)
        if array.flags.c_contiguous or array.shape == whole:
            return array.reshape(whole), None
        made = self.empty(whole, array.dtype)
        return made, partial(np.copyto, made.reshape(array.shape), array)

    def staging(self, array: Array, dtype: DTypeLike) -> Array:
        """What is filled row by row with numbers of `dtype` on their way to `array` [M, N, …].

        It is C-contiguous: `array` itself where that is, and has the dtype; otherwise another one, to copy from.
        """
        if array.dtype == dtype and array.flags.c_contiguous:
            return array
        return self.empty(array.shape, dtype)

    def spreading(self, array: Array, of_member: Array, out: Array) -> Callable[[], object]:
        """The call that copies `array[of_member[m]]` to `out[m]` for each m, which allocates nothing.

        Args:
            array: [D, N, …].
            of_member: int [M].
            out: [M, N, …], laid out as `array` is.
        """
        return partial(_in_memory_order(array).take, of_member, 0, _in_memory_order(out), "clip")


class Counting(Memory):
    """Hands out arrays that nobody has filled, for learning how much memory is needed.

    The system gives a page of memory only to who writes to it, so arrays that are not used cost nothing.

    Attributes:
        in_all: bytes that this memory and those that were made `fresh` from it have handed out.
    """

    def __init__(self, dtype: DTypeLike = np.float32, *, threads: int = 1) -> None:
        super().__init__(dtype, threads=threads)
        self._whole: Counting = self
        self.in_all = 0

    def fresh(self) -> Memory:
        """Another one of the same dtype and threads, whose bytes count in this one's `in_all` too."""
        other = Counting(self.dtype, threads=self.threads)
        other._whole = self._whole
        return other

    def empty(self, shape: Shape, dtype: DTypeLike | None = None) -> Array:
        """As `Memory.empty`."""
        array = super().empty(shape, dtype)
        self._whole.in_all += array.nbytes
        return array

    def zeros(self, shape: Shape, dtype: DTypeLike | None = None) -> Array:
        """An array of anything."""
        return self.empty(shape, dtype)

    def full(self, shape: Shape, value: float, dtype: DTypeLike | None = None) -> Array:
        """An array of anything."""
        return self.empty(shape, dtype)


# Bytes in a cache line. NumPy's own arrays start at 16 bytes into one, so that every other vector touches two.
CACHE_LINE = 64


def _aligned(shape: Shape, dtype: DType) -> Array:
    """An uninitialized array that starts with a cache line: passes over it are 15 to 40 % faster."""
    size = math.prod(shape) * dtype.itemsize
    if size + CACHE_LINE > sys.maxsize:  # for NumPy that is a mistake of the caller
        raise MemoryError(f"an array of {math.prod(shape):.3g} numbers is more than any machine can address")
    raw: Array = np.empty(size + CACHE_LINE, dtype=np.uint8)
    start = -raw.ctypes.data % CACHE_LINE
    return raw[start : start + size].view(dtype).reshape(shape)


def _in_memory_order(array: Array) -> Array:
    """The C-contiguous view of an array that `Memory.flowing` made: itself, or [M, N, O] as [M, O, N]."""
    if array.flags.c_contiguous or array.ndim != 3:
        return array
    turned = array.swapaxes(1, 2)
    return turned if turned.flags.c_contiguous else array


def empty(shape: int | Shape, dtype: DTypeLike = np.float64) -> Array:
    """An uninitialized array that is no working array of a step: not aligned, not counted."""
    return np.empty(shape, dtype)


def zeros(shape: int | Shape, dtype: DTypeLike = np.float64) -> Array:
    """An array of zeros that is no working array of a step."""
    return np.zeros(shape, dtype)


def full(shape: int | Shape, value: object, dtype: DTypeLike | None = None) -> Array:
    """An array of one value, by default of its dtype, that is no working array of a step."""
    return np.full(shape, value, dtype)
