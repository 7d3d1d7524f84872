"""A network of M members: theta [M, P], grad [M, P], state [M, S] and the views of them, bound to batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nntrain.arrays import Array, Shape
from nntrain.memory import Memory
from nntrain.nn.blueprint import Blueprint, Location
from nntrain.nn.chain import without_last
from nntrain.nn.layer import Bound, Call, Layer, NetworkArrays, Node, Observer, Shared, Site, Value, run
from nntrain.streams import Key, Purpose, Streams


class Pass:
    """The network bound to one input array: forward and backward for batches of exactly that size.

    Attributes:
        x: [M or 1, N, *input_shape]; fill it before `forward`.
        y: [M, N, *output_shape]; what the last bound layer puts out.
        nodes: the layers with what flows between them; those of a composition stand before it.
        before: what is called once for each batch before its first shard, if there are several.
        forward_calls, backward_calls: what the two passes are.
    """

    def __init__(self, x: Array, bound: Bound, nodes: list[Node], before: list[Call]) -> None:
        self.x, self.y, self.nodes, self.before = x, bound.y.array, nodes, before
        self._turn = bound.turn
        self.forward_calls = bound.forward
        self.backward_calls: list[Call] = []
        self._dx: Array | None = None

    def forward(self) -> Array:
        """Compute y from x."""
        run(self.before)
        run(self.forward_calls)
        return self.y

    def bind_backward(self, dy: Array, *, input_gradient: bool = False) -> None:
        """Take dy and allocate what backward needs; it may write over dy.

        Without `input_gradient` it ends at the first layer that has parameters, whose dx nobody wants.
        """
        self._dx, self.backward_calls = self._turn(dy, input_gradient)
        if not input_gradient:
            self._dx = None

    @property
    def dx(self) -> Array:
        """The gradient at x after `backward`. Raises ValueError where it was not asked for."""
        if self._dx is None:
            raise ValueError("this pass computes no gradient at its input: bind its backward pass with input_gradient")
        return self._dx

    def backward(self) -> None:
        """Assign all gradients from dy."""
        run(self.backward_calls)


@dataclass(frozen=True, eq=False)
class Shard:
    """A part of a batch, which is computed by itself.

    Attributes:
        number: from 0.
        rows: which examples of the batch it has.
        shared: what it shares with the others.
    """

    number: int
    rows: slice
    shared: Shared


class Network:
    """M networks of one architecture.

    Attributes:
        theta: [M, P], all parameters; `grad`, likewise, their gradients.
        state: [M, S], what layers carry from step to step without training it.
        blueprint: its plan.
        members: M.
        memory: where its arrays come from.
        dropout_streams: the members' random streams for what draws in every step.
    """

    def __init__(self, blueprint: Blueprint, members: int, memory: Memory) -> None:
        self.blueprint, self.members, self.memory = blueprint, members, memory
        self.theta = memory.zeros((members, blueprint.size))
        self.grad = memory.zeros((members, blueprint.size))
        self.state = memory.zeros((members, blueprint.state_size))
        self.arrays = NetworkArrays(
            _views(self.theta, blueprint.params),
            _views(self.grad, blueprint.params),
            _views(self.state, blueprint.state),
        )
        self.dropout_streams = Streams([Key(0)] * members, Purpose.DROPOUT)
        # Which of the population's first members these are: descriptions have the hyperparameters of all of them.
        self._present: Array = np.arange(members)
        self._convenience: tuple[Shape, bool, Pass, Array] | None = None

    def initialize(self, keys: Sequence[Key]) -> None:
        """Draw every parameter's starting values; each member's from the stream of its key."""
        streams = Streams(keys, Purpose.WEIGHTS)
        for locations, arrays in (
            (self.blueprint.params, self.arrays.params),
            (self.blueprint.state, self.arrays.state),
        ):
            for path, location in locations.items():
                location.param.initializer.fill(arrays[path], streams)
        self.dropout_streams = Streams(keys, Purpose.DROPOUT)

    def parameters(self) -> dict[str, Array]:
        """Live views of theta by path, such as {"0.w": [M, I, O], "0.b": [M, O]}."""
        return dict(self.arrays.params)

    def gradients(self) -> dict[str, Array]:
        """Live views of grad by path; assigned by every backward pass."""
        return dict(self.arrays.grads)

    def states(self) -> dict[str, Array]:
        """Live views of state by path; written by training passes."""
        return dict(self.arrays.state)

    def weights(self) -> dict[str, Array]:
        """All that a trained network is, by path: live views of its parameters, and of its state."""
        return {**self.arrays.params, **self.arrays.state}

    def unit_weights(self) -> list[Array]:
        """For every weight, a view [M, fan_in, units]: the vector that comes into each unit."""
        return [
            self.arrays.params[path].reshape(self.members, -1, location.param.shape[-1])
            for path, location in self.blueprint.params.items()
            if location.param.penalized
        ]

    def bind(
        self,
        x: Array,
        *,
        training: bool,
        memory: Memory | None = None,
        fused: type[Layer] | None = None,
        observer: Observer | None = None,
        grad: Array | None = None,
        shard: Shard | None = None,
    ) -> Pass:
        """Bind the layers to an input array [M or 1, N, *input_shape].

        Args:
            x: the array that every forward pass reads.
            training: whether dropout is on.
            memory: where working arrays come from; the network's own by default.
            fused: leave out a last layer of this type, because the loss computes it from y.
            observer: who looks on, layer by layer.
            grad: [M, P], where gradients go; the network's own by default.
            shard: which part of a batch x is; by default the whole.
        """
        layer = self.blueprint.layer if fused is None else self._without_last(fused)
        arrays = self.arrays
        if grad is not None:
            arrays = NetworkArrays(arrays.params, _views(grad, self.blueprint.params), arrays.state)
        shard = shard or Shard(0, slice(0, x.shape[1]), Shared(x.shape[1]))
        nodes = list[Node]()
        site = Site(
            path="",
            plan=self.blueprint.plan,
            arrays=arrays,
            memory=memory or self.memory,
            present=self._present,
            training=training,
            streams=self.dropout_streams,
            shard=shard.number,
            rows=shard.rows,
            shared=shard.shared,
            nodes=nodes,
            observer=observer,
        )
        return Pass(x, site.program(layer, Value(x)), nodes, shard.shared.before)

    def _without_last(self, fused: type[Layer]) -> Layer:
        """The network without a last layer of a type. Raises ValueError where that is the last, but inside another."""
        whole, leaves = self.blueprint.layer, self.blueprint.leaves
        shorter = without_last(whole, fused)
        if shorter is whole and leaves and isinstance(leaves[-1].layer, fused):
            raise ValueError(f"the loss computes {leaves[-1].path} itself, but it cannot be left out where it stands")
        return shorter

    def forward(self, x: Array, training: bool = False) -> Array:
        """The network's output for any batch, activations applied.

        For teaching, tests and notebooks: it binds anew whenever the batch's shape changes.

        Args:
            x: [N, *input_shape] for all members, or [M, N, *input_shape].
            training: whether dropout is on.

        Returns:
            [M, N, *output_shape], or [1, N, …] where nothing in the network differs between members; overwritten by the
            next call.

        Raises:
            ValueError: x has another shape, or is not of numbers that the network's dtype holds.
        """
        batch = self.as_batch(x)
        if self._convenience is None or self._convenience[:2] != (batch.shape, training):
            bound = self.bind(self.memory.empty(batch.shape), training=training)
            dy = self.memory.zeros(bound.y.shape)
            bound.bind_backward(dy, input_gradient=True)
            self._convenience = (batch.shape, training, bound, dy)
        bound = self._convenience[2]
        bound.x[...] = batch
        return bound.forward()

    def activations(self) -> dict[str, Array]:
        """Every value in between of the last `forward`, by the path of the layer that puts it out.

        A dense layer's own output goes by its name, such as `0`, and that of its activation by `0.activation`; what a
        composition puts out, by the name of the composition.

        Returns:
            Arrays [M or 1, N, *shape], in the order of the network; overwritten by the next `forward`.

        Raises:
            RuntimeError: there was no forward pass.
        """
        if self._convenience is None:
            raise RuntimeError("activations needs a forward pass before it: call forward(x) first")
        return {node.path: node.y for node in self._convenience[2].nodes if node.path}

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
        self._convenience[3][...] = dy
        bound.backward()
        return bound.dx

    def select(self, rows: Array, memory: Memory) -> Network:
        """A network of the members `rows` alone, with their parameters, their state and their streams."""
        chosen = Network(self.blueprint, len(rows), memory)
        chosen.theta[...] = self.theta[rows]
        chosen.state[...] = self.state[rows]
        chosen._present = self._present[rows]
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

    def as_batch(self, x: object) -> Array:
        """A batch [1 or M, N, *input_shape] from one with or without the first axis. Raises as `forward`."""
        x = self._numbers("x", x)
        shape = self.blueprint.input.shape
        batch = x[None] if x.ndim == len(shape) + 1 else x
        if batch.ndim != len(shape) + 2 or batch.shape[2:] != shape or len(batch) not in (1, self.members):
            features = ", ".join(map(str, shape))
            raise ValueError(
                f"the network takes inputs [N, {features}] or [{self.members}, N, {features}], got {list(x.shape)}"
            )
        return batch


def _views(flat: Array, locations: Mapping[str, Location]) -> dict[str, Array]:
    """Views [M, *shape] of the columns of a flat array [M, P] by path."""
    return {
        path: flat[:, location.columns].reshape(len(flat), *location.param.shape)
        for path, location in locations.items()
    }
