"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from nntrain.nn.layer import Call
from nntrain.optim.blocks import Block, Scratch
from nntrain.optim.hyperparameters import BELOW_ONE, Hyperparameter, checked
from nntrain.optim.optimizer import Optimizer


class Sgd(Optimizer):
    """Stochastic gradient descent: plain, with momentum, or with Nesterov's momentum.

    Plain:

        θ ← θ − α g

    With momentum (Polyak 1964):

        v ← β v + g
        θ ← θ − α v

    With Nesterov's (as Sutskever et al. 2013 write it, with θ standing for the point that is looked ahead to):

        v ← β v + g
        θ ← θ − α (g + β v)

    g is the gradient, α the learning rate, β the momentum; the velocity v starts at 0. The variant is the lecture's
    (ITMO, "SGD optimization": ∇̄⁽ᵗ⁾ = ∇l + β ∇̄⁽ᵗ⁻¹⁾, without a factor 1 − β) and PyTorch's with dampening 0: α
    multiplies v, so that a change of α acts at once.

    What is computed: the first two as they stand. Nesterov's step needs β v twice, now and as the first term of the
    next v, so that is what is kept: with a = β v, the rule reads a ← β (a + g), θ ← θ − α (g + a).

    State: `velocity` [M, P], which is v, or a for Nesterov's. There is none where no member has momentum.

    Args:
        momentum: β, in [0, 1); default 0.
        nesterov: whether to look ahead; without momentum it makes no difference.
    """

    name: ClassVar[str] = "sgd"

    def __init__(self, momentum: Hyperparameter = 0.0, nesterov: bool = False) -> None:
        super().__init__(momentum=checked("momentum", momentum, BELOW_ONE))
        self.nesterov = nesterov
        # Decided once: members that `select` leaves go on with the same arrays, even if none of them has momentum.
        self._has_velocity = bool(np.any(self.hyperparameters["momentum"]))
        self.passes = 4 if self._has_velocity else 2

    def _slot_names(self) -> tuple[str, ...]:
        return ("velocity",) if self._has_velocity else ()

    def _start(self) -> None:
        self._momentum = self._constant(self.hyperparameters["momentum"])
        self._rate = self._constant_of_each()

    def _set_constants(self, rate: Hyperparameter) -> None:
        self._rate[...] = rate

    def _step_on(self, block: Block, scratch: Scratch) -> Call:
        if not self._has_velocity:
            return self._descent(block)
        return self._descent_looking_ahead(block) if self.nesterov else self._descent_with_momentum(block)

    def _descent(self, block: Block) -> Call:
        theta, grad, rate = block.of(self._theta), block.of(self._grad), block.constant(self._rate)

        def step() -> None:
            np.multiply(grad, rate, grad)
            np.subtract(theta, grad, theta)

        return step

    def _descent_with_momentum(self, block: Block) -> Call:
        theta, grad, velocity = block.of(self._theta), block.of(self._grad), block.of(self._slots["velocity"])
        rate, momentum = block.constant(self._rate), block.constant(self._momentum)

        def step() -> None:
            np.multiply(velocity, momentum, velocity)
            np.add(velocity, grad, velocity)
            np.multiply(velocity, rate, grad)
            np.subtract(theta, grad, theta)

        return step

    def _descent_looking_ahead(self, block: Block) -> Call:
        theta, grad, ahead = block.of(self._theta), block.of(self._grad), block.of(self._slots["velocity"])
        rate, momentum = block.constant(self._rate), block.constant(self._momentum)

        def step() -> None:
            np.add(ahead, grad, ahead)
            np.multiply(ahead, momentum, ahead)
            np.add(grad, ahead, grad)
            np.multiply(grad, rate, grad)
            np.subtract(theta, grad, theta)

        return step
