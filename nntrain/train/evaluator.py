"""Losses and metrics of networks on a fixed set of examples."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np

from nntrain.arrays import Array
from nntrain.data.batches import Batch, Examples
from nntrain.data.task import Task
from nntrain.memory import Memory
from nntrain.nn.losses.loss import Loss
from nntrain.nn.network import Network
from nntrain.train.bound import Bound
from nntrain.train.metrics import LOSS, WEIGHTED_LOSS, compute_metrics

# Evaluation runs over this many numbers of activations at a time, so that its memory does not grow with the split.
EVALUATION_BLOCK = 1 << 20


@dataclass(frozen=True, eq=False)
class Units:
    """The units of scaled regression targets: value = center + scale · output; each [D, K], as they were fitted."""

    center: Array
    scale: Array


class Evaluator:
    """Computes losses and metrics of a network on a fixed set of examples, in blocks of bounded size.

    The loss is that of the plain examples, to the same bits whether they have weights or not; with weights there is the
    weighted loss beside it, which is normalized as in training: the mean over the examples of weight times loss.
    """

    def __init__(
        self,
        network: Network,
        loss: Loss,
        examples: Examples,
        *,
        task: Task,
        metrics: tuple[str, ...],
        units: Units | None = None,
    ) -> None:
        self.network, self.loss, self.examples = network, loss, examples
        self.task, self.metrics, self.units = task, metrics, units
        self._whole = examples.whole()
        count = len(examples)
        self._block = min(count, _block_size(network))
        memory = network.memory.fresh()
        self._bound: dict[int, tuple[Batch, Bound]] = {}
        self._weighted: dict[int, Loss] = {}
        for size in {self._block, count % self._block or self._block}:
            batch = self._batch(size, memory)
            bound = Bound(network, loss, Batch(batch.x, batch.t, None), memory, training=False)
            self._bound[size] = (batch, bound)
            if batch.weight is not None:
                self._weighted[size] = copy.copy(loss)
                self._weighted[size].bind(bound.network_pass.y, batch.t, batch.weight, memory, training=False)
        outputs = self._bound[self._block][1].loss.outputs.shape[2]
        self.outputs: Array = memory.activations(network.members, count, (outputs,))

    def evaluate(self) -> dict[str, Array]:
        """Losses and metrics by name, each float64 [M]; `outputs` [M, n, K] holds the network's answers."""
        count, total = len(self.examples), np.zeros(self.network.members)
        weighted = np.zeros_like(total)
        for start in range(0, count, self._block):
            stop = min(start + self._block, count)
            batch, bound = self._bound[stop - start]
            if stop - start < count:
                self._load(batch, start, stop)
            bound.forward()
            self.outputs[:, start:stop] = bound.loss.outputs
            total += bound.loss.total
            if self._weighted:
                self._weighted[stop - start].forward()
                weighted += self._weighted[stop - start].total
        values = {LOSS: total / count}
        if self._weighted:
            values[WEIGHTED_LOSS] = weighted / count
        y, t = self.outputs, self._whole.t
        if self.units is not None and self.metrics:
            scale, center = (a[self.examples.of_member][:, None, :] for a in (self.units.scale, self.units.center))
            y, t = y * scale + center, t * scale + center
        return {**values, **compute_metrics(self.metrics, self.task, y, t)}

    @property
    def bound(self) -> Bound:
        """What a full block is computed with; after `evaluate` it holds the activations of the last full block."""
        return self._bound[self._block][1]

    def select(self, rows: Array, network: Network) -> Evaluator:
        """The same evaluation for the members `rows`, whose network is given."""
        return Evaluator(
            network,
            self.loss.select(rows),
            self.examples.select(rows),
            task=self.task,
            metrics=self.metrics,
            units=self.units,
        )

    def _load(self, batch: Batch, start: int, stop: int) -> None:
        """Fill a block with its examples."""
        batch.x[...] = self._whole.x[:, start:stop]
        batch.t[...] = self._whole.t[:, start:stop]
        if batch.weight is not None and self._whole.weight is not None:
            batch.weight[...] = self._whole.weight[:, start:stop]

    def _batch(self, size: int, memory: Memory) -> Batch:
        """Arrays for a block; the data itself where one block holds all of it."""
        whole = self._whole
        members = len(whole.x)
        t = memory.activations(members, size, whole.t.shape[2:])
        if size == len(self.examples):
            t[...] = whole.t
            return Batch(whole.x, t, whole.weight)
        weight = None if whole.weight is None else memory.empty((members, size, 1))
        return Batch(memory.empty((members, size, *whole.x.shape[2:])), t, weight)


def _block_size(network: Network) -> int:
    """How many examples to evaluate at a time."""
    widest = max(int(np.prod(shape)) for shape in network.blueprint.shapes)
    return max(1, EVALUATION_BLOCK // (widest * network.members))
