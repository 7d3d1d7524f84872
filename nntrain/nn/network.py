"""A network: layers in order, whose parameters of all members lie in one array theta [M, P]."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np

from nntrain.arrays import Array, Shape
from nntrain.memory import Memory
from nntrain.nn.layer import Layer, Param, ShapeError, Site
from nntrain.streams import Key, Purpose, Streams


class NetworkShapeError(ShapeError):
    """A shape does not fit a layer. `position` is the layer's place in the list it was built from."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


@dataclass(frozen=True)
class Named:
    """A layer and the name that its parameters go by: its place or its name in the config.

    A dense layer with an activation is two layers of one name. `position` is the place in the config's list.
    """

    name: str
    layer: Layer
    position: int = 0


@dataclass(frozen=True)
class Slot:
    """Where a parameter lies in theta: columns `start` to `start + param.size`."""

    path: str
    param: Param
    start: int


@dataclass(frozen=True)
class Blueprint:
    """A planned network: every shape and every parameter's place, but no arrays.

    The penalized parameters (weights) come first in theta, then the others (biases), so that regularization is one
    operation on theta[:, :penalized].

    Attributes:
        layers: with their names, in order.
        shapes: of one example, the input's first, then each layer's output.
        slots: for each layer, its parameters' places.
        penalized: how many leading columns of theta are weights.
        size: P.
    """

    layers: tuple[Named, ...]
    shapes: tuple[Shape, ...]
    slots: tuple[tuple[Slot, ...], ...]
    penalized: int
    size: int

    @property
    def output_shape(self) -> Shape:
        """The shape of one example's output."""
        return self.shapes[-1]

    def select(self, rows: Array) -> Blueprint:
        """The same plan for the members `rows`: layers with columns keep those members' rows."""
        layers = tuple(Named(n.name, n.layer.select(rows), n.position) for n in self.layers)
        return Blueprint(layers, self.shapes, self.slots, self.penalized, self.size)


def plan(layers: Sequence[Named], input_shape: Shape) -> Blueprint:
    """Work out all shapes and lay the parameters out in theta.

    Raises:
        NetworkShapeError: a layer cannot take what the one before it puts out; the text lists the shapes so far.
    """
    shapes, params = [input_shape], []
    for named in layers:
        try:
            planned = named.layer.plan(shapes[-1])
        except ShapeError as error:
            trail = " → ".join(str(shape) for shape in shapes)
            raise NetworkShapeError(f"{error} (shapes up to here: {trail})", named.position) from error
        for param in planned.params:
            if mismatch := param.initializer.mismatch(param.shape):
                raise NetworkShapeError(f"parameter {param.name}: {mismatch}", named.position)
        shapes.append(planned.output_shape)
        params.append(planned.params)
    weights = sum(p.size for group in params for p in group if p.penalized)
    starts = {True: 0, False: weights}
    slots = []
    for named, group in zip(layers, params, strict=True):
        placed = []
        for param in group:
            placed.append(Slot(f"{named.name}.{param.name}", param, starts[param.penalized]))
            starts[param.penalized] += param.size
        slots.append(tuple(placed))
    return Blueprint(tuple(layers), tuple(shapes), tuple(slots), weights, starts[False])


class Observer(Protocol):
    """Looks at the arrays of a pass between its computations, without changing them; see `Pass.watch`."""

    def after_forward(self, place: int, layer: Layer) -> None:
        """`layer.y` is computed; the next layer may write over it."""

    def before_backward(self) -> None:
        """The last layer's `dy` is there."""

    def after_backward(self, place: int, layer: Layer, dx: Array | None) -> None:
        """The layer's parameter gradients are assigned, and `dx`, if anybody wants it."""


class Pass:
    """The network bound to one input array: forward and backward for batches of exactly that size.

    Attributes:
        x: [M or 1, N, *input_shape]; fill it before `forward`.
        y: [M, N, *output_shape]; what the last bound layer puts out.
        dx: with `input_gradient`, the gradient at x after `backward`.
    """

    def __init__(self, x: Array, layers: list[Layer], first_trainable: int, memory: Memory) -> None:
        self.x, self.y, self.layers, self._memory = x, layers[-1].y if layers else x, layers, memory
        self._first_trainable = first_trainable
        self._forwards: list[Callable[[], None]] = [layer.forward for layer in layers]
        self._backwards: list[Callable[[], None]] = []

    def forward(self) -> Array:
        """Compute y from x."""
        for forward in self._forwards:
            forward()
        return self.y

    def bind_backward(self, dy: Array, *, input_gradient: bool = False) -> None:
        """Take dy and allocate what backward needs.

        Without `input_gradient` it ends at the first layer that has parameters, whose dx nobody wants.
        """
        first = 0 if input_gradient else self._first_trainable
        self._backwards = []
        for place in reversed(range(first, len(self.layers))):
            layer = self.layers[place]
            layer.bind_backward(dy, self._memory, input_gradient=place > first or input_gradient)
            self._backwards.append(layer.backward)
            if place > first or input_gradient:
                dy = layer.dx
        self.dx = dy

    def backward(self) -> None:
        """Assign all gradients from dy."""
        for backward in self._backwards:
            backward()

    def watch(self, observer: Observer) -> None:
        """Let an observer look at what each layer computes, from now on; call it after `bind_backward`.

        `place` counts the layers from 0. A pass that nobody watches pays nothing for it.
        """

        def forward(place: int, layer: Layer) -> None:
            layer.forward()
            observer.after_forward(place, layer)

        def backward(place: int, layer: Layer, dx: Array | None) -> None:
            layer.backward()
            observer.after_backward(place, layer, dx)

        first = len(self.layers) - len(self._backwards)
        self._forwards = [partial(forward, place, layer) for place, layer in enumerate(self.layers)]
        self._backwards = [observer.before_backward]
        for place in reversed(range(first, len(self.layers))):
            layer = self.layers[place]
            wanted = place > first
            self._backwards.append(partial(backward, place, layer, layer.dx if wanted else None))


class Network:
    """M networks of one architecture.

    Attributes:
        theta: [M, P], all parameters; `grad`, likewise, their gradients.
        state: [M, S], what layers carry from step to step without training it.
        blueprint: its plan.
        memory: where its arrays come from.
    """

    def __init__(self, blueprint: Blueprint, members: int, memory: Memory) -> None:
        self.blueprint, self.members, self.memory = blueprint, members, memory
        self.theta = memory.zeros((members, blueprint.size))
        self.grad = memory.zeros((members, blueprint.size))
        self.state = memory.zeros((members, 0))
        self._params = [_views(self.theta, slots) for slots in blueprint.slots]
        self._grads = [_views(self.grad, slots) for slots in blueprint.slots]
        with_params = (place for place, slots in enumerate(blueprint.slots) if slots)
        self._first_trainable = next(with_params, len(blueprint.slots))
        self._convenience: tuple[Shape, bool, Pass] | None = None
        self.dropout_streams = Streams([Key(0)] * members, Purpose.DROPOUT)

    def initialize(self, keys: Sequence[Key]) -> None:
        """Draw every parameter's starting values; each member's from the stream of its key."""
        streams = Streams(keys, Purpose.WEIGHTS)
        for params, slots in zip(self._params, self.blueprint.slots, strict=True):
            for slot in slots:
                slot.param.initializer.fill(params[slot.param.name], streams)
        self.dropout_streams = Streams(keys, Purpose.DROPOUT)

    def parameters(self) -> dict[str, Array]:
        """Live views of theta by path, such as {"0.w": [M, I, O], "0.b": [M, O]}."""
        return self._by_path(self._params)

    def gradients(self) -> dict[str, Array]:
        """Live views of grad by path; assigned by every backward pass."""
        return self._by_path(self._grads)

    def unit_weights(self) -> list[Array]:
        """For every weight, a view [M, fan_in, units]: the vector that comes into each unit."""
        return [
            self._params[place][slot.param.name].reshape(self.members, -1, slot.param.shape[-1])
            for place, slots in enumerate(self.blueprint.slots)
            for slot in slots
            if slot.param.penalized
        ]

    def bind(self, x: Array, *, training: bool, memory: Memory | None = None, fused: type[Layer] | None = None) -> Pass:
        """Bind the layers to an input array [M or 1, N, *input_shape].

        Args:
            x: the array that every forward pass reads.
            training: whether dropout is on.
            memory: where working arrays come from; the network's own by default.
            fused: leave out a last layer of this type, because the loss computes it from y.
        """
        memory = memory or self.memory
        named = self.blueprint.layers
        if fused is not None and named and isinstance(named[-1].layer, fused):
            named = named[:-1]
        bound: list[Layer] = []
        y, is_protected = x, True
        for place, entry in enumerate(named):
            layer = copy.copy(entry.layer)
            layer.bind(
                Site(
                    y,
                    self._params[place],
                    self._grads[place],
                    memory,
                    self.members,
                    training,
                    overwrite=not is_protected and y.shape[0] == self.members,
                    streams=self.dropout_streams,
                )
            )
            # A view of a protected array is protected too.
            is_protected = layer.needs_output or (is_protected and np.may_share_memory(layer.y, y))
            y = layer.y
            bound.append(layer)
        return Pass(x, bound, self._first_trainable, memory)

    def forward(self, x: Array, training: bool = False) -> Array:
        """The network's output for any batch, activations applied.

        For teaching, tests and notebooks: it binds anew whenever the batch's shape changes.

        Args:
            x: [N, *input_shape] for all members, or [M, N, *input_shape].
            training: whether dropout is on.

        Returns:
            [M, N, *output_shape]; overwritten by the next call.

        Raises:
            ValueError: x has another shape, or is not of numbers that the network's dtype holds.
        """
        batch = self._as_batch(self._numbers("x", x))
        if self._convenience is None or self._convenience[:2] != (batch.shape, training):
            bound = self.bind(self.memory.empty(batch.shape), training=training)
            bound.bind_backward(self.memory.zeros(bound.y.shape), input_gradient=True)
            self._convenience = (batch.shape, training, bound)
        bound = self._convenience[2]
        bound.x[...] = batch
        return bound.forward()

    def backward(self, dy: Array) -> Array:
        """The gradient at the input of the last `forward`; fills `gradients()`.

        Args:
            dy: [M, N, *output_shape] or [N, *output_shape], the gradient at the output.

        Returns:
            [M, N, *input_shape]; overwritten by the next call.

        Raises:
            RuntimeError: there was no forward pass.
            ValueError: dy has another shape than the output, or is not of numbers that the network's dtype holds.
        """
        if self._convenience is None:
            raise RuntimeError("backward needs a forward pass before it: call forward(x) first")
        bound = self._convenience[2]
        dy = self._numbers("dy", dy)
        if dy.shape not in (bound.y.shape, bound.y.shape[1:]):
            raise ValueError(
                f"dy must be {list(bound.y.shape)}, like the output, or {list(bound.y.shape[1:])}, got {list(dy.shape)}"
            )
        bound.layers[-1].dy[...] = dy
        bound.backward()
        return bound.dx

    def select(self, rows: Array, memory: Memory) -> Network:
        """A network of the members `rows` alone, with their parameters and their dropout streams."""
        chosen = Network(self.blueprint.select(rows), len(rows), memory)
        chosen.theta[...] = self.theta[rows]
        chosen.state[...] = self.state[rows]
        chosen.dropout_streams = self.dropout_streams.select(rows)
        return chosen

    def _numbers(self, name: str, values: object) -> Array:
        """An argument as an array of real numbers, of which none becomes infinite in the network's dtype."""
        array: Array = np.asarray(values)
        dtype = self.theta.dtype
        if array.dtype.kind not in "biuf":
            raise ValueError(f"{name} must be an array of numbers, got one of {array.dtype}")
        if (np.isfinite(array) & (np.abs(array.astype(np.float64)) > np.finfo(dtype).max)).any():
            raise ValueError(f"{name} has numbers beyond what {dtype} holds ({np.finfo(dtype).max:.2g})")
        return array

    def _as_batch(self, x: Array) -> Array:
        """A batch [1 or M, N, *input_shape] from one with or without the first axis."""
        shape = self.blueprint.shapes[0]
        batch = x[None] if x.ndim == len(shape) + 1 else x
        if batch.ndim != len(shape) + 2 or batch.shape[2:] != shape or len(batch) not in (1, self.members):
            features = ", ".join(map(str, shape))
            raise ValueError(
                f"the network takes inputs [N, {features}] or [{self.members}, N, {features}], got {list(x.shape)}"
            )
        return batch

    def _by_path(self, groups: list[dict[str, Array]]) -> dict[str, Array]:
        return {
            slot.path: group[slot.param.name]
            for group, slots in zip(groups, self.blueprint.slots, strict=True)
            for slot in slots
        }


def _views(flat: Array, slots: Sequence[Slot]) -> dict[str, Array]:
    """Views [M, *shape] of the slots' columns of a flat array [M, P]."""
    return {
        slot.param.name: flat[:, slot.start : slot.start + slot.param.size].reshape(len(flat), *slot.param.shape)
        for slot in slots
    }
