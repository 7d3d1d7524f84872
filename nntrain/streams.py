"""Random number streams, one per member and purpose, independent of the member's row in the population.

The generator of a member comes from `SeedSequence([seed, replica])` and the number of the network, so a member draws
the same numbers whether it is trained alone or with a thousand others. Members with the same key share one generator:
their numbers are drawn once and used by all of them, which is what makes a grid of one seed a fair comparison, and
cheap.

What is drawn fills an array that the caller made (`memory`): nobody else calls a generator.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.random import PCG64, Generator, SeedSequence, default_rng

from nntrain.arrays import Array, Shape


class Key(NamedTuple):
    """What a member's random numbers depend on.

    `replica` is 0 but for bags and ensembles, and `network` but for the further networks of an objective that has more
    than one: two networks of one seed draw different numbers.
    """

    seed: int
    replica: int = 0
    network: int = 0


class Purpose(IntEnum):
    """What a stream is for; each purpose has a stream of its own, so that none disturbs another."""

    WEIGHTS = 0
    ORDER = 1
    DROPOUT = 2


class Streams:
    """The generators of M members for one purpose.

    Attributes:
        distinct: D, how many different generators there are; they are in order of first appearance.
        of_member: int array [M], the index of each member's generator among them.
    """

    def __init__(self, keys: Sequence[Key], purpose: Purpose) -> None:
        self.keys = tuple(keys)
        self.purpose = purpose
        indices = {key: index for index, key in enumerate(dict.fromkeys(self.keys))}
        self._generators = [_generator(key, purpose) for key in indices]
        self.of_member: Array = np.array([indices[key] for key in self.keys], dtype=np.intp)

    @property
    def distinct(self) -> int:
        """D."""
        return len(self._generators)

    def uniform(self, out: Array) -> None:
        """Fill out [D, …] with uniform numbers in [0, 1), one row from each generator, in out's dtype."""
        for generator, numbers in self._each(out):
            generator.random(dtype=out.dtype.type, out=numbers)

    def normal(self, out: Array) -> None:
        """Fill out [D, …] with standard normal numbers, one row from each generator, in out's dtype."""
        for generator, numbers in self._each(out):
            generator.standard_normal(dtype=out.dtype.type, out=numbers)

    def permutations(self, out: Array) -> None:
        """Fill out, int [D, n], with permutations of 0, …, n − 1, one from each generator."""
        for generator, order in self._each(out):
            order[...] = generator.permutation(out.shape[1])

    def _each(self, out: Array) -> Iterator[tuple[Generator, Array]]:
        """Each generator with its row of out [D, …]; a row that is one number is an array [1]."""
        return zip(self._generators, out if out.ndim > 1 else out[:, None], strict=True)

    def select(self, rows: Array) -> Streams:
        """The streams of the members `rows` [L], each going on from where it is."""
        chosen = Streams.__new__(Streams)
        chosen.keys = tuple(self.keys[row] for row in rows)
        chosen.purpose = self.purpose
        indices = self.of_member[rows].tolist()
        kept = list(dict.fromkeys(indices))
        chosen._generators = [self._generators[index] for index in kept]
        chosen.of_member = np.array([kept.index(index) for index in indices], dtype=np.intp)
        return chosen

    def state(self) -> list[dict[str, Any]]:
        """The state of each distinct generator, as plain numbers and strings."""
        return [dict(generator.bit_generator.state) for generator in self._generators]

    def load_state(self, states: Sequence[dict[str, Any]]) -> None:
        """Put every generator back to where it was when `state` was called."""
        for generator, state in zip(self._generators, states, strict=True):
            generator.bit_generator.state = state


class Draws:
    """Random numbers of one seed that belong to no member: the points at which something is checked."""

    def __init__(self, seed: int) -> None:
        self._generator = default_rng(seed)

    def some_of(self, size: int, count: int) -> Array:
        """`count` different indices below `size`, in ascending order: int [count]."""
        return np.sort(self._generator.choice(size, count, replace=False))

    def uniform(self, low: float, high: float, shape: Shape) -> Array:
        """Uniform numbers in [low, high), float64."""
        return self._generator.uniform(low, high, shape)

    def normal(self, shape: Shape) -> Array:
        """Standard normal numbers, float64."""
        return self._generator.standard_normal(shape)


def _generator(key: Key, purpose: Purpose) -> Generator:
    spawned = (purpose, key.network) if key.network else (purpose,)
    return Generator(PCG64(SeedSequence([key.seed, key.replica], spawn_key=spawned)))
