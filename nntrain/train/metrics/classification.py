"""Metrics of tasks that decide: classes, yes or no, labels. Shapes and conventions as in metrics.py."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nntrain.arrays import Array
from nntrain.memory import full, zeros
from nntrain.tasks import TASKS, Task


@dataclass(frozen=True)
class ClassCounts:
    """Per class (or label) of each member, [M, K]: hits, how often it was predicted, how often it was true.

    A binary task has two classes here, the negative one first.
    """

    hits: Array
    predicted: Array
    support: Array


def decisions(task: Task, y: Array) -> Array:
    """Predicted classes [M, N] as int64 (binary: 0 or 1), or predicted labels [M, N, K] as bool (multilabel).

    The same rule reads targets. A tie between classes goes to the first; exactly one half is negative.
    """
    if task is Task.CLASSIFICATION:
        classes: Array = y.argmax(axis=-1)
        return classes
    positive: Array = y > 0.5
    return positive[..., 0].astype(np.int64) if task is Task.BINARY else positive


def count_classes(task: Task, y: Array, t: Array) -> ClassCounts:
    """Hits, predictions and true cases per class, [M, K], of a task that decides (K = 2 for binary)."""
    predicted, true = np.broadcast_arrays(decisions(task, y), decisions(task, t))
    if task is Task.MULTILABEL:
        return ClassCounts(
            hits=(predicted & true).sum(axis=1), predicted=predicted.sum(axis=1), support=true.sum(axis=1)
        )
    classes = 2 if task is Task.BINARY else y.shape[-1]
    correct = np.where(predicted == true, true, classes)  # what is wrong goes to one class more, dropped below
    return ClassCounts(
        hits=_tally(correct, classes + 1)[:, :classes],
        predicted=_tally(predicted, classes),
        support=_tally(true, classes),
    )


def _tally(values: Array, kinds: int) -> Array:
    """How often each of 0 … kinds − 1 occurs in each row: [M, N] → [M, kinds]."""
    rows = np.arange(len(values))[:, None] * kinds
    return np.bincount((values + rows).ravel(), minlength=len(values) * kinds).reshape(len(values), kinds)


def divide(numerator: Array, denominator: Array) -> Array:
    """The quotient in float64, and 0 where the denominator is 0."""
    quotient = zeros(np.broadcast_shapes(numerator.shape, denominator.shape))
    return np.divide(numerator, denominator, out=quotient, where=denominator != 0)


def class_precision(counts: ClassCounts) -> Array:
    """Of the examples that were given the class, the part that has it: [M, K]."""
    return divide(counts.hits, counts.predicted)


def class_recall(counts: ClassCounts) -> Array:
    """Of the examples that have the class, the part that was given it: [M, K]."""
    return divide(counts.hits, counts.support)


def class_f1(counts: ClassCounts) -> Array:
    """Harmonic mean of precision and recall, 2·hits / (predicted + true): [M, K]."""
    return divide(2 * counts.hits, counts.predicted + counts.support)


def accuracy(task: Task, y: Array, t: Array) -> Array:
    """The part of right decisions, [M].

    Multilabel: of all decisions about single labels (one minus the Hamming loss), so that one wrong label out
    of many does not make an example worthless. scikit-learn's accuracy_score asks for the whole row to be
    right.
    """
    right = decisions(task, y) == decisions(task, t)
    return _unless_broken(y, right.reshape(len(right), -1).mean(axis=1, dtype=np.float64))


def balanced_accuracy(task: Task, y: Array, t: Array) -> Array:
    """The mean recall over the classes among the targets, [M]: a rare class counts like any other."""
    counts = count_classes(task, y, t)
    return _unless_broken(y, divide(class_recall(counts).sum(axis=1), (counts.support > 0).sum(axis=1)))


def precision(task: Task, y: Array, t: Array) -> Array:
    """Precision, [M]: of the positive class (binary), or the mean over classes or labels."""
    return _average(task, y, t, class_precision)


def recall(task: Task, y: Array, t: Array) -> Array:
    """Recall, [M]: of the positive class (binary), or the mean over classes or labels."""
    return _average(task, y, t, class_recall)


def f1(task: Task, y: Array, t: Array) -> Array:
    """F1, [M]: of the positive class (binary), or the mean over classes or labels."""
    return _average(task, y, t, class_f1)


def _average(task: Task, y: Array, t: Array, per_class: Callable[[ClassCounts], Array]) -> Array:
    """The per-class figure of the positive class, or its mean over classes: [M].

    A class of a single-label task that is neither among the targets nor predicted (a small split may lack it)
    does not count; every label of a multilabel task does.
    """
    counts = count_classes(task, y, t)
    values = per_class(counts)
    if task is Task.BINARY:
        return _unless_broken(y, values[:, 1])
    occurs = full(values.shape, True) if task is Task.MULTILABEL else counts.predicted + counts.support > 0
    return _unless_broken(y, divide((values * occurs).sum(axis=1), occurs.sum(axis=1)))


def roc_auc(task: Task, y: Array, t: Array) -> Array:
    """Area under the ROC curve, [M]: the chance that a positive example is ranked above a negative one.

    By the rank statistic of Mann and Whitney (1947), U = R⁺ − n⁺(n⁺ + 1)/2 over n⁺n⁻, with equal outputs
    sharing their middle rank. Multilabel: the mean over labels. NaN where a label has positive or negative
    examples only. Raises ValueError for another task.
    """
    if "roc_auc" not in TASKS[task].metrics:
        raise ValueError(f"roc_auc applies to binary and multilabel tasks, not to {task}")
    scores = y.swapaxes(1, 2)  # [M, K, N]
    positive = np.broadcast_to(t.swapaxes(1, 2) > 0.5, scores.shape)
    order = scores.argsort(axis=-1)
    ranks = _middle_ranks(np.take_along_axis(scores, order, axis=-1))
    rank_sum = (ranks * np.take_along_axis(positive, order, axis=-1)).sum(axis=-1)
    positives = positive.sum(axis=-1, dtype=np.float64)
    pairs = positives * (scores.shape[-1] - positives)
    wins = rank_sum - positives * (positives + 1) / 2
    area = np.divide(wins, pairs, out=full(pairs.shape, np.nan), where=pairs > 0)  # [M, K]
    return _unless_broken(y, area.mean(axis=1))


def _middle_ranks(ordered: Array) -> Array:
    """Ranks from 1 of values sorted along the last axis; equal values share the mean of their ranks."""
    n = ordered.shape[-1]
    position = np.arange(n)
    starts = full(ordered.shape, True)
    np.not_equal(ordered[..., 1:], ordered[..., :-1], out=starts[..., 1:])
    ends = full(ordered.shape, True)
    ends[..., :-1] = starts[..., 1:]
    first = np.maximum.accumulate(np.where(starts, position, 0), axis=-1)
    last = np.minimum.accumulate(np.where(ends, position, n)[..., ::-1], axis=-1)[..., ::-1]
    return (first + last) / 2 + 1


def _unless_broken(y: Array, scores: Array) -> Array:
    """The scores [M], with NaN for members that have an output that is not finite."""
    whole = np.isfinite(y).all(axis=(1, 2))
    return scores if whole.all() else np.where(whole, scores, np.nan)
