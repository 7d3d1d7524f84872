"""What all update rules have in common: slots, blocks, threads, state."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Self

import numpy as np

from nntrain.arrays import Array
from nntrain.nn.layer import Call, run
from nntrain.optim.blocks import Block, Scratch, constant_of_each, split
from nntrain.optim.hyperparameters import Hyperparameter
from nntrain.optim.transformation import Parameters, Transformation
from nntrain.parallel import in_parallel

# Handing work to another thread costs up to 90 µs where its core has gone to sleep. A pass takes about 0.1 ns per
# number, so this many numbers times passes are 400 µs of work.
PARALLEL_FROM = 4_000_000


class Optimizer(Transformation):
    """A rule that turns gradients into steps, for all members of a population at once.

    Constants are computed in float64 and rounded to theta's dtype, so that a member's weights are the same bit for
    bit whether it is trained alone or with others. A step uses the gradient as scratch.

    Overflow in a diverging member raises NumPy's floating-point warnings as anywhere; np.errstate silences them, in
    the rule's own threads too.
    """

    # How many times a step passes over a member's parameters: tells when a second thread pays.
    passes: int

    def __init__(self, **hyperparameters: Hyperparameter) -> None:
        super().__init__(**hyperparameters)
        # What each thread does in a step, block by block.
        self._parts: list[list[Call]] | None = None

    @property
    def slots(self) -> int:
        """How many arrays of the size of the parameters it keeps."""
        return len(self._slot_names())

    def _take(self, parameters: Parameters) -> None:
        theta, memory = parameters.theta, parameters.memory
        self._theta, self._grad, self._weights, self._memory = theta, parameters.grad, parameters.weights, memory
        self._members = parameters.members
        self._slots = {name: memory.zeros(theta.shape) for name in self._slot_names()}
        self._loaded_steps: Array = memory.zeros((self._members,), np.int64)
        self._steps_since = 0
        parts = memory.threads if theta.size * self.passes >= PARALLEL_FROM else 1
        self._blocks = split(theta.shape, theta.itemsize, parts)
        self._start()
        self._lay_out()

    def apply(self, rates: Array) -> None:
        """Update theta from grad.

        Args:
            rates: the learning rates, float64 [M, 1].

        Raises:
            RuntimeError: the optimizer is not bound.
        """
        parts = self._parts
        if parts is None:
            raise RuntimeError("the optimizer has no parameters to work on: call bind() before apply()")
        self._steps_since += 1
        self._set_constants(rates.item() if self._members == 1 else rates)
        if len(parts) == 1:
            for step in parts[0]:
                step()
        elif parts:
            in_parallel(run, parts)

    def state(self) -> dict[str, Array]:
        """All that a continuation needs: `steps` (int64 [M]), the slots [M, P], and what the rule adds.

        The slots are live, not copies.
        """
        return {"steps": self._loaded_steps + self._steps_since, **self._slots}

    def _load(self, state: Mapping[str, Array]) -> None:
        for name, slot in self._slots.items():
            slot[...] = state[name]
        self._loaded_steps = np.array(state["steps"], dtype=np.int64)
        self._steps_since = 0

    def select(self, rows: Array) -> Self:
        """The same rule, not yet bound, with the hyperparameters of the members `rows` (indices)."""
        chosen = super().select(rows)
        chosen._parts = None
        return chosen

    @abstractmethod
    def _slot_names(self) -> tuple[str, ...]:
        """Names of the arrays [M, P] that the rule keeps from step to step; they start at zero."""

    @abstractmethod
    def _start(self) -> None:
        """Allocate the constants, and bring what the rule has beside zeroed slots to its beginning."""

    @abstractmethod
    def _set_constants(self, rate: Hyperparameter) -> None:
        """Write this step's constants into the arrays that `_step_on` has handed out."""

    @abstractmethod
    def _step_on(self, block: Block, scratch: Scratch) -> Call:
        """The call that makes the step on one block, with the constants as they are then."""

    def _lay_out(self) -> None:
        """Make the calls of a step anew."""
        self._parts = []
        for blocks in self._blocks:
            scratch = Scratch(self._memory, blocks)
            self._parts.append([self._step_on(block, scratch) for block in blocks])

    def _constant(self, value: Hyperparameter) -> Array:
        """A hyperparameter in theta's dtype."""
        array = self._constant_from(value)
        array[...] = value
        return array

    def _constant_from(self, *sources: Hyperparameter) -> Array:
        """An array for what is computed from some hyperparameters: 0-d where all members share them, or else [M, 1]."""
        is_shared = all(isinstance(source, float) for source in sources)
        return self._memory.empty(() if is_shared else (self._members, 1))

    def _constant_of_each(self) -> Array:
        """An array [M, 1] for the learning rate, or for what is computed from it; 0-d for a single member."""
        return constant_of_each(self._memory, self._members)
