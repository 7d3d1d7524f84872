"""A moving average of the parameters, which is often better than where the last step has led."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from nntrain.arrays import Array
from nntrain.nn.layer import Call
from nntrain.optim.blocks import Block, Scratch, constant_of_each, split
from nntrain.optim.hyperparameters import BELOW_ONE, Hyperparameter, as_array, checked, shortest, smaller
from nntrain.optim.transformation import Parameters, Transformation


class MovingAverage(Transformation):
    """An exponential moving average of the parameters, of which training takes no notice. After step t = 1, 2, 3, …:

        β_t = min(β, (t − 1) / (t + 8))
        θ̄ ← β_t θ̄ + (1 − β_t) θ

    θ are the parameters after the step, θ̄ is their average, β how much of it is kept. The ramp makes up for the start,
    where a constant β would go on weighing parameters of long ago, or those that θ̄ started with. It is the one of
    TensorFlow's ExponentialMovingAverage, (1 + n) / (10 + n) at its n-th update from 0, with n = t − 2: there θ̄ is
    given its first value, here it is the parameters after the first step, as β₁ = 0. Averages of the iterates of
    stochastic methods are Polyak & Juditsky's (1992); with exponential weights they are usual for the generators of
    adversarial networks (Karras et al. 2018).

    What is computed is θ̄ ← θ̄ + (1 − β_t) (θ − θ̄).

    State: `parameters` [M, P], which is θ̄, and `count` int64 [M], how many steps are in it.

    Args:
        beta: β, in [0, 1); such as 0.999.
    """

    name: ClassVar[str] = "average"

    def __init__(self, beta: Hyperparameter) -> None:
        super().__init__(beta=checked("beta", beta, BELOW_ONE))

    @property
    def parameters(self) -> Array:
        """θ̄ [M, P], live; zeros before the first step."""
        return self._average

    def _take(self, parameters: Parameters) -> None:
        theta, memory = parameters.theta, parameters.memory
        self._theta, self._members = theta, parameters.members
        self._average: Array = memory.zeros(theta.shape)
        self._count: Hyperparameter = 0.0
        self._share = constant_of_each(memory, parameters.members)
        blocks = [block for part in split(theta.shape, theta.itemsize) for block in part]
        scratch = Scratch(memory, blocks)
        self._calls = [self._averaging(block, scratch) for block in blocks]

    def apply(self, rates: Array) -> None:
        """Take the parameters of this step in."""
        before = self._count
        self._share[...] = 1.0 - smaller(self.hyperparameters["beta"], before / (before + 9.0))
        self._count = before + 1.0
        for average in self._calls:
            average()

    def _averaging(self, block: Block, scratch: Scratch) -> Call:
        theta, mean, share = block.of(self._theta), block.of(self._average), block.constant(self._share)
        towards = scratch.of(block)

        def average() -> None:
            np.subtract(theta, mean, towards)
            np.multiply(towards, share, towards)
            np.add(mean, towards, mean)

        return average

    def state(self) -> dict[str, Array]:
        """`parameters` (live) and `count`."""
        return {"parameters": self._average, "count": as_array(self._count, self._members).astype(np.int64)}

    def _load(self, state: Mapping[str, Array]) -> None:
        self._average[...] = state["parameters"]
        self._count = shortest(np.array(state["count"], dtype=np.float64)[:, None])
