"""Network and loss bound to the arrays of one batch: a step's gradients as flat lists of calls, one for each shard."""

from __future__ import annotations

from collections.abc import Sequence
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
        passes: the network's part, for each shard.
        losses: the loss's part, for each shard.
        total: [M], the loss added up over the batch; `plain` is the same without the examples' weights.
    """

    passes: list[Pass]
    losses: list[BoundLoss]
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
    ) -> None:
        """Bind; `batch` has the arrays of each shard."""
        self.size = sum(shard.size for shard in batch)
        self._network, self._loss, self._batch, self._memory = network, loss, batch, memory
        self._training, self._input_gradient = training, input_gradient
        self._bind(None)

    @property
    def network_pass(self) -> Pass:
        """The network's part of the only shard, or of the first."""
        return self.passes[0]

    @property
    def loss(self) -> BoundLoss:
        """The loss's part of the only shard, or of the first."""
        return self.losses[0]

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
        memory, network = self._memory, self._network
        shards = _shards([batch.size for batch in self._batch])
        grads = [network.grad, *(memory.zeros(network.grad.shape) for _ in shards[1:] if self._training)]
        self.passes = [self._pass(*each, observer) for each in zip(shards, self._batch, grads, strict=False)]
        self.losses = [
            self._loss.bind(
                each.y, batch["t"], batch.get("weight"), memory, training=self._training, examples=self.size
            )
            for each, batch in zip(self.passes, self._batch, strict=True)
        ]
        if self._training:
            for each, loss in zip(self.passes, self.losses, strict=True):
                each.bind_backward(loss.dy, input_gradient=self._input_gradient)
        self._assemble(shards, grads, observer)

    def _pass(self, shard: Shard, batch: Batch, grad: Array, observer: StepObserver | None) -> Pass:
        return self._network.bind(
            batch["x"],
            training=self._training,
            memory=self._memory,
            fused=self._loss.fuses,
            observer=observer,
            grad=grad,
            shard=shard,
        )

    def _assemble(self, shards: Sequence[Shard], grads: Sequence[Array], observer: StepObserver | None) -> None:
        """Make lists of calls of it all."""
        threads = self._memory.threads if observer is None else 1
        both = [*zip(self.passes, self.losses, strict=True)]
        forward = [[*each.forward_calls, *loss.forward_calls] for each, loss in both]
        backward = [[*loss.backward_calls, *each.backward_calls] for each, loss in both]
        before, added = self.passes[0].before, self._added_up_losses()
        gradients: list[Call] = []
        if len(shards) > 1 and self._training:
            gradients = [partial(_add_up, [*grads], threads)]
        if observer is not None:
            before = [partial(observer.before_step, self), *before]
            for calls, loss, each, shard in zip(backward, self.losses, self.passes, shards, strict=True):
                calls.insert(len(loss.backward_calls), partial(observer.after_loss, loss, each.nodes, shard.rows))
            gradients = [*gradients, partial(observer.after_gradients, self)]
        whole = [[*first, *second] for first, second in zip(forward, backward, strict=True)]
        self._forward: list[Call] = [*before, *_side_by_side(forward, threads), *added]
        self._backward: list[Call] = [*_side_by_side(backward, threads), *gradients]
        self._step: list[Call] = [*before, *_side_by_side(whole, threads), *added, *gradients]

    def _added_up_losses(self) -> list[Call]:
        """What computes `total` and `plain` from those of the shards; for a single shard they are its own."""
        first = self.losses[0]
        if len(self.losses) == 1:
            self.total, self.plain = first.total, first.plain
            return []
        self.total = self._memory.empty(first.total.shape)
        self.plain = self.total if first.plain is first.total else self._memory.empty(first.total.shape)
        calls = _added_up([loss.total for loss in self.losses], self.total)
        if self.plain is not self.total:
            calls += _added_up([loss.plain for loss in self.losses], self.plain)
        return calls


def _shards(sizes: Sequence[int]) -> list[Shard]:
    """The shards of a batch, from the numbers of examples that they have."""
    shared = Shared(sum(sizes), len(sizes))
    bounds = pairwise(accumulate(sizes, initial=0))
    return [Shard(number, slice(*bound), shared) for number, bound in enumerate(bounds)]


def _side_by_side(programs: Sequence[list[Call]], threads: int) -> list[Call]:
    """One list of calls that does what the programs of all shards do, from join to join."""
    if len(programs) == 1:
        return programs[0]
    segments = zip(*map(_segments, programs), strict=True)
    if threads > 1:
        return [partial(in_parallel, run, segment) for segment in segments]
    return [call for segment in segments for part in segment for call in part]


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


def _add_up(grads: Sequence[Array], threads: int) -> None:
    """grads[0] = Σ grads, each [M, P], in their order; by columns on several threads, which changes no bit."""
    size = grads[0].shape[1]
    bounds = [size * part // threads for part in range(threads + 1)]

    def add(columns: slice) -> None:
        for other in grads[1:]:
            np.add(grads[0][:, columns], other[:, columns], grads[0][:, columns])

    in_parallel(add, [slice(*bound) for bound in pairwise(bounds)])
