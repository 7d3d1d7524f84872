"""Losses that grow linearly for large errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nntrain.memory import Memory
from nntrain.nn.losses.loss import Loss


@dataclass(eq=False)
class MeanAbsoluteError(Loss):
    """L = (1/K) Σ_k |y_k − t_k|, dL/dy = sign(y − t)/K, with 0 where they are equal."""

    def forward(self) -> None:
        """Mean over examples and outputs of |y − t|."""
        np.subtract(self.y, self.t, out=self.dy)
        np.abs(self.dy, out=self.terms)
        self.add_up(1 / self.y.shape[2])

    def backward(self) -> None:
        """dy = sign(y − t) / (N K)."""
        np.sign(self.dy, out=self.dy)
        self.scale_gradient(self.dy.shape[2])


@dataclass(eq=False)
class Huber(Loss):
    """L = (1/K) Σ_k h(y_k − t_k) with h(e) = ½ e² for |e| ≤ δ, δ(|e| − ½ δ) beyond (Huber 1964; PyTorch's HuberLoss).

    Attributes:
        delta: δ > 0, where the square turns into a line; 1 by default.
    """

    delta: float = 1.0

    def bind_scratch(self, memory: Memory) -> None:
        """Room for the error cut to [−δ, δ], and for half of it."""
        self.cut = self.like_outputs(memory)
        self.half = self.like_outputs(memory)

    def forward(self) -> None:
        """h(e) = c (e − ½ c) with c = e cut to [−δ, δ]."""
        np.subtract(self.y, self.t, out=self.terms)
        np.minimum(self.terms, self.delta, out=self.cut)
        np.maximum(self.cut, -self.delta, out=self.cut)
        np.multiply(self.cut, 0.5, out=self.half)
        np.subtract(self.terms, self.half, out=self.terms)
        np.multiply(self.terms, self.cut, out=self.terms)
        self.add_up(1 / self.y.shape[2])

    def backward(self) -> None:
        """dy = c / (N K)."""
        np.copyto(self.dy, self.cut)
        self.scale_gradient(self.dy.shape[2])
