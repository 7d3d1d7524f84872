"""Network and loss bound to the arrays of one batch: a step's gradients as one flat list of calls."""

from __future__ import annotations

from functools import partial
from typing import Protocol

from nntrain.data.batches import Batch
from nntrain.memory import Memory
from nntrain.nn.layer import Call, Observer, run
from nntrain.nn.losses.loss import BoundLoss, Loss
from nntrain.nn.network import Network, Pass


class StepObserver(Observer, Protocol):
    """Looks at a step's arrays between its computations, layer by layer, without changing them; see `Bound.watch`."""

    def before_step(self, bound: Bound) -> None:
        """The batch is loaded."""

    def after_loss(self, bound: Bound) -> None:
        """The loss and its gradient at what the network puts out are there."""

    def after_gradients(self, bound: Bound) -> None:
        """The gradients of all parameters are there."""


class Bound:
    """Network and loss bound to the arrays of one batch.

    The network is bound without its last activation where the loss computes that too.

    Attributes:
        size: N.
        network_pass: the network's part.
        loss: the loss's.
    """

    network_pass: Pass
    loss: BoundLoss

    def __init__(
        self,
        network: Network,
        loss: Loss,
        batch: Batch,
        memory: Memory,
        *,
        training: bool,
        input_gradient: bool = False,
    ) -> None:
        self.size = batch.size
        self._network, self._loss, self._batch, self._memory = network, loss, batch, memory
        self._training, self._input_gradient = training, input_gradient
        self._bind(None)

    def watch(self, observer: StepObserver) -> None:
        """Let an observer look on from now on. A step that nobody watches pays nothing for it."""
        self._bind(observer)

    def forward(self) -> None:
        """Outputs and loss."""
        run(self._forward)

    def backward(self) -> None:
        """All gradients."""
        run(self._backward)

    def _bind(self, observer: StepObserver | None) -> None:
        batch, memory, training = self._batch, self._memory, self._training
        passed = self._network.bind(
            batch.x, training=training, memory=memory, fused=self._loss.fuses, observer=observer
        )
        loss = self._loss.bind(passed.y, batch.t, batch.weight, memory, training=training)
        if training:
            passed.bind_backward(loss.dy, input_gradient=self._input_gradient)
        self.network_pass, self.loss = passed, loss
        self._forward: list[Call] = [*passed.before, *passed.forward_calls, *loss.forward_calls]
        self._backward: list[Call] = [*loss.backward_calls, *passed.backward_calls]
        if observer is not None:
            self._forward = [partial(observer.before_step, self), *self._forward]
            looks = partial(observer.after_loss, self), partial(observer.after_gradients, self)
            self._backward = [*loss.backward_calls, looks[0], *passed.backward_calls, looks[1]]
