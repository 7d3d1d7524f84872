"""What the examples of each class count in the loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nntrain.arrays import Array
from nntrain.assembly.data import Prepared
from nntrain.config.loss import given_class_weights
from nntrain.config.root import Config


def class_weights(config: Config, prepared: Sequence[Prepared]) -> Array | None:
    """The weight of each class in each of D data sets, [D, K], or None; `balanced` goes by their training splits."""
    given = given_class_weights(config.loss)
    if given is None:
        return None
    return np.stack([_balanced(each) if given == "balanced" else _listed(given, _classes(each)) for each in prepared])


def known_class_weights(config: Config, classes: Sequence[str], recorded: object) -> Array | None:
    """The weight of each class of a run that was trained before, [1, K], or None where that is not known.

    Args:
        config: of the run.
        classes: their names.
        recorded: what its result.json says of them, class → weight, for those that were `balanced`.

    Raises:
        ValueError: what is recorded is not a positive weight for each class.
    """
    given = given_class_weights(config.loss)
    if given != "balanced":
        return None if given is None else _listed(given, classes)[None]
    if recorded is None:
        return None
    if not isinstance(recorded, dict) or sorted(recorded) != sorted(classes):
        raise ValueError("'class_weights' does not have a weight for each class")
    if not all(isinstance(weight, float) and 0 < weight < np.inf for weight in recorded.values()):
        raise ValueError("'class_weights' must be positive numbers")
    return _listed(recorded, classes)[None]


def example_weights(t: Array, weights: Array) -> Array:
    """The weight of each example's class [D, n, 1], from one-hot targets [D, n, K] or 0 and 1 [D, n, 1].

    `weights` is [D, K], one row for each data set.
    """
    classes = t.argmax(axis=2) if t.shape[2] > 1 else t[:, :, 0].astype(np.intp)
    of_each: Array = np.take_along_axis(weights, classes, axis=1)[:, :, None]
    return of_each.astype(t.dtype)


def _classes(data: Prepared) -> Sequence[str]:
    return data.preprocessor.classes or ()


def _balanced(data: Prepared) -> Array:
    """n / (K n_k) for each class of a training split, [K], as in scikit-learn."""
    t = data.splits["training"].whole("t")
    of_each = t.sum(axis=0, dtype=np.float64)
    counts = of_each if len(of_each) > 1 else np.array([len(t) - of_each[0], of_each[0]])
    return np.asarray(len(t) / (len(counts) * np.maximum(counts, 1)))


def _listed(given: Any, classes: Sequence[str]) -> Array:
    """Weights in the order of the classes, [K]: 1 for those that a mapping leaves out."""
    return np.array([given.get(name, 1.0) for name in classes] if isinstance(given, dict) else given)
