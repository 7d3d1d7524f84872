"""Penalties and the constraint on weights: PyTorch's numbers, hand-computed ones, and exactness where they are off."""

from typing import Any

import numpy as np
import pytest

from nntrain.arrays import Array
from nntrain.errors import UserError
from nntrain.optim.constraints import MaxNorm
from nntrain.optim.penalties import L1, L2
from nntrain.optim.sgd import Sgd
from tests.optim.oracle import ORACLE, WEIGHTS, Run, parameters_of
from tests.optim.oracle import gradient as loss_gradient

NORMS = ORACLE["norms"]
LAMBDAS = np.array([[0.1], [0.0], [0.7]])
RATES = np.array([[0.1], [0.2], [0.3]])
both_dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])


def numbers(members: int, size: int, dtype: str = "float64", seed: int = 3) -> Array:
    return np.random.default_rng(seed).standard_normal((members, size)).astype(dtype)


def after_l1(strength: Any, theta: Array, rates: Any, penalized: int) -> Array:
    theta = theta.copy()
    penalty = L1(strength)
    penalty.bind(parameters_of(theta, penalized=penalized))
    penalty.apply(np.asarray(rates, dtype=np.float64))
    return theta


def after_l2(strength: Any, theta: Array, grad: Array, penalized: int) -> Array:
    grad = grad.copy()
    penalty = L2(strength)
    penalty.bind(parameters_of(theta, grad, penalized=penalized))
    penalty.apply(np.ones((len(theta), 1)))
    return grad


def after_max_norm(limit: Any, theta: Array, shapes: list[tuple[int, int]]) -> Array:
    theta, start, views = theta.copy(), 0, []
    for inputs, units in shapes:
        views.append(theta[:, start : start + inputs * units].reshape(len(theta), inputs, units))
        start += inputs * units
    constraint = MaxNorm(limit)
    constraint.bind(parameters_of(theta, units=views))
    constraint.apply(np.ones((len(theta), 1)))
    return theta


def test_l1_shrinks_like_pytorchs_softshrink() -> None:
    vector = np.array([NORMS["vector"]])
    shrunk = after_l1(0.8, vector, [[0.5]], vector.shape[1])
    np.testing.assert_allclose(shrunk[0], NORMS["shrunk by 0.4"], atol=1e-15)


@both_dtypes
def test_l1_by_hand(dtype: str) -> None:
    # α λ = 0.5 · 1; the last two are biases
    theta = np.array([[2.0, -2.0, 0.5, -0.5, 0.25, 0.0, 0.25, -3.0]], dtype)
    shrunk = after_l1(1.0, theta, [[0.5]], 6)
    assert shrunk.tolist() == [[1.5, -1.5, 0.0, 0.0, 0.0, 0.0, 0.25, -3.0]]


def test_l1_makes_weights_exactly_zero_and_keeps_biases() -> None:
    # Of 20 inputs two matter; y = 3 x₀ − 2 x₁ + 1.
    rng = np.random.default_rng(0)
    x = rng.standard_normal((200, 20))
    y = 3 * x[:, 0] - 2 * x[:, 1] + 1

    def gradient(theta: Array) -> Array:
        error = x @ theta[0, :20] + theta[0, 20] - y
        return np.concatenate([x.T @ error / 200, [error.mean()]])[None]

    run = Run(Sgd(), start=np.zeros(21), gradient=gradient, penalized=20)
    penalty = L1(0.2)
    penalty.bind(parameters_of(run.theta, penalized=20))
    for _ in range(300):
        run.step(0.1)
        penalty.apply(np.array([[0.1]]))
    weights, bias = run.theta[0, :20], run.theta[0, 20]
    assert (weights[2:] == 0.0).all()
    # At the optimum the gradient of each weight that is left is −λ sign(w), and the bias has none.
    at_optimum = gradient(run.theta)[0]
    np.testing.assert_allclose(at_optimum[:2], [-0.2, 0.2], atol=1e-8)
    assert (np.abs(at_optimum[2:20]) < 0.2).all()
    assert bias == pytest.approx(1.0, abs=0.05)


def test_l2_by_hand() -> None:
    theta, grad = np.array([[2.0, -1.0, 5.0]]), np.array([[1.0, 1.0, 1.0]])
    np.testing.assert_allclose(after_l2(0.25, theta, grad, 2), [[2.0, 0.5, 1.0]])


@pytest.mark.parametrize("penalty", [L1(LAMBDAS), L2(LAMBDAS)])
def test_gradient_is_that_of_the_value(penalty: L1 | L2) -> None:
    theta, step = numbers(3, 8), 1e-6
    penalty.bind(parameters_of(theta, penalized=5))
    gradient = penalty.gradient(theta)
    for place in range(8):
        moved = np.zeros(8)
        moved[place] = step
        slope = (penalty.value(theta + moved) - penalty.value(theta - moved)) / (2 * step)
        np.testing.assert_allclose(gradient[:, place], slope, atol=1e-8)
    if isinstance(penalty, L2):
        np.testing.assert_allclose(after_l2(LAMBDAS, theta, np.zeros_like(theta), 5), gradient, rtol=1e-12)


def test_values_by_hand() -> None:
    theta = np.array([[1.0, -2.0, 9.0], [3.0, 4.0, 9.0]])
    strength = np.array([[0.5], [0.1]])
    absolute, squared = L1(strength), L2(strength)
    absolute.bind(parameters_of(theta, penalized=2))
    squared.bind(parameters_of(theta, penalized=2))
    np.testing.assert_allclose(absolute.value(theta), [1.5, 0.7])
    np.testing.assert_allclose(squared.value(theta), [2.5, 2.5])


@pytest.mark.parametrize("block_bytes", [300, 2000, 100_000])
@both_dtypes
def test_penalties_alone_equal_together(dtype: str, block_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nntrain.optim.blocks.BLOCK_BYTES", block_bytes)
    theta, grad = numbers(3, 150, dtype), numbers(3, 150, dtype, seed=4)
    shrunk, added = after_l1(LAMBDAS, theta, RATES, 130), after_l2(LAMBDAS, theta, grad, 130)
    for place in range(3):
        own, strength = slice(place, place + 1), float(LAMBDAS[place, 0])
        assert shrunk[own].tobytes() == after_l1(strength, theta[own], RATES[own], 130).tobytes()
        assert added[own].tobytes() == after_l2(strength, theta[own], grad[own], 130).tobytes()
    assert shrunk.dtype == added.dtype == dtype


@pytest.mark.parametrize("value", [-0.0, np.inf, np.nan])
def test_a_strength_of_zero_changes_no_bit(value: float) -> None:
    theta, grad = numbers(3, 20), numbers(3, 20, seed=4)
    theta[1, ::2], grad[1, ::2] = value, -0.0
    with np.errstate(invalid="ignore"):  # 0 · ∞, in scratch only
        for strength in (LAMBDAS, 0.0):
            assert after_l1(strength, theta, RATES, 15)[1].tobytes() == theta[1].tobytes()
            assert after_l2(strength, theta, grad, 15)[1].tobytes() == grad[1].tobytes()


def test_l2_in_training_is_the_gradient_of_the_penalized_cost() -> None:
    strength = L2(0.05)
    run = Run(Sgd(), l2=strength)
    start = run.theta.copy()
    expected = loss_gradient(start)
    expected[:, :WEIGHTS] += 2 * 0.05 * start[:, :WEIGHTS]
    np.testing.assert_allclose(run.step(0.1), start - 0.1 * expected, rtol=1e-12)


def test_max_norm_is_pytorchs_renorm() -> None:
    matrix = np.array(NORMS["matrix"])
    # PyTorch divides by the norm plus 1e-7.
    expected = np.array(NORMS["columns of at most 1.2"]).ravel()
    np.testing.assert_allclose(after_max_norm(1.2, matrix.reshape(1, -1), [(4, 3)])[0], expected, rtol=1e-6)


@both_dtypes
def test_max_norm_by_hand(dtype: str) -> None:
    # Two units with incoming (3, 4) and (0.3, 0.4), then one with (0, 0).
    theta = np.array([[3.0, 0.3, 4.0, 0.4, 0.0, 0.0, 100.0]], dtype)
    after = after_max_norm(1.0, theta, [(2, 2), (2, 1)])
    np.testing.assert_allclose(after, [[0.6, 0.3, 0.8, 0.4, 0.0, 0.0, 100.0]], rtol=1e-6)
    # What is short enough keeps its bits.
    assert after[0, [1, 3, 4, 5, 6]].tobytes() == theta[0, [1, 3, 4, 5, 6]].tobytes()


@both_dtypes
def test_max_norm_alone_equals_together(dtype: str) -> None:
    limits = np.array([[1.0], [np.inf], [3.0]])
    shapes = [(7, 5), (5, 1), (1, 4)]
    theta = 2 * numbers(3, 50, dtype)
    after = after_max_norm(limits, theta, shapes)
    for place in range(3):
        alone = after_max_norm(float(limits[place, 0]), theta[place : place + 1], shapes)
        assert alone[0].tobytes() == after[place].tobytes()
    assert after[1].tobytes() == theta[1].tobytes()
    for start, inputs, units in ((0, 7, 5), (35, 5, 1), (40, 1, 4)):
        weights = after[:, start : start + inputs * units].reshape(3, inputs, units).astype(np.float64)
        norms = np.linalg.norm(weights, axis=1)
        assert (norms[0] <= 1 + 1e-6).all()
        assert (norms[2] <= 3 + 1e-6).all()
    assert after[:, 44:].tobytes() == theta[:, 44:].tobytes()


@pytest.mark.parametrize("value", [1e30, np.inf, np.nan])
def test_max_norm_leaves_what_is_not_finite_alone_without_a_warning(value: float) -> None:
    theta = 5 * numbers(2, 6, "float32")
    theta[0] = value
    after = after_max_norm(1.0, theta, [(3, 2)])
    assert after[0].tobytes() == theta[0].tobytes()
    assert after[1].tobytes() == after_max_norm(1.0, theta[1:], [(3, 2)]).tobytes()


def test_nothing_to_penalize() -> None:
    theta, grad = numbers(2, 4), numbers(2, 4)
    assert after_l1(1.0, theta, RATES[:2], 0).tobytes() == theta.tobytes()
    assert after_l2(1.0, theta, grad, 0).tobytes() == grad.tobytes()
    assert after_max_norm(1.0, theta, []).tobytes() == theta.tobytes()


def test_select_keeps_the_members_values() -> None:
    rows = np.array([2, 0])
    assert np.array_equal(L1(LAMBDAS).select(rows).hyperparameters["strength"], [[0.7], [0.1]])
    assert np.array_equal(L2(LAMBDAS).select(rows).hyperparameters["strength"], [[0.7], [0.1]])
    assert L2(LAMBDAS).select(np.array([1])).hyperparameters["strength"] == 0.0
    chosen = MaxNorm(np.array([[1.0], [np.inf]])).select(np.array([1, 0]))
    assert np.array_equal(chosen.hyperparameters["max_norm"], [[np.inf], [1.0]])


def test_values_out_of_range_are_refused() -> None:
    with pytest.raises(UserError) as error:
        L1(-0.1)
    assert str(error.value) == "l1 must be at least 0 and finite, got -0.1"
    with pytest.raises(UserError) as error:
        L2(np.inf)
    assert str(error.value) == "l2 must be at least 0 and finite, got inf"
    with pytest.raises(UserError) as error:
        MaxNorm(0.0)
    assert str(error.value) == "max_norm must be above 0 (infinity switches it off), got 0"
