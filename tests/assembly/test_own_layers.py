"""`nntrain.build_network` with layers of one's own beside those that a config lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pytest

import nntrain
from nntrain.arrays import Array
from nntrain.errors import UserError
from nntrain.nn.activations import Tanh
from nntrain.nn.branches import Branches
from nntrain.nn.chain import Chain
from nntrain.nn.dense import Dense
from nntrain.nn.dropout import Dropout
from nntrain.nn.initializers import Constant, Normal, OfMembers, Values
from nntrain.nn.layer import Bound, Call, Layer, Param, Plan, ShapeError, Signal, Site, Value
from nntrain.nn.residual import Residual
from tests.nn.operations import Shapeless, Square, Total
from tests.nn.toys import RunningCentre


@dataclass(frozen=True)
class Scaled(Layer):
    """y = s g ∘ x with a weight g [I] and a number s that may differ between members; as a reader would write it."""

    s: OfMembers = 1.0

    def plan(self, signal: Signal) -> Plan:
        if len(signal.shape) != 1:
            raise ShapeError(f"scaled needs a vector for each example, got shape {signal.shape}")
        return Plan(signal, params=(Param("g", signal.shape, Normal(1.0, 0.2), penalized=True),))

    def bind(self, x: Value, site: Site) -> Bound:
        memory, g, grad = site.memory, site.param("g"), site.grad("g")
        s = site.column(self.s)[:, :, None].astype(memory.dtype)
        y = memory.empty((site.members, *x.array.shape[1:]))
        forward: list[Call] = [partial(np.multiply, x.array, g[:, None], y), partial(np.multiply, y, s, y)]

        def turn(dy: Array, wants_dx: bool) -> tuple[Array | None, list[Call]]:
            calls: list[Call] = [partial(np.multiply, dy, s, dy)]
            if grad is not None:
                calls.append(lambda: np.copyto(grad, np.add.reduce(dy * x.array, axis=1)))
            if wants_dx:
                calls.append(partial(np.multiply, dy, g[:, None], dy))
            return (dy if wants_dx else None), calls

        return Bound(Value(y, x.lengths), forward, turn)


DENSE = {"type": "dense", "units": 3, "activation": "tanh"}
build = partial(nntrain.build_network, dtype="float64")


def numbers(*shape: int) -> Array:
    return np.random.default_rng(1).standard_normal(shape)


def test_an_operation_between_layers_of_the_config() -> None:
    network = build([DENSE, Square(), {"type": "dense", "units": 1, "name": "out"}], input_shape=(2,))
    assert list(network.parameters()) == ["0.w", "0.b", "out.w", "out.b"]
    w = {path: array[0] for path, array in network.parameters().items()}
    x = numbers(4, 2)
    expected = np.tanh(x @ w["0.w"] + w["0.b"]) ** 2 @ w["out.w"] + w["out.b"]
    np.testing.assert_allclose(network.forward(x)[0], expected, rtol=1e-14)
    assert nntrain.check_gradients(network, x).verdict == "correct"


@pytest.mark.parametrize("members", [1, 3])
def test_a_layer_with_parameters(members: int) -> None:
    network = build([DENSE, Scaled(0.5), "sigmoid"], input_shape=(2,), members=members, seed=4)
    assert {path: array.shape for path, array in network.parameters().items()} == {
        "0.w": (members, 2, 3), "0.b": (members, 3), "1.g": (members, 3),
    }  # fmt: skip
    assert network.blueprint.penalized == 6 + 3  # weights lie before biases
    x = numbers(5, 2)
    y = network.forward(x)
    for member in range(members):
        w = {path: array[member] for path, array in network.parameters().items()}
        inner = 0.5 * w["1.g"] * np.tanh(x @ w["0.w"] + w["0.b"])
        np.testing.assert_allclose(y[member], 1 / (1 + np.exp(-inner)), rtol=1e-14)
    assert nntrain.check_gradients(network, x).worst < 1e-7
    alone = [build([DENSE, Scaled(0.5), "sigmoid"], input_shape=(2,), seed=4 + m) for m in range(members)]
    np.testing.assert_array_equal(network.theta, np.concatenate([each.theta for each in alone]))


def test_hyperparameters_of_each_member() -> None:
    """As tuples in the description; so have layers of nntrain's, and initializers."""
    layers: list[Any] = [Dense(3, Constant((1.0, 2.0, 3.0))), Scaled((1.0, 10.0, 100.0)), Dropout((0.0, 0.5, 0.9))]
    network = build(layers, input_shape=(2,), members=3)
    x = numbers(2000, 2)
    g = network.parameters()["1.g"]
    hidden = x.sum(axis=1)[:, None]
    y = network.forward(x)
    for member, (weight, s) in enumerate([(1, 1), (2, 10), (3, 100)]):
        np.testing.assert_allclose(y[member], weight * s * hidden * g[member], rtol=1e-12, atol=1e-12)
    dropped = (network.forward(x, training=True) == 0).mean(axis=(1, 2))
    np.testing.assert_allclose(dropped, [0, 0.5, 0.9], atol=0.03)
    assert nntrain.check_gradients(network, numbers(4, 2), training=True).worst < 1e-7


COMPOSITIONS: dict[str, tuple[Layer, list[str], int]] = {
    "chain": (Chain({"a": Dense(4), "b": Tanh(), "c": Square()}), ["0.a.w", "0.a.b"], 4),
    "residual": (Residual(Chain({"a": Dense(2), "b": Tanh()})), ["0.body.a.w", "0.body.a.b"], 2),
    "residual with a projection": (
        Residual(Dense(3), Dense(3, bias_initializer=None)), ["0.body.w", "0.body.b", "0.projection.w"], 3,
    ),
    "branches": (
        Branches({"a": Dense(2), "own": Square(), "total": Total()}, "concatenate"), ["0.a.w", "0.a.b"], 5,
    ),
    "nested": (
        Residual(Branches({"left": Chain({"own": Scaled()}), "right": Residual(Dense(2))})),
        ["0.body.left.own.g", "0.body.right.body.w", "0.body.right.body.b"], 2,
    ),
}  # fmt: skip


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("name", COMPOSITIONS)
def test_a_composition(name: str, members: int) -> None:
    layer, paths, outputs = COMPOSITIONS[name]
    network = build([layer, "sigmoid"], input_shape=(2,), members=members)
    assert sorted(network.parameters()) == sorted(paths)
    x = numbers(6, 2)
    assert network.forward(x).shape == (members, 6, outputs)
    report = nntrain.check_gradients(network, x)
    assert [row.name for row in report.rows] == [*network.parameters(), "input"]
    assert report.worst < 1e-7


def test_a_residual_by_hand() -> None:
    network = build([Residual(Dense(2, Values.of([[1.0, 2.0], [3.0, 4.0]])))], input_shape=(2,))
    assert network.forward(np.array([[1.0, 10.0]]))[0].tolist() == [[1 + 1 + 30, 10 + 2 + 40]]


def test_a_layer_with_state_of_ones_own() -> None:
    network = build([RunningCentre(0.5)], input_shape=(2,))
    x = np.array([[1.0, 10.0], [3.0, 30.0]])
    np.testing.assert_array_equal(network.forward(x)[0], x)
    np.testing.assert_array_equal(network.forward(x, training=True)[0], x - [1, 10])
    np.testing.assert_array_equal(network.states()["0.centre"][0], [1, 10])
    np.testing.assert_array_equal(network.forward(x)[0], x - [1, 10])
    assert list(network.weights()) == ["0.centre"]


def test_training_mode_gives_float32_by_default() -> None:
    network = nntrain.build_network([Square(), Scaled()], input_shape=(2,))
    assert network.forward(numbers(3, 2)).dtype == np.float32
    assert network.backward(np.ones((3, 2))).dtype == np.float32


def square(x: Array) -> Array:
    return x**2


A_LAYER = "must be a type such as 'relu', a mapping with a type, or a layer of your own (nntrain.Operation), got "
TRAIL = "(shapes up to here: (4,) → (3,) → (3,)"  # of the dense layer and its activation
MISTAKES: dict[str, tuple[Sequence[Any], str]] = {
    "an object": ([object()], f"network.0 {A_LAYER}an object of type object"),
    "a set": (["relu", {"relu"}], f"network.1 {A_LAYER}an object of type set"),
    "a function": ([DENSE, square], f"network.1 {A_LAYER}the function square"),
    "a class": ([Square], f"network.0 {A_LAYER}the class Square; a layer is made with Square(…)"),
    "another class": ([int], f"network.0 {A_LAYER}the class int"),
    "a shape that an own layer cannot take": (
        [DENSE, {"type": "reshape", "shape": [3, 1]}, Scaled()],
        f"network.2: scaled needs a vector for each example, got shape (3, 1) {TRAIL} → (3, 1))",
    ),
    "a shape that nobody can take from an own layer": (
        [DENSE, Square(), {"type": "reshape", "shape": [4]}],
        f"network.2: reshape to (4,) needs 4 numbers, got 3 from (3,) {TRAIL} → (3,))",
    ),
    "an output shape that is none": (
        [DENSE, Shapeless("output_shape")],
        f"network.1: Shapeless.output_shape must return a tuple of sizes, got 3 {TRAIL})",
    ),
    "a residual without a projection": (
        [DENSE, Residual(Dense(5))],
        "network.1: a residual block adds its input to what its body puts out, but that has shape (5,) and the input "
        f"(3,): give it a projection {TRAIL})",
    ),
    "branches of two shapes": (
        [Branches({"a": Dense(2), "b": Dense(3)})],
        "network.0: branches to add need outputs of one shape, got a: (2,), b: (3,) (shapes up to here: (4,))",
    ),
    "a mistake within a composition": (
        [DENSE, Residual(Chain({"a": Dense(3), "b": Scaled(), "c": Total(), "d": Shapeless("output_shape")}))],
        "network.1: Shapeless.output_shape must return a tuple of sizes, got 3 "
        "(shapes up to here: (3,) → (3,) → (3,) → (1,))",
    ),
    "values of another shape": (
        [Dense(2, Values.of([[1.0, 2.0]]))],
        "network.0: parameter w: the values given for it have shape (1, 2), but it has shape (4, 2)",
    ),
    "values for two of three members": (
        ["relu", Dropout((0.1, 0.2))],
        "layer 1 has a hyperparameter of 2 values for 3 members: give it a number for all of them, or one for each",
    ),
    "scales for two of three members": (
        [Dense(2, Normal(0.0, (1.0, 2.0)))],
        "an initializer has 2 values for 3 members: give it a number for all of them, or one for each",
    ),
    "one path twice": (
        [Chain({"a": Chain({"b": Dense(2)}), "a.b": Dense(2)})],
        "network.0: two layers or parameters have the path 0.a.b: give their layers other names",
    ),
    "a mistake beside an own layer": (
        [Square(), {"type": "dense", "units": 0}], "network.1.units must be at least 1, got 0",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_what_is_wrong_is_said(mistake: str) -> None:
    layers, expected = MISTAKES[mistake]
    with pytest.raises(UserError) as caught:
        nntrain.build_network(layers, input_shape=(4,), members=3)
    assert str(caught.value) == expected
