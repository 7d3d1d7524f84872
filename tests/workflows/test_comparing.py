"""Which points of a search a loss can compare, and what is said where it cannot."""

from pathlib import Path
from typing import Any

import pytest

from nntrain.workflows import Listener, gridsearch
from tests.experiments import CLASSES, PETS, VALUES, load, write_pets, write_table

LOSS, WEIGHTED, TRAINING = "validation.loss", "validation.weighted_loss", "training.loss"
CE = "loss: {type: cross_entropy, class_weights: [1, 2, 3]}\n"


class Warned(Listener):
    def __init__(self) -> None:
        self.messages: list[str] = []

    def warned(self, message: str) -> None:
        self.messages.append(message)


@pytest.fixture(autouse=True)
def _tables(workdir: Path) -> None:
    write_pets()
    write_table("huge.csv", ("x", "y"), [(i, 100 * (i % 7)) for i in range(60)])


def said(text: str, monitor: str, axes: dict[str, list[Any]], *overrides: str) -> list[str]:
    """What a search over `axes` says about the comparison of its points."""
    listener = Warned()
    experiment = load(text, f"search.monitor={monitor}", "training.epochs=1", *overrides)
    gridsearch(experiment, parameters=axes, listener=listener)
    return [message for message in listener.messages if "cannot compare" in message]


COMPARABLE: dict[str, tuple[str, str, dict[str, list[Any]]]] = {
    "class weights": (CLASSES + CE, LOSS, {"loss.class_weights": ["balanced", [1.0, 2.0, 3.0], [3.0, 2.0, 1.0]]}),
    "class weights or none": (CLASSES + CE, LOSS, {"loss.class_weights": [None, "balanced"]}),
    "class weights, of the training loss": (CLASSES + CE, TRAINING, {"loss.class_weights": [None, [1.0, 2.0, 3.0]]}),
    "label smoothing": (CLASSES + CE, LOSS, {"loss.label_smoothing": [0.0, 0.1, 0.3]}),
    "label smoothing, of the weighted loss": (CLASSES + CE, WEIGHTED, {"loss.label_smoothing": [0.0, 0.3]}),
    "both": (CLASSES + CE, LOSS, {"loss.label_smoothing": [0.0, 0.3], "loss.class_weights": [None, "balanced"]}),
    "two ways to write the weights": (
        CLASSES + CE, WEIGHTED, {"loss.class_weights": [[1.0, 2.0, 3.0], {"0": 1.0, "1": 2.0, "2": 3.0}]}
    ),
    "auto and what it is": (CLASSES, LOSS, {"loss": ["auto", "cross_entropy"]}),
    "one output or two": (PETS, LOSS, {"loss": ["binary_cross_entropy", "cross_entropy"]}),
    "dtype": (VALUES, LOSS, {"dtype": ["float32", "float64"]}),
    "another scaling of the inputs": (VALUES, LOSS, {"data.preprocess.numeric": ["standard", "minmax"]}),
    "a metric": (VALUES, "validation.rmse", {"loss": ["mean_squared_error", "huber"]}),
    "a metric of classes": (CLASSES, "validation.accuracy", {"loss": ["cross_entropy", "mean_squared_error"]}),
    "other hyperparameters": (VALUES, LOSS, {"optimizer.learning_rate": [0.1, 0.01], "seed": [1, 2]}),
}  # fmt: skip

LOSS_DIFFERS = (
    "the points differ in the loss or in the scale of the target, so {0} cannot compare them: set search.monitor to a "
    "metric, such as {1}.{2}"
)
WEIGHTS_DIFFER = (
    "the points differ in their class weights, so {0} cannot compare them: set search.monitor to {1}.loss or a metric, "
    "such as {1}.accuracy"
)
SMOOTHING_DIFFERS = (
    "the points differ in label smoothing, which the training loss is of, so {0} cannot compare them: set "
    "search.monitor to validation.loss or a metric, such as {1}.accuracy"
)
INCOMPARABLE: dict[str, tuple[str, str, dict[str, list[Any]], str]] = {
    "the loss": (VALUES, LOSS, {"loss": ["mean_squared_error", "mean_absolute_error"]}, LOSS_DIFFERS),
    "half the loss": (VALUES, TRAINING, {"loss": ["mean_squared_error", "half_squared_error"]}, LOSS_DIFFERS),
    "its delta": (VALUES, LOSS, {"loss": [{"type": "huber", "delta": d} for d in (0.5, 1.0)]}, LOSS_DIFFERS),
    "the scale of the target": (VALUES, LOSS, {"data.preprocess.target": ["standard", "minmax"]}, LOSS_DIFFERS),
    "a scale or none": (VALUES, LOSS, {"data.preprocess.target": ["none", "standard"]}, LOSS_DIFFERS),
    "the rows that scale the target": (
        VALUES + "early_stopping: null\n", LOSS, {"data.split.test": [0.1, 0.3]}, LOSS_DIFFERS
    ),
    "weights of the weighted loss": (
        CLASSES + CE, WEIGHTED, {"loss.class_weights": ["balanced", [1.0, 2.0, 3.0]]}, WEIGHTS_DIFFER
    ),
    "weights of the weighted loss in training": (
        CLASSES + CE, "training.weighted_loss", {"loss.class_weights": [[2.0, 1.0, 1.0], [1.0, 2.0, 3.0]]},
        WEIGHTS_DIFFER,
    ),
    "smoothing of the training loss": (
        CLASSES + CE, TRAINING, {"loss.label_smoothing": [0.0, 0.3]}, SMOOTHING_DIFFERS
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", COMPARABLE)
def test_nothing_is_said_where_the_monitored_quantity_is_one(name: str) -> None:
    text, monitor, axes = COMPARABLE[name]
    assert said(text, monitor, axes) == []


@pytest.mark.parametrize("name", INCOMPARABLE)
def test_what_is_said_where_it_is_not(name: str) -> None:
    text, monitor, axes, message = INCOMPARABLE[name]
    scaled = ["data.preprocess.target=standard"] if name == "the rows that scale the target" else []
    assert said(text, monitor, axes, *scaled) == [message.format(monitor, monitor.partition(".")[0], "rmse")]


def test_of_classes_another_metric_is_named() -> None:
    expected = LOSS_DIFFERS.format(LOSS, "validation", "accuracy")
    assert said(CLASSES, LOSS, {"loss": ["cross_entropy", "mean_squared_error"]}) == [expected]


@pytest.mark.parametrize("target", ["none", "standard"])
def test_scales_are_compared_as_they_were_fitted(target: str) -> None:
    """Two losses of numbers of hundreds; the same scaling of the same rows is the same scale."""
    text = "data: {path: huge.csv, target: y, task: regression}\nnetwork: [{type: dense, units: 1}]\n"
    axes: dict[str, list[Any]] = {"optimizer.learning_rate": [0.1, 0.2]}
    assert said(text, LOSS, axes, f"data.preprocess.target={target}") == []
    assert said(text, LOSS, axes, f"data.preprocess.target={target}", "search.evaluation={folds: 3}") == []


def test_what_is_advised_works() -> None:
    text, _, axes, _ = INCOMPARABLE["weights of the weighted loss"]
    assert said(text, LOSS, axes) == []
    text, _, axes, _ = INCOMPARABLE["smoothing of the training loss"]
    assert said(text, LOSS, axes) == []
    text, _, axes, _ = INCOMPARABLE["the loss"]
    assert said(text, "validation.rmse", axes) == []
