"""What all update rules have in common: columns, slots, blocks, state."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from nntrain.arrays import Array
from nntrain.errors import RunError
from nntrain.optim.blocks import Block, split
from nntrain.optim.columns import Column, rows_of
from nntrain.parallel import in_parallel

if TYPE_CHECKING:
    from nntrain.memory import Memory

# Handing work to another thread costs up to 90 µs where its core has gone to sleep. A pass takes about 0.1 ns per
# number, so this many numbers times passes are 400 µs of work.
PARALLEL_FROM = 4_000_000

# What one thread works on: for each block, its views of theta, grad, slots and constants, as `_views` gives them.
Part = list[tuple[Array, ...]]


class Optimizer(ABC):
    """A rule that turns gradients into steps, for all members of a population at once.

    Its life: made with its hyperparameters (columns: a number, or an array [M, 1]), bound to theta and grad, then
    stepped. Constants are computed in float64 and rounded to theta's dtype, so that a member's weights are the same
    bit for bit whether it is trained alone or with others. A step allocates nothing of size P, and it uses the
    gradient as scratch.

    Overflow in a diverging member raises NumPy's floating-point warnings as anywhere; np.errstate silences them, in
    the rule's own threads too.

    Attributes:
        columns: the hyperparameters by name.
    """

    name: ClassVar[str]
    # How many times a step passes over a member's parameters: tells when a second thread pays.
    passes: int
    # Whether `_advance` wants an array of a block's shape to work in, besides grad.
    needs_scratch: ClassVar[bool] = False

    @property
    def slots(self) -> int:
        """How many arrays of the size of the parameters it keeps."""
        return len(self._slot_names())

    def __init__(self, **columns: Column) -> None:
        self.columns = columns
        self._parts: list[Part] | None = None

    def bind(
        self, theta: Array, grad: Array, memory: Memory, *, penalized: int | None = None, threads: int | None = None
    ) -> None:
        """Take the arrays to work on, allocate slots and start from the beginning.

        Args:
            theta: the parameters [M, P], C-contiguous; `step` updates them in place.
            grad: their gradient, of the same shape and dtype; every `step` uses it up.
            memory: where slots and scratch come from.
            penalized: how many leading columns of theta are weights, which weight decay acts on; default all.
            threads: how many threads a step may use, where that is faster; by default those of the memory.

        Raises:
            ValueError: the arrays do not fit each other or the hyperparameters' columns.
        """
        self._check(theta, grad)
        self._theta, self._grad, self._memory = theta, grad, memory
        self._members, size = theta.shape
        self._penalized = size if penalized is None else penalized
        self._slots = {name: memory.zeros(theta.shape) for name in self._slot_names()}
        self._loaded_steps: Array = np.zeros(self._members, dtype=np.int64)
        self._steps_since = 0
        parts = (threads or memory.threads) if theta.size * self.passes >= PARALLEL_FROM else 1
        self._blocks = split(theta.shape, theta.itemsize, parts)
        self._start()
        self._parts = self._lay_out()

    def step(self, learning_rate: Array) -> None:
        """Update theta from grad.

        Args:
            learning_rate: float64 [M, 1].

        Raises:
            RuntimeError: the optimizer is not bound.
        """
        parts = self._parts
        if parts is None:
            raise RuntimeError("the optimizer has no parameters to work on: call bind() before step()")
        self._steps_since += 1
        self._set_constants(learning_rate.item() if self._members == 1 else learning_rate)
        if len(parts) == 1:
            self._advance(parts[0])
        elif parts:
            in_parallel(self._advance, parts)

    def state(self) -> dict[str, Array]:
        """All that a continuation needs: `steps` (int64 [M]), the slots [M, P], and what the rule adds.

        The slots are live, not copies.
        """
        return {"steps": self._loaded_steps + self._steps_since, **self._slots}

    def load_state(self, state: Mapping[str, Array]) -> None:
        """Go on from a state of the same rule and members; call it after `bind`. The arrays are copied.

        Raises:
            RunError: an array is missing, unknown or of the wrong shape.
        """
        expected = self.state()
        if state.keys() != expected.keys():
            raise RunError(
                f"{self.name}: the optimizer's state has the arrays {sorted(state)}, expected {sorted(expected)}"
            )
        for name, array in expected.items():
            if np.shape(state[name]) != array.shape:
                raise RunError(
                    f"{self.name}: '{name}' in the optimizer's state has shape {list(np.shape(state[name]))}, "
                    f"expected {list(array.shape)}"
                )
        for name, slot in self._slots.items():
            slot[...] = state[name]
        self._loaded_steps = np.array(state["steps"], dtype=np.int64)
        self._steps_since = 0

    def select(self, rows: Array) -> Self:
        """The same rule, not yet bound, with the hyperparameters of the members `rows` (indices)."""
        chosen = copy.copy(self)
        chosen.columns = {name: rows_of(value, rows) for name, value in self.columns.items()}
        chosen._parts = None
        return chosen

    @abstractmethod
    def _slot_names(self) -> tuple[str, ...]:
        """Names of the arrays [M, P] that the rule keeps from step to step; they start at zero."""

    @abstractmethod
    def _start(self) -> None:
        """Allocate the constants, and bring what the rule has beside zeroed slots to its beginning."""

    @abstractmethod
    def _views(self, block: Block) -> tuple[Array, ...]:
        """What `_advance` needs for one block; where the rule needs scratch, that is added at the end."""

    @abstractmethod
    def _set_constants(self, rate: Column) -> None:
        """Write this step's constants into the arrays that `_views` has handed out."""

    @abstractmethod
    def _advance(self, part: Part) -> None:
        """Make the step on some blocks."""

    def _lay_out(self) -> list[Part]:
        if not self.needs_scratch:
            return [[self._views(block) for block in blocks] for blocks in self._blocks]
        parts = []
        for blocks in self._blocks:
            scratch = self._memory.empty((max(block.size for block in blocks),))
            parts.append([(*self._views(block), scratch[: block.size].reshape(block.shape)) for block in blocks])
        return parts

    def _constant(self, value: Column) -> Array:
        """An array in theta's dtype, 0-d or [M, 1], that holds a column."""
        array = self._memory.empty(() if isinstance(value, float) else (self._members, 1))
        array[...] = value
        return array

    def _rate_constant(self) -> Array:
        """An array for the learning rate, or for what is computed from it: it differs from member to member."""
        return self._memory.zeros(() if self._members == 1 else (self._members, 1))

    def _check(self, theta: Array, grad: Array) -> None:
        if theta.ndim != 2 or theta.shape != grad.shape or theta.dtype != grad.dtype:
            raise ValueError(
                f"theta and grad must be [M, P] and alike, got {list(theta.shape)} {theta.dtype} "
                f"and {list(grad.shape)} {grad.dtype}"
            )
        if not (theta.flags.c_contiguous and grad.flags.c_contiguous):
            raise ValueError("theta and grad must be C-contiguous")
        for name, value in self.columns.items():
            if not isinstance(value, float) and len(value) != len(theta):
                raise ValueError(f"{name} has {len(value)} members, theta has {len(theta)}")
