"""Dropout."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from nntrain.arrays import Array
from nntrain.nn.initializers import OfMembers
from nntrain.nn.layer import Bound, Call, Layer, Plan, Signal, Site, Value


@dataclass(frozen=True)
class Dropout(Layer):
    """Inverted dropout: in training y = x ∘ keep / (1 − rate), with keep ~ Bernoulli(1 − rate); otherwise y = x.

    Srivastava et al. 2014. The masks come from the member's own stream, as uniform numbers that are compared with
    the rate, so members of one seed and different rates drop nested sets of units. dx = dy ∘ keep / (1 − rate).

    Attributes:
        rate: the probability that a unit is dropped, in [0, 1): for all members, or for each.
    """

    rate: OfMembers = 0.5

    def plan(self, signal: Signal) -> Plan:
        """The shape is kept; there are no parameters."""
        return Plan(signal)

    def bind(self, x: Value, site: Site) -> Bound:
        """In evaluation y is x."""
        if not site.training:
            return Bound(x, [], lambda dy, wants_dx: (dy, []))
        memory, shape = site.memory, (site.members, *x.array.shape[1:])
        column = np.expand_dims(site.column(self.rate), tuple(range(2, len(shape))))  # over the axes of an example
        rate, scale = column.astype(np.float32), (1.0 / (1.0 - column)).astype(memory.dtype)
        drawn = site.once("drawn", partial(self._draw, site, shape[2:]))[:, site.rows]
        keep, mask, y = memory.empty(shape, np.bool_), memory.empty(shape), memory.empty(shape)
        forward: list[Call] = [
            partial(np.greater_equal, drawn, rate, keep),
            partial(np.multiply, keep, scale, mask),
            partial(np.multiply, x.array, mask, y),
        ]

        def turn(dy: Array, wants_dx: bool) -> tuple[Array | None, list[Call]]:
            return dy, [partial(np.multiply, dy, mask, dy)]

        return Bound(Value(y, x.lengths), forward, turn)

    def _draw(self, site: Site, shape: tuple[int, ...]) -> Array:
        """Uniform numbers [M or 1, N, *shape] for the whole batch, drawn anew before each; with 1 for a shared seed."""
        streams, memory = site.streams, site.memory
        distinct, whole = streams.distinct, (site.shared.examples, *shape)
        uniform = memory.empty((distinct, *whole), np.float32)
        site.before(partial(streams.uniform, uniform))
        if distinct in (1, site.members):  # with one stream for all members, its numbers broadcast
            return uniform
        spread = memory.empty((site.members, *whole), np.float32)
        site.before(partial(np.take, uniform, streams.of_member, axis=0, out=spread, mode="clip"))
        return spread
