"""One update of the parameters: penalty, clipping, the optimizer's rule, constraints."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from nntrain.arrays import Array
from nntrain.nn.network import Network
from nntrain.optim.clipping import ClipNorm
from nntrain.optim.optimizer import Optimizer
from nntrain.optim.penalties import L1, L2, MaxNorm


@dataclass(eq=False)
class Update:
    """What happens between the gradient of the loss and the next batch, in this order.

    1. the l2 penalty's gradient is added; 2. the gradient is clipped; 3. the optimizer makes its step; 4. l1 acts as
    a proximal step, so that weights become exactly 0; 5. max_norm rescales what has grown too long. Parts that are
    None are left out.
    """

    optimizer: Optimizer
    l1: L1 | None = None
    l2: L2 | None = None
    max_norm: MaxNorm | None = None
    clip_norm: ClipNorm | None = None
    grad: Array = field(init=False, repr=False)

    def bind(self, network: Network) -> None:
        """Take the network's parameters and gradients; further arrays come from its memory."""
        self.grad = network.grad
        penalized, memory = network.blueprint.penalized, network.memory
        self.optimizer.bind(network.theta, network.grad, memory, penalized=penalized)
        if self.l2 is not None:
            self.l2.bind(network.theta, network.grad, memory, penalized=penalized)
        if self.clip_norm is not None:
            self.clip_norm.bind(network.grad, memory)
        if self.l1 is not None:
            self.l1.bind(network.theta, memory, penalized=penalized)
        if self.max_norm is not None:
            self.max_norm.bind(network.unit_weights(), memory)

    def step(self, learning_rate: Array) -> None:
        """Advance all members by one step; `learning_rate` is [M, 1]. The gradient is used up."""
        if self.l2 is not None:
            self.l2.apply()
        if self.clip_norm is not None:
            self.clip_norm.apply()
        self.optimizer.step(learning_rate)
        if self.l1 is not None:
            self.l1.apply(learning_rate)
        if self.max_norm is not None:
            self.max_norm.apply()

    def select(self, rows: Array, network: Network) -> Update:
        """The update of the members `rows`, bound to their network, going on from where it is."""

        chosen = Update(
            self.optimizer.select(rows),
            None if self.l1 is None else self.l1.select(rows),
            None if self.l2 is None else self.l2.select(rows),
            None if self.max_norm is None else self.max_norm.select(rows),
            None if self.clip_norm is None else self.clip_norm.select(rows),
        )
        chosen.bind(network)
        chosen.optimizer.load_state({name: array[rows] for name, array in self.optimizer.state().items()})
        return chosen


def gradient_norm(grad: Array) -> Array:
    """‖g‖₂ of each member [M], from grad [M, P]; in float64, so that it does not overflow before the gradient does."""
    norms: Array = np.sqrt(np.einsum("mp,mp->m", grad, grad, dtype=np.float64))
    return norms
