"""Cross-entropy of sigmoids: binary and multilabel classification."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from nntrain.arrays import Array
from nntrain.nn.activations import Sigmoid, sigmoid, softplus
from nntrain.nn.layer import Call
from nntrain.nn.losses.loss import BoundLoss, Loss


@dataclass(frozen=True)
class BinaryCrossEntropy(Loss):
    """L = −(1/K) Σ_k [t_k ln p_k + (1 − t_k) ln(1 − p_k)] with p = σ(z), from the logits z; dL/dz = (p − t)/K.

    Since −ln σ(z) = ln(1 + e⁻ᶻ), the term of an output is ln(1 + eᶻ) − t z, finite for every finite z. With several
    outputs (multilabel) it is their mean, as in Keras and PyTorch.

    Attributes:
        label_smoothing: ε in [0, 1); training targets become (1 − ε) t + ε/2.
    """

    fuses = Sigmoid

    label_smoothing: float = 0.0

    def compute(self, bound: BoundLoss) -> tuple[list[Call], list[Call]]:
        """p = σ(z) and the mean loss; dz = (p − t) / (N K)."""
        z, t, terms, outputs = bound.y, bound.t, bound.terms, bound.y.shape[2]
        p, product = bound.like_outputs(), bound.like_outputs()
        bound.outputs = p
        forward: list[Call] = [
            *softplus(z, out=terms, scratch=product),
            partial(np.multiply, z, t, product),
            partial(np.subtract, terms, product, terms),
            *bound.added_up(1 / outputs),
            *sigmoid(z, out=p),
        ]
        return forward, [partial(np.subtract, p, t, bound.dy), *bound.scaled_gradient(outputs)]

    def training_targets(self, t: Array) -> Array:
        """(1 − ε) t + ε/2 for targets t [n, K] of 0 and 1."""
        if self.label_smoothing == 0.0:
            return t
        smoothed: Array = (1.0 - self.label_smoothing) * t + self.label_smoothing / 2
        return smoothed.astype(t.dtype, copy=False)
