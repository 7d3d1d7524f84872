"""Metrics that say nothing on some examples, whatever the network puts out: undefined, or the same for every network.

Both show in the targets alone, so that they are known before training. Each reason goes on behind the metric's name:
"… needs at least 2 examples, but the validation split has 1".
"""

from collections.abc import Sequence

import numpy as np

from nntrain.arrays import Array
from nntrain.data.dataset import quoted
from nntrain.tasks import Task

_OF_POSITIVES = ("precision", "recall", "f1")


def why_undefined(name: str, task: Task, t: Array, names: Sequence[str], where: str) -> str | None:
    """Why a metric is NaN for targets t [N, K], or None if it is a number for every finite output.

    Args:
        name: the metric, or "loss".
        task: what is predicted.
        t: N at least 1; one-hot, or 0 and 1, or values.
        names: of the classes (the negative one first), labels or outputs.
        where: the examples in words, such as "the validation split".
    """
    if name == "r2" and len(t) < 2:
        return f"needs at least 2 examples, but {where} has {len(t)}"
    if name != "roc_auc":
        return None
    one_sided = np.flatnonzero((t > 0.5).all(axis=0) | (t <= 0.5).all(axis=0))
    if not len(one_sided):
        return None
    if task is Task.BINARY:
        return f"needs examples of both classes, but {where} has {names[int(t[0, 0] > 0.5)]!r} only"
    label, always = names[int(one_sided[0])], int(t[0, one_sided[0]] > 0.5)
    return f"needs both 0 and 1 for every label, but {label!r} is {always} all through {where}"


def why_the_same(name: str, task: Task, t: Array, names: Sequence[str], where: str) -> str | None:
    """Why a metric that is a number is the same for every network, so that none can be chosen by it; else None.

    Arguments as for `why_undefined`.
    """
    if name == "r2" and (t == t[0]).all():
        of = "the target is" if t.shape[1] == 1 else f"the targets {quoted(names, 5)} are"
        return f"is 0 for every network that is not perfect, because {of} constant in {where}"
    if name in _OF_POSITIVES and task in (Task.BINARY, Task.MULTILABEL) and not (t > 0.5).any():
        what = f"example of the class {names[1]!r}" if task is Task.BINARY else "example with a label"
        return f"is 0 for every network, because {where} has no {what}"
    return None
