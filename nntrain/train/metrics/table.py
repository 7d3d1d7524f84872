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
from nntrain.tasks import TASKS, Task
from nntrain.train.metrics.classification import (
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
RECORDED_LOSSES = (LOSS, WEIGHTED_LOSS)


@dataclass(frozen=True)
class Metric:
    """A metric: whether larger is better, and its function (task, y, t) → [M]. `tasks.py` says what it applies to."""

    name: str
    maximize: bool
    function: MetricFunction


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("accuracy", True, accuracy),
        Metric("balanced_accuracy", True, balanced_accuracy),
        Metric("precision", True, precision),
        Metric("recall", True, recall),
        Metric("f1", True, f1),
        Metric("roc_auc", True, roc_auc),
        Metric("rmse", False, rmse),
        Metric("mae", False, mae),
        Metric("r2", True, r2),
        Metric("max_error", False, max_error),
    )
}

# Of a binary task these are figures of its positive class, the second one.
OF_POSITIVE_CLASS = ("precision", "recall", "f1", "roc_auc")


def positive_class(task: Task, classes: Sequence[str] | None) -> str | None:
    """The class that the metrics of `OF_POSITIVE_CLASS` are of; None for a task that is not binary."""
    return classes[1] if task is Task.BINARY and classes is not None and len(classes) == 2 else None


def compute_metrics(names: Iterable[str], task: Task, y: Array, t: Array) -> dict[str, Array]:
    """Each named metric's values [M], in the order asked.

    Raises ValueError for a name that is no metric or does not apply to the task.
    """
    values = {}
    for name in names:
        if name not in TASKS[task].metrics:
            raise ValueError(f"metric {name!r} does not apply to {task}: one of {', '.join(TASKS[task].metrics)}")
        values[name] = METRICS[name].function(task, y, t)
    return values


def is_maximized(monitor: str) -> bool:
    """Whether a monitored quantity, "validation.accuracy" or "rmse", is better when larger; a loss is not.

    Raises ValueError for a quantity that is neither a metric nor a loss.
    """
    name = monitor.rpartition(".")[2]
    if name in RECORDED_LOSSES:
        return False
    if name not in METRICS:
        known = ", ".join((LOSS, *METRICS, WEIGHTED_LOSS))
        raise ValueError(f"cannot say whether {monitor!r} is to grow: one of {known} is expected")
    return METRICS[name].maximize
