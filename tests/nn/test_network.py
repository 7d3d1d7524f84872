"""A whole network: against plain loops, its layout in theta, and the interface for teaching."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntrain.arrays import Array
from nntrain.memory import Memory
from nntrain.nn.activations import Linear, Relu, Sigmoid, Softmax, Tanh
from nntrain.nn.blueprint import plan
from nntrain.nn.chain import Chain
from nntrain.nn.dense import Dense
from nntrain.nn.dropout import Dropout
from nntrain.nn.initializers import Normal, Values
from nntrain.nn.layer import Layer, ShapeError
from nntrain.nn.network import Network
from nntrain.nn.reshape import Flatten, Reshape
from nntrain.streams import Key
from tests.nn.chains import chain
from tests.nn.naive import NaiveLayer, backpropagate

ACTIVATIONS: dict[str, type[Layer]] = {
    "linear": Linear,
    "sigmoid": Sigmoid,
    "tanh": Tanh,
    "relu": Relu,
    "softmax": Softmax,
}


def perceptron(widths: list[int], activations: list[str], members: int) -> Network:
    """A network of dense layers with biases that are not zero."""
    named: list[tuple[str, Layer]] = []
    for place, (units, activation) in enumerate(zip(widths[1:], activations, strict=True)):
        named.append((str(place), Dense(units, Normal(0.0, 0.7), Normal(0.0, 0.7))))
        named.append((str(place), ACTIVATIONS[activation]()))
    network = Network(plan(chain(named), (widths[0],)), members, Memory(np.float64))
    network.initialize([Key(seed) for seed in range(members)])
    return network


@settings(max_examples=40)
@given(
    widths=st.lists(st.integers(1, 6), min_size=2, max_size=4),
    activations=st.lists(st.sampled_from(sorted(ACTIVATIONS)), min_size=3, max_size=3),
    examples=st.integers(1, 8),
    members=st.integers(1, 3),
    shared=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_network_computes_what_plain_loops_compute(
    widths: list[int], activations: list[str], examples: int, members: int, shared: bool, seed: int
) -> None:
    activations = activations[: len(widths) - 1]
    network = perceptron(widths, activations, members)
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((1 if shared else members, examples, widths[0]))
    dy = rng.standard_normal((members, examples, widths[-1]))
    y = network.forward(x[0] if shared else x).copy()
    dx = network.backward(dy)
    parameters, gradients = network.parameters(), network.gradients()
    for member in range(members):
        layers = [
            NaiveLayer(parameters[f"{k}.w"][member].tolist(), parameters[f"{k}.b"][member].tolist(), activation)
            for k, activation in enumerate(activations)
        ]
        naive = backpropagate(layers, x[0 if shared else member].tolist(), dy[member].tolist())
        np.testing.assert_allclose(y[member], naive.y, rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(dx[member], naive.dx, rtol=1e-11, atol=1e-12)
        for k in range(len(layers)):
            np.testing.assert_allclose(gradients[f"{k}.w"][member], naive.dw[k], rtol=1e-11, atol=1e-12)
            np.testing.assert_allclose(gradients[f"{k}.b"][member], naive.db[k], rtol=1e-11, atol=1e-12)


def test_weights_lie_before_biases_in_theta() -> None:
    network = perceptron([3, 4, 2], ["tanh", "softmax"], members=2)
    blueprint, parameters = network.blueprint, network.parameters()
    assert list(parameters) == ["0.w", "0.b", "1.w", "1.b"]
    assert [parameters[path].shape for path in parameters] == [(2, 3, 4), (2, 4), (2, 4, 2), (2, 2)]
    assert (blueprint.penalized, blueprint.size) == (3 * 4 + 4 * 2, 3 * 4 + 4 * 2 + 4 + 2)
    in_order = [parameters[path].reshape(2, -1) for path in ("0.w", "1.w", "0.b", "1.b")]
    np.testing.assert_array_equal(np.concatenate(in_order, axis=1), network.theta)


def test_writing_to_a_parameter_changes_theta_and_the_answers() -> None:
    network = perceptron([2, 1], ["linear"], members=2)
    network.parameters()["0.w"][...] = [[[1.0], [2.0]], [[10.0], [20.0]]]
    network.parameters()["0.b"][...] = [[0.5], [-0.5]]
    assert network.theta.tolist() == [[1.0, 2.0, 0.5], [10.0, 20.0, -0.5]]
    assert network.forward(np.array([[1.0, 1.0], [0.0, 2.0]])).tolist() == [
        [[3.5], [4.5]],
        [[29.5], [39.5]],
    ]


def test_incoming_weights_of_each_unit_are_views() -> None:
    network = perceptron([3, 4, 2], ["tanh", "softmax"], members=2)
    units = network.unit_weights()
    assert [view.shape for view in units] == [(2, 3, 4), (2, 4, 2)]
    assert all(np.shares_memory(view, network.theta) for view in units)
    network.theta[...] = 0
    units[0][1, :, 2] = 7
    assert network.parameters()["0.w"][1, :, 2].tolist() == [7, 7, 7]


def test_forward_takes_any_batch_size_and_both_kinds_of_batch() -> None:
    network = perceptron([3, 2], ["sigmoid"], members=2)
    x = np.random.default_rng(0).standard_normal((2, 5, 3))
    own = network.forward(x).copy()
    for member in range(2):
        np.testing.assert_array_equal(network.forward(x[member])[member], own[member])
    np.testing.assert_array_equal(network.forward(x[:, :2]), own[:, :2])


@pytest.mark.parametrize("shape", [(3,), (5, 2), (3, 5, 3), (2, 5, 2), (1, 2, 5, 3), ()])
def test_inputs_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"^the network takes inputs") as raised:
        perceptron([3, 2], ["sigmoid"], members=2).forward(np.ones(shape))
    assert str(raised.value) == f"the network takes inputs [N, 3] or [2, N, 3], got {list(shape)}"


def test_gradients_are_those_of_the_last_forward_pass() -> None:
    network = perceptron([2, 1], ["linear"], members=1)
    network.forward(np.array([[1.0, 2.0]]))
    network.forward(np.array([[3.0, 4.0], [5.0, 6.0]]))
    dx = network.backward(np.array([[1.0], [10.0]]))
    assert network.gradients()["0.w"].tolist() == [[[53.0], [64.0]]]
    assert network.gradients()["0.b"].tolist() == [[11.0]]
    np.testing.assert_allclose(dx[0], np.outer([1.0, 10.0], network.parameters()["0.w"][0, :, 0]))


def test_where_no_member_differs_the_gradient_has_the_shape_of_the_output() -> None:
    network = Network(plan(chain([("0", Relu()), ("1", Tanh())]), (2,)), 3, Memory(np.float64))
    y = network.forward(np.array([[0.5, -1.0]]))
    assert y.shape == (1, 1, 2)
    np.testing.assert_allclose(network.backward(np.array([[2.0, 3.0]])), [[[2 * (1 - np.tanh(0.5) ** 2), 0]]])


def test_backward_without_forward_is_refused() -> None:
    with pytest.raises(RuntimeError, match=r"^backward needs a forward pass before it: call forward\(x\) first$"):
        perceptron([2, 1], ["linear"], members=1).backward(np.zeros((1, 1)))


def test_without_input_gradient_the_first_layers_are_left_out() -> None:
    layers = [("a", Dropout(0.0)), ("b", Dense(3)), ("c", Tanh()), ("d", Dense(2))]
    network = Network(plan(chain(layers), (4,)), 2, Memory(np.float64))
    network.initialize([Key(0), Key(1)])
    gradients = []
    for input_gradient in (False, True):
        bound = network.bind(np.ones((1, 5, 4)), training=True)
        bound.bind_backward(np.ones((2, 5, 2)), input_gradient=input_gradient)
        bound.forward()
        bound.backward()
        wanted = {node.path: node.dx is not None for node in bound.nodes if node.is_leaf}
        assert wanted == {"a": input_gradient, "b": input_gradient, "c": True, "d": True}
        gradients.append(network.grad.copy())
    np.testing.assert_array_equal(gradients[0], gradients[1])


def test_a_fused_last_layer_is_left_out() -> None:
    network = perceptron([2, 3], ["softmax"], members=1)
    x = np.array([[[1.0, -1.0]]])
    logits = network.bind(x, training=True, fused=Softmax).forward()
    exponentials = np.exp(logits)
    np.testing.assert_allclose(network.forward(x), exponentials / exponentials.sum(), rtol=1e-14)
    np.testing.assert_array_equal(network.bind(x, training=True, fused=Sigmoid).forward(), network.forward(x))


def test_no_layer_writes_over_an_output_that_is_still_needed() -> None:
    """Activations in a row, views of activations in between: each keeps what its derivative is computed from."""
    rng = np.random.default_rng(1)
    x, dy = rng.standard_normal((1, 7, 4)), rng.standard_normal((2, 7, 4))
    rows: list[list[Layer]] = [
        [Dense(4), Sigmoid(), Tanh(), Sigmoid()],
        [Dense(4), Sigmoid(), Linear(), Tanh()],
        [Dense(4), Tanh(), Reshape((2, 2)), Sigmoid(), Flatten(), Linear(), Relu()],
        [Tanh(), Linear(), Sigmoid(), Dense(4)],
        [Dense(4), Linear(), Sigmoid(), Dropout(0.0), Tanh()],
        [Dense(4), Softmax(), Reshape((4,)), Softmax()],
    ]
    for row in rows:
        layers = [(str(place), layer) for place, layer in enumerate(row)]
        network = Network(plan(chain(layers), (4,)), 2, Memory(np.float64))
        network.initialize([Key(0), Key(1)])
        together = network.bind(x, training=True)
        together.bind_backward(dy.copy(), input_gradient=True)
        together.forward()
        together.backward()
        np.testing.assert_allclose(together.dx, _one_by_one(network, x, dy), rtol=1e-13, atol=1e-15)


def _one_by_one(network: Network, x: Array, dy: Array) -> Array:
    """The input gradient of a chain, with each layer as a network of its own on a copy of its input."""
    parts, values = [], np.repeat(x, 2, axis=0)
    for leaf in network.blueprint.leaves:
        part = Network(plan(Chain({leaf.path: leaf.layer}), leaf.input), 2, Memory(np.float64))
        for path, parameter in part.parameters().items():
            parameter[...] = network.parameters()[path]
        values = part.forward(values, training=True).copy()
        parts.append(part)
    for part in reversed(parts):
        dy = part.backward(dy).copy()
    return dy


def test_selected_members_are_copies_that_answer_as_before() -> None:
    network = perceptron([3, 4, 2], ["tanh", "softmax"], members=4)
    x = np.random.default_rng(0).standard_normal((5, 3))
    before = network.forward(x).copy()
    chosen = network.select(np.array([3, 1]), Memory(np.float64))
    np.testing.assert_array_equal(chosen.forward(x), before[[3, 1]])
    chosen.theta[...] = 0
    np.testing.assert_array_equal(network.forward(x), before)


def test_selected_members_keep_their_dropout_rates_and_go_on_in_their_streams() -> None:
    def network_of(rates: list[float], seeds: list[int]) -> Network:
        layers = [("0", Dropout(tuple(rates)))]
        network = Network(plan(chain(layers), (50,)), len(seeds), Memory(np.float64))
        network.initialize([Key(seed) for seed in seeds])
        return network

    x = np.ones((4, 50))
    together, alone = network_of([0.2, 0.5, 0.8], [1, 2, 3]), network_of([0.8], [3])
    together.forward(x, training=True)
    alone.forward(x, training=True)
    chosen = together.select(np.array([2]), Memory(np.float64))
    np.testing.assert_array_equal(chosen.forward(x, training=True), alone.forward(x, training=True))


def test_a_layer_that_does_not_fit_is_named_with_the_shapes_before_it() -> None:
    layers = [("0", Reshape((2, 3))), ("1", Dense(4))]
    with pytest.raises(ShapeError) as raised:
        plan(chain(layers), (6,))
    assert raised.value.path == ("1",)
    assert str(raised.value) == (
        "dense needs a vector for each example, got shape (2, 3): put a flatten layer before it "
        "(shapes up to here: (6,) → (2, 3))"
    )


def test_values_of_the_wrong_shape_are_refused_where_they_are_planned() -> None:
    with pytest.raises(ShapeError) as raised:
        plan(chain([("0", Relu()), ("1", Dense(4, Values.of(np.zeros((2, 4)))))]), (3,))
    assert raised.value.path == ("1",)
    assert str(raised.value) == ("parameter w: the values given for it have shape (2, 4), but it has shape (3, 4)")
