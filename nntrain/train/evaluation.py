"""The report about a network on a split: scores, confusion matrix, a row per class or output, a baseline."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nntrain.arrays import Array
from nntrain.tasks import TASKS, Task
from nntrain.train.baseline import constant_answer
from nntrain.train.metrics import LOSS, WEIGHTED_LOSS, compute_metrics, positive_class
from nntrain.train.metrics.classification import (
    class_f1,
    class_precision,
    class_recall,
    count_classes,
    decisions,
)
from nntrain.train.metrics.regression import output_absolute_error, output_r2, output_squared_error
from nntrain.train.metrics.undefined import why_undefined

_SPLITS = ("training", "validation", "test")


@dataclass(frozen=True)
class ClassRow:
    """How well one class (or label) is found; `support` is the number of examples that have it."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class OutputRow:
    """How well one output of a regression is predicted."""

    name: str
    rmse: float
    mae: float
    r2: float


@dataclass(frozen=True)
class Evaluation:
    """What `nntrain eval` shows.

    `scores` has the losses that were given, and every metric of the task; `baseline` the same of a predictor that
    ignores its inputs, and `warnings` what the examples have that those for training did not. `confusion` [K, K] counts
    examples by true class (row) and predicted class (column); None for multilabel and regression. `per_class` is empty
    for regression, `per_output` for all else. `undefined` says of each metric that is NaN why: "needs at least 2
    examples, but the test split has 1".
    """

    split: str
    task: Task
    examples: int
    scores: dict[str, float]
    baseline: dict[str, float]
    classes: tuple[str, ...] | None
    confusion: Array | None
    per_class: tuple[ClassRow, ...]
    per_output: tuple[OutputRow, ...]
    undefined: dict[str, str]
    warnings: tuple[str, ...] = ()

    @property
    def positive_class(self) -> str | None:
        """The class that precision, recall, F1 and ROC AUC are of, in a binary task; None in others."""
        return positive_class(self.task, self.classes)

    def to_json(self) -> dict[str, Any]:
        """Plain dicts, lists, numbers and strings; NaN, which JSON lacks, becomes None."""
        return {
            "split": self.split,
            "task": str(self.task),
            "examples": self.examples,
            "scores": _finite(self.scores),
            "baseline": _finite(self.baseline),
            "classes": None if self.classes is None else list(self.classes),
            "positive_class": self.positive_class,
            "confusion": None if self.confusion is None else self.confusion.tolist(),
            "per_class": [_finite(vars(row)) for row in self.per_class],
            "per_output": [_finite(vars(row)) for row in self.per_output],
            "warnings": list(self.warnings),
            "undefined": self.undefined,
        }


def _finite(row: dict[str, Any]) -> dict[str, Any]:
    lacking = [name for name, value in row.items() if isinstance(value, float) and not math.isfinite(value)]
    return {**row, **dict.fromkeys(lacking)}


def evaluate_predictions(
    task: Task,
    y: Array,
    t: Array,
    classes: Sequence[str] | None = None,
    *,
    split: str = "test",
    outputs: Sequence[str] | None = None,
    loss: float | None = None,
    weighted_loss: float | None = None,
    baseline_losses: Mapping[str, float] | None = None,
    reference: Array | None = None,
) -> Evaluation:
    """The report about outputs y [N, K] against targets t [N, K] of one network, both as in metrics.py.

    `classes` are the names of the classes (two for binary, the negative one first) or labels, `outputs` those of a
    regression's outputs; the default is their positions. The losses are shown as they are given, the baseline's by
    name. `reference` [R, K] holds the targets that the baseline learns from, normally the training split's; the default
    is t itself. Raises ValueError when there is no example.
    """
    if len(y) == 0:
        raise ValueError(f"the {split} split has no examples to evaluate")
    y, t = y[None], t[None]
    names = TASKS[task].metrics
    constant = np.broadcast_to(constant_answer(t[0] if reference is None else reference), t.shape)
    given = {LOSS: loss, WEIGHTED_LOSS: weighted_loss}
    losses = {name: float(value) for name, value in given.items() if value is not None}
    decides = task is not Task.REGRESSION
    kinds = 2 if task is Task.BINARY else y.shape[-1]
    metrics = _only_member(compute_metrics(names, task, y, t))
    where = f"the {split} split" if split in _SPLITS else split
    return Evaluation(
        split=split,
        task=task,
        examples=y.shape[1],
        scores=losses | metrics,
        baseline={**(baseline_losses or {}), **_only_member(compute_metrics(names, task, constant, t))},
        classes=_named(classes, kinds) if decides else None,
        confusion=confusion_matrix(task, y[0], t[0]) if TASKS[task].has_classes else None,
        per_class=_class_rows(task, y, t, _named(classes, kinds)) if decides else (),
        per_output=() if decides else _output_rows(y, t, _named(outputs, kinds)),
        undefined=_undefined(metrics, task, y, t, _named(classes if decides else outputs, kinds), where),
    )


def _undefined(
    metrics: dict[str, float], task: Task, y: Array, t: Array, names: tuple[str, ...], where: str
) -> dict[str, str]:
    """Why metrics are NaN."""
    broken = int((~np.isfinite(y)).any(axis=2).sum())
    otherwise = f"needs finite outputs, which {broken:,} of {y.shape[1]:,} examples do not have"
    if not broken:
        otherwise = "overflows, so large are some outputs"
    return {
        name: why_undefined(name, task, t[0], names, where) or otherwise
        for name, value in metrics.items()
        if math.isnan(value)
    }


def confusion_matrix(task: Task, y: Array, t: Array) -> Array:
    """Examples counted by true class (row) and predicted class (column), [K, K] int64; for y and t [N, K].

    Binary tasks give [2, 2], the negative class first; a multilabel task has no such matrix.
    """
    kinds = 2 if task is Task.BINARY else y.shape[-1]
    pairs = decisions(task, t) * kinds + decisions(task, y)
    return np.bincount(pairs, minlength=kinds * kinds).reshape(kinds, kinds)


def _only_member(values: Mapping[str, Array]) -> dict[str, float]:
    return {name: float(value[0]) for name, value in values.items()}


def _named(names: Sequence[str] | None, count: int) -> tuple[str, ...]:
    return tuple(str(position) for position in range(count)) if names is None else tuple(map(str, names))


def _class_rows(task: Task, y: Array, t: Array, names: tuple[str, ...]) -> tuple[ClassRow, ...]:
    counts = count_classes(task, y, t)
    figures = (class_precision(counts), class_recall(counts), class_f1(counts), counts.support)
    columns = [column[0].tolist() for column in figures]
    return tuple(ClassRow(*row) for row in zip(names, *columns, strict=True))


def _output_rows(y: Array, t: Array, names: tuple[str, ...]) -> tuple[OutputRow, ...]:
    figures = (np.sqrt(output_squared_error(y, t)), output_absolute_error(y, t), output_r2(y, t))
    columns = [column[0].tolist() for column in figures]
    return tuple(OutputRow(*row) for row in zip(names, *columns, strict=True))
