"""The fully connected layer."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

import numpy as np

from nntrain.arrays import Array
from nntrain.nn.initializers import Constant, GlorotUniform, Initializer
from nntrain.nn.layer import Bound, Call, Layer, Param, Plan, ShapeError, Signal, Site, Value
from nntrain.nn.product import product


@dataclass(frozen=True)
class Dense(Layer):
    """y = x w + b, with x [M, N, I], w [M, I, O], b [M, O], y [M, N, O]; dw = xᵀ dy, db = Σ_n dy, dx = dy wᵀ.

    Attributes:
        units: O.
        initializer: of w; glorot_uniform by default.
        bias_initializer: of b, or None for a layer without bias; zeros by default.
    """

    units: int
    initializer: Initializer = field(default_factory=GlorotUniform)
    bias_initializer: Initializer | None = field(default_factory=Constant)

    def plan(self, signal: Signal) -> Plan:
        """Parameters w [I, O] and b [O]. Raises ShapeError unless the input is a vector."""
        if len(signal.shape) != 1:
            raise ShapeError(
                f"dense needs a vector for each example, got shape {signal.shape}: put a flatten layer before it"
            )
        params = [Param("w", (signal.shape[0], self.units), self.initializer, penalized=True)]
        if self.bias_initializer is not None:
            params.append(Param("b", (self.units,), self.bias_initializer))
        return Plan(Signal((self.units,)), tuple(params))

    def bind(self, x: Value, site: Site) -> Bound:
        """An x with M = 1 serves all members."""
        memory, examples, has_bias = site.memory, x.array.shape[1], self.bias_initializer is not None
        w, dw = site.param("w"), site.grad("w")
        y = memory.flowing(site.members, examples, (self.units,))
        forward: list[Call] = [product(x.array, w, y)]
        if has_bias:
            forward.append(partial(np.add, y, site.param("b")[:, None, :], y))

        def turn(dy: Array, wants_dx: bool) -> tuple[Array | None, list[Call]]:
            calls: list[Call] = []
            if dw is not None:
                calls.append(product(x.array.swapaxes(1, 2), dy, dw))
            if has_bias and (db := site.grad("b")) is not None:
                # A product with a row of ones sums over N up to ten times faster than np.add.reduce.
                calls.append(product(memory.full((1, 1, examples), 1), dy, db[:, None, :]))
            if not wants_dx:
                return None, calls
            dx = memory.flowing(site.members, examples, x.array.shape[2:])
            return dx, [*calls, product(dy, w.swapaxes(1, 2), dx)]

        return Bound(Value(y), forward, turn)
