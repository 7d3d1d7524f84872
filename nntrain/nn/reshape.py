"""Layers that only change how the numbers of an example are arranged."""

from __future__ import annotations

import math
from dataclasses import dataclass

from nntrain.arrays import Array, Shape
from nntrain.nn.layer import MOST_AXES, Bound, Call, Layer, Plan, ShapeError, Signal, Site, Value


class _Rearranged(Layer):
    """y holds the numbers of x in the same order under another shape: a view where the layout allows one."""

    def bind(self, x: Value, site: Site) -> Bound:
        """y is a view of x, or a copy that is refreshed in every step; likewise dx of dy."""
        before = x.array.shape[2:]
        y, copy = site.memory.reshaped(x.array, site.plan.output.shape)

        def turn(dy: Array, wants_dx: bool) -> tuple[Array | None, list[Call]]:
            dx, copy_back = site.memory.reshaped(dy, before)
            return dx, [] if copy_back is None else [copy_back]

        return Bound(Value(y), [] if copy is None else [copy], turn)


@dataclass(frozen=True)
class Flatten(_Rearranged):
    """[N, H, W, C] → [N, H·W·C], and likewise for any other shape."""

    def plan(self, signal: Signal) -> Plan:
        """One axis with all the numbers of an example."""
        return Plan(Signal((math.prod(signal.shape),), signal.kind))


@dataclass(frozen=True)
class Reshape(_Rearranged):
    """Each example under another shape with as many numbers, in C order.

    Attributes:
        shape: the new shape of one example; one entry may be −1 and is then worked out.
    """

    shape: Shape

    def plan(self, signal: Signal) -> Plan:
        """The new shape. Raises ShapeError where the numbers do not fit into it, or it has too many axes."""
        if len(self.shape) > MOST_AXES:
            raise ShapeError(f"reshape to {len(self.shape)} axes, but an example may have at most {MOST_AXES}")
        size, known = math.prod(signal.shape), math.prod(n for n in self.shape if n != -1)
        shape = tuple(size // known if n == -1 and known else n for n in self.shape)
        if math.prod(shape) != size:
            needed = f"a multiple of {known}" if -1 in self.shape else f"{known}"
            raise ShapeError(f"reshape to {self.shape} needs {needed} numbers, got {size} from {signal.shape}")
        return Plan(Signal(shape, signal.kind))
