"""What a layer is: fields that describe it, a plan of what it needs, and arrays that it is bound to.

A layer's life has three stages. As constructed it is a description and holds no array. `plan` says which output shape
and which parameters an input shape leads to. `bind` gives it every array that it will ever touch for batches of one
size; after that `forward` and `backward` take no arguments and allocate nothing.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from nntrain.arrays import Array, Shape
from nntrain.memory import Memory
from nntrain.nn.initializers import Initializer
from nntrain.streams import Streams

# Of an example: NumPy's arrays have 64, and two of them are for the members and the examples.
MOST_AXES = 62


class ShapeError(ValueError):
    """A layer cannot take the shape that reaches it; the text says which shape it wants."""


@dataclass(frozen=True)
class Param:
    """One parameter array of one member.

    Attributes:
        name: its name within the layer, such as `w`.
        shape: its shape for one member.
        initializer: how it starts.
        penalized: whether regularization applies to it: weights yes, biases no.
    """

    name: str
    shape: Shape
    initializer: Initializer
    penalized: bool

    @property
    def size(self) -> int:
        """How many numbers it is for one member."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class Plan:
    """What a layer makes of an input shape (shapes are of one example, without M and N)."""

    output_shape: Shape
    params: tuple[Param, ...] = ()


@dataclass
class Site:
    """What a layer is bound to.

    Attributes:
        x: the input [M or 1, N, *input_shape]; the same array in every step.
        params: the layer's parameters by name, each [M, *shape], views of theta.
        grads: likewise, views of grad; `backward` assigns them.
        memory: where further arrays come from.
        members: M.
        training: whether the pass is for training (dropout is on) or for evaluation.
        overwrite: whether the layer may write its output over `x`.
        streams: the members' random streams for dropout.
    """

    x: Array
    params: dict[str, Array]
    grads: dict[str, Array]
    memory: Memory
    members: int
    training: bool
    overwrite: bool
    streams: Streams


@dataclass(eq=False)
class Layer(ABC):
    """One step of the network. Subclasses add fields that describe it; `x`, `y`, `dy`, `dx` come with binding."""

    x: Array = field(init=False, repr=False)
    y: Array = field(init=False, repr=False)
    dy: Array = field(init=False, repr=False)
    dx: Array = field(init=False, repr=False)

    @property
    def needs_output(self) -> bool:
        """Whether `backward` reads `y`, so that no later layer may write over it."""
        return False

    @abstractmethod
    def plan(self, input_shape: Shape) -> Plan:
        """The output shape and the parameters for an input shape. Raises ShapeError where it does not fit."""

    @abstractmethod
    def bind(self, site: Site) -> None:
        """Take the arrays of `site`, allocate `y` and whatever the forward pass needs."""

    @abstractmethod
    def forward(self) -> None:
        """Compute `y` from `x`."""

    @abstractmethod
    def bind_backward(self, dy: Array, memory: Memory, *, input_gradient: bool) -> None:
        """Take `dy`, the gradient at `y`, and allocate `dx`. The layer may write over `dy` in `backward`.

        Without `input_gradient` nobody wants `dx` (the first layer of a network) and it is not computed.
        """

    @abstractmethod
    def backward(self) -> None:
        """Assign the parameters' gradients and `dx` from `dy`."""

    def select(self, rows: Array) -> Layer:
        """This layer for the members `rows`; a layer with columns [M, 1] takes those members' rows of them."""
        return self
