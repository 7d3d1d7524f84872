"""The examples that members see, how they get into the arrays of a batch, and how an epoch is cut into batches."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np

from nntrain.arrays import Array
from nntrain.data.source import Arrays, Field, Source
from nntrain.memory import Memory, empty, zeros
from nntrain.streams import Streams

TARGETS = ("t",)
"""The fields that are laid out like the network's outputs, so that a loss runs along the same axis in both."""


@dataclass(frozen=True, eq=False)
class Examples:
    """What a population sees of a source: D data sets of the same size (the folds; otherwise D = 1) row after row.

    Attributes:
        source: of D · n rows.
        of_member: int [M], which of the D data sets each member uses.
        sets: D.
    """

    source: Source
    of_member: Array
    sets: int = 1

    @classmethod
    def of(cls, of_member: Array, **arrays: Array | None) -> Examples:
        """Examples in memory: for each field an array [D, n, *shape]; those that are None are left out."""
        given = {name: array for name, array in arrays.items() if array is not None}
        sets = len(next(iter(given.values())))
        rows = {name: array.reshape(-1, *array.shape[2:]) for name, array in given.items()}
        return cls(Arrays(rows), of_member, sets)

    def __len__(self) -> int:
        """n, the examples that one member sees."""
        return len(self.source) // self.sets

    @property
    def fields(self) -> Mapping[str, Field]:
        """What each example has, by name."""
        return self.source.fields

    def select(self, rows: Array) -> Examples:
        """The same data for the members `rows`."""
        return Examples(self.source, self.of_member[rows], self.sets)

    def is_shared(self) -> bool:
        """Whether all members use one data set, so that one batch with M = 1 serves them all."""
        return bool((self.of_member == self.of_member[0]).all())

    def starts(self) -> tuple[list[int], Array]:
        """The first row of each of the L data sets that are used, and which of these each member sees: int [M]."""
        sets = self.of_member.tolist()
        used = {each: index for index, each in enumerate(dict.fromkeys(sets))}
        seen: Array = np.array([used[each] for each in sets], dtype=np.intp)
        return [each * len(self) for each in used], seen

    def by_set(self, name: str) -> Array:
        """A field of all rows of the source, [D, n, *shape]."""
        rows = self.source.whole(name)
        return rows.reshape(self.sets, len(self), *rows.shape[1:])

    def whole(self, name: str) -> Array:
        """A field of all examples of each member, [M or 1, n, *shape]; a view where all members share them."""
        sets, first = self.by_set(name), int(self.of_member[0])
        return sets[first : first + 1] if self.is_shared() else sets[self.of_member]


class Batch(dict[str, Array]):
    """The arrays [M or 1, N, *shape] of N examples by field; M is 1 where all members see the same ones."""

    @property
    def size(self) -> int:
        """N."""
        return int(next(iter(self.values())).shape[1])


class Loading:
    """The arrays of a batch, and how examples get into them without allocating.

    A source fills arrays that are as it has them, row by row; what is laid out or converted otherwise in the batch is
    copied from there, and so is what several members see.

    Attributes:
        batch: what is loaded.

    Args:
        fields: of the source.
        seen: int [M], which of the L lists of rows that are loaded each member sees.
        size: N.
        memory: where the arrays come from.
        targets: the fields that are laid out like outputs.
    """

    def __init__(
        self, fields: Mapping[str, Field], seen: Array, size: int, memory: Memory, *, targets: Collection[str]
    ) -> None:
        self.size, lists = size, int(seen.max()) + 1
        self.batch = gathered = _allocated(fields, lists, size, memory, targets)
        self._taken: dict[str, Array] = {}
        self._calls: list[Callable[[], object]] = []
        for name, array in gathered.items():
            taken = self._taken[name] = memory.staging(array, fields[name].dtype)
            if taken is not array or fields[name].scale is not None:
                self._calls.append(partial(fields[name].convert, taken, array))
        self._lists = [{name: array[k : k + 1] for name, array in self._taken.items()} for k in range(lists)]
        if 1 < lists < len(seen):
            self.batch = _allocated(fields, len(seen), size, memory, targets)
            self._calls += [memory.spreading(array, seen, self.batch[name]) for name, array in gathered.items()]

    def take(self, source: Source, rows: Array) -> None:
        """Fill the batch with any rows: int [L, N]."""
        source.take(rows, self._taken)
        for call in self._calls:
            call()

    def read(self, source: Source, starts: Iterable[int]) -> None:
        """Fill the batch with N successive rows from each of the L `starts` on."""
        for start, out in zip(starts, self._lists, strict=True):
            source.read(start, start + self.size, out)
        for call in self._calls:
            call()


def first_examples(examples: Examples, size: int, memory: Memory) -> Batch:
    """The first `size` examples of each member, row after row in arrays of their own."""
    starts, seen = examples.starts()
    loading = Loading(examples.fields, seen, size, memory, targets=())
    loading.read(examples.source, starts)
    return loading.batch


def converted(examples: Examples, name: str, memory: Memory) -> Array:
    """A field of all examples of each member as a batch has it, [M or 1, n, *shape]; a view where it is so already."""
    values, field = examples.whole(name), examples.fields[name]
    if field.scale is None and field.dtype_in(memory.dtype) == field.dtype:
        return values
    array = memory.empty(values.shape, field.dtype_in(memory.dtype))
    field.convert(values, array)
    return array


def all_examples(examples: Examples, memory: Memory, targets: Collection[str] = TARGETS) -> Batch:
    """All examples of each member as one batch: views of the source where its arrays serve as they are."""
    batch, real = Batch(), memory.dtype
    for name, field in examples.fields.items():
        if name not in targets:
            batch[name] = converted(examples, name, memory)
            continue
        values = examples.whole(name)
        batch[name] = memory.flowing(len(values), len(examples), field.shape, field.dtype_in(real))
        field.convert(values, batch[name])
    return batch


def parts_of(size: int, shards: int) -> list[slice]:
    """The parts that N = `size` examples are cut into: `shards` of nearly the same size, or as many as there are."""
    count = min(size, shards)
    stops = [size * part // count for part in range(count + 1)]
    return [slice(*pair) for pair in pairwise(stops)]


def cut_up(batch: Batch, shards: int, memory: Memory, targets: Collection[str]) -> list[Batch]:
    """A batch cut into shards: views of it, but for targets, which are laid out like the outputs of each shard."""
    parts = parts_of(batch.size, shards)
    if len(parts) == 1:
        return [batch]
    found = [Batch({name: array[:, part] for name, array in batch.items()}) for part in parts]
    for each in found:
        for name in each.keys() & set(targets):
            laid_out = memory.flowing(len(each[name]), each.size, each[name].shape[2:], each[name].dtype)
            laid_out[...] = each[name]
            each[name] = laid_out
    return found


class Batches:
    """Shuffles the examples anew in each epoch and gathers them batch by batch into fixed arrays.

    An epoch is one pass over the examples; the last batch is smaller where the batch size does not divide their
    number. With the whole data as one batch nothing is shuffled or copied: the batch is the data.

    Attributes:
        batches: the distinct batches: a full one and, if need be, a smaller last one; each in its shards, which are
            parts of nearly the same size, in order.
        order: int [L, n], the epoch's examples in the order in which they are gathered, for each of the L different
            orders that members have; empty for one whole batch.
        schedule: for each step of an epoch, the index in `batches` of the batch it uses.
    """

    def __init__(
        self,
        examples: Examples,
        streams: Streams,
        batch_size: int,
        *,
        shuffle: bool,
        memory: Memory,
        targets: Collection[str] = TARGETS,
        shards: int = 1,
    ) -> None:
        self.examples, self.streams, self.shuffle = examples, streams, shuffle
        count = len(examples)
        self.batch_size = min(batch_size, count)
        full, rest = divmod(count, self.batch_size)
        self.schedule = [0] * full + [1] * (rest > 0)
        self.is_whole = full == 1 and rest == 0
        self.order: Array = empty((0, count), np.intp)
        if self.is_whole:
            self.batches = [cut_up(all_examples(examples, memory, targets), shards, memory, targets)]
            return
        # Members of the same data and the same stream see the same batches: those are gathered once.
        stream_of = streams.of_member if shuffle else zeros(len(streams.of_member), np.intp)
        pairs = list(zip(examples.of_member.tolist(), stream_of.tolist(), strict=True))
        distinct = {pair: index for index, pair in enumerate(dict.fromkeys(pairs))}
        self._data_of, self._stream_of = np.array(list(distinct), dtype=np.intp).T
        self._order_of_member: Array = np.array([distinct[pair] for pair in pairs], dtype=np.intp)
        self.order = empty((len(distinct), count), np.intp)
        self._loadings = [
            [
                (part, Loading(examples.fields, self._order_of_member, part.stop - part.start, memory, targets=targets))
                for part in parts_of(size, shards)
            ]
            for size in (self.batch_size, rest)
            if size
        ]
        self.batches = [[loading.batch for _, loading in loadings] for loadings in self._loadings]

    def start_epoch(self) -> None:
        """Draw the order of the next epoch: every stream draws one permutation, whoever uses it."""
        if self.is_whole:
            return
        count = len(self.examples)
        if self.shuffle:
            drawn = empty((self.streams.distinct, count), np.intp)
            self.streams.permutations(drawn)
            self.order[...] = drawn[self._stream_of]
        else:
            self.order[...] = np.arange(count)
        self.order += (self._data_of * count)[:, None]

    def load(self, step: int) -> int:
        """Gather the examples of the epoch's step `step` (from 0); returns the index in `batches` of its batch."""
        index = self.schedule[step]
        if not self.is_whole:
            start, source = step * self.batch_size, self.examples.source
            for part, loading in self._loadings[index]:
                loading.take(source, self.order[:, start + part.start : start + part.stop])
        return index

    def rows(self, step: int) -> Array:
        """Which examples the epoch's step `step` (from 0) sees: int [M or 1, N], counted through all data sets."""
        if self.is_whole:
            return np.arange(len(self.examples))[None]
        start = step * self.batch_size
        rows = self.order[:, start : start + self.batch_size]
        return rows if len(rows) == 1 else rows[self._order_of_member]


def _allocated(fields: Mapping[str, Field], members: int, size: int, memory: Memory, targets: Collection[str]) -> Batch:
    """Arrays for a batch of any examples."""
    batch = Batch()
    for name, field in fields.items():
        dtype = field.dtype_in(memory.dtype)
        if name in targets:
            batch[name] = memory.flowing(members, size, field.shape, dtype)
        else:
            batch[name] = memory.empty((members, size, *field.shape), dtype)
    return batch
