"""Cross-entropy of a softmax."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import numpy as np

from nntrain.arrays import Array
from nntrain.nn.activations import Softmax
from nntrain.nn.layer import Call, run
from nntrain.nn.losses.loss import BoundLoss, Loss
from nntrain.nn.product import dots, maxima, product


@dataclass(frozen=True)
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

    def compute(self, bound: BoundLoss) -> tuple[list[Call], list[Call]]:
        """p = e^{z − m} / s and the mean loss; dz = (p − t) / N, which is written over `outputs`."""
        bound.outputs = bound.dy if bound.training else bound.terms
        program = _Softmaxed(bound)
        return [program.forward], [partial(np.subtract, bound.outputs, bound.t, bound.dy), *bound.scaled_gradient(1)]

    def training_targets(self, t: Array) -> Array:
        """(1 − ε) t + ε/K for one-hot targets t [n, K]."""
        if self.label_smoothing == 0.0:
            return t
        smoothed: Array = (1.0 - self.label_smoothing) * t + self.label_smoothing / t.shape[-1]
        return smoothed.astype(t.dtype, copy=False)


class _Softmaxed:
    """The forward pass: p, and the loss where z − m is in range and where it is not."""

    def __init__(self, bound: BoundLoss) -> None:
        self.bound = bound
        members, examples, _ = bound.y.shape
        memory, shifted, m, p = bound.memory, bound.like_outputs(), bound.per_example, bound.outputs
        sums, logs = bound.number_per_example(), bound.number_per_example()
        self.shifted, self.logs, self.each = shifted, logs, memory.full((members,), 1)
        self.find_maxima = maxima(bound.y, m)
        self.calls: list[Call] = [
            self.find_maxima,
            partial(np.subtract, bound.y, m, shifted),
            partial(np.exp, shifted, p),
            product(p, bound.ones[None], sums),
            partial(np.divide, p, sums, p),
            partial(np.log, sums, logs),
        ]
        if bound.weight is None and memory.alike(shifted, bound.t):
            # Σ_n Σ_k t z of each member is one dot product over the flat memory.
            of_sums, of_logits, ones = memory.empty((members,)), memory.empty((members,)), memory.full((1, examples), 1)
            self.calls += [
                dots(memory.flat(logs), ones, of_sums),
                dots(memory.flat(shifted), memory.flat(bound.t), of_logits),
                # Not in place: where M = 1, NumPy takes three times as long for that.
                partial(np.subtract, of_sums, of_logits, bound.total),
            ]
            return
        self.calls += [
            partial(np.multiply, shifted, bound.t, shifted),
            partial(np.matmul, shifted, bound.ones, m),
            partial(np.subtract, logs, m, m),
            *bound.added_up_examples(),
        ]

    def forward(self) -> None:
        """`outputs`, `total` and `plain`; where z − m is −∞, the first way may give no number."""
        try:
            run(self.calls)
        except FloatingPointError:  # where NumPy was told to raise; z − m may be −∞
            with np.errstate(over="ignore", invalid="ignore"):
                run(self.calls)
        if not math.isfinite(self.bound.total.dot(self.each)):
            with np.errstate(over="ignore", invalid="ignore"):
                self._add_up_anew()

    def _add_up_anew(self) -> None:
        """`total` and `plain` with ¼ z − ¼ m, which is in range, for members of finite logits that lack them.

        What is infinite then is too large itself.
        """
        bound, shifted, m = self.bound, self.shifted, self.bound.per_example
        self.find_maxima()
        lacking = ~np.isfinite(bound.total) & np.isfinite(m).all(axis=(1, 2))
        if not lacking.any():
            return
        before = bound.total.copy(), bound.plain.copy()
        np.multiply(m, 0.25, out=m)
        np.multiply(bound.y, 0.25, out=shifted)
        np.subtract(shifted, m, out=shifted)
        np.multiply(shifted, bound.t, out=shifted)
        np.matmul(shifted, bound.ones, out=m)
        np.multiply(m, 4, out=m)
        np.subtract(self.logs, m, out=m)
        run(bound.added_up_examples())
        np.copyto(bound.total, before[0], where=~lacking)
        np.copyto(bound.plain, before[1], where=~lacking)
