"""Flatten and reshape keep the numbers of an example in C order, whatever the layout of their input."""

import numpy as np
import pytest

from nntrain.memory import Memory
from nntrain.nn.blueprint import plan
from nntrain.nn.dense import Dense
from nntrain.nn.initializers import Values
from nntrain.nn.layer import Layer, ShapeError, Signal
from nntrain.nn.network import Network
from nntrain.nn.reshape import Flatten, Reshape
from nntrain.streams import Key
from tests.nn.chains import chain


@pytest.mark.parametrize("examples", [1, 4, 20])
@pytest.mark.parametrize("members", [1, 2])
@pytest.mark.parametrize(
    ("layer", "before", "after"),
    [
        (Flatten(), (2, 3), (6,)),
        (Flatten(), (2, 3, 2), (12,)),
        (Flatten(), (6,), (6,)),
        (Reshape((2, 3)), (6,), (2, 3)),
        (Reshape((3, -1, 2)), (12,), (3, 2, 2)),
        (Reshape((-1,)), (2, 3), (6,)),
        (Reshape((3, 2)), (2, 3), (3, 2)),
    ],
)
def test_numbers_stay_in_order_both_ways(
    layer: Layer, before: tuple[int, ...], after: tuple[int, ...], members: int, examples: int
) -> None:
    network = Network(plan(chain([("0", layer)]), before), members, Memory(np.float64))
    x = np.arange(members * examples * int(np.prod(before)), dtype=float).reshape(members, examples, *before)
    y = network.forward(x)
    assert y.shape == (members, examples, *after)
    np.testing.assert_array_equal(y.ravel(), x.ravel())
    dx = network.backward(y + 1)
    assert dx.shape == x.shape
    np.testing.assert_array_equal(dx.ravel(), x.ravel() + 1)


@pytest.mark.parametrize("examples", [2, 30])
def test_after_a_layer_that_is_laid_out_feature_by_feature(examples: int) -> None:
    identity = Dense(6, Values.of(np.eye(6)), None)
    layers = [("0", identity), ("1", Reshape((3, 2))), ("2", Flatten()), ("3", identity)]
    network = Network(plan(chain(layers), (6,)), 1, Memory(np.float64))
    network.initialize([Key(0)])
    x = np.arange(6.0 * examples).reshape(examples, 6)
    for _ in range(2):
        x += 1
        np.testing.assert_array_equal(network.forward(x)[0], x)
        np.testing.assert_array_equal(network.backward(3 * x)[0], 3 * x)


@pytest.mark.parametrize(
    ("shape", "input_shape", "text"),
    [
        ((4,), (2, 3), "reshape to (4,) needs 4 numbers, got 6 from (2, 3)"),
        ((4, -1), (6,), "reshape to (4, -1) needs a multiple of 4 numbers, got 6 from (6,)"),
        ((3,), (6,), "reshape to (3,) needs 3 numbers, got 6 from (6,)"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(shape: tuple[int, ...], input_shape: tuple[int, ...], text: str) -> None:
    with pytest.raises(ShapeError) as raised:
        Reshape(shape).plan(Signal(input_shape))
    assert str(raised.value) == text
