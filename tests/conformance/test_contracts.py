"""Who may write where, and what shards may change: checked for every row of `layers.py`."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from numpy.typing import DTypeLike

from nntrain.arrays import Array, Shape
from nntrain.data.batches import Batch
from nntrain.memory import Memory
from nntrain.nn.blueprint import plan
from nntrain.nn.branches import Branches
from nntrain.nn.chain import Chain
from nntrain.nn.layer import Layer, Node, run
from nntrain.nn.losses import MeanSquaredError
from nntrain.nn.network import Network
from nntrain.nn.reshape import Flatten
from nntrain.nn.residual import Residual
from nntrain.streams import Key
from nntrain.train.bound_batch import BoundBatch
from tests.conformance.layers import LAYERS, PLACES, ROWS, LayerRow, input_shape_of, inputs, network_of
from tests.nn.toys import Cut

each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
each_place = pytest.mark.parametrize("place", PLACES)
KEYS = (Key(3), Key(8), Key(3, replica=1))


class Remembering(Memory):
    """Knows every array that it has handed out with nothing in it."""

    def __init__(self, dtype: DTypeLike) -> None:
        super().__init__(dtype)
        self.handed_out: list[Array] = []

    def empty(self, shape: Shape, dtype: DTypeLike | None = None) -> Array:
        array = super().empty(shape, dtype)
        self.handed_out.append(array)
        return array

    def zeros(self, shape: Shape, dtype: DTypeLike | None = None) -> Array:
        array = super().zeros(shape, dtype)
        self.handed_out.pop()
        return array

    def full(self, shape: Shape, value: float, dtype: DTypeLike | None = None) -> Array:
        array = super().full(shape, value, dtype)
        self.handed_out.pop()
        return array

    def poison(self) -> None:
        """Fill all of them with what shows wherever it is used."""
        for array in self.handed_out:
            array[...] = np.nan if array.dtype.kind == "f" else True


class Step:
    """A forward and a backward pass of a network in training mode, from the same random numbers every time."""

    def __init__(self, network: Network, examples: int, observer: "Watcher | None" = None) -> None:
        self.network, self.memory = network, Remembering(np.float64)
        self.state, self.streams = network.state.copy(), network.dropout_streams.state()
        self.x = inputs((1, examples, *network.blueprint.input.shape), seed=1)
        self.bound = network.bind(self.x, training=True, memory=self.memory, observer=observer)
        self.v = inputs((len(network.theta), *self.bound.y.shape[1:]), seed=2)
        self.dy = np.empty_like(self.v)
        self.bound.bind_backward(self.dy, input_gradient=True)

    def run(self) -> tuple[Array, ...]:
        """y, dx, the gradients and the state after it, copied."""
        self.network.state[...] = self.state
        self.network.dropout_streams.load_state(self.streams)
        y = self.bound.forward().copy()
        self.dy[...] = self.v
        self.bound.backward()
        return y, self.bound.dx.copy(), self.network.grad.copy(), self.network.state.copy()


class Watcher:
    """Takes what each layer puts out when it does."""

    def __init__(self) -> None:
        self.seen: list[tuple[Node, Array, Array]] = []

    def after_forward(self, node: Node) -> None:
        self.seen.append((node, node.x.copy(), node.y.copy()))

    def after_backward(self, node: Node) -> None:
        for each, x, y in self.seen:
            np.testing.assert_array_equal(each.x, x)
            np.testing.assert_array_equal(each.y, y)


@each_row
@each_place
@pytest.mark.parametrize("examples", [1, 7])
def test_no_pass_writes_over_what_another_layer_has_put_out(row: LayerRow, place: str, examples: int) -> None:
    """Neither forward nor backward: a composition's parts included."""
    watcher = Watcher()
    step = Step(network_of(row, place, KEYS), examples, watcher)
    step.run()
    assert len(watcher.seen) == len(step.network.blueprint.leaves)
    for node, x, y in watcher.seen:
        np.testing.assert_array_equal(node.x, x)
        np.testing.assert_array_equal(node.y, y)


@each_row
@each_place
@pytest.mark.parametrize("examples", [1, 7])
def test_layers_that_are_cut_off_from_each_other_compute_the_same(row: LayerRow, place: str, examples: int) -> None:
    """If one wrote over what is not its own, a copy between it and its neighbours would change something."""
    network = network_of(row, place, KEYS)
    apart = Network(plan(_cut(network.blueprint.layer), network.blueprint.input.shape), len(KEYS), Memory(np.float64))
    apart.initialize(KEYS)
    for path, array in _without_cuts(apart.weights()).items():
        np.testing.assert_array_equal(array, network.weights()[path])
    found, expected = Step(apart, examples).run(), Step(network, examples).run()
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def _cut(layer: Layer) -> Layer:
    """The same layer with copies before and after each that is no composition."""
    match layer:
        case Chain() | Branches():
            return replace(layer, layers={name: _cut(each) for name, each in layer.layers.items()})
        case Residual():
            projection = Chain({}) if layer.projection is None else layer.projection
            return Residual(_cut(layer.body), _cut(projection))
        case _:
            return Chain({"before": Cut(), "cut": layer, "after": Cut()})


def _without_cuts(arrays: dict[str, Array]) -> dict[str, Array]:
    return {path.replace(".cut.", ".").removeprefix("cut."): array for path, array in arrays.items()}


@each_row
@each_place
@pytest.mark.parametrize("examples", [1, 7])
def test_nothing_is_read_before_it_is_computed(row: LayerRow, place: str, examples: int) -> None:
    """What a step leaves behind is of no use to the next one."""
    step = Step(network_of(row, place, KEYS), examples)
    first = step.run()
    step.memory.poison()
    step.network.grad[...] = np.nan
    for ours, theirs in zip(step.run(), first, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@each_row
@each_place
@pytest.mark.parametrize("sizes", [(1, 6), (4, 3), (2, 3, 2)])
def test_shards_compute_what_the_whole_batch_does(row: LayerRow, place: str, sizes: Sequence[int]) -> None:
    """To rounding; and on several threads to the bits that one thread gives."""
    whole = _in_shards(row, place, [7], threads=1)
    one_thread = _in_shards(row, place, sizes, threads=1)
    for ours, theirs in zip(one_thread, whole, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-13)
    for ours, theirs in zip(_in_shards(row, place, sizes, threads=3), one_thread, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@each_row
def test_a_member_has_the_bits_in_shards_that_it_has_alone(row: LayerRow) -> None:
    together = _in_shards(row, "surrounded", (4, 3), threads=2)
    for member in range(len(KEYS)):
        alone = _in_shards(row, "surrounded", (4, 3), threads=2, members=[member])
        for ours, theirs in zip(alone, together, strict=True):
            np.testing.assert_array_equal(ours[0], theirs[member])


def _in_shards(
    row: LayerRow, place: str, sizes: Sequence[int], *, threads: int, members: Sequence[int] = (0, 1, 2)
) -> tuple[Array, ...]:
    """The losses, gradients and state of a step, of a network that ends with a vector."""
    whole = network_of(row, place, KEYS)
    network = whole.select(np.array(members), Memory(np.float64, threads=threads))
    shape = input_shape_of(row, place)
    outputs = int(np.prod(network.blueprint.output_shape))
    ended = plan(Chain({**_named(network.blueprint.layer), "end": Flatten()}), shape)
    network.blueprint = ended
    rng = np.random.default_rng(4)
    x, t = inputs((1, sum(sizes), *shape), seed=1), rng.standard_normal((1, sum(sizes), outputs))
    stops = np.cumsum(sizes).tolist()
    parts = [slice(stop - size, stop) for size, stop in zip(sizes, stops, strict=True)]
    batch = [Batch(x=x[:, part].copy(), t=t[:, part].copy()) for part in parts]
    bound = BoundBatch(network, MeanSquaredError(), batch, network.memory, training=True)
    bound.step()
    return bound.total.copy(), network.grad.copy(), network.state.copy()


def _named(layer: Layer) -> dict[str, Layer]:
    return dict(layer.layers) if isinstance(layer, Chain) else {"layer": layer}


def test_the_calls_of_a_step_are_one_flat_list() -> None:
    """The tree costs nothing: what runs in a step are calls of NumPy."""
    chain = network_of(LAYERS[0], "surrounded", KEYS)
    bound = chain.bind(inputs((1, 5, 3), seed=0), training=True)
    bound.bind_backward(np.zeros((3, 5, 3)))
    assert all(isinstance(call, partial) for call in (*bound.forward_calls, *bound.backward_calls))
    run(bound.forward_calls)
