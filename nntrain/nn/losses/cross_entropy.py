"""Cross-entropy of a softmax."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nntrain.arrays import Array
from nntrain.memory import Memory, in_memory_order
from nntrain.nn.activations import Softmax
from nntrain.nn.losses.loss import Loss
from nntrain.nn.product import dots, maxima, product


@dataclass(eq=False)
class CrossEntropy(Loss):
    """L = −Σ_k t_k ln p_k with p = softmax(z), from the logits z in one step; dL/dz = p − t.

    With m = max z and s = Σ e^{z − m}, ln p_k = z_k − m − ln s, so L = ln s − Σ_k t_k (z_k − m) because Σ t_k = 1:
    a probability that rounds to 0 still has a finite loss. Logits may lie anywhere in the dtype's range; where two of
    an example are so far apart that z_k − m is not in it, the loss is computed anew from quarters of them.

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
        self.logs = memory.activations(members, examples, (1,))
        self.outputs = self.dy if self.training else self.terms
        self.each = memory.full((members,), 1)
        shifted, target = in_memory_order(self.shifted), in_memory_order(self.t)
        same_layout = (shifted is self.shifted) == (target is self.t) and target.flags.c_contiguous
        self.flat = self.weight is None and same_layout
        if self.flat:
            # Σ_n Σ_k t z of each member is one dot product over the flat memory.
            self.of_sums, self.of_logits = memory.empty((members,)), memory.empty((members,))
            logs = in_memory_order(self.logs).reshape(members, examples)
            self.add_sums = dots(logs, memory.full((1, examples), 1), self.of_sums)
            self.add_logits = dots(shifted.reshape(members, -1), target.reshape(len(target), -1), self.of_logits)
        self.find_maxima = maxima(self.y, self.per_example)
        self.sum_exponentials = product(self.outputs, self.ones[None], self.sums)

    def forward(self) -> None:
        """p = e^{z − m} / s and the mean loss."""
        try:
            self._add_up()
        except FloatingPointError:  # where NumPy was told to raise; z − m may be −∞
            with np.errstate(over="ignore", invalid="ignore"):
                self._add_up()
        if not math.isfinite(self.total.dot(self.each)):
            with np.errstate(over="ignore", invalid="ignore"):
                self._add_up_anew()

    def _add_up(self) -> None:
        """Compute `outputs` and `total`; where z − m is −∞, the latter may not be a number."""
        self.find_maxima()
        np.subtract(self.y, self.per_example, self.shifted)
        np.exp(self.shifted, self.outputs)
        self.sum_exponentials()
        np.divide(self.outputs, self.sums, self.outputs)
        np.log(self.sums, self.logs)
        if self.flat:
            self.add_sums()
            self.add_logits()
            # Not in place: where M = 1, NumPy takes three times as long for that.
            np.subtract(self.of_sums, self.of_logits, self.total)
            return
        np.multiply(self.shifted, self.t, out=self.shifted)
        np.matmul(self.shifted, self.ones, out=self.per_example)
        np.subtract(self.logs, self.per_example, out=self.per_example)
        self.add_up_examples()

    def _add_up_anew(self) -> None:
        """`total` and `plain` with ¼ z − ¼ m, which is in range, for members of finite logits that lack them.

        What is infinite then is too large itself.
        """
        self.find_maxima()
        lacking = ~np.isfinite(self.total) & np.isfinite(self.per_example).all(axis=(1, 2))
        if not lacking.any():
            return
        before = self.total.copy(), self.plain.copy()
        np.multiply(self.per_example, 0.25, out=self.per_example)
        np.multiply(self.y, 0.25, out=self.shifted)
        np.subtract(self.shifted, self.per_example, out=self.shifted)
        np.multiply(self.shifted, self.t, out=self.shifted)
        np.matmul(self.shifted, self.ones, out=self.per_example)
        np.multiply(self.per_example, 4, out=self.per_example)
        np.subtract(self.logs, self.per_example, out=self.per_example)
        self.add_up_examples()
        np.copyto(self.total, before[0], where=~lacking)
        np.copyto(self.plain, before[1], where=~lacking)

    def backward(self) -> None:
        """dz = (p − t) / N. `outputs` is overwritten."""
        np.subtract(self.outputs, self.t, self.dy)
        self.scale_gradient(1)

    def training_targets(self, t: Array) -> Array:
        """(1 − ε) t + ε/K for one-hot targets t [n, K]."""
        if self.label_smoothing == 0.0:
            return t
        smoothed: Array = (1.0 - self.label_smoothing) * t + self.label_smoothing / t.shape[-1]
        return smoothed.astype(t.dtype, copy=False)
