"""What a layer is: fields that describe it, a plan of what it needs, and arrays that it is bound to.

A layer's life has three stages. As constructed it is a description and holds no array. `plan` says which output shape
and which parameters an input shape leads to. `bind` gives it every array that it will ever touch for batches of one
size; after that `forward` and `backward` take no arguments and allocate nothing.
"""

from __future__ import annotations

import math
import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import DTypeLike

from nntrain.arrays import Array, DType, Shape
from nntrain.nn.initializers import Initializer
from nntrain.streams import Streams

# Of an example: NumPy's arrays have 64, and two of them are for the members and the examples.
MOST_AXES = 62


class ShapeError(ValueError):
    """A layer cannot take the shape that reaches it; the text says which shape it wants."""


@dataclass(frozen=True)
class Param:
    """One parameter array of one member.

    Attributes:
        name: its name within the layer, such as `w`.
        shape: its shape for one member.
        initializer: how it starts.
        penalized: whether regularization applies to it: weights yes, biases no.
    """

    name: str
    shape: Shape
    initializer: Initializer
    penalized: bool

    @property
    def size(self) -> int:
        """How many numbers it is for one member."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class Plan:
    """What a layer makes of an input shape (shapes are of one example, without M and N)."""

    output_shape: Shape
    params: tuple[Param, ...] = ()


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

    def full(self, shape: Shape, value: float) -> Array:
        """An array of one value; of shape () it is a constant that ufuncs take faster than a Python number."""
        array = self.empty(shape)
        array[...] = value
        return array

    def activations(self, members: int, examples: int, shape: Shape, dtype: DTypeLike | None = None) -> Array:
        """An array [M, N, *shape] for what flows between layers.

        Where there are fewer features than examples, [M, N, O] is a transposed view of memory laid out [M, O, N]:
        biases, softmax and sums then run along the long axis, which makes narrow populations about three times
        faster. Both layouts hold the same numbers, and the choice depends on nothing but N and O.
        """
        if len(shape) == 1 and shape[0] < examples:
            return self.empty((members, shape[0], examples), dtype).swapaxes(1, 2)
        return self.empty((members, examples, *shape), dtype)

    def zeros_like(self, array: Array) -> Array:
        """Read-only zeros with the shape and the layout of `array`, out of one block that all callers share.

        NumPy compares two arrays three times faster than an array and a scalar, so ReLU compares with these.
        """
        if self._zeros.size < array.size:
            self._zeros = self.zeros((array.size,))
            self._zeros.flags.writeable = False
        stored = in_memory_order(array)
        zeros = self._zeros[: array.size].reshape(stored.shape)
        return zeros if stored is array else zeros.swapaxes(1, 2)


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

    def full(self, shape: Shape, value: float) -> Array:
        """An array of anything."""
        return self.empty(shape)


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


def in_memory_order(array: Array) -> Array:
    """The C-contiguous view of an array that `Memory.activations` made: itself, or [M, N, O] as [M, O, N]."""
    return array if array.flags.c_contiguous else array.swapaxes(1, 2)


@dataclass
class Site:
    """What a layer is bound to.

    Attributes:
        x: the input [M or 1, N, *input_shape]; the same array in every step.
        params: the layer's parameters by name, each [M, *shape], views of theta.
        grads: likewise, views of grad; `backward` assigns them.
        memory: where further arrays come from.
        members: M.
        training: whether the pass is for training (dropout is on) or for evaluation.
        overwrite: whether the layer may write its output over `x`.
        streams: the members' random streams for dropout.
    """

    x: Array
    params: dict[str, Array]
    grads: dict[str, Array]
    memory: Memory
    members: int
    training: bool
    overwrite: bool
    streams: Streams


@dataclass(eq=False)
class Layer(ABC):
    """One step of the network. Subclasses add fields that describe it; `x`, `y`, `dy`, `dx` come with binding."""

    x: Array = field(init=False, repr=False)
    y: Array = field(init=False, repr=False)
    dy: Array = field(init=False, repr=False)
    dx: Array = field(init=False, repr=False)

    @property
    def needs_output(self) -> bool:
        """Whether `backward` reads `y`, so that no later layer may write over it."""
        return False

    @abstractmethod
    def plan(self, input_shape: Shape) -> Plan:
        """The output shape and the parameters for an input shape. Raises ShapeError where it does not fit."""

    @abstractmethod
    def bind(self, site: Site) -> None:
        """Take the arrays of `site`, allocate `y` and whatever the forward pass needs."""

    @abstractmethod
    def forward(self) -> None:
        """Compute `y` from `x`."""

    @abstractmethod
    def bind_backward(self, dy: Array, memory: Memory, *, input_gradient: bool) -> None:
        """Take `dy`, the gradient at `y`, and allocate `dx`. The layer may write over `dy` in `backward`.

        Without `input_gradient` nobody wants `dx` (the first layer of a network) and it is not computed.
        """

    @abstractmethod
    def backward(self) -> None:
        """Assign the parameters' gradients and `dx` from `dy`."""

    def select(self, rows: Array) -> Layer:
        """This layer for the members `rows`; a layer with columns [M, 1] takes those members' rows of them."""
        return self
