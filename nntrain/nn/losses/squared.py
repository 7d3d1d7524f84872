"""Squared errors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from nntrain.nn.layer import Call
from nntrain.nn.losses.loss import BoundLoss, Loss


@dataclass(frozen=True)
class MeanSquaredError(Loss):
    """L = (1/K) Σ_k (y_k − t_k)², dL/dy = (2/K)(y − t): the mean over the outputs, as in scikit-learn and Keras."""

    def compute(self, bound: BoundLoss) -> tuple[list[Call], list[Call]]:
        """Mean over examples and outputs of (y − t)²; dy = 2 (y − t) / (N K)."""
        outputs = bound.y.shape[2]
        forward = [*_squares(bound), *bound.added_up(1 / outputs)]
        return forward, bound.scaled_gradient(outputs, factor=2.0)


@dataclass(frozen=True)
class HalfSquaredError(Loss):
    """L = ½ ‖y − t‖², dL/dy = y − t: the sum over the outputs, as in the backpropagation lecture."""

    def compute(self, bound: BoundLoss) -> tuple[list[Call], list[Call]]:
        """Mean over examples of ½ Σ_k (y_k − t_k)²; dy = (y − t) / N."""
        return [*_squares(bound), *bound.added_up(0.5)], bound.scaled_gradient(1)


def _squares(bound: BoundLoss) -> list[Call]:
    """dy = y − t, terms = dy²."""
    return [partial(np.subtract, bound.y, bound.t, bound.dy), partial(np.multiply, bound.dy, bound.dy, bound.terms)]
