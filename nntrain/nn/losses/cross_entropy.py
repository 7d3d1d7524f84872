"""Cross-entropy of a softmax."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nntrain.arrays import Array
from nntrain.nn.activations import Softmax
from nntrain.nn.layer import Memory, in_memory_order
from nntrain.nn.losses.loss import Loss


@dataclass(eq=False)
class CrossEntropy(Loss):
    """L = −Σ_k t_k ln p_k with p = softmax(z), from the logits z in one step; dL/dz = p − t.

    With m = max z and s = Σ e^{z − m}, ln p_k = z_k − m − ln s, so L = ln s − Σ_k t_k (z_k − m) because Σ t_k = 1:
    nothing overflows, and a probability that rounds to 0 still has a finite loss.

    Attributes:
        label_smoothing: ε in [0, 1); training targets become (1 − ε) t + ε/K (Szegedy et al. 2016). Evaluation uses
            the true ones.
    """

    fuses = Softmax

    label_smoothing: float = 0.0

    def bind_scratch(self, memory: Memory) -> None:
        """Room for the shifted logits, and for the sums of their exponentials."""
        members, examples, _ = self.y.shape
        self.shifted = self.like_outputs(memory)
        self.sums = memory.activations(members, examples, (1,))
        self.flat_sums = in_memory_order(self.sums).reshape(members, examples)
        self.outputs = self.dy if self.training else self.terms
        shifted, target = in_memory_order(self.shifted), in_memory_order(self.t)
        same_layout = (shifted is self.shifted) == (target is self.t) and target.flags.c_contiguous
        self.flat = self.weight is None and same_layout
        if self.flat:
            # Σ_n Σ_k t z of each member is one dot product over the flat memory.
            self.flat_shifted = shifted.reshape(members, -1)
            self.flat_target = target.reshape(len(target), -1)
            self.dots = memory.empty((members,))

    def forward(self) -> None:
        """p = e^{z − m} / s and the mean loss."""
        np.maximum.reduce(self.y, axis=2, keepdims=True, out=self.per_example)
        np.subtract(self.y, self.per_example, out=self.shifted)
        np.exp(self.shifted, out=self.outputs)
        np.matmul(self.outputs, self.ones, out=self.sums)
        np.divide(self.outputs, self.sums, out=self.outputs)
        np.log(self.sums, out=self.sums)
        if self.flat:
            np.add.reduce(self.flat_sums, axis=1, out=self.total)
            np.vecdot(self.flat_shifted, self.flat_target, out=self.dots)
            np.subtract(self.total, self.dots, out=self.total)
            return
        np.multiply(self.shifted, self.t, out=self.shifted)
        np.matmul(self.shifted, self.ones, out=self.per_example)
        np.subtract(self.sums, self.per_example, out=self.per_example)
        self.add_up_examples()

    def backward(self) -> None:
        """dz = (p − t) / N. `outputs` is overwritten."""
        np.subtract(self.outputs, self.t, out=self.dy)
        self.scale_gradient(1)

    def training_targets(self, t: Array) -> Array:
        """(1 − ε) t + ε/K for one-hot targets t [n, K]."""
        if self.label_smoothing == 0.0:
            return t
        smoothed: Array = (1.0 - self.label_smoothing) * t + self.label_smoothing / t.shape[-1]
        return smoothed.astype(t.dtype, copy=False)
