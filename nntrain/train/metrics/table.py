"""Metrics: what a network's outputs are worth, beside the loss. All members of a population at once.

Every function takes outputs y [M, N, K], after the last activation, and targets t [1 or M, N, K], and returns
one float64 per member, [M]. What the numbers are depends on the task:

    classification  y probabilities over K classes, t one-hot; the class of the largest output is predicted
    binary          K = 1, y the probability of the positive class, t 0 or 1; predicted above one half
    multilabel      y a probability per label, t 0 or 1; each label predicted above one half
    regression      values, in whatever units y and t share

Variants are those of scikit-learn: a precision, recall or F1 without any case is 0, and a macro average is
the plain mean over classes. A member with a NaN or infinite output scores NaN, so that it never passes for a
good one.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from nntrain.arrays import Array
from nntrain.data.task import Task
from nntrain.train.metrics.classification import (
    SCORED_BY_RANK,
    accuracy,
    balanced_accuracy,
    f1,
    precision,
    recall,
    roc_auc,
)
from nntrain.train.metrics.regression import mae, max_error, r2, rmse

MetricFunction = Callable[[Task, Array, Array], Array]

# What is recorded beside the metrics; the second where classes have weights.
LOSS, WEIGHTED_LOSS = "loss", "weighted_loss"
LOSSES = (LOSS, WEIGHTED_LOSS)

DECIDED = frozenset({Task.CLASSIFICATION, Task.BINARY, Task.MULTILABEL})
SINGLE_LABEL = frozenset({Task.CLASSIFICATION, Task.BINARY})
REGRESSION = frozenset({Task.REGRESSION})


@dataclass(frozen=True)
class Metric:
    """A metric: the tasks it applies to, whether larger is better, its function (task, y, t) → [M]."""

    name: str
    tasks: frozenset[Task]
    maximize: bool
    function: MetricFunction


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("accuracy", DECIDED, True, accuracy),
        Metric("balanced_accuracy", SINGLE_LABEL, True, balanced_accuracy),
        Metric("precision", DECIDED, True, precision),
        Metric("recall", DECIDED, True, recall),
        Metric("f1", DECIDED, True, f1),
        Metric("roc_auc", SCORED_BY_RANK, True, roc_auc),
        Metric("rmse", REGRESSION, False, rmse),
        Metric("mae", REGRESSION, False, mae),
        Metric("r2", REGRESSION, True, r2),
        Metric("max_error", REGRESSION, False, max_error),
    )
}

# Of a binary task these are figures of its positive class, the second one.
OF_POSITIVE_CLASS = ("precision", "recall", "f1", "roc_auc")


def positive_class(task: Task, classes: Sequence[str] | None) -> str | None:
    """The class that the metrics of `OF_POSITIVE_CLASS` are of; None for a task that is not binary."""
    return classes[1] if task is Task.BINARY and classes is not None and len(classes) == 2 else None


def metrics_for(task: Task) -> tuple[str, ...]:
    """The names of all metrics that apply to the task, in the order of the table."""
    return tuple(name for name, metric in METRICS.items() if task in metric.tasks)


def default_metrics(task: Task) -> tuple[str, ...]:
    """What `metrics: auto` computes in every epoch: accuracy; with F1 for labels; RMSE and R² for values."""
    match task:
        case Task.CLASSIFICATION | Task.BINARY:
            return ("accuracy",)
        case Task.MULTILABEL:
            return ("accuracy", "f1")
        case Task.REGRESSION:
            return ("rmse", "r2")


def compute_metrics(names: Iterable[str], task: Task, y: Array, t: Array) -> dict[str, Array]:
    """Each named metric's values [M], in the order asked.

    Raises ValueError for a name that is not in METRICS or does not apply to the task.
    """
    values = {}
    for name in names:
        if name not in METRICS or task not in METRICS[name].tasks:
            raise ValueError(f"metric {name!r} does not apply to {task}: one of {', '.join(metrics_for(task))}")
        values[name] = METRICS[name].function(task, y, t)
    return values


def is_maximized(monitor: str) -> bool:
    """Whether a monitored quantity, "validation.accuracy" or "rmse", is better when larger; a loss is not.

    Raises ValueError for a quantity that is neither a metric nor a loss.
    """
    name = monitor.rpartition(".")[2]
    if name in LOSSES:
        return False
    if name not in METRICS:
        known = ", ".join((LOSS, *METRICS, WEIGHTED_LOSS))
        raise ValueError(f"cannot say whether {monitor!r} is to grow: one of {known} is expected")
    return METRICS[name].maximize
