"""Supervised learning: to answer t for x, over shuffled batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from nntrain.arrays import Array
from nntrain.data.batches import Batches, Examples
from nntrain.errors import RunError
from nntrain.memory import zeros
from nntrain.nn.losses.loss import Loss
from nntrain.nn.network import Network
from nntrain.optim.update import Update
from nntrain.streams import Streams
from nntrain.train.bound_batch import BoundBatch, further_gradients
from nntrain.train.metrics import LOSS, WEIGHTED_LOSS
from nntrain.train.objective import BeforeUpdate, Objective
from nntrain.train.state import TrainingState

# What its only network goes by.
NETWORK = "network"
# The section of a training state that says how far an epoch is. Stored runs have it under this name.
_PROGRESS = "task"


class Supervised:
    """An objective: to answer t for x; forward, loss, backward and update, over shuffled batches.

    Args:
        network: initialized.
        update: bound to the network.
        loss: what is minimized.
        data: the examples.
        order: the random streams that shuffle them.
        batch_size: N of a step.
        shuffle: whether each epoch has an order of its own.
        shards: in how many parts a batch is computed.

    Attributes:
        networks: the network, under NETWORK.
        batches: what the steps are made with; the rest is as given.
    """

    def __init__(
        self,
        network: Network,
        update: Update,
        loss: Loss,
        data: Examples,
        order: Streams,
        *,
        batch_size: int,
        shuffle: bool,
        shards: int = 1,
    ) -> None:
        self.network, self.update, self.loss, self.data = network, update, loss, data
        self.batch_size, self.shuffle, self.shards = batch_size, shuffle, shards
        self.networks = {NETWORK: network}
        self.batches = Batches(data, order, batch_size, shuffle=shuffle, memory=network.memory, shards=shards)
        grads = further_gradients(network, max(map(len, self.batches.batches)), network.memory)
        self._bound = [
            BoundBatch(network, loss, batch, network.memory, training=True, grads=grads)
            for batch in self.batches.batches
        ]
        self._sum = zeros(network.members)
        self._next_sum = zeros(network.members)
        self._is_weighted = "weight" in data.fields
        self._plain_sum = zeros(network.members if self._is_weighted else 0)

    @property
    def bound(self) -> Sequence[BoundBatch]:
        """What the steps compute with: a full batch and, if need be, a smaller last one, as `batches.schedule` says."""
        return self._bound

    @property
    def minimized(self) -> Mapping[str, str]:
        """The loss, times the examples' weights if they have any."""
        return {NETWORK: WEIGHTED_LOSS if self._is_weighted else LOSS}

    @property
    def examples(self) -> int:
        """How many examples each member sees in an epoch."""
        return len(self.data)

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        return len(self.batches.schedule)

    def start_epoch(self) -> None:
        """Draw the order of the epoch; forget the losses of the last."""
        self.batches.start_epoch()
        self._sum[...] = 0
        self._plain_sum[...] = 0

    def step(self, number: int, rates: Mapping[str, Array], before_update: BeforeUpdate | None = None) -> None:
        """Load the epoch's batch `number` (from 0), compute its gradients and update the network."""
        bound = self._bound[self.batches.load(number)]
        bound.step()
        # Not in place: where M = 1, NumPy takes twice as long for that.
        np.add(self._sum, bound.total, self._next_sum)
        self._sum, self._next_sum = self._next_sum, self._sum
        if self._is_weighted:
            self._plain_sum += bound.plain
        if before_update is not None:
            before_update(NETWORK)
        self.update.step(rates[NETWORK])

    def losses(self) -> dict[str, Array]:
        """The mean losses over the epoch by name, each float64 [M] and at the parameters of its step.

        `loss` is without weights; where examples have them, `weighted_loss` is what is minimized: the mean over the
        epoch's examples of loss times weight.
        """
        count = len(self.data)
        if not self._is_weighted:
            return {LOSS: self._sum / count}
        return {LOSS: self._plain_sum / count, WEIGHTED_LOSS: self._sum / count}

    def state(self) -> TrainingState:
        """The optimizer, the random streams, the order of the epoch's examples and the losses so far."""
        optimizer = {f"optimizer/{name}": array for name, array in self.update.state().items()}
        progress = {f"{_PROGRESS}/{name}": array for name, array in self._progress().items()}
        streams = {
            "order_streams": self.batches.streams.state(),
            "dropout_streams": self.network.dropout_streams.state(),
        }
        return TrainingState({**optimizer, **progress}, streams)

    def load_state(self, state: TrainingState) -> None:
        """Go on from a state in which `state` is among others.

        Raises:
            RunError: it does not fit.
        """
        self.update.load_state(state.section("optimizer"))
        arrays = state.section(_PROGRESS)
        for name, array in self._progress().items():
            if name not in arrays or arrays[name].shape != array.shape:
                raise RunError(f"'{_PROGRESS}/{name}' in the training state does not fit this training")
            array[...] = arrays[name]
        self.batches.streams.load_state(state.numbers["order_streams"])
        self.network.dropout_streams.load_state(state.numbers["dropout_streams"])

    def _progress(self) -> dict[str, Array]:
        """How far the epoch is: its losses so far, and the order of its examples."""
        plain = {"plain_sum": self._plain_sum} if self._is_weighted else {}
        return {"sum": self._sum, "order": self.batches.order, **plain}

    def select(self, rows: Array) -> Supervised:
        """The same for the members `rows`, between two epochs; the streams go on from where they are."""
        network = self.network.select(rows, self.network.memory.fresh())
        return Supervised(
            network,
            self.update.select(rows, network),
            self.loss,
            self.data.select(rows),
            self.batches.streams.select(rows),
            batch_size=self.batch_size,
            shuffle=self.shuffle,
            shards=self.shards,
        )


@runtime_checkable
class Holding(Protocol):
    """An objective that holds another one and changes something about its steps."""

    inner: Objective


def supervised(objective: Objective) -> Supervised:
    """The supervised learning that an objective is, or holds, for those who look at what nothing else has.

    Raises:
        TypeError: there is none.
    """
    while isinstance(objective, Holding):
        objective = objective.inner
    if not isinstance(objective, Supervised):
        raise TypeError(f"{type(objective).__name__} is not supervised learning")
    return objective
