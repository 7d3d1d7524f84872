"""Penalties on weights, λ Ω(θ), and the constraint on their length. They never touch biases."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from nntrain.arrays import Array
from nntrain.optim.blocks import Block, split
from nntrain.optim.columns import NOT_NEGATIVE, POSITIVE_OR_OFF, Column, as_array, column, rows_of

if TYPE_CHECKING:
    from nntrain.memory import Memory


class _Penalty(ABC):
    """What l1 and l2 share: their strength, and the blocks of the weights with scratch for each.

    Attributes:
        strength: λ, at least 0; for a member with 0 nothing is done, bit for bit.
    """

    name: ClassVar[str]

    def __init__(self, strength: Column) -> None:
        self.strength = column(self.name, strength, NOT_NEGATIVE)

    def _bind(self, theta: Array, memory: Memory, penalized: int) -> None:
        members = len(theta)
        self._weights = theta[:, :penalized]
        self._lambda = as_array(self.strength, members)
        self._memory = memory
        blocks = (block for part in split(self._weights.shape, theta.itemsize) for block in part)
        self._blocks = [block for block in blocks if self._lambda[block.rows].any()]
        self._scratch = memory.empty((max((block.size for block in self._blocks), default=0),))

    def _constant(self) -> Array:
        """An array in theta's dtype for a constant of each member."""
        members = len(self._lambda)
        return self._memory.empty(() if members == 1 else (members, 1))

    def _scratch_of(self, block: Block) -> Array:
        return self._scratch[: block.size].reshape(block.shape)

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
        gradient = np.zeros(theta.shape)
        weights = theta[:, : self._weights.shape[1]].astype(np.float64)
        gradient[:, : weights.shape[1]] = self._lambda[:, None] * self._slope(weights)
        return gradient

    def select(self, rows: Array) -> Self:
        """The same for the members `rows` (indices), not yet bound."""
        return type(self)(rows_of(self.strength, rows))

    @abstractmethod
    def _measure(self, weights: Array) -> Array:
        """What each weight adds to Ω."""

    @abstractmethod
    def _slope(self, weights: Array) -> Array:
        """∇Ω."""


class L2(_Penalty):
    """λ Σ‖W‖²_F, with gradient 2 λ W (ITMO lecture, "L2 regularization"): without the ½ that others put there.

    Args:
        strength: λ, at least 0.
    """

    name: ClassVar[str] = "l2"

    def bind(self, theta: Array, grad: Array, memory: Memory, *, penalized: int) -> None:
        """Take theta and grad [M, P]; the first `penalized` columns are weights."""
        self._bind(theta, memory, penalized)
        factor = self._constant()
        factor[...] = (2.0 * self._lambda).reshape(factor.shape)
        self._work = [
            (
                block.of(self._weights),
                block.of(grad),
                block.constant(factor),
                self._scratch_of(block),
                self._where_of(block),
            )
            for block in self._blocks
        ]

    def apply(self) -> None:
        """Before the step: g ← g + 2 λ W."""
        for weights, grad, factor, scratch, where in self._work:
            np.multiply(weights, factor, out=scratch)
            np.add(grad, scratch, out=grad, where=where)

    def _measure(self, weights: Array) -> Array:
        return weights * weights

    def _slope(self, weights: Array) -> Array:
        return 2.0 * weights


class L1(_Penalty):
    """λ Σ|W|, as a proximal step: W ← sign(W) · max(|W| − α λ, 0) after each step, so that weights become exactly 0.

    The proximal gradient method (ISTA; Daubechies, Defrise & De Mol 2004; Duchi & Singer 2009 for stochastic
    gradients), where the lecture (ITMO, "L1 regularization") adds λ sign(W) to the gradient, which makes weights
    jitter about 0. The threshold is α λ for every rule; those with rates of their own for each parameter do not
    scale it.

    Args:
        strength: λ, at least 0.
    """

    name: ClassVar[str] = "l1"

    def bind(self, theta: Array, memory: Memory, *, penalized: int) -> None:
        """Take theta [M, P]; the first `penalized` columns are weights."""
        self._bind(theta, memory, penalized)
        self._high, self._low = self._constant(), self._constant()
        self._work = [
            (
                block.of(self._weights),
                block.constant(self._low),
                block.constant(self._high),
                self._scratch_of(block),
                self._where_of(block),
            )
            for block in self._blocks
        ]

    def apply(self, learning_rate: Array) -> None:
        """After the step: W ← W − clip(W, −α λ, α λ), which is the soft threshold; learning_rate is [M, 1]."""
        if not self._work:
            return
        threshold = learning_rate[:, 0] * self._lambda
        self._high[...] = threshold.reshape(self._high.shape)
        np.negative(self._high, out=self._low)
        for weights, low, high, scratch, where in self._work:
            if low.ndim == 0:
                weights.clip(low, high, out=scratch)
            else:
                # clip has no vectorized code for bounds that differ from row to row.
                np.minimum(weights, high, out=scratch)
                np.maximum(scratch, low, out=scratch)
            np.subtract(weights, scratch, out=weights, where=where)

    def _measure(self, weights: Array) -> Array:
        return np.absolute(weights)

    def _slope(self, weights: Array) -> Array:
        return np.sign(weights)


class MaxNorm:
    """Each unit's incoming weight vector is rescaled to the length c where it is longer: w ← w · min(1, c / ‖w‖₂).

    Srivastava et al. 2014, section 5.1. A vector that is not longer stays as it is, bit for bit, as does one whose
    length is not finite.

    Args:
        max_norm: c, above 0; infinity switches it off.
    """

    def __init__(self, max_norm: Column = np.inf) -> None:
        self.max_norm = column("max_norm", max_norm, POSITIVE_OR_OFF)

    def bind(self, weights: Sequence[Array], memory: Memory) -> None:
        """Take the weights: views of theta [M, fan_in, units]."""
        members = len(weights[0]) if weights else 0
        limit = as_array(self.max_norm, members)[:, None]
        self._limit = limit
        self._work = []
        if not np.isfinite(limit).any():
            return
        scratch = memory.empty((max(view.size for view in weights),))
        for view in weights:
            squares = scratch[: view.size].reshape(view.shape)
            norms, scale = memory.empty((members, view.shape[2])), memory.empty((members, view.shape[2]))
            too_long, finite = memory.empty(norms.shape, np.bool_), memory.empty(norms.shape, np.bool_)
            self._work.append((view, squares, norms, scale, too_long, finite))

    def apply(self) -> None:
        """After the step: shorten what has grown too long."""
        if not self._work:
            return
        with np.errstate(over="ignore", invalid="ignore"):
            for weights, squares, norms, scale, too_long, finite in self._work:
                np.multiply(weights, weights, out=squares)
                np.add.reduce(squares, axis=1, out=norms)
                np.sqrt(norms, out=norms)
                np.greater(norms, self._limit, out=too_long)
                if too_long.any():
                    np.isfinite(norms, out=finite)
                    np.logical_and(too_long, finite, out=too_long)
                    scale[...] = 1  # times 1 changes nothing
                    np.divide(self._limit, norms, out=scale, where=too_long)
                    np.multiply(weights, scale[:, None, :], out=weights)

    def select(self, rows: Array) -> MaxNorm:
        """The same for the members `rows` (indices), not yet bound."""
        return MaxNorm(rows_of(self.max_norm, rows))
