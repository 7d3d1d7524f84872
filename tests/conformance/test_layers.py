"""What every layer must do, checked for every row of `layers.py`."""

import copy
import tracemalloc
from collections.abc import Iterator
from functools import partial

import numpy as np
import pytest

from nntrain.arrays import Array
from nntrain.assembly.layers import build_activation, build_blueprint
from nntrain.config.activations import ActivationConfig
from nntrain.config.network import LayerConfig
from nntrain.language.anatomy import variants
from nntrain.memory import Memory
from nntrain.nn.branches import Branches
from nntrain.nn.chain import Chain
from nntrain.nn.layer import Layer
from nntrain.nn.network import Network, Pass
from nntrain.nn.residual import Residual
from nntrain.streams import Key
from tests.conformance.definitions import concrete_subclasses
from tests.conformance.differences import TOLERANCE, numeric_gradient, relative_error
from tests.conformance.layers import LAYERS, PLACES, ROWS, LayerRow, input_shape_of, inputs, network_of

# Fewer examples than features, as many as one, and more: both layouts of Memory.flowing.
EXAMPLES = (1, 3, 9)
# NumPy casts through buffers of 8192 numbers, whatever the size of the array. An array of one number, or of a few
# booleans, for each of so many examples would be larger.
CAST_BUFFERS = 200_000
BIG = 40_000

each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
each_place = pytest.mark.parametrize("place", PLACES)


def test_every_layer_has_a_row() -> None:
    assert {type(row.make(1)) for row in LAYERS} == concrete_subclasses(Layer, "nntrain.nn")


# What a config needs to say beside the type, for an input of four numbers.
NEEDED: dict[str, dict[str, object]] = {"dense": {"units": 3}, "reshape": {"shape": (2, 2)}}
# A config cannot say them: `network` is a list, of which assembly makes a chain, and the others wait for the
# convolutional layers. `Operation` is not even here, for it is abstract: users write its subclasses.
NOT_OF_THE_CONFIG: set[type] = {Chain, Branches, Residual}


def of_the_config() -> dict[str, Layer]:
    """For each `type` of a layer in a config, what assembly makes of it."""
    found: dict[str, Layer] = {}
    for type_, model in variants(LayerConfig).items():
        [leaf] = build_blueprint([[model(**NEEDED.get(type_, {}))]], (4,)).leaves  # type: ignore[list-item]
        found[type_] = leaf.layer
    return found


def test_every_layer_of_the_config_has_a_row() -> None:
    configured = {type(layer) for layer in of_the_config().values()}
    assert {type(row.make(1)) for row in LAYERS} == configured | NOT_OF_THE_CONFIG
    assert not configured & NOT_OF_THE_CONFIG


def test_an_activation_is_the_same_as_a_key_of_a_layer() -> None:
    """So that these rows are those of the activations too."""
    built = {type_: build_activation(model()) for type_, model in variants(ActivationConfig).items()}  # type: ignore[arg-type]
    assert built == {type_: layer for type_, layer in of_the_config().items() if type_ in built}


def test_a_layer_is_called_what_the_config_calls_it() -> None:
    layers = of_the_config()
    assert {type_: layer.kind for type_, layer in layers.items()} == {type_: type_ for type_ in layers}


def test_a_layer_without_a_row_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    for missing in {type(row.make(1)) for row in LAYERS}:
        monkeypatch.setattr(f"{__name__}.LAYERS", [row for row in LAYERS if type(row.make(1)) is not missing])
        for check in (test_every_layer_has_a_row, test_every_layer_of_the_config_has_a_row):
            with pytest.raises(AssertionError):
                check()
        monkeypatch.undo()


class Probe:
    """A network in training mode with the cost J = Σ v ∘ y, of which v is the gradient at y.

    Every forward pass starts from the same state, of the layers and of the random streams: dropout keeps its masks.
    """

    def __init__(self, network: Network, x: Array, v: Array) -> None:
        self.network, self.v = network, v
        self.streams = network.dropout_streams
        self.drawn, self.state = copy.deepcopy(self.streams.state()), network.state.copy()
        self.bound = network.bind(x, training=True)
        assert self.bound.y.shape[1:] == v.shape[1:]
        self.dy = np.zeros(v.shape, x.dtype)
        self.bound.bind_backward(self.dy, input_gradient=True)

    def cost(self) -> Array:
        self.streams.load_state(self.drawn)
        self.network.state[...] = self.state
        y = self.bound.forward()
        summed: Array = np.add.reduce((y * self.v).reshape(len(self.v), -1), axis=1)
        return summed

    def gradient(self) -> Array:
        """The gradient at x [M, N, …]; the parameters' are in the network."""
        self.cost()
        self.dy[...] = self.v
        self.bound.backward()
        assert self.bound.dx is not None
        return self.bound.dx


def probe(row: LayerRow, place: str, members: int, examples: int, *, shared: bool) -> Probe:
    network = network_of(row, place, [Key(seed) for seed in range(members)])
    x = inputs((1 if shared else members, examples, *input_shape_of(row, place)), seed=1)
    v = inputs((members, examples, *network.blueprint.output_shape), seed=2)
    return Probe(network, x, v)


@each_row
@each_place
@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("shared", [True, False], ids=["shared-batch", "own-batches"])
def test_backpropagation_agrees_with_central_differences(row: LayerRow, place: str, members: int, shared: bool) -> None:
    for examples in EXAMPLES:
        case = probe(row, place, members, examples, shared=shared)
        errors = {"input": relative_error(case.gradient().copy(), numeric_gradient(case.cost, case.bound.x))}
        gradients = {path: gradient.copy() for path, gradient in case.network.gradients().items()}
        for path, parameter in case.network.parameters().items():
            errors[path] = relative_error(gradients[path], numeric_gradient(case.cost, parameter))
        assert max(errors.values()) < TOLERANCE, (examples, errors)


@each_row
@each_place
@pytest.mark.parametrize("examples", EXAMPLES)
def test_members_together_compute_what_each_computes_alone(row: LayerRow, place: str, examples: int) -> None:
    keys = [Key(3), Key(8), Key(3, replica=1)]
    together = network_of(row, place, keys)
    shape = (examples, *input_shape_of(row, place))
    x = inputs((1, *shape), seed=4)
    v = inputs((3, examples, *together.blueprint.output_shape), seed=5)
    shared, own = Probe(together, x, v), Probe(together, np.repeat(x, 3, axis=0), v)
    for case in (shared, own):
        dx = case.gradient().copy()
        y = np.broadcast_to(case.bound.y, v.shape)
        for member, key in enumerate(keys):
            alone = _alone(row, place, keys, member, together)
            assert alone.dropout_streams.keys == (key,)
            single = Probe(alone, x, v[member : member + 1])
            np.testing.assert_array_equal(single.gradient()[0], dx[member])
            np.testing.assert_array_equal(single.bound.y[0], y[member])
            np.testing.assert_array_equal(alone.theta[0], together.theta[member])
            np.testing.assert_array_equal(alone.grad[0], together.grad[member])
            np.testing.assert_array_equal(alone.state[0], together.state[member])


def _alone(row: LayerRow, place: str, keys: list[Key], member: int, together: Network) -> Network:
    """The network of one member: initialized by itself, but with its own row of every column."""
    alone = network_of(row, place, [keys[member]])
    chosen = together.select(np.array([member]), Memory(np.float64))
    chosen.theta[...], chosen.state[...] = alone.theta, alone.state
    chosen.dropout_streams = alone.dropout_streams
    return chosen


@each_row
@each_place
def test_float32_stays_float32_in_every_array(row: LayerRow, place: str) -> None:
    for examples in EXAMPLES:
        network = network_of(row, place, [Key(0), Key(1)], np.float32)
        x = inputs((2, examples, *input_shape_of(row, place)), seed=1).astype(np.float32)
        case = Probe(network, x, np.ones((2, examples, *network.blueprint.output_shape), np.float32))
        case.gradient()
        arrays = [network.theta, network.grad, *_arrays_of(case.bound)]
        wrong = [array.dtype for array in arrays if array.dtype.kind == "f" and array.dtype != np.float32]
        assert not wrong


def _arrays_of(bound: Pass) -> Iterator[Array]:
    """All that flows between the layers, and all that their calls work on."""
    for node in bound.nodes:
        yield from (array for array in (node.x, node.y, node.dy, node.dx) if array is not None)
    for call in (*bound.forward_calls, *bound.backward_calls):
        if isinstance(call, partial):
            yield from (array for array in (*call.args, *call.keywords.values()) if isinstance(array, np.ndarray))


@each_row
def test_parameters_and_gradients_are_views(row: LayerRow) -> None:
    network = network_of(row, "surrounded", [Key(0), Key(1)])
    case = Probe(network, inputs((1, 5, 3), seed=1), np.ones((2, 5, 3)))
    case.gradient()
    for path, parameter in network.parameters().items():
        assert np.shares_memory(parameter, network.theta), path
        assert np.shares_memory(network.gradients()[path], network.grad), path
        assert parameter.shape[0] == 2
    sizes = [parameter[0].size for parameter in network.parameters().values()]
    assert sum(sizes) == network.theta.shape[1] == network.grad.shape[1]


@each_row
@each_place
def test_gradients_are_assigned_not_accumulated(row: LayerRow, place: str) -> None:
    case = probe(row, place, members=2, examples=3, shared=True)
    case.network.grad[...] = np.nan
    first = case.gradient().copy(), case.network.grad.copy()
    second = case.gradient(), case.network.grad
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])
    assert np.isfinite(first[1]).all()


@each_row
@each_place
def test_evaluation_is_deterministic_and_leaves_the_input_alone(row: LayerRow, place: str) -> None:
    network = network_of(row, place, [Key(0), Key(1)])
    x = inputs((2, 6, *input_shape_of(row, place)), seed=7)
    network.state[...] = inputs(network.state.shape, seed=8)
    kept, drawn, state = x.copy(), copy.deepcopy(network.dropout_streams.state()), network.state.copy()
    bound = network.bind(x, training=False)
    first = bound.forward().copy()
    np.testing.assert_array_equal(bound.forward(), first)
    np.testing.assert_array_equal(network.bind(x, training=False).forward(), first)
    np.testing.assert_array_equal(x, kept)
    assert network.dropout_streams.state() == drawn
    np.testing.assert_array_equal(network.state, state)


@each_row
@each_place
def test_training_leaves_the_input_alone(row: LayerRow, place: str) -> None:
    case = probe(row, place, members=2, examples=6, shared=False)
    kept = case.bound.x.copy()
    case.gradient()
    np.testing.assert_array_equal(case.bound.x, kept)


@each_row
@each_place
def test_a_step_allocates_no_arrays(row: LayerRow, place: str) -> None:
    case = probe(row, place, members=2, examples=BIG, shared=True)
    case.bound.forward()
    case.bound.backward()
    tracemalloc.start()
    try:
        for _ in range(3):
            case.bound.forward()
            case.bound.backward()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < CAST_BUFFERS


@each_row
@each_place
def test_planned_shapes_are_those_of_the_arrays(row: LayerRow, place: str) -> None:
    network = network_of(row, place, [Key(0), Key(1)])
    bound = network.bind(inputs((2, 5, *input_shape_of(row, place)), seed=0), training=True)
    bound.forward()
    found = {node.path: node.y.shape[2:] for node in bound.nodes if node.is_leaf}
    assert found == {leaf.path: leaf.output for leaf in network.blueprint.leaves}
