"""An operation of one's own: plain functions of arrays, for teaching and for trying something out."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np

from nntrain.arrays import Array, Shape
from nntrain.nn.layer import Bound, Call, Layer, Plan, ShapeError, Signal, Site, Value


@dataclass(frozen=True)
class Operation(Layer):
    """A layer without parameters, of which only the mathematics is written down (lecture 003, "custom operations").

    Subclasses are frozen dataclasses whose fields are their hyperparameters:

        @dataclass(frozen=True)
        class Square(nntrain.Operation):
            def forward(self, x):
                return x**2

            def backward(self, x, y, dy):
                return 2 * x * dy

    The functions may allocate. Where that is too slow, or there are parameters, write a `Layer`, as nntrain does.
    """

    @abstractmethod
    def forward(self, x: Array) -> Array:
        """y [M, N, *output_shape] from x [M, N, *input_shape]; x must stay as it is."""

    @abstractmethod
    def backward(self, x: Array, y: Array, dy: Array) -> Array:
        """dx, the gradient at x, from dy, the gradient at y; all of them must stay as they are."""

    def output_shape(self, input_shape: Shape) -> Shape:
        """The shape of one example's output; that of its input by default."""
        return input_shape

    def plan(self, signal: Signal) -> Plan:
        """What `output_shape` says. Raises ShapeError where that is no shape."""
        shape = self.output_shape(signal.shape)
        if not isinstance(shape, tuple) or not all(isinstance(size, int) and size > 0 for size in shape):
            raise ShapeError(f"{type(self).__name__}.output_shape must return a tuple of sizes, got {shape!r}")
        return Plan(Signal(shape, signal.kind))

    def bind(self, x: Value, site: Site) -> Bound:
        """Both functions, and copies of what they return."""
        memory, before = site.memory, x.array.shape
        y = memory.empty((*before[:2], *site.plan.output.shape))

        x_seen, y_seen = _read_only(x.array), _read_only(y)

        def compute() -> None:
            np.copyto(y, self._fitting("forward", self.forward(x_seen), y))

        def turn(dy: Array, wants_dx: bool) -> tuple[Array | None, list[Call]]:
            if not wants_dx:
                return None, []
            dx, dy_seen = memory.empty((len(dy), *before[1:])), _read_only(dy)
            return dx, [lambda: np.copyto(dx, self._fitting("backward", self.backward(x_seen, y_seen, dy_seen), dx))]

        return Bound(Value(y, x.lengths), [compute], turn)

    def _fitting(self, function: str, found: Array, wanted: Array) -> Array:
        shape = np.shape(found)
        if shape not in (wanted.shape, (1, *wanted.shape[1:])):
            raise ShapeError(
                f"{type(self).__name__}.{function} must return an array of shape {wanted.shape}, got {shape}"
            )
        return found


def _read_only(array: Array) -> Array:
    """A view that cannot be written to: what an operation is given belongs to others."""
    view = array.view()
    view.setflags(write=False)
    return view
