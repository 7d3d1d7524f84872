"""Activations: the lecture's tables, PyTorch's numbers, extremes, and laws that hold for all numbers."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.arrays import Array
from nntrain.memory import Memory
from nntrain.nn.activations import (
    Elu,
    Gelu,
    LeakyRelu,
    Linear,
    Relu,
    Sigmoid,
    Softmax,
    Softplus,
    Step,
    Tanh,
)
from nntrain.nn.blueprint import plan
from nntrain.nn.layer import Layer, ShapeError, Signal
from nntrain.nn.network import Network
from tests.nn.chains import chain

ORACLE: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "oracles" / "activations_losses_torch.json").read_text(encoding="utf-8")
)["activations"]

LAYERS: dict[str, Layer] = {
    "sigmoid": Sigmoid(),
    "tanh": Tanh(),
    "relu": Relu(),
    "leaky_relu alpha=0.1": LeakyRelu(),
    "leaky_relu alpha=0.3": LeakyRelu(alpha=0.3),
    "elu alpha=1": Elu(),
    "elu alpha=0.5": Elu(alpha=0.5),
    "gelu": Gelu(),
    "softplus": Softplus(),
    "softmax": Softmax(),
}


def apply(layer: Layer, x: Any, dy: Any = 1.0, dtype: type[np.floating] = np.float64) -> tuple[Array, Array]:
    """y and dx of a layer for examples x [N, I]."""
    x = np.asarray(x, dtype)
    network = Network(plan(chain([("0", layer)]), x.shape[1:]), 1, Memory(dtype))
    y = network.forward(x).copy()
    dx = network.backward(np.broadcast_to(np.asarray(dy, dtype), y.shape))
    return y[0], dx[0]


def test_the_oracle_covers_every_activation() -> None:
    assert set(ORACLE["cases"]) == set(LAYERS)


@pytest.mark.parametrize("name", LAYERS)
def test_values_and_gradients_are_those_of_pytorch(name: str) -> None:
    y, dx = apply(LAYERS[name], ORACLE["x"], ORACLE["dy"])
    np.testing.assert_allclose(y, ORACLE["cases"][name]["y"], rtol=1e-12, atol=1e-15)
    # The slopes of tanh and gelu are differences: far from 0 they are accurate absolutely, not relatively.
    np.testing.assert_allclose(dx, ORACLE["cases"][name]["dx"], rtol=1e-12, atol=1e-14)


# x, f(x), f'(x) by hand, from the lecture's definitions: 000 "Non-linear activation functions", 003 "Derivative of
# Activation Functions".
LN2, LN3 = math.log(2), math.log(3)
BY_HAND = [
    ("linear", Linear(), [(-2.0, -2.0, 1.0), (0.0, 0.0, 1.0), (3.0, 3.0, 1.0)]),
    ("sigmoid", Sigmoid(), [(0.0, 0.5, 0.25), (LN3, 0.75, 0.1875), (-LN3, 0.25, 0.1875)]),
    ("tanh", Tanh(), [(0.0, 0.0, 1.0), (LN2, 0.6, 0.64), (-LN3, -0.8, 0.36)]),
    ("relu", Relu(), [(-2.0, 0.0, 0.0), (0.0, 0.0, 0.0), (3.0, 3.0, 1.0)]),
    ("leaky relu", LeakyRelu(), [(-2.0, -0.2, 0.1), (0.0, 0.0, 1.0), (3.0, 3.0, 1.0)]),
    ("elu", Elu(alpha=2.0), [(-LN2, -1.0, 1.0), (-LN3, -4 / 3, 2 / 3), (3.0, 3.0, 1.0)]),
    ("softplus", Softplus(), [(0.0, LN2, 0.5), (LN3, 2 * LN2, 0.75), (-LN3, 2 * LN2 - LN3, 0.25)]),
    ("step", Step(), [(-1e-9, 0.0, 0.0), (0.0, 0.0, 0.0), (1e-9, 1.0, 0.0)]),
]


@pytest.mark.parametrize(("name", "layer", "rows"), BY_HAND, ids=[row[0] for row in BY_HAND])
def test_functions_and_derivatives_by_hand(name: str, layer: Layer, rows: list[tuple[float, float, float]]) -> None:
    x, y, slope = np.array(rows).T
    found, found_slope = apply(layer, x[:, None])
    np.testing.assert_allclose(found[:, 0], y, rtol=1e-15, atol=1e-15)
    np.testing.assert_allclose(found_slope[:, 0], slope, rtol=1e-14, atol=1e-15)
    # Backward takes the gradient at y into account.
    np.testing.assert_allclose(apply(layer, x[:, None], -3.0)[1][:, 0], -3 * slope, rtol=1e-14, atol=1e-15)


def test_softmax_and_its_jacobian_by_hand() -> None:
    y, dx = apply(Softmax(), [[0.0, LN2, LN3 + LN2]], [[1.0, 0.0, 0.0]])
    np.testing.assert_allclose(y, [[1 / 9, 2 / 9, 6 / 9]], rtol=1e-15)
    # Row 1 of the Jacobian: y_1 (δ_1k − y_k).
    np.testing.assert_allclose(dx, [[8 / 81, -2 / 81, -6 / 81]], rtol=1e-14)


def test_tanh_is_a_scaled_sigmoid() -> None:
    x = np.linspace(-8, 8, 33)[:, None]
    np.testing.assert_allclose(apply(Tanh(), x)[0], 2 * apply(Sigmoid(), 2 * x)[0] - 1, atol=1e-15)


@pytest.mark.parametrize(("dtype", "lowest", "error"), [(np.float32, -80.0, 4e-7), (np.float64, -700.0, 1e-15)])
def test_the_sigmoid_is_accurate_where_it_is_tiny(dtype: type[np.floating], lowest: float, error: float) -> None:
    x = np.linspace(lowest, 0.0, 57).astype(dtype)[:, None]
    exact = [math.exp(value) / (1 + math.exp(value)) for value in x[:, 0].tolist()]
    np.testing.assert_allclose(apply(Sigmoid(), x, dtype=dtype)[0][:, 0], exact, rtol=error)


@pytest.mark.parametrize(("dtype", "lowest", "error"), [(np.float32, -80.0, 4e-7), (np.float64, -700.0, 1e-15)])
def test_softplus_and_its_slope_are_accurate_where_they_are_tiny(
    dtype: type[np.floating], lowest: float, error: float
) -> None:
    x = np.linspace(lowest, 20.0, 57).astype(dtype)[:, None]
    y, dx = apply(Softplus(), x, dtype=dtype)
    np.testing.assert_allclose(y[:, 0], [math.log1p(math.exp(v)) for v in x[:, 0].tolist()], rtol=error)
    np.testing.assert_allclose(dx[:, 0], [math.exp(v) / (1 + math.exp(v)) for v in x[:, 0].tolist()], rtol=2 * error)


ALL = {**LAYERS, "linear": Linear(), "step": Step()}


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nothing_overflows_at_ten_thousand(name: str, dtype: type[np.floating]) -> None:
    x = [[1e4, -1e4, 0.0], [-1e4, -1e4, -1e4], [1e4, 1e4, 1e4], [-0.0, 88.8, -88.8], [709.9, -745.0, -1e-30]]
    y, dx = apply(ALL[name], x, dtype=dtype)
    assert np.isfinite(y).all()
    assert np.isfinite(dx).all()


@pytest.mark.parametrize(
    ("layer", "far_left", "far_right"),
    [
        (Sigmoid(), (0.0, 0.0), (1.0, 0.0)),
        (Tanh(), (-1.0, 0.0), (1.0, 0.0)),
        (Elu(alpha=2.0), (-2.0, 0.0), (1e4, 1.0)),
        (Gelu(), (0.0, 0.0), (1e4, 1.0)),
        (Softplus(), (0.0, 0.0), (1e4, 1.0)),
        (LeakyRelu(), (-1e3, 0.1), (1e4, 1.0)),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Layer) else "",
)
def test_far_from_zero_activations_reach_their_limits(
    layer: Layer, far_left: tuple[float, float], far_right: tuple[float, float]
) -> None:
    y, dx = apply(layer, [[-1e4], [1e4]])
    np.testing.assert_allclose(y[:, 0], [far_left[0], far_right[0]], rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose(dx[:, 0], [far_left[1], far_right[1]], rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("name", [name for name in ALL if name != "step"])
def test_not_a_number_comes_out_as_such(name: str) -> None:
    with np.errstate(invalid="ignore"):
        y, _ = apply(ALL[name], [[math.nan, 1.0], [0.5, 1.0]])
    assert math.isnan(y[0, 0])
    assert np.isfinite(y[1]).all()


finite = st.floats(-1e4, 1e4)


@given(st.lists(finite, min_size=1, max_size=8), finite)
def test_softmax_is_a_distribution_that_a_shift_does_not_change(x: list[float], shift: float) -> None:
    y, _ = apply(Softmax(), [x])
    assert (y >= 0).all()
    assert y.sum() == pytest.approx(1.0, abs=1e-14)
    np.testing.assert_allclose(apply(Softmax(), [[value + shift for value in x]])[0], y, rtol=1e-10, atol=1e-10)
    assert y[0, int(np.argmax(x))] == y.max()


@given(st.lists(finite, min_size=2, max_size=8))
def test_softmax_passes_back_no_gradient_along_the_shift(x: list[float]) -> None:
    dy = np.cos(np.arange(len(x)))
    assert apply(Softmax(), [x], [dy])[1].sum() == pytest.approx(0.0, abs=1e-14)


@given(st.lists(finite, min_size=2, max_size=8, unique=True))
@pytest.mark.parametrize("name", ["sigmoid", "tanh", "relu", "leaky_relu alpha=0.1", "elu alpha=0.5", "softplus"])
def test_these_activations_never_decrease(name: str, x: list[float]) -> None:
    y, dx = apply(LAYERS[name], np.sort(x)[:, None])
    assert (np.diff(y[:, 0]) >= 0).all()
    assert (dx >= 0).all()


@given(finite)
def test_sigmoids_of_opposite_numbers_add_up_to_one(x: float) -> None:
    y, dx = apply(Sigmoid(), [[x], [-x]])
    assert y[0, 0] + y[1, 0] == pytest.approx(1.0, abs=1e-15)
    np.testing.assert_allclose(dx[0], dx[1], atol=1e-16)


def test_softmax_needs_vectors() -> None:
    with pytest.raises(ShapeError, match=r"^softmax needs a vector for each example, got shape \(2, 3\)$"):
        Softmax().plan(Signal((2, 3)))
