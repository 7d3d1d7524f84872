"""Supervised learning: to answer t for x, over shuffled batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from nntrain.arrays import Array
from nntrain.data.batches import Batches, Examples
from nntrain.errors import RunError
from nntrain.nn.losses.loss import Loss
from nntrain.nn.network import Network
from nntrain.streams import Streams
from nntrain.train.bound import Bound
from nntrain.train.metrics import LOSS, WEIGHTED_LOSS


class Supervised:
    """Learn to answer t for x: forward, loss, backward, over shuffled batches."""

    def __init__(
        self,
        network: Network,
        loss: Loss,
        examples: Examples,
        order: Streams,
        *,
        batch_size: int,
        shuffle: bool,
    ) -> None:
        self.network, self.loss, self.examples = network, loss, examples
        self.batch_size, self.shuffle = batch_size, shuffle
        self.batches = Batches(examples, order, batch_size, shuffle=shuffle, memory=network.memory)
        self._bound = [Bound(network, loss, [batch], network.memory, training=True) for batch in self.batches.batches]
        self._sum: Array = np.zeros(network.members)
        self._next_sum: Array = np.zeros(network.members)
        self._is_weighted = "weight" in examples.fields
        self._plain_sum: Array = np.zeros(network.members if self._is_weighted else 0)

    @property
    def bound(self) -> Sequence[Bound]:
        """What the steps compute with: a full batch and, if need be, a smaller last one, as `batches.schedule` says."""
        return self._bound

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        return len(self.batches.schedule)

    def start_epoch(self) -> None:
        """Draw the order of the epoch; forget the losses of the last."""
        self.batches.start_epoch()
        self._sum[...] = 0
        self._plain_sum[...] = 0

    def step(self, number: int) -> None:
        """Load the epoch's batch `number` (from 0) and compute its gradients."""
        bound = self._bound[self.batches.load(number)]
        bound.step()
        # Not in place: where M = 1, NumPy takes twice as long for that.
        np.add(self._sum, bound.total, self._next_sum)
        self._sum, self._next_sum = self._next_sum, self._sum
        if self._is_weighted:
            self._plain_sum += bound.plain

    def mean_loss(self) -> Array:
        """What is minimized: the mean over the epoch's examples of loss times weight, if they have any: float64 [M].

        Each is taken at the parameters of its step.
        """
        return self._sum / len(self.examples)

    def mean_losses(self) -> dict[str, Array]:
        """The mean losses over the epoch by name, each float64 [M].

        `loss` is without weights; where examples have them, `weighted_loss` is what is minimized.
        """
        if not self._is_weighted:
            return {LOSS: self.mean_loss()}
        return {LOSS: self._plain_sum / len(self.examples), WEIGHTED_LOSS: self.mean_loss()}

    def state(self) -> dict[str, Array]:
        """The place in the epoch: the order of the examples, and the losses so far."""
        plain = {"plain_sum": self._plain_sum} if self._is_weighted else {}
        return {"sum": self._sum, "order": self.batches.order, **plain}

    def load_state(self, arrays: Mapping[str, Array]) -> None:
        """Go on within an epoch from what `state` gave. Raises RunError where it does not fit."""
        for name, array in self.state().items():
            if name not in arrays or arrays[name].shape != array.shape:
                raise RunError(f"'task/{name}' in the training state does not fit this training")
            array[...] = arrays[name]

    def select(self, rows: Array, network: Network) -> Supervised:
        """The same task for the members `rows`, whose network is given; orders go on from where they are."""
        return Supervised(
            network,
            self.loss,
            self.examples.select(rows),
            self.batches.streams.select(rows),
            batch_size=self.batch_size,
            shuffle=self.shuffle,
        )
