"""Losses that grow linearly for large errors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from nntrain.nn.layer import Call
from nntrain.nn.losses.loss import BoundLoss, Loss


@dataclass(frozen=True)
class MeanAbsoluteError(Loss):
    """L = (1/K) Σ_k |y_k − t_k|, dL/dy = sign(y − t)/K, with 0 where they are equal."""

    def compute(self, bound: BoundLoss) -> tuple[list[Call], list[Call]]:
        """Mean over examples and outputs of |y − t|; dy = sign(y − t) / (N K)."""
        outputs, dy = bound.y.shape[2], bound.dy
        forward: list[Call] = [
            partial(np.subtract, bound.y, bound.t, dy),
            partial(np.abs, dy, bound.terms),
            *bound.added_up(1 / outputs),
        ]
        return forward, [partial(np.sign, dy, dy), *bound.scaled_gradient(outputs)]


@dataclass(frozen=True)
class Huber(Loss):
    """L = (1/K) Σ_k h(y_k − t_k) with h(e) = ½ e² for |e| ≤ δ, δ(|e| − ½ δ) beyond (Huber 1964; PyTorch's HuberLoss).

    Attributes:
        delta: δ > 0, where the square turns into a line; 1 by default.
    """

    delta: float = 1.0

    def compute(self, bound: BoundLoss) -> tuple[list[Call], list[Call]]:
        """h(e) = c (e − ½ c) with c = e cut to [−δ, δ]; dy = c / (N K)."""
        outputs, terms = bound.y.shape[2], bound.terms
        cut, half = bound.like_outputs(), bound.like_outputs()
        forward: list[Call] = [
            partial(np.subtract, bound.y, bound.t, terms),
            partial(np.minimum, terms, self.delta, out=cut),
            partial(np.maximum, cut, -self.delta, out=cut),
            partial(np.multiply, cut, 0.5, half),
            partial(np.subtract, terms, half, terms),
            partial(np.multiply, terms, cut, terms),
            *bound.added_up(1 / outputs),
        ]
        return forward, [partial(np.copyto, bound.dy, cut), *bound.scaled_gradient(outputs)]
