"""What a loss is: a frozen description, and the program that binding it to outputs and targets returns."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np

from nntrain.arrays import Array
from nntrain.memory import Memory
from nntrain.nn.layer import Call, Layer, run


class BoundLoss:
    """A loss bound to the arrays of one batch: what flows in and out, and the calls of both passes.

    Attributes:
        y: [M, N, K], the network's output, or the logits for a loss that fuses the activation.
        t: [M or 1, N, K], the targets.
        weight: [M or 1, N, 1], a factor for each example's loss, or None for 1.
        total: [M], each member's loss added up over the examples, after `forward`.
        plain: [M], the same without the examples' weights; `total` itself where there are none.
        dy: [M, N, K], the gradient of the mean loss at y, after `backward`; where there is no backward pass, scratch.
        outputs: [M, N, K], what the network answers, after `forward`; `backward` may write over it.
        terms: [M, N, K], L of every output, for the loss to fill.
        per_example: [M, N, 1], the sum of the terms of each example; `terms` itself where K = 1.
        forward_calls, backward_calls: what the two passes are.
    """

    def __init__(
        self,
        y: Array,
        t: Array,
        weight: Array | None,
        memory: Memory,
        *,
        training: bool,
        examples: int | None = None,
    ) -> None:
        members, rows, outputs = y.shape
        self.y, self.t, self.weight, self.memory, self.training = y, t, weight, memory, training
        self.outputs = y
        self.examples = rows if examples is None else examples
        self.total = memory.empty((members,))
        self.plain = self.total if weight is None else memory.empty((members,))
        self.terms = self.like_outputs()
        self.dy = self.like_outputs() if training else self.terms
        self.per_example = self.terms if outputs == 1 else self.number_per_example()
        # The sum over K is one matrix product with ones, whatever the layout.
        self.ones = memory.full((outputs, 1), 1)
        self.forward_calls: list[Call] = []
        self.backward_calls: list[Call] = []

    def like_outputs(self) -> Array:
        """An array [M, N, K] laid out as what flows through the network."""
        members, examples, outputs = self.y.shape
        return self.memory.flowing(members, examples, (outputs,))

    def number_per_example(self) -> Array:
        """An array [M, N, 1]."""
        members, examples = self.y.shape[:2]
        return self.memory.flowing(members, examples, (1,))

    @property
    def value(self) -> Array:
        """[M], the mean loss of each member over the batch, after `forward`; of a shard, its part of it."""
        mean: Array = self.total / self.examples
        return mean

    def forward(self) -> None:
        """Compute `total`, `plain` and `outputs`."""
        run(self.forward_calls)

    def backward(self) -> None:
        """Compute `dy`; comes after `forward`."""
        run(self.backward_calls)

    def added_up(self, factor: float = 1.0) -> list[Call]:
        """What computes total = factor · Σ_n weight_n · Σ_k terms_nk, and `plain` likewise without the weight."""
        calls: list[Call] = []
        if self.per_example is not self.terms:
            calls.append(partial(np.matmul, self.terms, self.ones, self.per_example))
        calls += self.added_up_examples()
        if factor != 1.0:
            calls.append(partial(np.multiply, self.total, factor, self.total))
            if self.weight is not None:
                calls.append(partial(np.multiply, self.plain, factor, self.plain))
        return calls

    def added_up_examples(self) -> list[Call]:
        """What computes total = Σ_n weight_n · per_example_n, plain = Σ_n per_example_n."""
        flat = self.memory.flat(self.per_example)
        calls: list[Call] = []
        if self.weight is not None:
            calls.append(partial(np.add.reduce, flat, axis=1, out=self.plain))
            calls.append(partial(np.multiply, self.per_example, self.weight, self.per_example))
        return [*calls, partial(np.add.reduce, flat, axis=1, out=self.total)]

    def scaled_gradient(self, outputs: int, factor: float = 1.0) -> list[Call]:
        """What computes dy ← dy · weight · factor / (N · outputs): the gradient of a mean from that of its terms."""
        per_count = self.memory.full((), 1 / self.examples)
        constant = per_count if factor == outputs == 1 else factor / (self.examples * outputs)
        calls: list[Call] = [partial(np.multiply, self.dy, constant, self.dy)]
        return calls if self.weight is None else [*calls, partial(np.multiply, self.dy, self.weight, self.dy)]


@dataclass(frozen=True)
class Loss(ABC):
    """The mean over the examples of a batch of L(y, t), for each member.

    A loss that `fuses` an activation is bound to that activation's input, the logits, and computes activation, loss
    and gradient in one stable step; `outputs` is then the activation's output all the same.

    Attributes:
        fuses: the activation that the loss computes itself, or None.
    """

    fuses: ClassVar[type[Layer] | None] = None

    def bind(
        self,
        y: Array,
        t: Array,
        weight: Array | None,
        memory: Memory,
        *,
        training: bool,
        examples: int | None = None,
    ) -> BoundLoss:
        """The loss's program.

        Args:
            y: [M, N, K], the network's output, or the logits for a loss that fuses the activation.
            t: [M or 1, N, K], the targets: one-hot for classes, 0 or 1 for binary and multilabel, values otherwise.
            weight: [M or 1, N, 1], a factor for each example's loss, or None for 1.
            memory: where further arrays come from.
            training: whether there is a backward pass.
            examples: how many the gradient is the mean over, where these are a part of them only; by default N.
        """
        bound = BoundLoss(y, t, weight, memory, training=training, examples=examples)
        forward, backward = self.compute(bound)
        # Calls may hold `bound`. If it held them in turn, only a garbage collection would give its arrays back.
        program = copy.copy(bound)
        program.forward_calls, program.backward_calls = forward, backward
        return program

    @abstractmethod
    def compute(self, bound: BoundLoss) -> tuple[list[Call], list[Call]]:
        """The calls that compute `total`, `plain` and `outputs`, and those that compute `dy` after them."""

    def training_targets(self, t: Array) -> Array:
        """The targets to train on [n, K], made once from the true ones; label smoothing changes them."""
        return t
