"""`nntrain.Operation`: only the mathematics is written down."""

from dataclasses import FrozenInstanceError, dataclass

import numpy as np
import pytest

import nntrain
from nntrain.arrays import Array
from nntrain.memory import Memory
from nntrain.nn.blueprint import plan
from nntrain.nn.dense import Dense
from nntrain.nn.layer import Layer, ShapeError, Signal
from nntrain.nn.network import Network
from nntrain.streams import Key
from tests.nn.chains import chain
from tests.nn.operations import Power, Shapeless, Square, Total

X = np.array([[1.0, 2.0, -3.0], [0.5, -1.0, 4.0]])


def network(*layers: Layer, members: int = 1, shape: tuple[int, ...] = (3,)) -> Network:
    made = Network(plan(chain([(str(k), layer) for k, layer in enumerate(layers)]), shape), members, Memory(np.float64))
    made.initialize([Key(seed) for seed in range(members)])
    return made


def test_forward_and_backward_by_hand() -> None:
    one = network(Square())
    np.testing.assert_array_equal(one.forward(X)[0], X * X)
    dy = np.array([[1.0, 10.0, 100.0], [2.0, 3.0, 4.0]])
    np.testing.assert_array_equal(one.backward(dy)[0], 2 * X * dy)


def test_an_output_of_another_shape() -> None:
    one = network(Square(), Total())
    assert one.blueprint.output_shape == (1,)
    assert one.forward(X)[0].tolist() == [[14.0], [17.25]]
    np.testing.assert_array_equal(one.backward(np.ones((2, 1)))[0], 2 * X)
    image = network(Total(), shape=(2, 3))
    assert image.forward(np.ones((5, 2, 3))).shape == (1, 5, 2, 1)


def test_hyperparameters_are_fields() -> None:
    assert Power() == Power(3.0) != Power(2.0)
    assert repr(Power(2.0)) == "Power(p=2.0)"
    with pytest.raises(FrozenInstanceError):
        Power().p = 2.0  # type: ignore[misc]
    np.testing.assert_allclose(network(Power(0.5)).forward(X)[0], np.sqrt(np.abs(X)))


def test_it_is_called_as_its_class_is() -> None:
    @dataclass(frozen=True)
    class SoftSign(Square):
        pass

    assert SoftSign().kind == "soft_sign"
    assert [leaf.layer.kind for leaf in network(SoftSign()).blueprint.leaves] == ["soft_sign"]


@pytest.mark.parametrize("shared", [True, False])
def test_the_members_of_a_population(shared: bool) -> None:
    """Behind the data all share one batch; behind a layer with parameters each member has its own."""
    three = network(Square(), Dense(2), Power(2.0), members=3)
    x = X if shared else np.stack([X, 2 * X, -X])
    y, dy = three.forward(x).copy(), np.arange(12.0).reshape(3, 2, 2) - 5
    dx = three.backward(dy).copy()
    for member in range(3):
        alone = network(Square(), Dense(2), Power(2.0))
        alone.theta[0] = three.theta[member]
        np.testing.assert_array_equal(alone.forward(X if shared else x[member])[0], y[member])
        np.testing.assert_array_equal(alone.backward(dy[member])[0], dx[member])
        np.testing.assert_array_equal(alone.grad[0], three.grad[member])


def test_nobody_asks_for_a_gradient_that_nobody_wants() -> None:
    """Before the first layer with parameters there is none."""
    asked: list[str] = []

    @dataclass(frozen=True)
    class Asked(nntrain.Operation):
        def forward(self, x: Array) -> Array:
            return x

        def backward(self, x: Array, y: Array, dy: Array) -> Array:
            asked.append("backward")
            return dy

    one = network(Asked(), Dense(1))
    bound = one.bind(X[None], training=True)
    bound.bind_backward(np.ones((1, 2, 1)))
    bound.forward()
    bound.backward()
    assert asked == []
    bound.bind_backward(np.ones((1, 2, 1)), input_gradient=True)
    bound.backward()
    assert asked == ["backward"]


def test_float32_stays_float32() -> None:
    """Whatever the functions return is converted."""

    @dataclass(frozen=True)
    class Doubles(nntrain.Operation):
        def forward(self, x: Array) -> Array:
            return x.astype(np.float64) * 2

        def backward(self, x: Array, y: Array, dy: Array) -> Array:
            return dy.astype(np.float64) * 2

    one = nntrain.build_network([Doubles()], input_shape=(3,))
    assert one.forward(X).dtype == np.float32
    assert one.backward(X).dtype == np.float32
    np.testing.assert_array_equal(one.backward(X)[0], 2 * X.astype(np.float32))


def test_a_function_that_returns_another_shape() -> None:
    must = r"must return an array of shape \(1, 2, 3\), got"
    with pytest.raises(ShapeError, match=rf"^Shapeless.forward {must} \(1, 2, 1\)$"):
        network(Shapeless("forward")).forward(X)
    one = network(Shapeless("backward"))
    one.forward(X)
    with pytest.raises(ShapeError, match=rf"^Shapeless.backward {must} \(1, 1, 3\)$"):
        one.backward(X)


def test_a_function_that_returns_nothing() -> None:
    @dataclass(frozen=True)
    class Forgetful(nntrain.Operation):
        def forward(self, x: Array) -> Array:
            return None  # type: ignore[return-value]

        def backward(self, x: Array, y: Array, dy: Array) -> Array:
            return dy

    with pytest.raises(ShapeError, match=r"^Forgetful.forward must return an array of shape \(1, 2, 3\), got \(\)$"):
        network(Forgetful()).forward(X)


def test_answers_for_another_number_of_members() -> None:
    """One for all is enough; two for three are none."""

    @dataclass(frozen=True)
    class Some(nntrain.Operation):
        count: int

        def forward(self, x: Array) -> Array:
            return x

        def backward(self, x: Array, y: Array, dy: Array) -> Array:
            return dy[: self.count]

    x = np.stack([X, 2 * X, -X])
    three = network(Some(1), members=3)
    three.forward(x)
    np.testing.assert_array_equal(three.backward(x), [X, X, X])
    three = network(Some(2), members=3)
    three.forward(x)
    with pytest.raises(ShapeError, match=r"must return an array of shape \(3, 2, 3\), got \(2, 2, 3\)"):
        three.backward(x)


@pytest.mark.parametrize("shape", [3, [3], (0,), (2.0,), None])
def test_an_output_shape_that_is_none(shape: object) -> None:
    @dataclass(frozen=True)
    class Odd(Square):
        def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
            return shape  # type: ignore[return-value]

    with pytest.raises(ShapeError, match=r"^Odd.output_shape must return a tuple of sizes, got "):
        Odd().plan(Signal((3,)))


def test_both_functions_must_be_there() -> None:
    class Half(nntrain.Operation):
        def forward(self, x: Array) -> Array:
            return x

    with pytest.raises(TypeError, match=r"abstract method '?backward"):
        Half()  # type: ignore[abstract]
