"""Network and loss bound to the arrays of one batch."""

from __future__ import annotations

import copy

from nntrain.data.batches import Batch
from nntrain.memory import Memory
from nntrain.nn.losses.loss import Loss
from nntrain.nn.network import Network, Pass


class Bound:
    """Network and loss bound to the arrays of one batch."""

    def __init__(self, network: Network, loss: Loss, batch: Batch, memory: Memory, *, training: bool) -> None:
        self.size = batch.size
        self.network_pass: Pass = network.bind(batch["x"], training=training, memory=memory, fused=loss.fuses)
        self.loss = copy.copy(loss)
        self.loss.bind(self.network_pass.y, batch["t"], batch.get("weight"), memory, training=training)
        if training:
            self.network_pass.bind_backward(self.loss.dy)

    def forward(self) -> None:
        """Outputs and loss."""
        self.network_pass.forward()
        self.loss.forward()

    def backward(self) -> None:
        """All gradients."""
        self.loss.backward()
        self.network_pass.backward()
