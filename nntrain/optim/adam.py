"""Adam and AdamW."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from nntrain.arrays import Array
from nntrain.optim.blocks import Block
from nntrain.optim.columns import BELOW_ONE, NOT_NEGATIVE, POSITIVE, Column, as_array, column, root, shortest
from nntrain.optim.optimizer import Optimizer, Part


class _Moments(Optimizer):
    """What Adam and AdamW share: the two moments, their decay and their bias correction.

    What is computed is Adam's rule in fewer passes. The slots are sums, n = m / (1 − β₁) and r = v / (1 − β₂):
    n ← β₁ n + g, r ← β₂ r + g². With k = √((1 − β₂) / (1 − β₂ᵗ)), √v̂ = k √r, and the step is
    α (1 − β₁) / ((1 − β₁ᵗ) k) · n / (√r + ε/k), in which only two constants change from step to step.
    """

    def _slot_names(self) -> tuple[str, ...]:
        return "gradients", "squares"

    def _start(self) -> None:
        self._power1: Column = 1.0
        self._power2: Column = 1.0
        self._allot()

    def _allot(self) -> None:
        """Allocate the constants: one number where all members have the same, otherwise one for each."""
        beta1, beta2, eps = (self.columns[name] for name in ("beta1", "beta2", "eps"))
        self._beta1, self._beta2 = self._constant(beta1), self._constant(beta2)
        # ε/k takes its values later; it is an array [M, 1] if anything that it depends on is one.
        self._eps = self._constant(eps + beta2 + self._power2)
        self._rate = self._rate_constant()

    def _set_constants(self, rate: Column) -> None:
        columns = self.columns
        beta1, beta2 = columns["beta1"], columns["beta2"]
        # Running products rather than powers: these have the same bits in every form (see columns.each).
        self._power1 = self._power1 * beta1
        self._power2 = self._power2 * beta2
        k = root((1.0 - beta2) / (1.0 - self._power2))
        self._eps[...] = columns["eps"] / k
        self._rate[...] = rate * (1.0 - beta1) / ((1.0 - self._power1) * k)

    def _moment_views(self, block: Block) -> tuple[Array, ...]:
        arrays = (self._theta, self._grad, self._slots["gradients"], self._slots["squares"])
        constants = (self._beta1, self._beta2, self._eps, self._rate)
        return *(block.of(array) for array in arrays), *(block.constant(array) for array in constants)

    def state(self) -> dict[str, Array]:
        """Adds `beta1_power` and `beta2_power` [M] float64: β₁ᵗ and β₂ᵗ as they came about."""
        return {
            **super().state(),
            "beta1_power": as_array(self._power1, self._members),
            "beta2_power": as_array(self._power2, self._members),
        }

    def load_state(self, state: Mapping[str, Array]) -> None:
        """As every optimizer's; members may have different numbers of steps behind them."""
        super().load_state(state)
        self._power1, self._power2 = (
            shortest(np.array(state[name], dtype=np.float64)[:, None]) for name in ("beta1_power", "beta2_power")
        )
        self._allot()
        self._parts = self._lay_out()

    @abstractmethod
    def _views(self, block: Block) -> tuple[Array, ...]: ...


class Adam(_Moments):
    """m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g², θ ← θ − α m̂ / (√v̂ + ε), with m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ).

    Kingma & Ba 2015, algorithm 1, and PyTorch's rule without amsgrad: ε is outside the root and not corrected for
    bias.

    State: `gradients` and `squares` [M, P], m / (1 − β₁) and v / (1 − β₂); `beta1_power` and `beta2_power` [M], β₁ᵗ
    and β₂ᵗ.

    Args:
        beta1: β₁, in [0, 1); default 0.9.
        beta2: β₂, in [0, 1); default 0.999.
        eps: ε, above 0; default 1e-8.
    """

    name: ClassVar[str] = "adam"
    passes = 10

    def __init__(self, beta1: Column = 0.9, beta2: Column = 0.999, eps: Column = 1e-8) -> None:
        super().__init__(
            beta1=column("beta1", beta1, BELOW_ONE),
            beta2=column("beta2", beta2, BELOW_ONE),
            eps=column("eps", eps, POSITIVE),
        )

    def _views(self, block: Block) -> tuple[Array, ...]:
        return self._moment_views(block)

    def _advance(self, part: Part) -> None:
        for views in part:
            _update(*views)


class AdamW(_Moments):
    """Adam's step after θ ← (1 − α λ) θ: weight decay that the moments do not see.

    Loshchilov & Hutter 2019, with their schedule multiplier η folded into α, which is PyTorch's rule. λ acts on the
    weights, theta[:, :penalized], and not on biases; PyTorch's acts on every parameter of its group.

    State: as Adam's.

    Args:
        beta1: β₁, in [0, 1); default 0.9.
        beta2: β₂, in [0, 1); default 0.999.
        eps: ε, above 0; default 1e-8.
        weight_decay: λ, at least 0; default 0.01.
    """

    name: ClassVar[str] = "adamw"
    passes = 11

    def __init__(
        self, beta1: Column = 0.9, beta2: Column = 0.999, eps: Column = 1e-8, weight_decay: Column = 0.01
    ) -> None:
        super().__init__(
            beta1=column("beta1", beta1, BELOW_ONE),
            beta2=column("beta2", beta2, BELOW_ONE),
            eps=column("eps", eps, POSITIVE),
            weight_decay=column("weight_decay", weight_decay, NOT_NEGATIVE),
        )

    def _allot(self) -> None:
        super()._allot()
        self._keep = self._rate_constant()

    def _set_constants(self, rate: Column) -> None:
        super()._set_constants(rate)
        self._keep[...] = 1.0 - rate * self.columns["weight_decay"]

    def _views(self, block: Block) -> tuple[Array, ...]:
        weights = block.of(self._theta)[:, : max(self._penalized - block.columns.start, 0)]
        return weights, block.constant(self._keep), *self._moment_views(block)

    def _advance(self, part: Part) -> None:
        for weights, keep, *views in part:
            np.multiply(weights, keep, out=weights)
            _update(*views)


def _update(
    theta: Array,
    grad: Array,
    gradients: Array,
    squares: Array,
    beta1: Array,
    beta2: Array,
    eps: Array,
    rate: Array,
) -> None:
    np.multiply(gradients, beta1, out=gradients)
    np.add(gradients, grad, out=gradients)
    np.multiply(grad, grad, out=grad)
    np.multiply(squares, beta2, out=squares)
    np.add(squares, grad, out=squares)
    np.sqrt(squares, out=grad)
    np.add(grad, eps, out=grad)
    np.divide(gradients, grad, out=grad)
    np.multiply(grad, rate, out=grad)
    np.subtract(theta, grad, out=theta)
