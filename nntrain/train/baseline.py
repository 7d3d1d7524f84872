"""What a network must beat: the constant answer, which ignores its inputs and is always the mean target.

For classes the mean of one-hot targets is their shares, so that the most frequent class is the answer; for numbers it
is their mean. It is learned from the training split and scored like a network, under the loss of the run too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from nntrain.arrays import Array
from nntrain.memory import Memory
from nntrain.nn.activations import Sigmoid, Softmax, Step
from nntrain.nn.losses.loss import Loss
from nntrain.tasks import Task
from nntrain.train.evaluator import EVALUATION_BLOCK, Units
from nntrain.train.metrics import LOSS, WEIGHTED_LOSS, compute_metrics, is_maximized

# A share of 0 or 1 would have an infinite loss where it is wrong; scikit-learn's log_loss cuts off there too.
_SMALLEST_SHARE = float(np.finfo(np.float64).eps)
# The scores by which a network is worth more than the constant answer or not. Precision, recall and F1 are not among
# them: always to say yes has a recall of 1. Nor is the largest error, which hangs on a single example.
JUDGED = ("loss", "accuracy", "balanced_accuracy", "roc_auc", "rmse", "mae", "r2")
_ROUNDING = 1e-6


def constant_answer(reference: Array) -> Array:
    """The mean [K], float64, of targets [R, K]."""
    mean: Array = reference.mean(axis=0, dtype=np.float64)
    return mean


def constant_losses(loss: Loss, reference: Array, t: Array, weight: Array | None = None) -> dict[str, float]:
    """The losses of the constant answer by name, as evaluation has them: the weighted one where there is a `weight`."""
    losses = {LOSS: constant_loss(loss, reference, t)}
    return losses if weight is None else {**losses, WEIGHTED_LOSS: constant_loss(loss, reference, t, weight)}


def constant_loss(loss: Loss, reference: Array, t: Array, weight: Array | None = None) -> float:
    """The mean loss of the constant answer to targets t [N, K], each times its `weight` [N, 1] if there is one.

    Both targets are as the network is trained on them. Computed in float64 and without label smoothing. NaN for the
    perceptron's criterion, which has no scale: the smaller a constant activation, the smaller its loss, down to 0.
    """
    if loss.fuses is Step:
        return math.nan
    answer = _before_activation(loss, constant_answer(reference))
    memory = Memory(np.float64)
    block = max(1, EVALUATION_BLOCK // t.shape[1])
    total = 0.0
    for start in range(0, len(t), block):
        part = t[start : start + block]
        shape = (1, len(part), t.shape[1:])
        y, target = memory.flowing(*shape), memory.flowing(*shape)
        y[...], target[...] = answer, part
        factor = None if weight is None else weight[None, start : start + block].astype(np.float64)
        bound = loss.bind(y, target, factor, memory, training=False)
        with np.errstate(over="ignore"):
            bound.forward()
        total += float(bound.total[0])
    return total / len(t)


def baseline_scores(
    loss: Loss,
    task: Task,
    names: Sequence[str],
    reference: Array,
    t: Array,
    *,
    units: Units | None = None,
    weight: Array | None = None,
) -> dict[str, float]:
    """Losses and the named metrics of the constant answer, as a network's are computed.

    Args:
        loss: of the run.
        task: of the run.
        names: of metrics that apply to the task.
        reference: [R, K], the targets that the answer is learned from: those of the training split.
        t: [N, K], the targets that it is scored on, in the units of `reference`.
        units: of regression targets, for the metrics; the loss is in those of the network.
        weight: [N, 1], what each example counts in the weighted loss; None where there is none.
    """
    values = np.broadcast_to(constant_answer(reference), t.shape)[None], t[None].astype(np.float64)
    y, true = values if units is None else (value * units.scale + units.center for value in values)
    metrics = compute_metrics(names, task, y, true)
    return {
        **constant_losses(loss, reference, t, weight),
        **{name: float(value[0]) for name, value in metrics.items()},
    }


def not_beaten(scores: Mapping[str, float], baseline: Mapping[str, float]) -> list[str]:
    """The names of the scores that judge a network and in which it is no better than the baseline.

    An R² of 0 or less is never better, whatever the baseline has: the mean of the split itself has 0. What is undefined
    judges nothing.
    """
    found = []
    for name in JUDGED:
        value, constant = scores.get(name, math.nan), baseline.get(name, math.nan)
        if math.isnan(value) or math.isnan(constant):
            continue
        gain = (value - constant) if is_maximized(name) else (constant - value)
        if gain <= _ROUNDING * abs(constant) or (name == "r2" and value <= 0):
            found.append(name)
    return found


def _before_activation(loss: Loss, answer: Array) -> Array:
    """What the loss must be given for the outputs to be `answer`: logits where it computes the activation itself."""
    if loss.fuses is None:
        return answer
    shares: Array = np.clip(answer, _SMALLEST_SHARE, 1 - _SMALLEST_SHARE)
    if loss.fuses is Softmax:
        logits: Array = np.log(shares)
        return logits
    if loss.fuses is Sigmoid:
        logits = np.log(shares) - np.log1p(-shares)
        return logits
    raise ValueError(f"{loss.fuses.__name__} is not undone here, so its baseline is not known")
