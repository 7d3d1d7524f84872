"""Clipping of gradients by their norm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nntrain.arrays import Array
from nntrain.optim.columns import POSITIVE_OR_OFF, Column, as_array, column, rows_of

if TYPE_CHECKING:
    from nntrain.memory import Memory

# Squares are summed in float runs of this length (BLAS does it in one pass, and on one thread for so few), then the
# runs in float64. The sums depend on nothing but a member's own numbers.
RUN = 4096


class ClipNorm:
    """g ← g · min(1, c / ‖g‖₂), with the norm of a member's whole gradient, biases included.

    Pascanu, Mikolov & Bengio 2013. A gradient that is not longer than c stays as it is, bit for bit; so does one
    whose norm is not finite (because the gradient is not), without a warning. PyTorch's clip_grad_norm_
    adds 1e-6 to the norm; here a clipped gradient has the norm c.

    Attributes:
        clip_norm: c, above 0; infinity switches it off, and then only `norms` is computed.
        norms: float64 [M], ‖g‖₂ before clipping, as of the last `apply`.
    """

    def __init__(self, clip_norm: Column = np.inf) -> None:
        self.clip_norm = column("clip_norm", clip_norm, POSITIVE_OR_OFF)

    def bind(self, grad: Array, memory: Memory) -> None:
        """Take the gradients [M, P] to clip."""
        members, size = grad.shape
        self._grad = grad
        self._limit = as_array(self.clip_norm, members)
        self._scale = memory.zeros(() if members == 1 else (members, 1))
        cut = size // RUN * RUN
        self._runs = grad[:, :cut].reshape(members, -1, RUN) if cut else None
        self._rest = grad[:, cut:]
        self._sums = memory.zeros((members, size // RUN + 1))
        self.norms: Array = np.zeros(members)

    def apply(self) -> None:
        """Measure the gradients and shorten those that are too long."""
        with np.errstate(over="ignore", invalid="ignore"):
            if self._runs is not None:
                np.vecdot(self._runs, self._runs, out=self._sums[:, :-1])
            np.vecdot(self._rest, self._rest, out=self._sums[:, -1])
            np.add.reduce(self._sums, axis=1, dtype=np.float64, out=self.norms)
            np.sqrt(self.norms, out=self.norms)
            if not np.isfinite(self.norms).all():
                self._measure_again(np.flatnonzero(~np.isfinite(self.norms)))
            too_long = self.norms > self._limit
            if too_long.any():
                self._shorten(too_long & np.isfinite(self.norms))

    def _measure_again(self, rows: Array) -> None:
        """Squares overflow float32 long before the gradient does; this is rare, so it may allocate."""
        exact = self._grad[rows].astype(np.float64)
        self.norms[rows] = np.sqrt(np.einsum("mp,mp->m", exact, exact))

    def _shorten(self, too_long: Array) -> None:
        scale = np.ones(len(self.norms))
        np.divide(self._limit, self.norms, out=scale, where=too_long)
        self._scale[...] = scale.reshape(self._scale.shape)
        # Times 1 changes nothing.
        np.multiply(self._grad, self._scale, out=self._grad)

    def select(self, rows: Array) -> ClipNorm:
        """The same for the members `rows` (indices), not yet bound."""
        return ClipNorm(rows_of(self.clip_norm, rows))
