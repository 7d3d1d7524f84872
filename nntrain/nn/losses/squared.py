"""Squared errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nntrain.nn.losses.loss import Loss


@dataclass(eq=False)
class MeanSquaredError(Loss):
    """L = (1/K) Σ_k (y_k − t_k)², dL/dy = (2/K)(y − t): the mean over the outputs, as in scikit-learn and Keras."""

    def forward(self) -> None:
        """Mean over examples and outputs of (y − t)²."""
        np.subtract(self.y, self.t, out=self.dy)
        np.multiply(self.dy, self.dy, out=self.terms)
        self.add_up(1 / self.y.shape[2])

    def backward(self) -> None:
        """dy = 2 (y − t) / (N K)."""
        self.scale_gradient(self.dy.shape[2], factor=2.0)


@dataclass(eq=False)
class HalfSquaredError(Loss):
    """L = ½ ‖y − t‖², dL/dy = y − t: the sum over the outputs, as in the backpropagation lecture."""

    def forward(self) -> None:
        """Mean over examples of ½ Σ_k (y_k − t_k)²."""
        np.subtract(self.y, self.t, out=self.dy)
        np.multiply(self.dy, self.dy, out=self.terms)
        self.add_up(0.5)

    def backward(self) -> None:
        """dy = (y − t) / N."""
        self.scale_gradient(1)
