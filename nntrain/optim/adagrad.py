"""Adagrad: each parameter's rate falls with the gradients that it has seen."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from nntrain.arrays import Array
from nntrain.optim.blocks import Block
from nntrain.optim.columns import NOT_NEGATIVE, POSITIVE, Column, column
from nntrain.optim.optimizer import Optimizer, Part


class Adagrad(Optimizer):
    """s ← s + g², θ ← θ − α g / (√s + ε).

    Duchi, Hazan & Singer 2011, the diagonal form; ε outside the root, as in PyTorch (whose `lr_decay` is left to the
    schedules).

    State: `squares` [M, P], which is s.

    Args:
        eps: ε, above 0; default 1e-10.
        initial_accumulator: what s starts at, at least 0; default 0.
    """

    name: ClassVar[str] = "adagrad"
    passes = 7
    needs_scratch: ClassVar[bool] = True

    def __init__(self, eps: Column = 1e-10, initial_accumulator: Column = 0.0) -> None:
        super().__init__(
            eps=column("eps", eps, POSITIVE),
            initial_accumulator=column("initial_accumulator", initial_accumulator, NOT_NEGATIVE),
        )

    def _slot_names(self) -> tuple[str, ...]:
        return ("squares",)

    def _start(self) -> None:
        self._slots["squares"][...] = self.columns["initial_accumulator"]
        self._eps = self._constant(self.columns["eps"])
        self._rate = self._rate_constant()

    def _views(self, block: Block) -> tuple[Array, ...]:
        arrays = (block.of(array) for array in (self._theta, self._grad, self._slots["squares"]))
        return *arrays, block.constant(self._eps), block.constant(self._rate)

    def _set_constants(self, rate: Column) -> None:
        self._rate[...] = rate

    def _advance(self, part: Part) -> None:
        for theta, grad, squares, eps, rate, scratch in part:
            np.multiply(grad, grad, out=scratch)
            np.add(squares, scratch, out=squares)
            np.sqrt(squares, out=scratch)
            np.add(scratch, eps, out=scratch)
            np.divide(grad, scratch, out=grad)
            np.multiply(grad, rate, out=grad)
            np.subtract(theta, grad, out=theta)
