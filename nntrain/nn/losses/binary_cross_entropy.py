"""Cross-entropy of sigmoids: binary and multilabel classification."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nntrain.arrays import Array
from nntrain.memory import Memory
from nntrain.nn.activations import Sigmoid, sigmoid, softplus
from nntrain.nn.losses.loss import Loss


@dataclass(eq=False)
class BinaryCrossEntropy(Loss):
    """L = −(1/K) Σ_k [t_k ln p_k + (1 − t_k) ln(1 − p_k)] with p = σ(z), from the logits z; dL/dz = (p − t)/K.

    Since −ln σ(z) = ln(1 + e⁻ᶻ), the term of an output is ln(1 + eᶻ) − t z, finite for every finite z. With several
    outputs (multilabel) it is their mean, as in Keras and PyTorch.

    Attributes:
        label_smoothing: ε in [0, 1); training targets become (1 − ε) t + ε/2.
    """

    fuses = Sigmoid

    label_smoothing: float = 0.0

    def bind_scratch(self, memory: Memory) -> None:
        """Room for the probabilities and a product."""
        self.outputs = self.like_outputs(memory)
        self.product = self.like_outputs(memory)

    def forward(self) -> None:
        """p = σ(z) and the mean loss."""
        softplus(self.y, out=self.terms, scratch=self.product)
        np.multiply(self.y, self.t, out=self.product)
        np.subtract(self.terms, self.product, out=self.terms)
        self.add_up(1 / self.y.shape[2])
        sigmoid(self.y, out=self.outputs)

    def backward(self) -> None:
        """dz = (p − t) / (N K)."""
        np.subtract(self.outputs, self.t, out=self.dy)
        self.scale_gradient(self.dy.shape[2])

    def training_targets(self, t: Array) -> Array:
        """(1 − ε) t + ε/2 for targets t [n, K] of 0 and 1."""
        if self.label_smoothing == 0.0:
            return t
        smoothed: Array = (1.0 - self.label_smoothing) * t + self.label_smoothing / 2
        return smoothed.astype(t.dtype, copy=False)
