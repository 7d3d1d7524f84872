"""Losses: formulas by hand, PyTorch's numbers, extremes."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntrain.arrays import Array
from nntrain.memory import Memory
from nntrain.nn.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    HalfSquaredError,
    Huber,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    Perceptron,
)

ORACLE: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "oracles" / "activations_losses_torch.json").read_text(encoding="utf-8")
)["losses"]

LOSSES: dict[str, Loss] = {
    "mean_squared_error": MeanSquaredError(),
    "mean_absolute_error": MeanAbsoluteError(),
    "huber delta=1": Huber(),
    "huber delta=0.4": Huber(delta=0.4),
    "cross_entropy": CrossEntropy(),
    "cross_entropy label_smoothing=0.1": CrossEntropy(label_smoothing=0.1),
    "cross_entropy weighted": CrossEntropy(),
    "binary_cross_entropy": BinaryCrossEntropy(),
}


def answers(
    loss: Loss, y: Any, t: Any, weight: Any = None, dtype: type[np.floating] = np.float64
) -> tuple[float, Array, Array]:
    """The value, the gradient at y and the outputs for one member's y [N, K]; training targets are made from t."""
    y, t = np.asarray(y, dtype), loss.training_targets(np.asarray(t, dtype))
    factors = None if weight is None else np.asarray(weight, dtype).reshape(1, -1, 1)
    bound = loss.bind(y[None], t[None], factors, Memory(dtype), training=True)
    bound.forward()
    outputs = bound.outputs[0].copy()
    bound.backward()
    return float(bound.value[0]), bound.dy[0], outputs


def test_the_oracle_covers_these_losses() -> None:
    assert set(ORACLE["cases"]) == set(LOSSES)


@pytest.mark.parametrize("name", LOSSES)
def test_values_and_gradients_are_those_of_pytorch(name: str) -> None:
    case = ORACLE["cases"][name]
    weight = ORACLE["example_weight"] if name.endswith("weighted") else None
    value, dy, _ = answers(LOSSES[name], ORACLE["y"], case["t"], weight)
    assert value == pytest.approx(case["value"], rel=1e-12)
    np.testing.assert_allclose(dy, case["dy"], rtol=1e-12, atol=1e-16)


# Two examples with two outputs, the value and N · dy worked out on paper.
BY_HAND: list[tuple[str, Loss, list[list[float]], list[list[float]], float, list[list[float]]]] = [
    ("mean squared", MeanSquaredError(), [[1, 2], [0, 4]], [[0, 2], [2, 1]], (1 + 4 + 9) / 4, [[1, 0], [-2, 3]]),
    ("half squared", HalfSquaredError(), [[1, 2], [0, 4]], [[0, 2], [2, 1]], (1 + 4 + 9) / 4, [[1, 0], [-2, 3]]),
    ("half squared of one", HalfSquaredError(), [[3], [1]], [[1], [1]], 1.0, [[2], [0]]),
    ("mean squared of one", MeanSquaredError(), [[3], [1]], [[1], [1]], 2.0, [[4], [0]]),
    ("mean absolute", MeanAbsoluteError(), [[1, 2], [0, 4]], [[0, 2], [2, 1]], 6 / 4, [[0.5, 0], [-0.5, 0.5]]),
    (
        "huber",
        Huber(delta=2.0),
        [[1, 2], [0, 4]],
        [[0, 2], [2, 1]],
        (0.5 + 2 + 2 * (3 - 1)) / 4,
        [[0.5, 0], [-1, 1]],
    ),
    (
        "cross-entropy",
        CrossEntropy(),
        [[0, math.log(3)], [5, 5]],
        [[1, 0], [0, 1]],
        (math.log(4) + math.log(2)) / 2,
        [[-0.75, 0.75], [0.5, -0.5]],
    ),
    (
        "binary cross-entropy",
        BinaryCrossEntropy(),
        [[0, math.log(3)], [-math.log(3), 0]],
        [[1, 0], [1, 1]],
        (math.log(2) + math.log(4) + math.log(4) + math.log(2)) / 4,
        [[-0.25, 0.375], [-0.375, -0.25]],
    ),
    # Wrong: a = 0.5 for t = 0 costs 0.5, a = −2 for t = 1 costs 2; a = 0 answers 0.
    ("perceptron", Perceptron(), [[0.5, 3], [-2, 0]], [[0, 1], [1, 0]], (0.5 + 2) / 2, [[1, 0], [-1, 0]]),
]


@pytest.mark.parametrize(
    ("loss", "y", "t", "value", "gradient"), [row[1:] for row in BY_HAND], ids=[row[0] for row in BY_HAND]
)
def test_values_and_gradients_by_hand(
    loss: Loss, y: list[list[float]], t: list[list[float]], value: float, gradient: list[list[float]]
) -> None:
    found, dy, _ = answers(loss, y, t)
    assert found == pytest.approx(value, rel=1e-14)
    np.testing.assert_allclose(2 * dy, gradient, rtol=1e-14, atol=1e-16)


def test_label_smoothing_by_hand() -> None:
    t = np.array([[0.0, 1.0, 0.0, 0.0]])
    np.testing.assert_allclose(
        CrossEntropy(label_smoothing=0.2).training_targets(t), [[0.05, 0.85, 0.05, 0.05]], rtol=1e-15
    )
    np.testing.assert_allclose(
        BinaryCrossEntropy(label_smoothing=0.2).training_targets(t), [[0.1, 0.9, 0.1, 0.1]], rtol=1e-15
    )
    assert CrossEntropy().training_targets(t) is t
    assert CrossEntropy(label_smoothing=0.2).training_targets(t.astype(np.float32)).dtype == np.float32


def softmax_loss(z: list[float], k: int) -> float:
    """−ln softmax(z)_k in exact order: the largest logit first."""
    return math.log(sum(math.exp(value - max(z)) for value in z)) - (z[k] - max(z))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_cross_entropy_at_huge_logits(dtype: type[np.floating]) -> None:
    z = [[1e4, -1e4, 0.0], [1e4, 1e4, -1e4], [-1e4, -1e4, -1e4], [1e4, 0.0, 0.0]]
    classes = [1, 0, 2, 0]
    value, dy, outputs = answers(CrossEntropy(), z, np.eye(3)[classes], dtype=dtype)
    exact = [softmax_loss(row, k) for row, k in zip(z, classes, strict=True)]
    assert exact[0] == 2e4
    assert value == pytest.approx(sum(exact) / 4, rel=1e-6)
    third = 1 / 3
    expected = np.array([[1, 0, 0], [0.5, 0.5, 0], [third, third, third], [1, 0, 0]])
    np.testing.assert_allclose(outputs, expected, rtol=1e-6)
    np.testing.assert_allclose(4 * dy, expected - np.eye(3)[classes], rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_binary_cross_entropy_at_huge_logits(dtype: type[np.floating]) -> None:
    value, dy, outputs = answers(
        BinaryCrossEntropy(), [[1e4], [1e4], [-1e4], [-1e4]], [[1], [0], [1], [0]], dtype=dtype
    )
    assert value == pytest.approx(2e4 / 4, rel=1e-6)
    np.testing.assert_allclose(outputs[:, 0], [1, 1, 0, 0], atol=1e-30)
    np.testing.assert_allclose(4 * dy[:, 0], [0, 1, -1, 0], atol=1e-30)


def test_a_probability_that_rounds_to_zero_still_costs_its_logit() -> None:
    value, dy, outputs = answers(CrossEntropy(), [[0.0, 800.0]], [[1, 0]])
    assert (outputs[0, 0], value) == (0.0, 800.0)
    assert dy.tolist() == [[-1.0, 1.0]]


FORMULAS: dict[str, tuple[Loss, Callable[[float, float], float]]] = {
    "huber": (Huber(delta=0.7), lambda y, t: _huber(y - t, 0.7)),
    "absolute": (MeanAbsoluteError(), lambda y, t: abs(y - t)),
    "squared": (MeanSquaredError(), lambda y, t: (y - t) ** 2),
    "binary": (BinaryCrossEntropy(), lambda z, t: math.log1p(math.exp(-z if t else z))),
}


def _huber(error: float, delta: float) -> float:
    return 0.5 * error**2 if abs(error) <= delta else delta * (abs(error) - 0.5 * delta)


@pytest.mark.parametrize("name", FORMULAS)
def test_a_weighted_batch_against_the_formula_example_by_example(name: str) -> None:
    loss, formula = FORMULAS[name]
    rng = np.random.default_rng(2)
    y, t, weight = rng.standard_normal((11, 3)), rng.integers(2, size=(11, 3)), rng.random(11)
    expected = sum(weight[n] * sum(formula(y[n, k], t[n, k]) for k in range(3)) / 3 for n in range(11)) / 11
    assert answers(loss, y, t, weight)[0] == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("name", [*FORMULAS, "half squared", "perceptron", "cross-entropy"])
def test_the_plain_sum_is_that_without_weights(name: str) -> None:
    others: dict[str, Loss] = {"half squared": HalfSquaredError(), "perceptron": Perceptron()}
    loss = FORMULAS[name][0] if name in FORMULAS else others.get(name, CrossEntropy())
    rng = np.random.default_rng(4)
    y, t, weight = rng.standard_normal((11, 3)), np.eye(3)[rng.integers(3, size=11)], rng.random((1, 11, 1)) + 0.5
    sums = {}
    for given in (None, weight):
        bound = loss.bind(y[None], t[None], given, Memory(np.float64), training=True)
        bound.forward()
        sums[given is None] = (float(bound.total[0]), float(bound.plain[0]))
    assert sums[True][0] == sums[True][1]
    assert sums[False][1] == pytest.approx(sums[True][0], rel=1e-13)
    assert sums[False][0] != pytest.approx(sums[True][0], rel=1e-3)


def test_the_absolute_error_has_no_slope_at_a_hit() -> None:
    assert answers(MeanAbsoluteError(), [[1.0, 2.0]], [[1.0, 1.0]])[1].tolist() == [[0.0, 0.5]]


def test_the_huber_loss_is_smooth_where_the_line_begins() -> None:
    errors = np.array([[0.5 - 1e-9], [0.5], [0.5 + 1e-9], [-0.5 - 1e-9]])
    value, dy, _ = answers(Huber(delta=0.5), errors, np.zeros((4, 1)))
    assert value == pytest.approx(0.125, rel=1e-8)
    np.testing.assert_allclose(4 * dy[:, 0], [0.5, 0.5, 0.5, -0.5], rtol=1e-8)


def test_gradient_descent_on_the_perceptron_loss_is_rosenblatts_rule() -> None:
    """AND by hand: one example at a time, w ← w + (t − y) x with x = (1, x1, x2), from w = 0.

    Examples in the order (0,0) (0,1) (1,0) (1,1). Epoch 1: only (1,1) is wrong, w = (1, 1, 1). Epoch 2: (0,0) gives
    (0, 1, 1), (0,1) gives (−1, 1, 0), (1,0) is right, (1,1) has a = 0 and is wrong: (0, 2, 1). And so on until
    nothing is wrong.
    """
    inputs = np.array([[1.0, 0, 0], [1.0, 0, 1], [1.0, 1, 0], [1.0, 1, 1]])
    targets = [0.0, 0.0, 0.0, 1.0]
    w, by_hand, history = np.zeros(3), [0, 0, 0], []
    for _ in range(12):
        for x, t in zip(inputs, targets, strict=True):
            _, da, outputs = answers(Perceptron(), [[float(x @ w)]], [[t]])
            w -= da[0, 0] * x
            wrong = t - (1 if sum(a * b for a, b in zip(by_hand, x.tolist(), strict=True)) > 0 else 0)
            by_hand = [int(a + wrong * b) for a, b in zip(by_hand, x.tolist(), strict=True)]
            assert w.tolist() == by_hand
            assert outputs[0, 0] == t - wrong
        history.append(list(by_hand))
    assert history[:2] == [[1, 1, 1], [0, 2, 1]]
    assert history[-1] == history[-2]
    assert [(1 if x @ w > 0 else 0) for x in inputs] == [0, 0, 0, 1]
