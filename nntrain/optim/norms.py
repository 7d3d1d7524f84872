"""How long vectors are, in float64, so that the square of a float32 cannot overflow."""

from __future__ import annotations

import numpy as np

from nntrain.arrays import Array


def squared_norms(vectors: Array) -> Array:
    """‖v‖₂² of each row of [M, P]: float64 [M]."""
    squares: Array = np.einsum("mp,mp->m", vectors, vectors, dtype=np.float64)
    return squares


def gradient_norm(grad: Array) -> Array:
    """‖g‖₂ of each member's whole gradient, from grad [M, P]: float64 [M]."""
    norms: Array = np.sqrt(squared_norms(grad))
    return norms
