"""Adagrad: each parameter's rate falls with the gradients that it has seen."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from nntrain.nn.layer import Call
from nntrain.optim.blocks import Block, Scratch
from nntrain.optim.hyperparameters import NOT_NEGATIVE, POSITIVE, Hyperparameter, checked
from nntrain.optim.optimizer import Optimizer


class Adagrad(Optimizer):
    """Adagrad (Duchi, Hazan & Singer 2011, the diagonal form):

        s ← s + g²
        θ ← θ − α g / (√s + ε)

    g is the gradient, α the learning rate, s the sum of all squared gradients, ε what keeps the division finite: it is
    outside the root, as in PyTorch (whose `lr_decay` is left to the schedules). What is computed is this as it stands.

    State: `squares` [M, P], which is s.

    Args:
        eps: ε, above 0; default 1e-10.
        initial_accumulator: what s starts at, at least 0; default 0.
    """

    name: ClassVar[str] = "adagrad"
    passes = 7

    def __init__(self, eps: Hyperparameter = 1e-10, initial_accumulator: Hyperparameter = 0.0) -> None:
        super().__init__(
            eps=checked("eps", eps, POSITIVE),
            initial_accumulator=checked("initial_accumulator", initial_accumulator, NOT_NEGATIVE),
        )

    def _slot_names(self) -> tuple[str, ...]:
        return ("squares",)

    def _start(self) -> None:
        self._slots["squares"][...] = self.hyperparameters["initial_accumulator"]
        self._eps = self._constant(self.hyperparameters["eps"])
        self._rate = self._constant_of_each()

    def _set_constants(self, rate: Hyperparameter) -> None:
        self._rate[...] = rate

    def _step_on(self, block: Block, scratch: Scratch) -> Call:
        theta, grad, squares = block.of(self._theta), block.of(self._grad), block.of(self._slots["squares"])
        eps, rate = block.constant(self._eps), block.constant(self._rate)
        divisor = scratch.of(block)

        def step() -> None:
            np.multiply(grad, grad, divisor)
            np.add(squares, divisor, squares)
            np.sqrt(squares, divisor)
            np.add(divisor, eps, divisor)
            np.divide(grad, divisor, grad)
            np.multiply(grad, rate, grad)
            np.subtract(theta, grad, theta)

        return step
