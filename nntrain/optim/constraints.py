"""Constraints on weights, which hold again after every step. They never touch biases."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from nntrain.arrays import Array
from nntrain.memory import Memory
from nntrain.nn.layer import Call
from nntrain.optim.hyperparameters import POSITIVE_OR_OFF, Hyperparameter, as_array, checked
from nntrain.optim.transformation import Parameters, Transformation


class MaxNorm(Transformation):
    """A bound on the length of the weights w_j into each unit j (Srivastava et al. 2014, section 5.1):

        w_j ← w_j · min(1, c / ‖w_j‖₂)

    after the optimizer. A vector that is not longer than c stays as it is, bit for bit, as does one whose length is
    not finite.

    Args:
        max_norm: c, above 0; infinity switches it off.
    """

    name: ClassVar[str] = "max_norm"

    def __init__(self, max_norm: Hyperparameter) -> None:
        super().__init__(max_norm=checked("max_norm", max_norm, POSITIVE_OR_OFF))

    def _take(self, parameters: Parameters) -> None:
        units, memory = parameters.units, parameters.memory
        self._limit = as_array(self.hyperparameters["max_norm"], parameters.members)[:, None]
        self._calls: list[Call] = []
        if units and np.isfinite(self._limit).any():
            scratch = memory.empty((max(weights.size for weights in units),))
            self._calls = [self._shortening(weights, scratch, memory) for weights in units]

    def apply(self, rates: Array) -> None:
        """Shorten what has grown too long."""
        if not self._calls:
            return
        with np.errstate(over="ignore", invalid="ignore"):
            for shorten in self._calls:
                shorten()

    def _shortening(self, weights: Array, scratch: Array, memory: Memory) -> Call:
        """The call that does it for one weight [M, fan_in, units]."""
        squares, limit = scratch[: weights.size].reshape(weights.shape), self._limit
        of_units = weights.shape[0], weights.shape[2]
        norms, scale = memory.empty(of_units), memory.empty(of_units)
        too_long, finite = memory.empty(of_units, np.bool_), memory.empty(of_units, np.bool_)

        def shorten() -> None:
            np.multiply(weights, weights, squares)
            np.add.reduce(squares, axis=1, out=norms)
            np.sqrt(norms, norms)
            np.greater(norms, limit, too_long)
            if too_long.any():
                np.isfinite(norms, finite)
                np.logical_and(too_long, finite, too_long)
                scale[...] = 1  # times 1 changes nothing
                np.divide(limit, norms, out=scale, where=too_long)
                # Of several members, whose weights are not adjacent, NumPy works on a copy; nothing else is faster.
                np.multiply(weights, scale[:, None, :], weights)

        return shorten
