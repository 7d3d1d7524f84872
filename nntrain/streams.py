"""Random number streams, one per member and purpose, independent of the member's place in the population.

The generator of a member comes from `SeedSequence([seed, replica])` and the number of the network, so a member draws
the same numbers whether it is trained alone or with a thousand others. Members with the same key share one generator:
their numbers are drawn once and used by all of them, which is what makes a grid of one seed a fair comparison, and
cheap.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.random import PCG64, Generator, SeedSequence

from nntrain.arrays import Array


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
        generators: the S distinct generators, in order of first appearance.
        of_member: int array [M], the place of each member's generator among them.
    """

    def __init__(self, keys: Sequence[Key], purpose: Purpose) -> None:
        self.keys = tuple(keys)
        self.purpose = purpose
        places = {key: place for place, key in enumerate(dict.fromkeys(self.keys))}
        self.generators = [_generator(key, purpose) for key in places]
        self.of_member: Array = np.array([places[key] for key in self.keys], dtype=np.intp)

    def uniform(self, out: Array) -> None:
        """Fill out [S, …] with uniform numbers in [0, 1): one draw of each distinct generator, in out's dtype."""
        for generator, numbers in zip(self.generators, out, strict=True):
            generator.random(dtype=out.dtype.type, out=numbers)

    def select(self, rows: Array) -> Streams:
        """The streams of the members `rows` [L], each going on from where it is."""
        chosen = Streams.__new__(Streams)
        chosen.keys = tuple(self.keys[row] for row in rows)
        chosen.purpose = self.purpose
        places = list(dict.fromkeys(self.of_member[rows].tolist()))
        chosen.generators = [self.generators[place] for place in places]
        chosen.of_member = np.array([places.index(p) for p in self.of_member[rows].tolist()], dtype=np.intp)
        return chosen

    def state(self) -> list[dict[str, Any]]:
        """The state of each distinct generator, as plain numbers and strings."""
        return [dict(generator.bit_generator.state) for generator in self.generators]

    def load_state(self, states: Sequence[dict[str, Any]]) -> None:
        """Put every generator back to where it was when `state` was called."""
        for generator, state in zip(self.generators, states, strict=True):
            generator.bit_generator.state = state


def _generator(key: Key, purpose: Purpose) -> Generator:
    spawned = (purpose, key.network) if key.network else (purpose,)
    return Generator(PCG64(SeedSequence([key.seed, key.replica], spawn_key=spawned)))
