"""What a layer is: a frozen description, a plan of what it needs, and the program that binding it to arrays returns.

A description holds hyperparameters and no array, so it is shared, compared and printed freely. `plan` says which
output, parameters and state an input leads to. `bind` gives it every array that it will ever touch for batches of one
size and returns the calls of a forward pass, and a way to get those of the backward pass; running them allocates
nothing.

Who may write where:

- Forward, a layer writes only into arrays that it took from Memory itself, and into its state. What it reads as x is
  another layer's y, or the data.
- Backward, dy is the layer's own: it may write over it, and hand it on as dx. A composition that gives one y to several
  readers gives each of them a dy of its own, and adds up their dx.
- Gradients of parameters are assigned, not accumulated.
- State is written in training passes only.
"""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import ClassVar, Literal, Protocol, TypeVar

import numpy as np

from nntrain.arrays import Array, Shape
from nntrain.memory import Memory
from nntrain.nn.initializers import Initializer, OfMembers
from nntrain.streams import Streams

T = TypeVar("T")

# Of an example: NumPy's arrays have 64, and two of them are for the members and the examples.
MOST_AXES = 62

Call = Callable[[], object]
"""One piece of a program, with its arrays inside: a ufunc that writes into a given array, or a function."""

Turn = Callable[[Array, bool], tuple[Array | None, list[Call]]]
"""From dy [M, N, …], and whether anybody wants dx, to dx and the calls of the backward pass."""


class ShapeError(ValueError):
    """A layer cannot take the shape that reaches it; the text says which shape it wants.

    Attributes:
        path: the names along the tree to the layer.
    """

    def __init__(self, message: str, path: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.path = path


@dataclass(frozen=True)
class Signal:
    """What flows between two layers, of one example.

    Attributes:
        shape: without M and N.
        kind: numbers, or the index of something (a token, a category), which an embedding looks up.
    """

    shape: Shape
    kind: Literal["real", "index"] = "real"


@dataclass(frozen=True)
class Param:
    """One array of one member: a parameter, or a state.

    Attributes:
        name: its name within the layer, such as `w`.
        shape: its shape for one member.
        initializer: how it starts.
        penalized: whether regularization applies to it: weights yes, biases and state no.
    """

    name: str
    shape: Shape
    initializer: Initializer
    penalized: bool = False

    @property
    def size(self) -> int:
        """How many numbers it is for one member."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class Plan:
    """What a layer makes of an input.

    Attributes:
        output: what it puts out.
        params: its own parameters, which are trained.
        state: its own arrays that are carried from step to step without being trained.
        children: of a composition, the plans of its layers by name, in order.
    """

    output: Signal
    params: tuple[Param, ...] = ()
    state: tuple[Param, ...] = ()
    children: Mapping[str, Plan] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, eq=False)
class Value:
    """What flows between two layers, of a batch.

    Attributes:
        array: [M or 1, N, *shape]; the same array in every step.
        lengths: of sequences, how many steps of each count, int [M or 1, N]; None where all do.
    """

    array: Array
    lengths: Array | None = None


@dataclass(frozen=True, eq=False)
class Bound:
    """The program of a layer for batches of one size.

    Attributes:
        y: what it puts out.
        forward: what computes y from x, call by call.
        turn: gives the backward pass.
    """

    y: Value
    forward: list[Call]
    turn: Turn


@dataclass(frozen=True)
class Layer(ABC):
    """A step of the network, or a composition of several: hyperparameters and nothing else.

    Attributes:
        is_composition: whether all that it does is done by its children.
        is_sequence: whether each of them takes what the one before puts out; otherwise all take the same.
    """

    is_composition: ClassVar[bool] = False
    is_sequence: ClassVar[bool] = False

    @property
    def kind(self) -> str:
        """What users call it: its `type` in a config, such as `leaky_relu` for LeakyRelu."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(self).__name__).lower()

    @property
    def children(self) -> Mapping[str, Layer]:
        """The layers of a composition by name, in order; none for another layer."""
        return {}

    @abstractmethod
    def plan(self, signal: Signal) -> Plan:
        """The output, the parameters and the state for an input. Raises ShapeError where it does not fit."""

    @abstractmethod
    def bind(self, x: Value, site: Site) -> Bound:
        """The program for inputs x, with the arrays that `site` gives."""


@dataclass(eq=False)
class Node:
    """A layer in its place in a bound network, with what flows in and out: for those who look on.

    Attributes:
        path: the names along the tree, such as `0` or `3.body.1`.
        layer: the description.
        x: [M or 1, N, …]; y: [M, N, …].
        dy: the gradient at y when the layer's backward pass begins, which may write over it; None where there is none.
        dx: the gradient at x; None where nobody wants it.
        rows: which examples of the batch these are.
        gradients: where those of the layer's own parameters go, by path.
    """

    path: str
    layer: Layer
    x: Array
    y: Array
    rows: slice
    gradients: Mapping[str, Array]
    dy: Array | None = None
    dx: Array | None = None

    @property
    def is_leaf(self) -> bool:
        """Whether it is no composition."""
        return not self.layer.is_composition


class Observer(Protocol):
    """Looks at the arrays of a pass between its computations, without changing them."""

    def after_forward(self, node: Node) -> None:
        """`node.y` is computed."""

    def after_backward(self, node: Node) -> None:
        """The gradients of the node's parameters are assigned, and `node.dx`, if anybody wants it."""


def JOIN() -> None:
    """Stands among the calls where all shards of a batch must have come this far before any goes on.

    A layer that mixes examples writes its shard's part of a sum into `Site.joint` before it, and adds up all of them
    after it, each shard in the same order.
    """


class Shared:
    """What the shards of one batch share.

    Attributes:
        examples: N of the whole batch.
        shards: how many there are.
        before: what is called once for each batch, before any shard begins.
    """

    def __init__(self, examples: int, shards: int = 1) -> None:
        self.examples = examples
        self.shards = shards
        self.before: list[Call] = []
        self._made: dict[str, object] = {}

    def once(self, name: str, make: Callable[[], T]) -> T:
        """What `make` gave to the first shard that asked for it by this name."""
        if name not in self._made:
            self._made[name] = make()
        return self._made[name]  # type: ignore[return-value] # by this name nothing else was made


@dataclass(frozen=True, eq=False)
class NetworkArrays:
    """The arrays of a network's members by path, each [M, *shape]: views of theta, of grad and of state.

    `grads` lacks those that nobody wants.
    """

    params: Mapping[str, Array]
    grads: Mapping[str, Array]
    state: Mapping[str, Array]

    def learns(self, path: str) -> bool:
        """Whether anybody wants a gradient of the layer at `path`, or of one below it."""
        prefix = f"{path}." if path else ""
        return any(name.startswith(prefix) for name in self.grads)


@dataclass(frozen=True, eq=False)
class Site:
    """What a layer may touch when it is bound.

    Attributes:
        path: the names along the tree to the layer; "" for the root.
        plan: of the layer, for what comes in.
        arrays: of the whole network; a layer asks for its own by `param`, `grad` and `state`.
        memory: where further arrays come from.
        present: int [M], which of the population's first members these are; for `column`.
        training: whether the pass is for training (dropout is on) or for evaluation.
        streams: the members' random streams for what draws in every step.
        shard: which shard of the batch this is, from 0.
        rows: which examples of the batch it has.
        shared: what all shards of the batch share.
        nodes: where every binding is noted.
        observer: who looks on, or None.
    """

    path: str
    plan: Plan
    arrays: NetworkArrays
    memory: Memory
    present: Array
    training: bool
    streams: Streams
    shard: int
    rows: slice
    shared: Shared
    nodes: list[Node]
    observer: Observer | None = None

    @property
    def members(self) -> int:
        """M."""
        return len(self.present)

    def param(self, name: str) -> Array:
        """A parameter of the layer, [M, *shape]."""
        return self.arrays.params[self._below(name)]

    def grad(self, name: str) -> Array | None:
        """Where the gradient of a parameter goes, [M, *shape]; None where nobody wants it."""
        return self.arrays.grads.get(self._below(name))

    def state(self, name: str) -> Array:
        """A state of the layer, [M, *shape]; it is written in training passes only."""
        return self.arrays.state[self._below(name)]

    def column(self, value: OfMembers) -> Array:
        """A hyperparameter that may differ between members, for those that are present: float64 [M, 1], or [1, 1].

        Raises:
            ShapeError: it has values for fewer members.
        """
        if isinstance(value, tuple):
            needed = int(self.present.max(initial=-1)) + 1
            if len(value) < needed:
                raise ShapeError(
                    f"layer {self.path} has a hyperparameter of {len(value)} values for {needed} members: "
                    "give it a number for all of them, or one for each"
                )
            return np.array(value, dtype=np.float64)[self.present, None]
        return np.array([[value]], dtype=np.float64)

    def once(self, name: str, make: Callable[[], T]) -> T:
        """What all shards of the batch share, made for the first of them; `name` is the layer's own."""
        return self.shared.once(self._below(name), make)

    def joint(self, name: str, shape: Shape) -> Array:
        """An array [shards, *shape] that all shards of the batch share: each writes its own part, see `JOIN`."""
        return self.once(name, lambda: self.memory.zeros((self.shared.shards, *shape)))

    def before(self, call: Call) -> None:
        """Have something called once for each batch, before any shard begins; from within `once`."""
        self.shared.before.append(call)

    def learns(self, child: str) -> bool:
        """Whether anybody wants a gradient of a child's parameters."""
        return self.arrays.learns(self._below(child))

    def bind(self, child: str, layer: Layer, x: Value) -> Bound:
        """Bind a layer of a composition under its name."""
        return replace(self, path=self._below(child), plan=self.plan.children[child]).program(layer, x)

    def program(self, layer: Layer, x: Value) -> Bound:
        """Bind a layer here, note it, and let the observer look on."""
        bound = layer.bind(x, self)
        own = {path: grad for path, grad in self.arrays.grads.items() if path.rpartition(".")[0] == self.path}
        node = Node(self.path, layer, x.array, bound.y.array, self.rows, own)
        self.nodes.append(node)
        observer = self.observer if node.is_leaf else None

        def turn(dy: Array, wants_dx: bool) -> tuple[Array | None, list[Call]]:
            dx, calls = bound.turn(dy, wants_dx)
            node.dy, node.dx = dy, dx if wants_dx else None
            if observer is not None:
                calls = [*calls, lambda: observer.after_backward(node)]
            return dx, calls

        forward = bound.forward
        if observer is not None:
            forward = [*forward, lambda: observer.after_forward(node)]
        return Bound(bound.y, forward, turn)

    def _below(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name


def run(calls: Sequence[Call]) -> None:
    """Call one after the other."""
    for call in calls:
        call()
