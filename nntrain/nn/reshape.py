"""Layers that only change how the numbers of an example are arranged."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nntrain.arrays import Array, Shape
from nntrain.memory import Memory
from nntrain.nn.layer import MOST_AXES, Layer, Plan, ShapeError, Site


class _Rearranged(Layer):
    """y holds the numbers of x in the same order under another shape: a view where the layout allows one."""

    def bind(self, site: Site) -> None:
        """y is a view of x, or a copy refreshed in every step where x is laid out feature by feature."""
        self.x = site.x
        shape = (*site.x.shape[:2], *self.plan(site.x.shape[2:]).output_shape)
        if site.x.flags.c_contiguous or site.x.shape == shape:
            self.y = site.x.reshape(shape)
        else:
            self.y = site.memory.empty(shape)
        self.copies = not np.may_share_memory(self.x, self.y)

    def forward(self) -> None:
        """Nothing for a view."""
        if self.copies:
            np.copyto(self.y.reshape(self.x.shape), self.x)

    def bind_backward(self, dy: Array, memory: Memory, *, input_gradient: bool) -> None:
        """dx is dy under the input's shape."""
        self.dy = dy
        shape = (*dy.shape[:2], *self.x.shape[2:])
        if dy.flags.c_contiguous or dy.shape == shape:
            self.dx, self.copies_back = dy.reshape(shape), False
        else:
            self.dx, self.copies_back = memory.empty(shape), True

    def backward(self) -> None:
        """Nothing for a view."""
        if self.copies_back:
            np.copyto(self.dx.reshape(self.dy.shape), self.dy)


@dataclass(eq=False)
class Flatten(_Rearranged):
    """[N, H, W, C] → [N, H·W·C], and likewise for any other shape."""

    def plan(self, input_shape: Shape) -> Plan:
        """One axis with all the numbers of an example."""
        return Plan((math.prod(input_shape),))


@dataclass(eq=False)
class Reshape(_Rearranged):
    """Each example under another shape with as many numbers, in C order.

    Attributes:
        shape: the new shape of one example; one entry may be −1 and is then worked out.
    """

    shape: Shape

    def plan(self, input_shape: Shape) -> Plan:
        """The new shape. Raises ShapeError where the numbers do not fit into it, or it has too many axes."""
        if len(self.shape) > MOST_AXES:
            raise ShapeError(f"reshape to {len(self.shape)} axes, but an example may have at most {MOST_AXES}")
        size, known = math.prod(input_shape), math.prod(n for n in self.shape if n != -1)
        shape = tuple(size // known if n == -1 and known else n for n in self.shape)
        if math.prod(shape) != size:
            needed = f"a multiple of {known}" if -1 in self.shape else f"{known}"
            raise ShapeError(f"reshape to {self.shape} needs {needed} numbers, got {size} from {input_shape}")
        return Plan(shape)
