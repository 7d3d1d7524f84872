"""Penalties on weights, λ Ω(θ): l2 before the optimizer, l1 after it. They never touch biases."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np

from nntrain.arrays import Array
from nntrain.nn.layer import Call
from nntrain.optim.blocks import Block, Scratch, constant_of_each, split
from nntrain.optim.hyperparameters import NOT_NEGATIVE, Hyperparameter, as_array, checked
from nntrain.optim.transformation import Parameters, Transformation


class Penalty(Transformation):
    """What l1 and l2 share: their strength λ, and work on the blocks of the weights of members that are penalized.

    For a member with λ = 0 nothing is done, bit for bit.

    Args:
        strength: λ, at least 0.
    """

    def __init__(self, strength: Hyperparameter) -> None:
        super().__init__(strength=checked(self.name, strength, NOT_NEGATIVE))

    def _take(self, parameters: Parameters) -> None:
        weights, memory = parameters.weights, parameters.memory
        self._weights, self._grad, self._memory = weights, parameters.grad, memory
        self._lambda = as_array(self.hyperparameters["strength"], parameters.members)
        blocks = (block for part in split(weights.shape, weights.itemsize) for block in part)
        penalized = [block for block in blocks if self._lambda[block.rows].any()]
        scratch = Scratch(memory, penalized)
        self._start()
        self._calls = [self._work_on(block, scratch) for block in penalized]

    @abstractmethod
    def _start(self) -> None:
        """Allocate the constants."""

    @abstractmethod
    def _work_on(self, block: Block, scratch: Scratch) -> Call:
        """The call that does what is to be done in a step on one block of the weights."""

    def _constant_of_each(self) -> Array:
        return constant_of_each(self._memory, len(self._lambda))

    def _where_of(self, block: Block) -> Array | bool:
        """Which members of a block have a penalty [members, 1]; True if all have, which is faster."""
        active: Array = self._lambda[block.rows] > 0
        return True if active.all() else active[:, None]

    def value(self, theta: Array) -> Array:
        """λ Ω of parameters like those bound to: [M, P] → float64 [M]. For costs and gradient checks."""
        weights = theta[:, : self._weights.shape[1]].astype(np.float64)
        omega: Array = np.add.reduce(self._measure(weights), axis=1)
        return self._lambda * omega

    def gradient(self, theta: Array) -> Array:
        """λ ∇Ω of parameters like those bound to: [M, P] → float64 [M, P], 0 for biases. For gradient checks."""
        gradient = self._memory.zeros(theta.shape, np.float64)
        weights = theta[:, : self._weights.shape[1]].astype(np.float64)
        gradient[:, : weights.shape[1]] = self._lambda[:, None] * self._slope(weights)
        return gradient

    @abstractmethod
    def _measure(self, weights: Array) -> Array:
        """What each weight adds to Ω."""

    @abstractmethod
    def _slope(self, weights: Array) -> Array:
        """∇Ω."""


class L2(Penalty):
    """The penalty λ Σ‖W‖²_F (ITMO lecture, "L2 regularization"), as its gradient before the optimizer:

        g ← g + 2 λ W

    without the ½ that others put before the λ.

    Args:
        strength: λ, at least 0.
    """

    name: ClassVar[str] = "l2"

    def _start(self) -> None:
        self._factor = self._constant_of_each()
        self._factor[...] = (2.0 * self._lambda).reshape(self._factor.shape)

    def apply(self, rates: Array) -> None:
        """Add the penalty's gradient."""
        for add in self._calls:
            add()

    def _work_on(self, block: Block, scratch: Scratch) -> Call:
        weights, grad = block.of(self._weights), block.of(self._grad)
        factor, slope, where = block.constant(self._factor), scratch.of(block), self._where_of(block)

        def add() -> None:
            np.multiply(weights, factor, slope)
            np.add(grad, slope, grad, where=where)

        return add

    def _measure(self, weights: Array) -> Array:
        return weights * weights

    def _slope(self, weights: Array) -> Array:
        return 2.0 * weights


class L1(Penalty):
    """The penalty λ Σ|W|, as a proximal step after the optimizer, which makes weights exactly 0:

        W ← sign(W) · max(|W| − α λ, 0)

    The proximal gradient method (ISTA; Daubechies, Defrise & De Mol 2004; Duchi & Singer 2009 for stochastic
    gradients), where the lecture (ITMO, "L1 regularization") adds λ sign(W) to the gradient, which makes weights
    jitter about 0. The threshold is α λ for every rule; those with rates of their own for each parameter do not
    scale it.

    What is computed is the same: W ← W − clip(W, −α λ, α λ).

    Args:
        strength: λ, at least 0.
    """

    name: ClassVar[str] = "l1"

    def _start(self) -> None:
        self._high, self._low = self._constant_of_each(), self._constant_of_each()

    def apply(self, rates: Array) -> None:
        """Move every weight towards 0 by α λ, and no further than there."""
        if not self._calls:
            return
        threshold = rates[:, 0] * self._lambda
        self._high[...] = threshold.reshape(self._high.shape)
        np.negative(self._high, self._low)
        for shrink in self._calls:
            shrink()

    def _work_on(self, block: Block, scratch: Scratch) -> Call:
        weights, clipped, where = block.of(self._weights), scratch.of(block), self._where_of(block)
        low, high = block.constant(self._low), block.constant(self._high)

        def shrink() -> None:
            if low.ndim == 0:
                weights.clip(low, high, out=clipped)
            else:
                # clip has no vectorized code for bounds that differ from row to row.
                np.minimum(weights, high, out=clipped)
                np.maximum(clipped, low, out=clipped)
            np.subtract(weights, clipped, weights, where=where)

        return shrink

    def _measure(self, weights: Array) -> Array:
        return np.absolute(weights)

    def _slope(self, weights: Array) -> Array:
        return np.sign(weights)
