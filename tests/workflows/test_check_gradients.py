"""`nntrain.check_gradients`: of networks from `build_network`, with layers of one's own."""

import copy
from functools import partial
from typing import Any

import numpy as np
import pytest

import nntrain
from nntrain.arrays import Array
from nntrain.errors import UserError
from nntrain.nn.chain import Chain
from nntrain.nn.residual import Residual
from tests.nn.operations import Power, Shapeless, Square, Wrong
from tests.nn.toys import RunningCentre

build = partial(nntrain.build_network, dtype="float64", input_shape=(3,))
DENSE = {"type": "dense", "units": 4, "activation": "tanh"}
MEMBERS = pytest.mark.parametrize("members", [1, 3])
BATCHES = pytest.mark.parametrize("shared", [True, False], ids=["shared-batch", "own-batches"])


def batch(members: int, *, shared: bool) -> Array:
    return np.random.default_rng(2).uniform(0.2, 1.0, (6, 3) if shared else (members, 6, 3))


@MEMBERS
@BATCHES
def test_right_ones_are_called_correct(members: int, shared: bool) -> None:
    network = build([Power(2.5), DENSE, Square(), {"type": "dense", "units": 2}], members=members)
    report = nntrain.check_gradients(network, batch(members, shared=shared))
    assert (report.verdict, report.passed) == ("correct", True)
    assert report.worst < 1e-8
    assert [(row.name, row.checked) for row in report.rows] == [
        ("1.w", 12), ("1.b", 4), ("3.w", 8), ("3.b", 2), ("input", 18),
    ]  # fmt: skip


@MEMBERS
@BATCHES
def test_a_wrong_backward_is_found_in_all_that_lies_before_it(members: int, shared: bool) -> None:
    network = build([DENSE, Wrong(), {"type": "dense", "units": 2}], members=members)
    report = nntrain.check_gradients(network, batch(members, shared=shared))
    assert (report.verdict, report.passed) == ("wrong", False)
    verdicts = {row.name: report.verdict_on(row) for row in report.rows}
    assert verdicts == {"0.w": "wrong", "0.b": "wrong", "2.w": "correct", "2.b": "correct", "input": "wrong"}


def test_a_wrong_one_deep_in_a_composition_is_found() -> None:
    network = build([Residual(Chain({"a": Square(), "b": Wrong()}))])
    assert nntrain.check_gradients(network, batch(1, shared=True)).verdict == "wrong"


@MEMBERS
@BATCHES
def test_masks_are_drawn_once(members: int, shared: bool) -> None:
    """With other masks in each evaluation the differences would be nonsense."""
    network = build([DENSE, {"type": "dropout", "rate": 0.5}, {"type": "dense", "units": 2}], members=members)
    x = batch(members, shared=shared)
    drawn = copy.deepcopy(network.dropout_streams.state())
    training = nntrain.check_gradients(network, x, training=True)
    assert training.worst < 1e-8
    kept = {path: array.copy() for path, array in network.gradients().items()}
    assert network.dropout_streams.state() == drawn
    assert nntrain.check_gradients(network, x).worst < 1e-8
    assert not np.array_equal(kept["2.w"], network.gradients()["2.w"])


@MEMBERS
@BATCHES
@pytest.mark.parametrize("training", [True, False])
def test_state_is_put_back_before_each_evaluation(members: int, shared: bool, training: bool) -> None:
    network = build([DENSE, RunningCentre(0.7), "tanh"], members=members)
    network.states()["1.centre"][...] = np.linspace(-0.3, 0.3, 4)
    before = network.state.copy()
    report = nntrain.check_gradients(network, batch(members, shared=shared), training=training)
    assert report.worst < 1e-7
    np.testing.assert_array_equal(network.state, before)


def test_parameters_and_inputs_are_put_back_and_gradients_are_left() -> None:
    network = build([DENSE, Square()], members=2)
    x = batch(2, shared=True)
    theta, kept = network.theta.copy(), x.copy()
    nntrain.check_gradients(network, x)
    np.testing.assert_array_equal(network.theta, theta)
    np.testing.assert_array_equal(x, kept)
    first = network.grad.copy()
    nntrain.check_gradients(network, x)
    np.testing.assert_array_equal(network.grad, first)
    nntrain.check_gradients(network, x, seed=1)
    assert not np.array_equal(network.grad, first)
    v = np.random.default_rng(1).standard_normal((2, 6, 4))
    network.forward(x)
    network.backward(v)
    network_gradients = network.grad.copy()
    nntrain.check_gradients(network, x, seed=1)
    np.testing.assert_allclose(network.grad, network_gradients, rtol=1e-12)


def test_what_is_not_finite_is_unclear() -> None:
    network = build([DENSE])
    assert nntrain.check_gradients(network, np.full((2, 3), np.nan)).verdict == "unclear"


def test_lists_and_whole_numbers_are_taken() -> None:
    assert nntrain.check_gradients(build([Square(), DENSE]), [[1, 2, 3]]).passed


X = np.ones((2, 3))
REFUSED: dict[str, tuple[Any, Any, dict[str, Any], str]] = {
    "float32": (
        lambda: nntrain.build_network([DENSE], input_shape=(3,)), X, {},
        "differences of float32 say little: build the network with dtype='float64' to check it",
    ),
    "features": (
        lambda: build([DENSE]), np.ones((2, 4)), {}, "the network takes inputs [N, 3] or [1, N, 3], got [2, 4]",
    ),
    "members": (
        lambda: build([DENSE], members=3), np.ones((2, 5, 3)), {},
        "the network takes inputs [N, 3] or [3, N, 3], got [2, 5, 3]",
    ),
    "texts": (lambda: build([DENSE]), [["a", "b", "c"]], {}, "x must be an array of numbers, got one of <U1"),
    "no examples": (lambda: build([DENSE]), np.ones((0, 3)), {}, "x has no examples"),
    "no network": (lambda: [DENSE], X, {}, "network must come from build_network, got [{'type': 'dense', 'units': 4, "
                   "'activation': 'tanh'}]"),
    "a seed": (lambda: build([DENSE]), X, {"seed": -1}, "seed must be a whole number of at least 0, got -1"),
    "another seed": (lambda: build([DENSE]), X, {"seed": None}, "seed must be a whole number of at least 0, got None"),
    "a forward function": (
        lambda: build([Shapeless("forward")]), X, {},
        "Shapeless.forward must return an array of shape (1, 2, 3), got (1, 2, 1)",
    ),
    "a backward function": (
        lambda: build([Shapeless("backward")]), X, {},
        "Shapeless.backward must return an array of shape (1, 2, 3), got (1, 1, 3)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_makes_no_sense_is_refused(name: str) -> None:
    make, x, more, expected = REFUSED[name]
    with pytest.raises(UserError) as caught:
        nntrain.check_gradients(make(), x, **more)
    assert str(caught.value) == expected
