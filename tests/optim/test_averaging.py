"""The moving average of parameters, by hand."""

from fractions import Fraction

import numpy as np
import pytest

from nntrain.arrays import Array
from nntrain.errors import UserError
from nntrain.optim.averaging import MovingAverage
from nntrain.optim.hyperparameters import Hyperparameter
from tests.optim.oracle import parameters_of

RATES = np.ones((1, 1))


def averages(beta: Hyperparameter, path: list[float]) -> list[float]:
    """The average of one parameter after each step of its path."""
    theta: Array = np.zeros((1, 1))
    average = MovingAverage(beta)
    average.bind(parameters_of(theta))
    means = []
    for value in path:
        theta[...] = value
        average.apply(RATES)
        means.append(float(average.parameters[0, 0]))
    return means


def test_by_hand() -> None:
    """β_t is 0, 1/10, 2/11 and 3/12, and then at most 0.3: 4/13 would be more.

    11 is the first average. 0.1 · 11 + 0.9 · 1 = 2. 2/11 · 2 + 9/11 · 13 = 11. 1/4 · 11 + 3/4 · 7 = 8.
    0.3 · 8 + 0.7 · 18 = 15.
    """
    np.testing.assert_allclose(averages(0.3, [11.0, 1.0, 13.0, 7.0, 18.0]), [11.0, 2.0, 11.0, 8.0, 15.0], rtol=1e-15)


def test_nothing_kept_is_the_parameters_themselves() -> None:
    np.testing.assert_allclose(averages(0.0, [3.0, -1.0, 0.1]), [3.0, -1.0, 0.1], rtol=1e-14)


def test_the_ramp_is_that_of_tensorflow() -> None:
    """Which begins with a value, and then keeps min(β, (1 + n) / (10 + n)) of it at update n = 0, 1, 2, …"""
    path = [Fraction(k * k % 7) for k in range(40)]
    mean = path[0]
    for n, value in enumerate(path[1:]):
        decay = min(Fraction(7, 10), Fraction(1 + n, 10 + n))
        mean = decay * mean + (1 - decay) * value
    assert averages(0.7, [float(value) for value in path])[-1] == pytest.approx(float(mean), rel=1e-13)


def test_what_stands_still_is_its_own_average() -> None:
    assert averages(0.999, [0.1] * 50) == [0.1] * 50


def test_the_parameters_are_left_alone_and_the_state_counts() -> None:
    theta = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)
    average = MovingAverage(np.array([[0.9], [0.5]]))
    average.bind(parameters_of(theta))
    assert average.parameters.tolist() == [[0.0, 0.0], [0.0, 0.0]]
    for _ in range(3):
        average.apply(np.ones((2, 1)))
    state = average.state()
    assert theta.tolist() == state["parameters"].tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert state["parameters"].dtype == np.float32
    assert state["count"].dtype == np.int64
    assert state["count"].tolist() == [3, 3]


def test_members_may_be_at_different_steps() -> None:
    theta = np.array([[10.0], [10.0]])
    average = MovingAverage(0.9)
    average.bind(parameters_of(theta))
    average.load_state({"parameters": np.zeros((2, 1)), "count": np.array([1, 0])})
    average.apply(np.ones((2, 1)))
    assert average.parameters.tolist() == [[pytest.approx(9.0)], [10.0]]
    assert average.state()["count"].tolist() == [2, 1]


def test_a_share_out_of_range_is_refused() -> None:
    with pytest.raises(UserError) as error:
        MovingAverage(1.0)
    assert str(error.value) == "beta must be at least 0 and below 1, got 1"
