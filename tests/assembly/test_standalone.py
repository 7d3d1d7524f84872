"""`nntrain.build_network`: a network without data, for teaching and tests."""

from typing import Any

import numpy as np
import pytest

import nntrain
from nntrain.arrays import Array
from nntrain.errors import UserError
from nntrain.nn.network import Network
from tests.config import listed

LAYERS = [{"type": "dense", "units": 8, "activation": "tanh"}, {"type": "dense", "units": 3, "activation": "softmax"}]


def central_differences(network: Network, x: Array, dy: Array, values: Array, step: float = 1e-5) -> Array:
    """d(Σ dy · y) / d(values), entry by entry."""
    gradient = np.empty_like(values)
    for at in np.ndindex(values.shape):
        kept = values[at]
        values[at] = kept + step
        above = np.sum(dy * network.forward(x, training=False))
        values[at] = kept - step
        below = np.sum(dy * network.forward(x, training=False))
        values[at] = kept
        gradient[at] = (above - below) / (2 * step)
    return gradient


@pytest.mark.parametrize("members", [1, 3])
def test_forward_and_backward_as_promised(members: int) -> None:
    rng = np.random.default_rng(0)
    network = nntrain.build_network(LAYERS, input_shape=(4,), members=members, seed=0, dtype="float64")
    x = rng.normal(size=(5, 4))
    y = network.forward(x, training=False)
    assert y.shape == (members, 5, 3)
    assert y.dtype == np.float64
    np.testing.assert_allclose(y.sum(axis=2), 1)
    assert {path: array.shape for path, array in network.parameters().items()} == {
        "0.w": (members, 4, 8), "0.b": (members, 8), "1.w": (members, 8, 3), "1.b": (members, 3),
    }  # fmt: skip
    dy = rng.normal(size=(members, 5, 3))
    x_of_each = np.broadcast_to(x, (members, 5, 4)).copy()
    network.forward(x_of_each, training=False)
    dx = network.backward(dy).copy()
    gradients = {path: array.copy() for path, array in network.gradients().items()}
    np.testing.assert_allclose(dx, central_differences(network, x_of_each, dy, x_of_each), rtol=1e-6, atol=1e-9)
    for path, values in network.parameters().items():
        numeric = central_differences(network, x_of_each, dy, values)
        np.testing.assert_allclose(gradients[path], numeric, rtol=1e-6, atol=1e-9, err_msg=path)


def test_parameters_are_live_views() -> None:
    network = nntrain.build_network([{"type": "dense", "units": 2}], input_shape=(3,), dtype="float64")
    parameters = network.parameters()
    parameters["0.w"][...] = np.arange(6).reshape(3, 2)
    parameters["0.b"][...] = [10, 20]
    assert network.forward(np.array([[1, 0, 2]]))[0].tolist() == [[0 + 8 + 10, 1 + 10 + 20]]


def test_members_start_from_seeds_of_their_own() -> None:
    together = nntrain.build_network(LAYERS, input_shape=(4,), members=3, seed=5)
    for member in range(3):
        alone = nntrain.build_network(LAYERS, input_shape=(4,), seed=5 + member)
        np.testing.assert_array_equal(together.theta[member], alone.theta[0])
    assert not np.array_equal(together.theta[0], together.theta[1])
    assert together.theta.dtype == np.float32


def test_images_and_bare_words() -> None:
    layers: list[dict[str, object] | str] = ["flatten", {"type": "dense", "name": "hidden", "units": 2}, "relu"]
    network = nntrain.build_network(layers, input_shape=(2, 2))
    assert network.forward(np.ones((3, 2, 2))).shape == (1, 3, 2)
    assert list(network.parameters()) == ["hidden.w", "hidden.b"]


MISTAKES = {
    "an unknown type": (
        [{"type": "dens", "units": 2}],
        f"network.0.type: unknown type 'dens' in network.0 (did you mean 'dense'?; types: {listed.LAYERS})",
    ),
    "an unknown key": (
        ["relu", {"type": "dense", "units": 2, "activaton": "relu"}],
        "network.1.activaton: unknown key 'activaton' in network.1 (dense) (did you mean 'activation'?)",
    ),
    "a value out of bounds": ([{"type": "dense", "units": 0}], "network.0.units must be at least 1, got 0"),
    "several mistakes": (
        [{"type": "dense", "units": 0}, {"type": "dropout", "rate": 1.0}],
        "network.0.units must be at least 1, got 0\nnetwork.1.rate must be at least 0 and below 1, got 1.0",
    ),
    "no layer": ([], "network must not be empty"),
    "auto": (
        [{"type": "dense", "units": "auto"}],
        "network.0: auto needs data to go by; name the units and the activation",
    ),
    "a shape that does not fit": (
        [{"type": "dense", "units": 6}, {"type": "reshape", "shape": [4]}],
        "network.1: reshape to (4,) needs 4 numbers, got 6 from (6,) (shapes up to here: (4,) → (6,))",
    ),
    "one name twice": (
        [{"type": "dense", "units": 6, "name": "a"}, {"type": "dense", "units": 6, "name": "a"}],
        "network: two layers have one name; their names are a, a",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_what_is_wrong_with_layers_is_said(mistake: str) -> None:
    layers, expected = MISTAKES[mistake]
    with pytest.raises(UserError) as caught:
        nntrain.build_network(layers, input_shape=(4,))  # type: ignore[arg-type]
    assert str(caught.value) == expected


@pytest.mark.parametrize("arguments", [{"members": 0}, {"seed": -1}, {"dtype": "int8"}])
def test_other_arguments_must_make_sense(arguments: dict[str, object]) -> None:
    with pytest.raises(UserError, match="members must be at least 1, seed at least 0 and dtype float32 or float64"):
        nntrain.build_network(LAYERS, input_shape=(4,), **arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [4, (0,), ("a",), (2.0,)])
def test_the_input_shape_must_be_sizes(shape: object) -> None:
    with pytest.raises(UserError, match=r"^input_shape must be a tuple of sizes such as \(4,\) or \(28, 28\), got "):
        nntrain.build_network(LAYERS, input_shape=shape)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "arguments",
    [
        {"members": 2**63}, {"members": 10**9}, {"input_shape": (True,)}, {"input_shape": (10**400,)},
        {"input_shape": (2**53,) * 30}, {"dtype": np.array(["float32", "float64"])}, {"seed": 10**400},
    ],
)  # fmt: skip
def test_arguments_beyond_all_measure_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(UserError):
        nntrain.build_network(["flatten", {"type": "dense", "units": 2}], **{"input_shape": (3,), **arguments})
    with pytest.raises(UserError):
        nntrain.build_network([{"type": "dense", "units": 10**400}], input_shape=(3,))


def test_layers_that_no_file_can_hold() -> None:
    loop: list[Any] = []
    loop.append(loop)
    odd: list[Any] = [loop, [{"type": "dense", "units": object()}], [{1: 2}], [{"type": "reshape", "shape": {1, 3}}]]
    for layers in odd:
        with pytest.raises(UserError):
            nntrain.build_network(layers, input_shape=(3,))
    network = nntrain.build_network([{"type": "reshape", "shape": np.array([3, 1])}], input_shape=(3,))
    assert network.forward(np.array([[1, 2, 3]])).shape == (1, 1, 3, 1)


@pytest.mark.parametrize("values", [[[1e39, 0, 0]], [[1j, 0, 0]], [["a", "b", "c"]], [[None, 1, 2]]])
def test_arrays_that_the_dtype_cannot_hold(values: Any) -> None:
    network = nntrain.build_network([{"type": "dense", "units": 3}], input_shape=(3,))
    with pytest.raises(ValueError, match=r"x (has numbers beyond what float32 holds|must be an array of numbers)"):
        network.forward(values)
    network.forward(np.array([[1, 2, 3]]))
    with pytest.raises(ValueError, match=r"dy (has numbers beyond what float32 holds|must be an array of numbers)"):
        network.backward(values)
