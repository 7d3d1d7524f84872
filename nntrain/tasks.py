"""Which output activation, loss, metrics and outputs suit which task: one table, in the words of the config.

What checks a config, replaces its `auto`, warns, scores and builds reads it here. A further task, loss or activation
is a row; a further metric is a name in the rows of the tasks that it applies to.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Task(StrEnum):
    """What the network is to predict: K is the number of its outputs.

    CLASSIFICATION  one of K classes         BINARY      one of two classes, K = 1
    MULTILABEL      each of K labels or not  REGRESSION  K numbers
    """

    CLASSIFICATION = "classification"
    BINARY = "binary"
    MULTILABEL = "multilabel"
    REGRESSION = "regression"


@dataclass(frozen=True)
class TaskRow:
    """What suits a task.

    Attributes:
        outputs: what its outputs are, after their number.
        activation: of the output, where it is auto. Where something is decided its outputs are probabilities.
        losses: the first is that of auto.
        metrics: all that apply, in the order in which they are shown.
        default_metrics: those of auto.
        has_classes: whether each example is of one class.
    """

    outputs: str
    activation: str
    losses: tuple[str, ...]
    metrics: tuple[str, ...]
    default_metrics: tuple[str, ...]
    has_classes: bool = False

    @property
    def loss(self) -> str:
        """The loss of auto."""
        return self.losses[0]


TASKS: Mapping[Task, TaskRow] = {
    Task.CLASSIFICATION: TaskRow(
        outputs="one for each class",
        activation="softmax",
        losses=("cross_entropy", "perceptron"),
        metrics=("accuracy", "balanced_accuracy", "precision", "recall", "f1"),
        default_metrics=("accuracy",),
        has_classes=True,
    ),
    Task.BINARY: TaskRow(
        outputs="the probability of the second class",
        activation="sigmoid",
        losses=("binary_cross_entropy", "perceptron"),
        metrics=("accuracy", "balanced_accuracy", "precision", "recall", "f1", "roc_auc"),
        default_metrics=("accuracy",),
        has_classes=True,
    ),
    Task.MULTILABEL: TaskRow(
        outputs="one for each label",
        activation="sigmoid",
        losses=("binary_cross_entropy", "perceptron"),
        metrics=("accuracy", "precision", "recall", "f1", "roc_auc"),
        default_metrics=("accuracy", "f1"),
    ),
    Task.REGRESSION: TaskRow(
        outputs="one for each target column",
        activation="linear",
        losses=("mean_squared_error", "half_squared_error", "mean_absolute_error", "huber"),
        metrics=("rmse", "mae", "r2", "max_error"),
        default_metrics=("rmse", "r2"),
    ),
}


@dataclass(frozen=True)
class LossRow:
    """What is particular about a loss.

    Attributes:
        activation: of the output, that it is computed with and so needs; None where it takes any that has a gradient.
        only_where_it_suits: whether the tasks that it does not suit are refused; they are learned slowly otherwise.
        is_sum: whether it is added up over the outputs, so that their number matters.
    """

    activation: str | None = None
    only_where_it_suits: bool = False
    is_sum: bool = False


LOSSES: Mapping[str, LossRow] = {
    "cross_entropy": LossRow("softmax", only_where_it_suits=True),
    "binary_cross_entropy": LossRow("sigmoid", only_where_it_suits=True),
    "mean_squared_error": LossRow(),
    "half_squared_error": LossRow(is_sum=True),
    "mean_absolute_error": LossRow(),
    "huber": LossRow(),
    "perceptron": LossRow("step", only_where_it_suits=True, is_sum=True),
}


@dataclass(frozen=True)
class ActivationRow:
    """What is particular about an activation of the output.

    Attributes:
        bounds: what no output is outside of, where that is worth a warning about targets that are.
        are: what its outputs are where they are not the probabilities that a task is after.
        loss: the only one that trains it, where it has no gradient; None where it has one.
        smooth: for one without a gradient, what has nearly its values and a gradient.
        divides: whether its outputs add up to 1, so that one output alone says nothing.
    """

    bounds: tuple[float, float] | None = None
    are: str = "scores"
    loss: str | None = None
    smooth: str | None = None
    divides: bool = False


ACTIVATIONS: Mapping[str, ActivationRow] = {
    "linear": ActivationRow(),
    "step": ActivationRow(are="decisions, 0 or 1", loss="perceptron", smooth="sigmoid"),
    "sigmoid": ActivationRow((0.0, 1.0), are="scores of each class by itself, which do not add up to 1"),
    "tanh": ActivationRow((-1.0, 1.0)),
    "relu": ActivationRow((0.0, math.inf)),
    "leaky_relu": ActivationRow(),
    "elu": ActivationRow(),
    "gelu": ActivationRow(),
    "softplus": ActivationRow(),
    "softmax": ActivationRow(
        (0.0, 1.0), are="shares of one whole, where several labels may hold at once", divides=True
    ),
}
