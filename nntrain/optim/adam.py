"""Adam and AdamW."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from nntrain.arrays import Array
from nntrain.nn.layer import Call
from nntrain.optim.blocks import Block, Scratch
from nntrain.optim.hyperparameters import (
    BELOW_ONE,
    NOT_NEGATIVE,
    POSITIVE,
    Hyperparameter,
    as_array,
    checked,
    root,
    shortest,
)
from nntrain.optim.optimizer import Optimizer


class Adam(Optimizer):
    """Adam (Kingma & Ba 2015, algorithm 1), where t counts the steps from 1:

        m ← β₁ m + (1 − β₁) g
        v ← β₂ v + (1 − β₂) g²
        m̂ ← m / (1 − β₁ᵗ)
        v̂ ← v / (1 − β₂ᵗ)
        θ ← θ − α m̂ / (√v̂ + ε)

    g is the gradient, α the learning rate, m and v the running means of the gradients and of their squares, which
    start at 0, so that m̂ and v̂ are corrected for their start. ε is outside the root and not corrected: PyTorch's rule
    without amsgrad.

    What is computed takes fewer passes. Let n = m / (1 − β₁) and r = v / (1 − β₂), which are sums instead of means.
    With k = √((1 − β₂) / (1 − β₂ᵗ)), √v̂ = k √r and √v̂ + ε = k (√r + ε/k). So

        n ← β₁ n + g
        r ← β₂ r + g²
        θ ← θ − a · n / (√r + ε/k),  with a = α (1 − β₁) / ((1 − β₁ᵗ) k)

    in which ε/k and a are two numbers a step.

    State: `gradients` and `squares` [M, P], n and r; `beta1_power` and `beta2_power` [M] float64, β₁ᵗ and β₂ᵗ as they
    came about.

    Args:
        beta1: β₁, in [0, 1); default 0.9.
        beta2: β₂, in [0, 1); default 0.999.
        eps: ε, above 0; default 1e-8.
    """

    name: ClassVar[str] = "adam"
    passes = 10

    def __init__(self, beta1: Hyperparameter = 0.9, beta2: Hyperparameter = 0.999, eps: Hyperparameter = 1e-8) -> None:
        super().__init__(
            beta1=checked("beta1", beta1, BELOW_ONE),
            beta2=checked("beta2", beta2, BELOW_ONE),
            eps=checked("eps", eps, POSITIVE),
        )

    def _slot_names(self) -> tuple[str, ...]:
        return "gradients", "squares"

    def _start(self) -> None:
        self._power1: Hyperparameter = 1.0
        self._power2: Hyperparameter = 1.0
        self._allot()

    def _allot(self) -> None:
        """Allocate the constants."""
        beta1, beta2, eps = (self.hyperparameters[name] for name in ("beta1", "beta2", "eps"))
        self._beta1, self._beta2 = self._constant(beta1), self._constant(beta2)
        self._eps_over_k = self._constant_from(eps, beta2, self._power2)
        self._rate = self._constant_of_each()

    def _set_constants(self, rate: Hyperparameter) -> None:
        hyperparameters = self.hyperparameters
        beta1, beta2 = hyperparameters["beta1"], hyperparameters["beta2"]
        # Running products rather than powers: these have the same bits in every form (see hyperparameters.each).
        self._power1 = self._power1 * beta1
        self._power2 = self._power2 * beta2
        k = root((1.0 - beta2) / (1.0 - self._power2))
        self._eps_over_k[...] = hyperparameters["eps"] / k
        self._rate[...] = rate * (1.0 - beta1) / ((1.0 - self._power1) * k)

    def _step_on(self, block: Block, scratch: Scratch) -> Call:
        theta, grad = block.of(self._theta), block.of(self._grad)
        gradients, squares = block.of(self._slots["gradients"]), block.of(self._slots["squares"])
        beta1, beta2 = block.constant(self._beta1), block.constant(self._beta2)
        eps, rate = block.constant(self._eps_over_k), block.constant(self._rate)

        def step() -> None:
            np.multiply(gradients, beta1, gradients)
            np.add(gradients, grad, gradients)
            np.multiply(grad, grad, grad)
            np.multiply(squares, beta2, squares)
            np.add(squares, grad, squares)
            np.sqrt(squares, grad)
            np.add(grad, eps, grad)
            np.divide(gradients, grad, grad)
            np.multiply(grad, rate, grad)
            np.subtract(theta, grad, theta)

        return step

    def state(self) -> dict[str, Array]:
        """Adds `beta1_power` and `beta2_power` [M] float64."""
        return {
            **super().state(),
            "beta1_power": as_array(self._power1, self._members),
            "beta2_power": as_array(self._power2, self._members),
        }

    def _load(self, state: Mapping[str, Array]) -> None:
        super()._load(state)
        self._power1, self._power2 = (
            shortest(np.array(state[name], dtype=np.float64)[:, None]) for name in ("beta1_power", "beta2_power")
        )
        # Members may have different numbers of steps behind them, and then their constants differ.
        self._allot()
        self._lay_out()


class AdamW(Adam):
    """AdamW (Loshchilov & Hutter 2019, algorithm 2), weight decay that the moments do not see:

        W ← (1 − α λ) W
        θ ← Adam's step

    λ is the decay, and the paper's schedule multiplier η is folded into α, which is PyTorch's rule. The decay acts on
    the weights W, theta[:, :penalized], and not on biases; PyTorch's acts on every parameter of its group.

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
        self,
        beta1: Hyperparameter = 0.9,
        beta2: Hyperparameter = 0.999,
        eps: Hyperparameter = 1e-8,
        weight_decay: Hyperparameter = 0.01,
    ) -> None:
        super().__init__(beta1, beta2, eps)
        self.hyperparameters["weight_decay"] = checked("weight_decay", weight_decay, NOT_NEGATIVE)

    def _allot(self) -> None:
        super()._allot()
        self._kept_share = self._constant_of_each()

    def _set_constants(self, rate: Hyperparameter) -> None:
        super()._set_constants(rate)
        self._kept_share[...] = 1.0 - rate * self.hyperparameters["weight_decay"]

    def _step_on(self, block: Block, scratch: Scratch) -> Call:
        weights, kept_share = block.of(self._weights), block.constant(self._kept_share)
        adam = super()._step_on(block, scratch)

        def step() -> None:
            np.multiply(weights, kept_share, weights)
            adam()

        return step
