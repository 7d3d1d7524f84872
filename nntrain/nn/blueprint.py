"""A planned network: every shape and every parameter's place, but no arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from nntrain.arrays import Shape
from nntrain.nn.layer import Layer, Param, Plan, ShapeError, Signal


@dataclass(frozen=True)
class Location:
    """Where an array of a layer lies in theta or in state: columns `start` to `start + param.size`."""

    path: str
    param: Param
    start: int

    @property
    def columns(self) -> slice:
        """Its columns."""
        return slice(self.start, self.start + self.param.size)


@dataclass(frozen=True)
class Leaf:
    """A layer that is no composition, in its place in the tree.

    Attributes:
        path: the names along the tree, such as `0`, `0.activation` or `3.body.1`.
        layer: the description.
        input: the shape of one example that comes in.
        output: and of one that goes out.
        params: where its parameters lie in theta.
    """

    path: str
    layer: Layer
    input: Shape
    output: Shape
    params: tuple[Location, ...]


@dataclass(frozen=True)
class Blueprint:
    """A planned network.

    The penalized parameters (weights) come first in theta, then the others (biases), so that regularization is one
    operation on theta[:, :penalized]. Within both, and within state, arrays lie in the order of the tree.

    Attributes:
        layer: the description of the whole network.
        input: what comes in.
        plan: of `layer` for that input.
        params: where each parameter lies in theta [M, P], by path.
        state: where each state lies in state [M, S], by path.
        leaves: the layers that are no compositions, in order.
        penalized: how many leading columns of theta are weights.
        size: P.
        state_size: S.
    """

    layer: Layer
    input: Signal
    plan: Plan
    params: Mapping[str, Location]
    state: Mapping[str, Location]
    leaves: tuple[Leaf, ...]
    penalized: int
    size: int
    state_size: int

    @property
    def output_shape(self) -> Shape:
        """The shape of one example's output."""
        return self.plan.output.shape

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The shapes of one example, the input's first, then each leaf's output."""
        return (self.input.shape, *(leaf.output for leaf in self.leaves))


def plan(layer: Layer, input_shape: Shape, kind: str = "real") -> Blueprint:
    """Work out all shapes and lay the parameters out in theta.

    Args:
        layer: the whole network.
        input_shape: of one example.
        kind: of the signal: `real`, or `index` for an embedding.

    Raises:
        ShapeError: a layer cannot take what the one before it puts out; the text lists the shapes so far, and `path`
            says which layer it is.
    """
    signal = Signal(input_shape, "index" if kind == "index" else "real")
    planned = layer.plan(signal)
    tree = [*_walk(layer, planned, signal.shape, ())]
    for path, _, each, _ in tree:
        for param in (*each.params, *each.state):
            if mismatch := param.initializer.mismatch(param.shape):
                raise ShapeError(f"parameter {param.name}: {mismatch}", path)
    _refuse_one_path_twice(tree)
    owned = [(".".join((*path, param.name)), param) for path, _, each, _ in tree for param in each.params]
    params = _laid_out(owned)
    state = _laid_out([(".".join((*path, param.name)), param) for path, _, each, _ in tree for param in each.state])
    leaves = tuple(
        Leaf(
            ".".join(path),
            each,
            shape,
            its.output.shape,
            tuple(params[".".join((*path, param.name))] for param in its.params),
        )
        for path, each, its, shape in tree
        if not each.is_composition
    )
    return Blueprint(
        layer,
        signal,
        planned,
        params,
        state,
        leaves,
        penalized=sum(param.size for _, param in owned if param.penalized),
        size=sum(param.size for _, param in owned),
        state_size=sum(location.param.size for location in state.values()),
    )


def _walk(
    layer: Layer, planned: Plan, shape: Shape, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Layer, Plan, Shape]]:
    """A layer and all below it with their paths, plans and input shapes, in order."""
    yield path, layer, planned, shape
    inner = shape
    for name, child in layer.children.items():
        yield from _walk(child, planned.children[name], inner, (*path, name))
        if layer.is_sequence:
            inner = planned.children[name].output.shape


def _refuse_one_path_twice(tree: Sequence[tuple[tuple[str, ...], Layer, Plan, Shape]]) -> None:
    """ShapeError where two layers or arrays would go by one path: names along the way may have dots in them."""
    seen: set[str] = set()
    for path, _, planned, _ in tree:
        for name in (".".join(path), *(".".join((*path, each.name)) for each in (*planned.params, *planned.state))):
            if name in seen:
                raise ShapeError(f"two layers or parameters have the path {name}: give their layers other names", path)
            seen.add(name)


def _laid_out(owned: Sequence[tuple[str, Param]]) -> dict[str, Location]:
    """Where arrays lie beside each other, penalized ones first."""
    starts = {True: 0, False: sum(param.size for _, param in owned if param.penalized)}
    found = {}
    for path, param in owned:
        found[path] = Location(path, param, starts[param.penalized])
        starts[param.penalized] += param.size
    return found
