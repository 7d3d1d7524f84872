"""PyTorch's numbers, the problem they are about, and how a rule is run on it. See tests/oracles/optimizers_torch.py."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nntrain.arrays import Array
from nntrain.memory import Memory
from nntrain.optim.optimizer import Optimizer
from nntrain.optim.penalties import L2
from nntrain.optim.transformation import Parameters

ORACLE: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "oracles" / "optimizers_torch.json").read_text(encoding="utf-8")
)
X, Y, W, B = (np.array(ORACLE["problem"][name]) for name in ("x", "y", "w", "b"))
WEIGHTS = W.size
START = np.concatenate([W.ravel(), B])


def gradient(theta: Array) -> Array:
    """∇ mean((tanh(x w + b) − y)²) of parameters [M, P], member by member."""
    rows = []
    for row in theta.astype(np.float64):
        y = np.tanh(X @ row[:WEIGHTS].reshape(W.shape) + row[WEIGHTS:])
        delta = 2 * (y - Y) / Y.size * (1 - y**2)
        rows.append(np.concatenate([(X.T @ delta).ravel(), delta.sum(axis=0)]))
    return np.array(rows).astype(theta.dtype)


def parameters_of(
    theta: Array,
    grad: Array | None = None,
    *,
    penalized: int | None = None,
    units: Sequence[Array] = (),
    threads: int = 1,
) -> Parameters:
    """What transformations are bound to; all of theta is weights, and the gradient is 0, where nothing else is said."""
    return Parameters(
        theta,
        np.zeros_like(theta) if grad is None else grad,
        theta.shape[-1] if penalized is None else penalized,
        units,
        Memory(theta.dtype, threads=threads),
    )


class Run:
    """A rule bound to parameters that start at the same place for every member."""

    def __init__(
        self,
        optimizer: Optimizer,
        *,
        members: int = 1,
        dtype: str = "float64",
        start: Array = START,
        gradient: Callable[[Array], Array] = gradient,
        penalized: int = WEIGHTS,
        l2: L2 | None = None,
    ) -> None:
        memory = Memory(dtype)
        self.optimizer, self.gradient, self.l2 = optimizer, gradient, l2
        self.theta, self.grad = memory.zeros((members, len(start))), memory.zeros((members, len(start)))
        self.theta[...] = start
        optimizer.bind(parameters_of(self.theta, self.grad, penalized=penalized))
        if l2 is not None:
            l2.bind(parameters_of(self.theta, self.grad, penalized=penalized))

    def step(self, rate: Any) -> Array:
        """One step at a rate (a number, or [M, 1]); the parameters after it, copied."""
        rates = np.broadcast_to(np.asarray(rate, dtype=np.float64), (len(self.theta), 1))
        self.grad[...] = self.gradient(self.theta)
        if self.l2 is not None:
            self.l2.apply(rates)
        self.optimizer.apply(rates)
        return self.theta.copy()

    def steps(self, count: int, rate: Any) -> Array:
        """Many steps; the parameters at the end, copied."""
        for _ in range(count):
            self.step(rate)
        return self.theta.copy()
