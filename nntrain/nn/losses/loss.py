"""What a loss is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from nntrain.arrays import Array
from nntrain.memory import Memory, in_memory_order
from nntrain.nn.layer import Layer


@dataclass(eq=False)
class Loss(ABC):
    """The mean over the examples of a batch of L(y, t), for each member.

    Like a layer it is a description until it is bound to arrays. A loss that `fuses` an activation is bound to that
    activation's input, the logits, and computes activation, loss and gradient in one stable step; `outputs` is then
    the activation's output all the same.

    Attributes:
        fuses: the activation that the loss computes itself, or None.
        total: [M], each member's loss added up over the examples of the batch, after `forward`.
        plain: [M], the same without the examples' weights; `total` itself where there are none.
        dy: [M, N, K], the gradient of the mean loss at what the loss is bound to, after `backward`.
        outputs: [M, N, K], what the network answers, after `forward`.
    """

    fuses: ClassVar[type[Layer] | None] = None

    total: Array = field(init=False, repr=False)
    plain: Array = field(init=False, repr=False)
    dy: Array = field(init=False, repr=False)
    outputs: Array = field(init=False, repr=False)

    def bind(self, y: Array, t: Array, weight: Array | None, memory: Memory, *, training: bool) -> None:
        """Take the arrays that every step uses.

        Args:
            y: [M, N, K], the network's output, or the logits for a loss that fuses the activation.
            t: [M or 1, N, K], the targets: one-hot for classes, 0 or 1 for binary and multilabel, values otherwise.
            weight: [M or 1, N, 1], a factor for each example's loss, or None for 1.
            memory: where further arrays come from.
            training: whether `backward` will be called.
        """
        members, examples, outputs = y.shape
        self.y, self.t, self.weight, self.training = y, t, weight, training
        self.outputs = y
        self.total = memory.empty((members,))
        self.plain = self.total if weight is None else memory.empty((members,))
        # L of every output; the sum over them is one matrix product with ones, whatever the layout.
        self.terms = self.like_outputs(memory)
        self.dy = self.like_outputs(memory) if training else self.terms
        self.per_example = self.terms if outputs == 1 else memory.activations(members, examples, (1,))
        self.flat_per_example = in_memory_order(self.per_example).reshape(members, examples)
        self.ones = memory.full((outputs, 1), 1)
        self.per_count = memory.full((), 1 / examples)
        self.bind_scratch(memory)

    def bind_scratch(self, memory: Memory) -> None:  # noqa: B027 - most losses need nothing more
        """Allocate what the loss needs beyond `bind`."""

    def like_outputs(self, memory: Memory) -> Array:
        """An array [M, N, K] laid out as what flows through the network."""
        members, examples, outputs = self.y.shape
        return memory.activations(members, examples, (outputs,))

    @property
    def value(self) -> Array:
        """[M], the mean loss of each member over the batch, after `forward`."""
        mean: Array = self.total / self.y.shape[1]
        return mean

    @abstractmethod
    def forward(self) -> None:
        """Compute `total` and `outputs`."""

    @abstractmethod
    def backward(self) -> None:
        """Compute `dy`; comes after `forward`."""

    def training_targets(self, t: Array) -> Array:
        """The targets to train on [n, K], made once from the true ones; label smoothing changes them."""
        return t

    def select(self, rows: Array) -> Loss:
        """This loss for the members `rows`."""
        return self

    def add_up(self, factor: float = 1.0) -> None:
        """total = factor · Σ over N of weight · Σ over K of terms; `plain` likewise without the weight."""
        if self.per_example is not self.terms:
            np.matmul(self.terms, self.ones, out=self.per_example)
        self.add_up_examples()
        if factor != 1.0:
            np.multiply(self.total, factor, out=self.total)
            if self.weight is not None:
                np.multiply(self.plain, factor, out=self.plain)

    def add_up_examples(self) -> None:
        """total = Σ over N of weight · per_example, plain = Σ over N of per_example."""
        if self.weight is not None:
            np.add.reduce(self.flat_per_example, axis=1, out=self.plain)
            np.multiply(self.per_example, self.weight, out=self.per_example)
        np.add.reduce(self.flat_per_example, axis=1, out=self.total)

    def scale_gradient(self, outputs: int, factor: float = 1.0) -> None:
        """dy ← dy · weight · factor / (N · outputs): the gradient of a mean from that of its terms."""
        constant = self.per_count if factor == outputs == 1 else factor / (self.dy.shape[1] * outputs)
        np.multiply(self.dy, constant, self.dy)
        if self.weight is not None:
            np.multiply(self.dy, self.weight, out=self.dy)
