"""Clipping of gradients by their norm."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from nntrain.arrays import Array
from nntrain.optim.blocks import constant_of_each
from nntrain.optim.hyperparameters import POSITIVE_OR_OFF, Hyperparameter, as_array, checked
from nntrain.optim.norms import gradient_norm
from nntrain.optim.transformation import Parameters, Transformation

# Squares are summed in float runs of this length (BLAS does it in one pass, and on one thread for so few), then the
# runs in float64. The sums depend on nothing but a member's own numbers.
RUN = 4096


class ClipNorm(Transformation):
    """Clipping by norm (Pascanu, Mikolov & Bengio 2013, algorithm 1), before the optimizer:

        g ← g · min(1, c / ‖g‖₂)

    with the norm of a member's whole gradient, biases included. A gradient that is not longer than c stays as it is,
    bit for bit; so does one whose norm is not finite (because the gradient is not), without a warning. PyTorch's
    clip_grad_norm_ adds 1e-6 to the norm; here a clipped gradient has the norm c.

    Args:
        clip_norm: c, above 0; infinity switches it off.

    Attributes:
        norms: float64 [M], ‖g‖₂ before clipping, as of the last `apply`.
    """

    name: ClassVar[str] = "clip_norm"

    def __init__(self, clip_norm: Hyperparameter) -> None:
        super().__init__(clip_norm=checked("clip_norm", clip_norm, POSITIVE_OR_OFF))

    def _take(self, parameters: Parameters) -> None:
        grad, memory, members = parameters.grad, parameters.memory, parameters.members
        size = grad.shape[1]
        self._grad = grad
        self._limit = as_array(self.hyperparameters["clip_norm"], members)
        self._exact_scale = memory.zeros((members,), np.float64)
        self._scale = constant_of_each(memory, members)
        cut = size // RUN * RUN
        self._runs = grad[:, :cut].reshape(members, -1, RUN) if cut else None
        self._rest = grad[:, cut:]
        self._sums = memory.zeros((members, size // RUN + 1))
        self.norms: Array = memory.zeros((members,), np.float64)

    def apply(self, rates: Array) -> None:
        """Measure the gradients and shorten those that are too long."""
        with np.errstate(over="ignore", invalid="ignore"):
            if self._runs is not None:
                np.vecdot(self._runs, self._runs, out=self._sums[:, :-1])
            np.vecdot(self._rest, self._rest, out=self._sums[:, -1])
            np.add.reduce(self._sums, axis=1, dtype=np.float64, out=self.norms)
            np.sqrt(self.norms, self.norms)
            if not np.isfinite(self.norms).all():
                self._measure_again(np.flatnonzero(~np.isfinite(self.norms)))
            too_long = self.norms > self._limit
            if too_long.any():
                self._shorten(too_long & np.isfinite(self.norms))

    def _measure_again(self, rows: Array) -> None:
        """Squares overflow float32 long before the gradient does; this is rare, so it may allocate."""
        self.norms[rows] = gradient_norm(self._grad[rows].astype(np.float64))

    def _shorten(self, too_long: Array) -> None:
        self._exact_scale[...] = 1  # times 1 changes nothing
        np.divide(self._limit, self.norms, out=self._exact_scale, where=too_long)
        self._scale[...] = self._exact_scale.reshape(self._scale.shape)
        np.multiply(self._grad, self._scale, self._grad)
