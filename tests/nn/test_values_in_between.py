"""`network.activations()`: every value between two layers, by path."""

import numpy as np
import pytest

import nntrain
from nntrain.arrays import Array
from nntrain.nn.activations import Tanh
from nntrain.nn.branches import Branches
from nntrain.nn.chain import Chain
from nntrain.nn.dense import Dense
from nntrain.nn.network import Network
from nntrain.nn.residual import Residual
from tests.nn.operations import Square

X = np.random.default_rng(3).standard_normal((5, 2))


def nested(members: int = 1) -> Network:
    return nntrain.build_network(
        [
            Square(),
            {"type": "dense", "units": 3, "activation": "sigmoid", "name": "hidden"},
            Residual(Chain({"a": Dense(3), "b": Tanh()})),
            Branches({"left": Dense(2), "right": Residual(Dense(4), Dense(4, bias_initializer=None))}, "concatenate"),
            {"type": "dense", "units": 2, "activation": "softmax"},
        ],
        input_shape=(2,),
        members=members,
        dtype="float64",
    )


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("members", [1, 3])
def test_every_value_of_a_nested_network(members: int, training: bool) -> None:
    network = nested(members)
    y = network.forward(X, training=training)
    found = network.activations()
    for member in range(members):
        w = {path: array[member] for path, array in network.parameters().items()}

        def dense(path: str, x: Array) -> Array:
            bias = w.get(f"{path}.b", np.zeros(1))  # noqa: B023 - called within the turn
            summed: Array = x @ w[f"{path}.w"] + bias  # noqa: B023
            return summed

        z: dict[str, Array] = {"0": X**2}
        z["hidden"] = dense("hidden", z["0"])
        z["hidden.activation"] = 1 / (1 + np.exp(-z["hidden"]))
        z["2.body.a"] = dense("2.body.a", z["hidden.activation"])
        z["2.body.b"] = z["2.body"] = np.tanh(z["2.body.a"])
        z["2.projection"] = z["hidden.activation"]
        z["2"] = z["2.body"] + z["2.projection"]
        z["3.left"] = dense("3.left", z["2"])
        z["3.right.body"] = dense("3.right.body", z["2"])
        z["3.right.projection"] = dense("3.right.projection", z["2"])
        z["3.right"] = z["3.right.body"] + z["3.right.projection"]
        z["3"] = np.concatenate([z["3.left"], z["3.right"]], axis=1)
        z["4"] = dense("4", z["3"])
        z["4.activation"] = np.exp(z["4"]) / np.exp(z["4"]).sum(axis=1, keepdims=True)
        assert found.keys() == z.keys()
        for path, expected in z.items():
            value = found[path][0 if path == "0" else member]  # all members share what comes before the first weights
            np.testing.assert_allclose(value, expected, rtol=1e-13, err_msg=path)
    assert found["4.activation"] is y
    assert {path: len(value) for path, value in found.items() if len(value) != members} == (
        {} if members == 1 else {"0": 1}
    )


def test_they_are_in_the_order_of_the_network() -> None:
    """What a composition puts out comes after what is in it."""
    network = nested()
    network.forward(X)
    assert [path for path in network.activations() if path.count(".") == 0] == ["0", "hidden", "2", "3", "4"]
    paths = [*network.activations()]
    assert paths.index("2.body.a") < paths.index("2.body.b") < paths.index("2.body") < paths.index("2")


def test_they_are_those_of_the_last_forward_pass_and_backward_leaves_them() -> None:
    network = nested()
    network.forward(X)
    first = {path: value.copy() for path, value in network.activations().items()}
    network.backward(np.ones((5, 2)))
    for path, value in network.activations().items():
        np.testing.assert_array_equal(value, first[path], err_msg=path)
    network.forward(2 * X)
    np.testing.assert_array_equal(network.activations()["0"][0], 4 * X**2)
    network.forward(X[:1])
    assert network.activations()["3"].shape == (1, 1, 6)


def test_dropout_shows_what_it_lets_through() -> None:
    network = nntrain.build_network([{"type": "dropout", "rate": 0.5}, "tanh"], input_shape=(400,), dtype="float64")
    network.forward(np.ones((2, 400)), training=True)
    assert set(np.unique(network.activations()["0"]).tolist()) == {0.0, 2.0}
    network.forward(np.ones((2, 400)))
    assert set(np.unique(network.activations()["0"]).tolist()) == {1.0}


def test_before_the_first_forward_pass_there_are_none() -> None:
    network = nested()
    with pytest.raises(RuntimeError) as caught:
        network.activations()
    assert str(caught.value) == "activations needs a forward pass before it: call forward(x) first"
