"""Losses and metrics of networks on a fixed set of examples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nntrain.arrays import Array
from nntrain.data.batches import TARGETS, Batch, Examples, Loading, all_examples, converted, cut_up, parts_of
from nntrain.memory import Memory, zeros
from nntrain.nn.losses.loss import BoundLoss, Loss
from nntrain.nn.network import Network
from nntrain.tasks import Task
from nntrain.train.bound_batch import BoundBatch
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

    A block is computed in as many shards as a batch of the training, on as many threads.

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
        shards: int = 1,
    ) -> None:
        self.network, self.loss, self.examples = network, loss, examples
        self.task, self.metrics, self.units, self.shards = task, metrics, units, shards
        memory = network.memory.fresh()
        count = len(examples)
        self._block = min(count, _block_size(network))
        self._starts, self._seen = examples.starts()
        self._t = converted(examples, "t", memory)
        self._blocks = {size: self._bind(size, memory) for size in {self._block, count % self._block or self._block}}
        outputs = self.bound.loss.outputs.shape[2]
        self.outputs: Array = memory.flowing(network.members, count, (outputs,))

    def evaluate(self) -> dict[str, Array]:
        """Losses and metrics by name, each float64 [M]; `outputs` [M, n, K] holds the network's answers."""
        count, total = len(self.examples), zeros(self.network.members)
        weighted = zeros(self.network.members)
        for start in range(0, count, self._block):
            stop = min(start + self._block, count)
            block = self._blocks[stop - start]
            for part, loading in zip(block.parts, block.loadings, strict=False):
                loading.read(self.examples.source, [first + start + part.start for first in self._starts])
            block.bound.forward()
            for part, shard in zip(block.parts, block.bound.shards, strict=True):
                self.outputs[:, start + part.start : start + part.stop] = shard.loss.outputs
            total += block.bound.total
            for loss in block.weighted:
                loss.forward()
                weighted += loss.total
        values = {LOSS: total / count}
        if "weight" in self.examples.fields:
            values[WEIGHTED_LOSS] = weighted / count
        y, t = self.outputs, self._t
        if self.units is not None and self.metrics:
            scale, center = (a[self.examples.of_member][:, None, :] for a in (self.units.scale, self.units.center))
            y, t = y * scale + center, t * scale + center
        return {**values, **compute_metrics(self.metrics, self.task, y, t)}

    @property
    def bound(self) -> BoundBatch:
        """What a full block is computed with; after `evaluate` it holds the activations of the last full block."""
        return self._blocks[self._block].bound

    def select(self, rows: Array, network: Network) -> Evaluator:
        """The same evaluation for the members `rows`, whose network is given."""
        return Evaluator(
            network,
            self.loss,
            self.examples.select(rows),
            task=self.task,
            metrics=self.metrics,
            units=self.units,
            shards=self.shards,
        )

    def _bind(self, size: int, memory: Memory) -> _Block:
        """A block of `size` examples; where it is all of them it holds them already."""
        parts, fields = parts_of(size, self.shards), self.examples.fields
        loadings: list[Loading] = []
        if size == len(self.examples):
            batches = cut_up(all_examples(self.examples, memory), self.shards, memory, TARGETS)
        else:
            sizes = [part.stop - part.start for part in parts]
            loadings = [Loading(fields, self._seen, each, memory, targets=TARGETS) for each in sizes]
            batches = [loading.batch for loading in loadings]
        plain = [Batch(x=batch["x"], t=batch["t"]) for batch in batches]
        bound = BoundBatch(self.network, self.loss, plain, memory, training=False)
        weighted = [
            self.loss.bind(shard.network_pass.y, batch["t"], batch["weight"], memory, training=False)
            for shard, batch in zip(bound.shards, batches, strict=True)
            if "weight" in batch
        ]
        return _Block(parts, loadings, bound, weighted)


@dataclass(frozen=True, eq=False)
class _Block:
    """Some examples, bound.

    Attributes:
        parts: which of them each shard has.
        loadings: how they get there, for each shard; none where they are all that there are.
        bound: network and plain loss.
        weighted: the loss with weights, of the same outputs, for each shard; none where there are no weights.
    """

    parts: list[slice]
    loadings: list[Loading]
    bound: BoundBatch
    weighted: list[BoundLoss]


def _block_size(network: Network) -> int:
    """How many examples to evaluate at a time."""
    widest = max(int(np.prod(shape)) for shape in network.blueprint.shapes)
    return max(1, EVALUATION_BLOCK // (widest * network.members))
