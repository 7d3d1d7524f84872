"""RMSprop: each gradient is divided by a running root mean square."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from nntrain.nn.layer import Call
from nntrain.optim.blocks import Block, Scratch
from nntrain.optim.hyperparameters import BELOW_ONE, POSITIVE, Hyperparameter, checked, root
from nntrain.optim.optimizer import Optimizer


class RmsProp(Optimizer):
    """RMSprop (Tieleman & Hinton 2012, Coursera, lecture 6e):

        s ← ρ s + (1 − ρ) g²
        θ ← θ − α g / (√s + ε)

    or, with momentum β:

        s ← ρ s + (1 − ρ) g²
        v ← β v + g / (√s + ε)
        θ ← θ − α v

    g is the gradient, α the learning rate, s the running mean of the squared gradients, v the velocity; both start at
    0, without bias correction. ε is outside the root, and the mean is not subtracted: PyTorch's rule with its `alpha`
    called ρ.

    What is computed takes fewer passes. With k = √(1 − ρ), let r = s / k² and u = k v. Divided by k², the first line
    is r ← ρ r + g². Since √s = k √r, g / (√s + ε) = g / (k √r + ε) = (1/k) · g / (√r + ε/k). So

        r ← ρ r + g²
        u ← β u + g / (√r + ε/k)
        θ ← θ − (α/k) u

    in which ε/k is computed once and α/k once a step.

    State: `squares` [M, P], which is r, and `velocity` [M, P], u, which is there if any member has momentum.

    Args:
        rho: ρ, in [0, 1); default 0.9.
        eps: ε, above 0; default 1e-8.
        momentum: β, in [0, 1); default 0.
    """

    name: ClassVar[str] = "rmsprop"
    passes = 8

    def __init__(self, rho: Hyperparameter = 0.9, eps: Hyperparameter = 1e-8, momentum: Hyperparameter = 0.0) -> None:
        super().__init__(
            rho=checked("rho", rho, BELOW_ONE),
            eps=checked("eps", eps, POSITIVE),
            momentum=checked("momentum", momentum, BELOW_ONE),
        )
        # Decided once, as in Sgd.
        self._has_velocity = bool(np.any(self.hyperparameters["momentum"]))

    def _slot_names(self) -> tuple[str, ...]:
        return ("squares", "velocity") if self._has_velocity else ("squares",)

    def _start(self) -> None:
        rho, eps, momentum = (self.hyperparameters[name] for name in ("rho", "eps", "momentum"))
        self._k = root(1.0 - rho)
        self._rho = self._constant(rho)
        self._eps_over_k = self._constant(eps / self._k)
        self._momentum = self._constant(momentum)
        self._rate_over_k = self._constant_of_each()

    def _set_constants(self, rate: Hyperparameter) -> None:
        self._rate_over_k[...] = rate / self._k

    def _step_on(self, block: Block, scratch: Scratch) -> Call:
        return self._descent_with_momentum(block, scratch) if self._has_velocity else self._descent(block, scratch)

    def _descent(self, block: Block, scratch: Scratch) -> Call:
        theta, grad, rate = block.of(self._theta), block.of(self._grad), block.constant(self._rate_over_k)
        normalize = self._normalization(block, scratch)

        def step() -> None:
            normalize()
            np.multiply(grad, rate, grad)
            np.subtract(theta, grad, theta)

        return step

    def _descent_with_momentum(self, block: Block, scratch: Scratch) -> Call:
        theta, grad, velocity = block.of(self._theta), block.of(self._grad), block.of(self._slots["velocity"])
        rate, momentum = block.constant(self._rate_over_k), block.constant(self._momentum)
        normalize = self._normalization(block, scratch)

        def step() -> None:
            normalize()
            np.multiply(velocity, momentum, velocity)
            np.add(velocity, grad, velocity)
            np.multiply(velocity, rate, grad)
            np.subtract(theta, grad, theta)

        return step

    def _normalization(self, block: Block, scratch: Scratch) -> Call:
        """r ← ρ r + g², g ← g / (√r + ε/k)."""
        grad, squares, divisor = block.of(self._grad), block.of(self._slots["squares"]), scratch.of(block)
        rho, eps = block.constant(self._rho), block.constant(self._eps_over_k)

        def normalize() -> None:
            np.multiply(grad, grad, divisor)
            np.multiply(squares, rho, squares)
            np.add(squares, divisor, squares)
            np.sqrt(squares, divisor)
            np.add(divisor, eps, divisor)
            np.divide(grad, divisor, grad)

        return normalize
