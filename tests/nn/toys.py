"""Layers that nntrain does not have, for what its own layers do not yet do: carry state, and mix the examples."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from nntrain.arrays import Array
from nntrain.nn.initializers import Constant
from nntrain.nn.layer import JOIN, Bound, Call, Layer, Param, Plan, Signal, Site, Value


@dataclass(frozen=True)
class RunningCentre(Layer):
    """y = x − c, with a running centre c [I] that is state: in training c ← (1 − m) c + m mean_n x, before it is taken.

    Since c moves with x, dx = dy − (m / N) Σ_n dy in training. In evaluation c stays, and dx = dy. Sums are over the
    whole batch, whatever shards it is computed in.

    Attributes:
        momentum: m.
    """

    momentum: float = 0.1

    def plan(self, signal: Signal) -> Plan:
        """A centre for each feature, from 0 on."""
        return Plan(signal, state=(Param("centre", signal.shape, Constant(0.0)),))

    def bind(self, x: Value, site: Site) -> Bound:
        """Sums of the shards meet at a join, forward and backward; the first shard moves the centre."""
        memory, centre = site.memory, site.state("centre")
        y = memory.flowing(site.members, x.array.shape[1], x.array.shape[2:])
        forward: list[Call] = []
        if site.training:
            sums = site.joint("sums", centre.shape)

            def add_up() -> None:
                np.add.reduce(x.array, axis=1, out=sums[site.shard][: len(x.array)])
                if len(x.array) < len(centre):
                    sums[site.shard][...] = sums[site.shard][0]

            def move() -> None:
                if site.shard == 0:
                    mean = sums[0] if len(sums) == 1 else np.add.reduce(sums, axis=0)
                    centre[...] = (1 - self.momentum) * centre + self.momentum * mean / site.shared.examples

            forward = [add_up, JOIN, move, JOIN]
        forward.append(partial(np.subtract, x.array, centre[:, None], y))

        def turn(dy: Array, wants_dx: bool) -> tuple[Array | None, list[Call]]:
            if not (site.training and wants_dx):
                return dy, []
            sums = site.joint("gradients", centre.shape)

            def correct() -> None:
                share = self.momentum / site.shared.examples * np.add.reduce(sums, axis=0)
                np.subtract(dy, share[:, None], dy)

            return dy, [partial(np.add.reduce, dy, 1, None, sums[site.shard]), JOIN, correct]

        return Bound(Value(y, x.lengths), forward, turn)


@dataclass(frozen=True)
class Cut(Layer):
    """y is a copy of x, and dx one of dy: it cuts its neighbours off from each other."""

    def plan(self, signal: Signal) -> Plan:
        """The shape is kept."""
        return Plan(signal)

    def bind(self, x: Value, site: Site) -> Bound:
        """Copies with the layout of what is copied."""
        y = site.memory.like(x.array)

        def turn(dy: Array, wants_dx: bool) -> tuple[Array | None, list[Call]]:
            dx = site.memory.like(dy)
            return dx, [partial(np.copyto, dx, dy)]

        return Bound(Value(y, x.lengths), [partial(np.copyto, y, x.array)], turn)
