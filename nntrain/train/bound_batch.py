"""Network and loss bound to the arrays of one batch: a step's gradients as flat lists of calls, one for each shard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate, pairwise
from typing import Protocol

import numpy as np

from nntrain.arrays import Array
from nntrain.data.batches import Batch
from nntrain.memory import Memory
from nntrain.nn.layer import JOIN, Call, Node, Observer, Shared, run
from nntrain.nn.losses.loss import BoundLoss, Loss
from nntrain.nn.network import Network, Pass, Shard
from nntrain.parallel import in_parallel

# Numbers from which adding gradients up on several threads pays: about 100 µs of work.
ADDED_IN_PARALLEL_FROM = 1_000_000


class StepObserver(Observer, Protocol):
    """Looks at a step's arrays between its computations, without changing them; see `BoundBatch.watch`."""

    def before_step(self, bound: BoundBatch) -> None:
        """The batch is loaded."""

    def after_loss(self, loss: BoundLoss, nodes: Sequence[Node], rows: slice) -> None:
        """The loss and its gradient at what the network puts out are there, for the batch's examples `rows`.

        `nodes` are those of the network for these examples.
        """

    def after_gradients(self, bound: BoundBatch) -> None:
        """The gradients of all parameters are there."""


class BoundBatch:
    """Network and loss bound to the arrays of one batch.

    The network is bound without its last activation where the loss computes that too. A batch in several shards is
    computed shard by shard, on as many threads as the memory allows, and the sums over its examples (gradients, losses)
    are added up in the order of the shards: how many threads there are changes no bit.

    Attributes:
        size: N.
        shards: what is bound to each part of the batch.
        total: [M], the loss added up over the batch; `plain` is the same without the examples' weights.
    """

    shards: list[BoundShard]
    total: Array
    plain: Array

    def __init__(
        self,
        network: Network,
        loss: Loss,
        batch: Sequence[Batch],
        memory: Memory,
        *,
        training: bool,
        input_gradient: bool = False,
        grads: Sequence[Array] = (),
    ) -> None:
        """Bind.

        Args:
            network: what computes outputs.
            loss: what is made of them.
            batch: the arrays of each shard.
            memory: where further arrays come from.
            training: whether there is a backward pass.
            input_gradient: whether that goes on to the inputs.
            grads: [M, P] for each shard but the first, where its gradients go; several batches may share them. By
                default they are made here.
        """
        self.size = sum(shard.size for shard in batch)
        self._network, self._loss, self._batch, self._memory = network, loss, batch, memory
        self._training, self._input_gradient = training, input_gradient
        self._grads = [network.grad, *(grads or further_gradients(network, len(batch) if training else 1, memory))]
        self._bind(None)

    @property
    def network_pass(self) -> Pass:
        """The network's part of the only shard, or of the first."""
        return self.shards[0].network_pass

    @property
    def loss(self) -> BoundLoss:
        """The loss's part of the only shard, or of the first."""
        return self.shards[0].loss

    def watch(self, observer: StepObserver) -> None:
        """Let an observer look on from now on. A step that nobody watches pays nothing for it."""
        self._bind(observer)

    def forward(self) -> None:
        """Outputs and loss."""
        run(self._forward)

    def backward(self) -> None:
        """All gradients."""
        run(self._backward)

    def step(self) -> None:
        """Outputs, loss and all gradients: `forward` and `backward` in one."""
        run(self._step)

    def _bind(self, observer: StepObserver | None) -> None:
        shared = Shared(self.size, len(self._batch))
        bounds = pairwise(accumulate((batch.size for batch in self._batch), initial=0))
        self.shards = [
            self._bind_shard(batch, Shard(number, slice(*bound), shared), observer)
            for number, (batch, bound) in enumerate(zip(self._batch, bounds, strict=True))
        ]
        threads = self._memory.threads if observer is None else 1
        before, after = shared.before, self._added_up_losses()
        gradients = [] if len(self.shards) == 1 or not self._training else [self._added_up_gradients(threads)]
        if observer is not None:
            before = [partial(observer.before_step, self), *before]
            gradients = [*gradients, partial(observer.after_gradients, self)]
        forward, backward = [each.forward for each in self.shards], [each.backward for each in self.shards]
        whole = [[*first, *second] for first, second in zip(forward, backward, strict=True)]
        self._forward: list[Call] = [*before, *_side_by_side(forward, threads), *after]
        self._backward: list[Call] = [*_side_by_side(backward, threads), *gradients]
        self._step: list[Call] = [*before, *_side_by_side(whole, threads), *after, *gradients]

    def _bind_shard(self, batch: Batch, shard: Shard, observer: StepObserver | None) -> BoundShard:
        network, memory, training = self._network, self._memory, self._training
        grad = self._grads[shard.number] if training else network.grad
        passed = network.bind(
            batch["x"],
            training=training,
            memory=memory,
            fused=self._loss.fuses,
            observer=observer,
            grad=grad,
            shard=shard,
        )
        loss = self._loss.bind(passed.y, batch["t"], batch.get("weight"), memory, training=training, examples=self.size)
        if training:
            passed.bind_backward(loss.dy, input_gradient=self._input_gradient)
        looks = [] if observer is None else [partial(observer.after_loss, loss, passed.nodes, shard.rows)]
        return BoundShard(
            passed,
            loss,
            grad,
            [*passed.forward_calls, *loss.forward_calls],
            [*loss.backward_calls, *looks, *passed.backward_calls],
        )

    def _added_up_losses(self) -> list[Call]:
        """What computes `total` and `plain` from those of the shards; for a single shard they are its own."""
        losses = [shard.loss for shard in self.shards]
        self.total, self.plain = losses[0].total, losses[0].plain
        if len(losses) == 1:
            return []
        is_weighted = self.plain is not self.total
        self.total = self._memory.like(losses[0].total)
        calls = _added_up([loss.total for loss in losses], self.total)
        self.plain = self._memory.like(self.total) if is_weighted else self.total
        return [*calls, *_added_up([loss.plain for loss in losses], self.plain)] if is_weighted else calls

    def _added_up_gradients(self, threads: int) -> Call:
        """What adds the gradients of all shards to those of the first, in their order, on the threads that pay."""
        grads = [shard.grad for shard in self.shards]
        size = grads[0].shape[1]
        count = threads if grads[0].size * len(grads) >= ADDED_IN_PARALLEL_FROM else 1
        stops = [size * part // count for part in range(count + 1)]
        parts = [
            [partial(np.add, out, other[:, start:stop], out) for other in grads[1:]]
            for start, stop in pairwise(stops)
            for out in [grads[0][:, start:stop]]
        ]
        return partial(in_parallel, run, parts)


def further_gradients(network: Network, shards: int, memory: Memory) -> list[Array]:
    """Where the gradients of each shard but the first go, [M, P] each: those of the first go to the network's own."""
    return [memory.zeros(network.grad.shape) for _ in range(shards - 1)]


@dataclass(frozen=True, eq=False)
class BoundShard:
    """Network and loss bound to one part of a batch.

    Attributes:
        network_pass: the network's part.
        loss: the loss's part; its gradient is that of the mean over the whole batch.
        grad: [M, P], where the part's gradients go.
        forward, backward: the calls of both.
    """

    network_pass: Pass
    loss: BoundLoss
    grad: Array
    forward: list[Call]
    backward: list[Call]


def _side_by_side(programs: Sequence[list[Call]], threads: int) -> list[Call]:
    """One list of calls that does what the programs of all shards do, from join to join."""
    if len(programs) == 1:
        return programs[0]
    calls: list[Call] = []
    for segment in zip(*map(_segments, programs), strict=True):
        hands = [[call for part in segment[first::threads] for call in part] for first in range(threads)]
        busy = [hand for hand in hands if hand]
        calls += busy[0] if len(busy) == 1 else [partial(in_parallel, run, busy)] if busy else []
    return calls


def _segments(calls: Sequence[Call]) -> list[list[Call]]:
    """The calls of a program between its joins."""
    found: list[list[Call]] = [[]]
    for call in calls:
        if call is JOIN:
            found.append([])
        else:
            found[-1].append(call)
    return found


def _added_up(parts: Sequence[Array], out: Array) -> list[Call]:
    """What computes out = Σ parts, in their order."""
    return [partial(np.add, parts[0], parts[1], out), *(partial(np.add, out, part, out) for part in parts[2:])]
