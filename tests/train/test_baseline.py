"""The constant answer that a network must beat: its loss and its metrics, computed by hand."""

import math

import numpy as np
import pytest

from nntrain.arrays import Array
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
from nntrain.tasks import Task
from nntrain.train import baseline
from nntrain.train.baseline import baseline_scores, constant_loss, not_beaten
from nntrain.train.evaluator import Units
from tests.conformance.losses import LOSSES, LossRow

# Training: 6 of class 0, 3 of class 1, 1 of class 2. Scored on one example of each.
SHARES = np.eye(3, dtype=np.float32)[[0] * 6 + [1] * 3 + [2]]
EACH = np.eye(3, dtype=np.float32)
# Training: 1 of 4 is positive. Scored on one negative and three positive ones.
QUARTER = np.array([[0], [0], [0], [1]], dtype=np.float32)
MOSTLY = np.array([[0], [1], [1], [1]], dtype=np.float32)
# Two labels with shares 1/4 and 1/2.
LABELS = np.array([[0, 0], [0, 0], [0, 1], [1, 1]], dtype=np.float32)
# Numbers with mean 2, scored where the errors are 1 and 3.
NUMBERS = np.array([[1], [3]], dtype=np.float32)
FAR = np.array([[3], [5]], dtype=np.float32)


@pytest.mark.parametrize(
    ("loss", "reference", "t", "expected"),
    [
        # On the training examples themselves it is the entropy of the shares.
        (CrossEntropy(), SHARES, SHARES, -(0.6 * math.log(0.6) + 0.3 * math.log(0.3) + 0.1 * math.log(0.1))),
        (CrossEntropy(), SHARES, EACH, -(math.log(0.6) + math.log(0.3) + math.log(0.1)) / 3),
        (CrossEntropy(), np.eye(3), EACH, math.log(3)),
        # Evaluation is on the true targets.
        (CrossEntropy(label_smoothing=0.2), SHARES, EACH, -(math.log(0.6) + math.log(0.3) + math.log(0.1)) / 3),
        (BinaryCrossEntropy(), QUARTER, QUARTER, -(0.25 * math.log(0.25) + 0.75 * math.log(0.75))),
        (BinaryCrossEntropy(), QUARTER, MOSTLY, -(0.75 * math.log(0.25) + 0.25 * math.log(0.75))),
        (BinaryCrossEntropy(), LABELS, LABELS, (-(0.25 * math.log(0.25) + 0.75 * math.log(0.75)) + math.log(2)) / 2),
        # Squared errors of the shares: 0.25² on the three negatives, 0.75² on the positive.
        (MeanSquaredError(), QUARTER, QUARTER, (3 * 0.0625 + 0.5625) / 4),
        (HalfSquaredError(), QUARTER, QUARTER, (3 * 0.0625 + 0.5625) / 8),
        # The mean over the outputs, and the sum: (.4² + .3² + .1²), (.6² + .7² + .1²), (.6² + .3² + .9²).
        (MeanSquaredError(), SHARES, EACH, (0.26 + 0.86 + 1.26) / 9),
        (HalfSquaredError(), SHARES, EACH, (0.26 + 0.86 + 1.26) / 6),
        (MeanSquaredError(), NUMBERS, FAR, (1 + 9) / 2),
        (MeanAbsoluteError(), NUMBERS, FAR, (1 + 3) / 2),
        (Huber(), NUMBERS, FAR, (0.5 + 2.5) / 2),
        (Huber(delta=2.0), NUMBERS, FAR, (0.5 + 4.0) / 2),
    ],
)
def test_the_loss_of_the_constant_answer(loss: Loss, reference: Array, t: Array, expected: float) -> None:
    assert constant_loss(loss, reference, t) == pytest.approx(expected, rel=1e-12)


def test_a_label_that_the_training_examples_never_have_costs_much_but_not_everything() -> None:
    """-ln ε, where scikit-learn's log_loss cuts shares of float64 off too."""
    never, once = np.zeros((2, 1)), np.array([[0.0], [1.0]])
    assert constant_loss(BinaryCrossEntropy(), never, once) == pytest.approx(-math.log(np.finfo(float).eps) / 2)
    lacking = np.eye(3)[[0, 1]]
    assert constant_loss(CrossEntropy(), lacking, np.eye(3)[[2]]) == pytest.approx(-math.log(np.finfo(float).eps))


def test_the_perceptrons_criterion_of_a_constant_is_undefined() -> None:
    """L = (y − t) a of a constant activation a is as near to 0 as one likes."""
    assert math.isnan(constant_loss(Perceptron(), QUARTER, QUARTER))


@pytest.mark.parametrize("row", LOSSES, ids=lambda row: row.name)
def test_every_loss_has_its_baseline(row: LossRow) -> None:
    """A loss that computes its activation itself is given what that makes the answer of, which is scored then."""
    t = row.targets(np.random.default_rng(0), 1, 5, row.outputs)[0]
    assert math.isnan(constant_loss(row.loss, t, t)) == isinstance(row.loss, Perceptron)


def test_many_examples_are_taken_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = constant_loss(CrossEntropy(), SHARES, SHARES)
    monkeypatch.setattr(baseline, "EVALUATION_BLOCK", 12)
    assert constant_loss(CrossEntropy(), SHARES, SHARES) == pytest.approx(whole, rel=1e-14)


def test_metrics_are_in_the_units_of_the_data_and_the_loss_in_those_of_the_network() -> None:
    """Heights of mean 180 and deviation 10: the training mean is 0 in units of the network, and the errors 1 and 2."""
    units = Units(np.array([[180.0]]), np.array([[10.0]]))
    reference, t = np.array([[-1.0], [1.0]]), np.array([[1.0], [2.0]])
    scores = baseline_scores(MeanSquaredError(), Task.REGRESSION, ["rmse", "mae", "r2"], reference, t, units=units)
    # Σ(t − 180)² = 100 + 400, Σ(t − mean t)² = 2 · 25
    assert scores == pytest.approx({"loss": 2.5, "rmse": 250**0.5, "mae": 15.0, "r2": 1 - 500 / 50})


def test_classes_are_answered_with_the_most_frequent_one() -> None:
    scores = baseline_scores(CrossEntropy(), Task.CLASSIFICATION, ["accuracy", "balanced_accuracy"], SHARES, EACH)
    assert (scores["accuracy"], scores["balanced_accuracy"]) == pytest.approx((1 / 3, 1 / 3))
    names = ["accuracy", "recall", "roc_auc"]
    scores = baseline_scores(BinaryCrossEntropy(), Task.BINARY, names, QUARTER, MOSTLY)
    assert [scores[name] for name in names] == [0.25, 0.0, 0.5]
    scores = baseline_scores(BinaryCrossEntropy(), Task.MULTILABEL, ["accuracy"], LABELS, LABELS)
    assert scores["accuracy"] == 5 / 8  # never the first, and, at one half exactly, never the second


@pytest.mark.parametrize(
    ("scores", "constant", "found"),
    [
        ({"accuracy": 0.943, "loss": 0.2}, {"accuracy": 0.944, "loss": 0.22}, ["accuracy"]),
        ({"accuracy": 0.944, "loss": 0.22}, {"accuracy": 0.944, "loss": 0.22}, ["loss", "accuracy"]),
        ({"accuracy": 0.95, "loss": 0.2}, {"accuracy": 0.944, "loss": 0.22}, []),
        ({"rmse": 9.0, "mae": 5.0}, {"rmse": 8.0, "mae": 6.0}, ["rmse"]),
        ({"r2": -0.01}, {"r2": -0.02}, ["r2"]),  # the mean of the split itself has 0
        ({"r2": 0.3}, {"r2": -0.02}, []),
        ({"r2": 0.3}, {"r2": 0.4}, ["r2"]),
        ({"roc_auc": 0.5, "balanced_accuracy": 0.5}, {"roc_auc": 0.5, "balanced_accuracy": 0.5},
         ["balanced_accuracy", "roc_auc"]),
        # Always yes has a recall of 1, and one example decides about the largest error.
        ({"recall": 0.9, "precision": 0.5, "f1": 0.6}, {"recall": 1.0, "precision": 0.6, "f1": 0.75}, []),
        ({"max_error": 9.0}, {"max_error": 8.0}, []),
        # What is undefined, or not known, judges nothing.
        ({"accuracy": math.nan, "loss": 0.3}, {"accuracy": 0.5, "loss": math.nan}, []),
        ({"accuracy": 0.1}, {}, []),
        # A network that gives the constant answer is as good but for rounding.
        ({"loss": 1.09861229 - 1e-8}, {"loss": 1.09861229}, ["loss"]),
    ],
)  # fmt: skip
def test_where_a_network_is_no_better(scores: dict[str, float], constant: dict[str, float], found: list[str]) -> None:
    assert not_beaten(scores, constant) == found
