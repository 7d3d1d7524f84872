"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from nntrain.arrays import Array
from nntrain.optim.blocks import Block
from nntrain.optim.columns import BELOW_ONE, Column, column
from nntrain.optim.optimizer import Optimizer, Part


class Sgd(Optimizer):
    """θ ← θ − α g; with momentum β: v ← β v + g, θ ← θ − α v; with Nesterov's: θ ← θ − α (g + β v).

    v starts at 0. The variant is the lecture's (ITMO, "SGD optimization": ∇̄⁽ᵗ⁾ = ∇l + β ∇̄⁽ᵗ⁻¹⁾, without a factor
    1 − β) and PyTorch's with dampening 0: α multiplies v, so that a change of α acts at once. Polyak 1964; Nesterov's
    as Sutskever et al. 2013 write it, with θ standing for the point that is looked ahead to.

    State: `velocity` [M, P], which is v, or β v for Nesterov's. There is none where no member has momentum.

    Args:
        momentum: β, in [0, 1); default 0.
        nesterov: whether to look ahead; without momentum it makes no difference.
    """

    name: ClassVar[str] = "sgd"

    def __init__(self, momentum: Column = 0.0, nesterov: bool = False) -> None:
        super().__init__(momentum=column("momentum", momentum, BELOW_ONE))
        self.nesterov = nesterov
        # Decided once: members that `select` leaves go on with the same arrays, even if none of them has momentum.
        self._has_velocity = bool(np.any(self.columns["momentum"]))
        self.passes = 4 if self._has_velocity else 2

    def _slot_names(self) -> tuple[str, ...]:
        return ("velocity",) if self._has_velocity else ()

    def _start(self) -> None:
        self._momentum = self._constant(self.columns["momentum"])
        self._rate = self._rate_constant()

    def _views(self, block: Block) -> tuple[Array, ...]:
        theta, grad, rate = block.of(self._theta), block.of(self._grad), block.constant(self._rate)
        if not self._has_velocity:
            return theta, grad, rate
        return theta, grad, rate, block.of(self._slots["velocity"]), block.constant(self._momentum)

    def _set_constants(self, rate: Column) -> None:
        self._rate[...] = rate

    def _advance(self, part: Part) -> None:
        if not self._has_velocity:
            _descend(part)
        elif self.nesterov:
            _descend_looking_ahead(part)
        else:
            _descend_with_momentum(part)


def _descend(part: Part) -> None:
    for theta, grad, rate in part:
        np.multiply(grad, rate, grad)
        np.subtract(theta, grad, theta)


def _descend_with_momentum(part: Part) -> None:
    for theta, grad, rate, velocity, momentum in part:
        np.multiply(velocity, momentum, out=velocity)
        np.add(velocity, grad, out=velocity)
        np.multiply(velocity, rate, out=grad)
        np.subtract(theta, grad, out=theta)


def _descend_looking_ahead(part: Part) -> None:
    for theta, grad, rate, ahead, momentum in part:
        # ahead = β v: β v ← β (β v + g), and the step is g + β v.
        np.add(ahead, grad, out=ahead)
        np.multiply(ahead, momentum, out=ahead)
        np.add(grad, ahead, out=grad)
        np.multiply(grad, rate, out=grad)
        np.subtract(theta, grad, out=theta)
