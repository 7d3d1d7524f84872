"""RMSprop: each gradient is divided by a running root mean square."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from nntrain.arrays import Array
from nntrain.optim.blocks import Block
from nntrain.optim.columns import BELOW_ONE, POSITIVE, Column, column, root
from nntrain.optim.optimizer import Optimizer, Part


class RmsProp(Optimizer):
    """s ← ρ s + (1 − ρ) g², θ ← θ − α g / (√s + ε); with momentum β: v ← β v + g / (√s + ε), θ ← θ − α v.

    Tieleman & Hinton 2012 (Coursera, lecture 6e); s starts at 0 without bias correction, ε is outside the root, the
    mean is not subtracted: PyTorch's rule with its `alpha` called ρ.

    What is computed is the same in fewer passes: with k = √(1 − ρ), r = s / k² and u = k v it reads r ← ρ r + g²,
    u ← β u + g / (√r + ε/k), θ ← θ − (α/k) u.

    State: `squares` [M, P], which is r, and `velocity` [M, P], u, which is there if any member has momentum.

    Args:
        rho: ρ, in [0, 1); default 0.9.
        eps: ε, above 0; default 1e-8.
        momentum: β, in [0, 1); default 0.
    """

    name: ClassVar[str] = "rmsprop"
    passes = 8
    needs_scratch: ClassVar[bool] = True

    def __init__(self, rho: Column = 0.9, eps: Column = 1e-8, momentum: Column = 0.0) -> None:
        super().__init__(
            rho=column("rho", rho, BELOW_ONE),
            eps=column("eps", eps, POSITIVE),
            momentum=column("momentum", momentum, BELOW_ONE),
        )
        self._has_velocity = bool(np.any(self.columns["momentum"]))

    def _slot_names(self) -> tuple[str, ...]:
        return ("squares", "velocity") if self._has_velocity else ("squares",)

    def _start(self) -> None:
        self._k = root(1.0 - self.columns["rho"])
        self._rho = self._constant(self.columns["rho"])
        self._eps = self._constant(self.columns["eps"] / self._k)
        self._momentum = self._constant(self.columns["momentum"])
        self._rate = self._rate_constant()

    def _views(self, block: Block) -> tuple[Array, ...]:
        arrays = [self._theta, self._grad, *self._slots.values()]
        constants = [self._rate, self._rho, self._eps]
        if self._has_velocity:
            constants.append(self._momentum)
        return *(block.of(array) for array in arrays), *(block.constant(array) for array in constants)

    def _set_constants(self, rate: Column) -> None:
        self._rate[...] = rate / self._k

    def _advance(self, part: Part) -> None:
        if self._has_velocity:
            for theta, grad, squares, velocity, rate, rho, eps, momentum, scratch in part:
                _normalize(grad, squares, rho, eps, scratch)
                np.multiply(velocity, momentum, out=velocity)
                np.add(velocity, grad, out=velocity)
                np.multiply(velocity, rate, out=grad)
                np.subtract(theta, grad, out=theta)
        else:
            for theta, grad, squares, rate, rho, eps, scratch in part:
                _normalize(grad, squares, rho, eps, scratch)
                np.multiply(grad, rate, out=grad)
                np.subtract(theta, grad, out=theta)


def _normalize(grad: Array, squares: Array, rho: Array, eps: Array, scratch: Array) -> None:
    """r ← ρ r + g², g ← g / (√r + ε)."""
    np.multiply(grad, grad, out=scratch)
    np.multiply(squares, rho, out=squares)
    np.add(squares, scratch, out=squares)
    np.sqrt(squares, out=scratch)
    np.add(scratch, eps, out=scratch)
    np.divide(grad, scratch, out=grad)
