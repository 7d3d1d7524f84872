"""Dropout."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from nntrain.arrays import Array, Shape
from nntrain.memory import Memory
from nntrain.nn.layer import Layer, Plan, Site


@dataclass(eq=False)
class Dropout(Layer):
    """Inverted dropout: in training y = x ∘ keep / (1 − rate), with keep ~ Bernoulli(1 − rate); otherwise y = x.

    Srivastava et al. 2014. The masks come from the member's own stream, as uniform numbers that are compared with
    the rate, so members of one seed and different rates drop nested sets of units.

    Attributes:
        rate: the probability that a unit is dropped, in [0, 1); a column: a number, or an array [M, 1].
    """

    rate: float | Array = 0.5

    def plan(self, input_shape: Shape) -> Plan:
        """The shape is kept; there are no parameters."""
        return Plan(input_shape)

    def bind(self, site: Site) -> None:
        """In training allocate the mask and y; in evaluation y is x."""
        self.x, self.streams = site.x, site.streams
        self.active = site.training
        if not site.training:
            self.y = site.x
            return
        shape = (site.members, *site.x.shape[1:])
        broadcast = (-1,) + (1,) * (len(shape) - 1)
        self.rate_column = np.reshape(np.asarray(self.rate, dtype=np.float32), broadcast)
        self.scale = (1.0 / (1.0 - np.reshape(np.asarray(self.rate, dtype=np.float64), broadcast))).astype(
            site.memory.dtype
        )
        distinct = len(self.streams.generators)
        self.uniform = site.memory.empty((distinct, *shape[1:]), np.float32)
        # With one stream for all members, its numbers broadcast; otherwise each member gets its stream's.
        self.spread = self.uniform if distinct in (1, site.members) else site.memory.empty(shape, np.float32)
        self.keep = site.memory.empty(shape, np.bool_)
        self.mask = site.memory.empty(shape)
        self.y = site.memory.empty(shape)

    def forward(self) -> None:
        """Draw a mask and apply it."""
        if not self.active:
            return
        for place, generator in enumerate(self.streams.generators):
            generator.random(dtype=np.float32, out=self.uniform[place])
        if self.spread is not self.uniform:
            np.take(self.uniform, self.streams.of_member, axis=0, out=self.spread, mode="clip")
        np.greater_equal(self.spread, self.rate_column, out=self.keep)
        np.multiply(self.keep, self.scale, out=self.mask)
        np.multiply(self.x, self.mask, out=self.y)

    def bind_backward(self, dy: Array, memory: Memory, *, input_gradient: bool) -> None:
        """dx takes the place of dy."""
        self.dy = self.dx = dy

    def backward(self) -> None:
        """dx = dy ∘ mask."""
        if self.active:
            np.multiply(self.dy, self.mask, out=self.dx)

    def select(self, rows: Array) -> Dropout:
        """Dropout with the rates of the members `rows`."""
        return replace(self, rate=self.rate[rows]) if isinstance(self.rate, np.ndarray) else self
