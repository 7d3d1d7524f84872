"""The worked backpropagation exercise of the lecture (003, slides "Exercise" and "Exercise: Solution").

A 2-2-2 network of sigmoids on x = (0.5, 0.1), t = (0.01, 0.99), with L = ½ ‖y − t‖².

The matrices printed on the slides are not those of its numbers, if read as the slides do, a = W x + b:

- W⁽¹⁾ is printed as [[0.15, 0.25], [0.2, 0.3]], but W⁽¹⁾ x = (0.095, 0.155) needs its transpose; as printed it would
  give (0.1, 0.13).
- W⁽²⁾ is printed as [[0.4, 0.5], [0.5, 0.55]], but a⁽²⁾ = (1.1244, 1.2478) needs [[0.4, 0.45], [0.5, 0.55]]; as printed
  a⁽²⁾₁ would be 1.1556.

So both are printed as [input, unit], which is how nntrain stores w, and in the second the 0.45 was misprinted as 0.5.
"""

import math

import numpy as np
import pytest

from nntrain.arrays import Array
from nntrain.memory import Memory
from nntrain.nn.activations import Sigmoid
from nntrain.nn.blueprint import plan
from nntrain.nn.dense import Dense
from nntrain.nn.initializers import Values
from nntrain.nn.losses import HalfSquaredError
from nntrain.nn.losses.loss import BoundLoss
from nntrain.nn.network import Network, Pass
from nntrain.streams import Key
from tests.nn.chains import chain

# [input, unit]
PRINTED_W1 = np.array([[0.15, 0.25], [0.2, 0.3]])
PRINTED_W2 = np.array([[0.4, 0.5], [0.5, 0.55]])
W1 = PRINTED_W1
W2 = np.array([[0.4, 0.5], [0.45, 0.55]])
X = np.array([[[0.5, 0.1]]])
T = np.array([[[0.01, 0.99]]])


def bound(w1: Array, w2: Array) -> tuple[Network, Pass, BoundLoss]:
    layers = [
        ("hidden", Dense(2, Values.of(w1), Values.of(np.full(2, 0.35)))),
        ("hidden", Sigmoid()),
        ("output", Dense(2, Values.of(w2), Values.of(np.full(2, 0.6)))),
        ("output", Sigmoid()),
    ]
    network = Network(plan(chain(layers), (2,)), 1, Memory(np.float64))
    network.initialize([Key(0)])
    network_pass = network.bind(X, training=True)
    loss = HalfSquaredError().bind(network_pass.y, T, None, network.memory, training=True)
    network_pass.bind_backward(loss.dy)
    return network, network_pass, loss


def test_the_exercise_comes_out_as_on_the_slides() -> None:
    network, network_pass, loss = bound(W1, W2)
    network_pass.forward()
    values = {node.path: node.y[0, 0].tolist() for node in network_pass.nodes}
    assert values["hidden"] == pytest.approx([0.445, 0.505], abs=1e-15)
    assert values["hidden.activation"] == pytest.approx([0.6094, 0.6236], abs=1e-4)
    assert values["output"] == pytest.approx([1.1244, 1.2478], abs=1e-4)
    assert values["output.activation"] == pytest.approx([0.7548, 0.7770], abs=1e-4)
    loss.forward()
    assert loss.value.tolist() == pytest.approx([0.3], abs=5e-4)
    loss.backward()
    assert loss.dy[0, 0].tolist() == pytest.approx([0.7448, -0.2130], abs=1e-4)
    network_pass.backward()
    (output,) = (node for node in network_pass.nodes if node.path == "output")
    assert output.dy is not None
    assert output.dy[0, 0].tolist() == pytest.approx([0.1378, -0.0369], abs=1e-4)
    np.testing.assert_allclose(network.gradients()["output.w"][0].T, [[0.0840, 0.0860], [-0.0225, -0.0230]], atol=5e-5)


@pytest.mark.parametrize(
    ("w1", "w2"),
    [(PRINTED_W1.T, W2), (W1, PRINTED_W2), (W1, PRINTED_W2.T), (PRINTED_W1.T, PRINTED_W2)],
    ids=["first-as-printed", "second-as-printed", "second-transposed", "both-as-printed"],
)
def test_the_printed_matrices_do_not_give_the_printed_numbers(w1: Array, w2: Array) -> None:
    _, network_pass, _ = bound(w1, w2)
    network_pass.forward()
    (output,) = (node for node in network_pass.nodes if node.path == "output")
    assert np.abs(output.y[0, 0] - [1.1244, 1.2478]).max() > 0.002


def test_the_whole_gradient_by_hand() -> None:
    """The part that the slides leave to the reader, carried out by the same rules."""
    network, network_pass, loss = bound(W1, W2)
    network_pass.forward()
    loss.forward()
    loss.backward()
    network_pass.backward()

    def sigmoid(a: float) -> float:
        return 1 / (1 + math.exp(-a))

    w2 = [[0.4, 0.5], [0.45, 0.55]]
    h = [sigmoid(0.445), sigmoid(0.505)]
    y = [sigmoid(0.4 * h[0] + 0.45 * h[1] + 0.6), sigmoid(0.5 * h[0] + 0.55 * h[1] + 0.6)]
    g2 = [(y[k] - (0.01, 0.99)[k]) * y[k] * (1 - y[k]) for k in range(2)]
    g1 = [(w2[j][0] * g2[0] + w2[j][1] * g2[1]) * h[j] * (1 - h[j]) for j in range(2)]
    gradients = network.gradients()
    np.testing.assert_allclose(gradients["output.w"][0], np.outer(h, g2), rtol=1e-12)
    np.testing.assert_allclose(gradients["output.b"][0], g2, rtol=1e-12)
    np.testing.assert_allclose(gradients["hidden.w"][0], np.outer([0.5, 0.1], g1), rtol=1e-12)
    np.testing.assert_allclose(gradients["hidden.b"][0], g1, rtol=1e-12)
