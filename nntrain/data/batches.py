"""Network-ready examples, and how an epoch is cut into batches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nntrain.arrays import Array
from nntrain.memory import Memory, in_memory_order
from nntrain.streams import Streams


@dataclass(frozen=True, eq=False)
class Examples:
    """Inputs and targets as the network takes them, for D data sets of the same size (the folds; otherwise D = 1).

    Attributes:
        x: [D, n, *input_shape].
        t: [D, n, K].
        weight: [D, n, 1], a factor for each example's loss, or None for 1.
        of_member: int [M], which of the D data sets each member uses.
    """

    x: Array
    t: Array
    weight: Array | None
    of_member: Array

    def __len__(self) -> int:
        """n, the examples that one member sees."""
        return int(self.x.shape[1])

    def select(self, rows: Array) -> Examples:
        """The same data for the members `rows`."""
        return Examples(self.x, self.t, self.weight, self.of_member[rows])

    def is_shared(self) -> bool:
        """Whether all members use one data set, so that one batch with M = 1 serves them all."""
        return bool((self.of_member == self.of_member[0]).all())

    def whole(self) -> Examples:
        """The examples of each member along the first axis: [1 or M, n, …]; a view where all members share them."""
        places = self.of_member[:1] if self.is_shared() else self.of_member
        if len(places) == 1:
            place = int(places[0])
            weight = None if self.weight is None else self.weight[place : place + 1]
            return Examples(self.x[place : place + 1], self.t[place : place + 1], weight, places)
        weight = None if self.weight is None else self.weight[places]
        return Examples(self.x[places], self.t[places], weight, places)


@dataclass(frozen=True, eq=False)
class Batch:
    """Fixed arrays that are filled anew for each batch of N examples; M is 1 where all members see the same ones.

    Attributes:
        x: [M or 1, N, *input_shape]; t: [M or 1, N, K]; weight: [M or 1, N, 1] or None.
    """

    x: Array
    t: Array
    weight: Array | None

    @property
    def size(self) -> int:
        """N."""
        return int(self.x.shape[1])


class Batches:
    """Shuffles the examples anew in each epoch and gathers them batch by batch into fixed arrays.

    An epoch is one pass over the examples; the last batch is smaller where the batch size does not divide their
    number. With the whole data as one batch nothing is shuffled or copied: the batch is the data.

    Attributes:
        batches: the distinct batches: a full one and, if need be, a smaller last one.
        order: int [D, n], the epoch's examples in the order in which they are gathered, for each of the D different
            orders that members have; empty for one whole batch.
        schedule: for each step of an epoch, the place in `batches` of the batch it uses.
    """

    def __init__(self, examples: Examples, streams: Streams, batch_size: int, *, shuffle: bool, memory: Memory) -> None:
        self.examples, self.streams, self.shuffle = examples, streams, shuffle
        count = len(examples)
        self.batch_size = min(batch_size, count)
        full, rest = divmod(count, self.batch_size)
        self.schedule = [0] * full + [1] * (rest > 0)
        self.is_whole = full == 1 and rest == 0
        self.order: Array = np.empty((0, count), dtype=np.intp)
        if self.is_whole:
            whole = examples.whole()
            self.batches = [Batch(whole.x, _laid_out(whole.t, memory), whole.weight)]
            return
        # Members of the same data and the same stream see the same batches: those are gathered once.
        stream_of = streams.of_member if shuffle else np.zeros_like(streams.of_member)
        pairs = list(zip(examples.of_member.tolist(), stream_of.tolist(), strict=True))
        distinct = list(dict.fromkeys(pairs))
        self._data_of, self._stream_of = np.array(distinct, dtype=np.intp).T
        self._order_of_member: Array = np.array([distinct.index(pair) for pair in pairs], dtype=np.intp)
        members = 1 if len(distinct) == 1 else len(pairs)
        sizes = [size for size in (self.batch_size, rest) if size]
        self.batches = [self._allocate(members, size, memory) for size in sizes]
        self._gathered = self.batches
        if len(distinct) < members:
            self._gathered = [self._allocate(len(distinct), size, memory) for size in sizes]
        self._rows_of_targets = [
            batch.t if batch.t.flags.c_contiguous else memory.empty(batch.t.shape) for batch in self._gathered
        ]
        self._x = examples.x.reshape(-1, *examples.x.shape[2:])
        self._t = examples.t.reshape(-1, examples.t.shape[2])
        self._weight = None if examples.weight is None else examples.weight.reshape(-1, 1)
        self.order = np.empty((len(distinct), count), dtype=np.intp)

    def start_epoch(self) -> None:
        """Draw the order of the next epoch: every stream draws one permutation, whoever uses it."""
        if self.is_whole:
            return
        count = len(self.examples)
        if self.shuffle:
            orders = np.stack([generator.permutation(count) for generator in self.streams.generators])
            self.order[...] = orders[self._stream_of]
        else:
            self.order[...] = np.arange(count)
        self.order += (self._data_of * count)[:, None]

    def __iter__(self) -> Iterator[int]:
        """Fill one batch after the other; yields its place in `batches`."""
        return map(self.load, range(len(self.schedule)))

    def load(self, step: int) -> int:
        """Gather the examples of the epoch's step `step` (from 0); returns the place in `batches` of its batch."""
        place = self.schedule[step]
        if self.is_whole:
            return place
        batch, start = self._gathered[place], step * self.batch_size
        rows = self.order[:, start : start + batch.size]
        # mode="clip" lets NumPy write straight into `out`; the default mode goes through a copy.
        np.take(self._x, rows, axis=0, out=batch.x, mode="clip")
        targets = self._rows_of_targets[place]
        np.take(self._t, rows, axis=0, out=targets, mode="clip")
        if targets is not batch.t:
            np.copyto(batch.t, targets)
        if self._weight is not None and batch.weight is not None:
            np.take(self._weight, rows, axis=0, out=batch.weight, mode="clip")
        if batch is not self.batches[place]:
            self._hand_out(batch, self.batches[place])
        return place

    def _hand_out(self, gathered: Batch, batch: Batch) -> None:
        """Copy to every member the batch of its order."""
        for source, target in ((gathered.x, batch.x), (gathered.t, batch.t), (gathered.weight, batch.weight)):
            if source is not None and target is not None:
                whole, out = in_memory_order(source), in_memory_order(target)
                np.take(whole, self._order_of_member, axis=0, out=out, mode="clip")

    def rows(self, step: int) -> Array:
        """Which examples the epoch's step `step` (from 0) sees: int [M or 1, N], counted through all data sets."""
        if self.is_whole:
            return np.arange(len(self.examples))[None]
        start = step * self.batch_size
        rows = self.order[:, start : start + self.batches[self.schedule[step]].size]
        return rows if len(rows) == 1 else rows[self._order_of_member]

    def _allocate(self, members: int, size: int, memory: Memory) -> Batch:
        examples = self.examples
        weight = None if examples.weight is None else memory.empty((members, size, 1))
        return Batch(
            memory.empty((members, size, *examples.x.shape[2:])),
            memory.flowing(members, size, examples.t.shape[2:]),
            weight,
        )


def _laid_out(t: Array, memory: Memory) -> Array:
    """Targets [M, N, K] in the layout of the network's outputs, so that a loss runs along the same axis in both."""
    laid_out = memory.flowing(t.shape[0], t.shape[1], t.shape[2:])
    laid_out[...] = t
    return laid_out
