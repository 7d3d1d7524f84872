"""How the targets of a data set become an array [N, K], and what the network's outputs mean.

One class per task: classification and binary have class names, multilabel has 0 or 1 per column, regression has
numbers, standardized on request.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from nntrain.arrays import Array, DType
from nntrain.data import checked
from nntrain.data.dataset import Column, Dataset, Kind, quoted
from nntrain.data.readers.cells import number_key
from nntrain.data.scaling import apply_scaling, fit_scaling
from nntrain.data.task import class_labels, class_names, first_no_flag, first_text
from nntrain.errors import DataError
from nntrain.memory import empty, zeros
from nntrain.tasks import TASKS, Task


@dataclass(frozen=True, slots=True)
class ClassTarget:
    """One of K classes: one-hot [N, K], or for two classes and the binary task [N, 1], 1 for the second class."""

    name: str
    classes: tuple[str, ...]
    binary: bool
    kind: Kind

    @property
    def kinds(self) -> dict[str, Kind]:
        """What the target column is, so that another file's is read alike."""
        return {self.name: self.kind}

    def class_of(self, label: str) -> int | None:
        """The index of a class by its name; classes that are numbers are found however they are written."""
        return self.indices([label])[label]

    def indices(self, labels: Iterable[str]) -> dict[str, int | None]:
        """The index of the class of each of some different labels, None where there is none."""
        by_name: dict[str, int] = {name: k for k, name in enumerate(self.classes)}
        if self.kind == "categorical":
            return {label: by_name.get(label) for label in labels}
        numbers = {number_key(name): k for k, name in enumerate(self.classes)}
        found: dict[str, int | None] = {}
        for label in labels:
            key = number_key(label)
            found[label] = by_name.get(label, None if key is None else numbers.get(key))
        return found

    @property
    def names(self) -> tuple[str, ...]:
        """The target columns."""
        return (self.name,)

    @property
    def outputs(self) -> int:
        """K, the width of the targets and of the network's outputs."""
        return 1 if self.binary else len(self.classes)

    def array(self, dataset: Dataset, dtype: DType) -> Array:
        """The targets [N, K]."""
        (column,) = _matched(dataset, self.names)
        labels = class_labels(column).tolist()
        index = {label: -1 if k is None else k for label, k in self.indices(set(labels)).items()}
        indices = np.fromiter((index[label] for label in labels), np.int64, len(labels))
        if (at := np.flatnonzero(indices < 0)).size:
            row = int(at[0])
            raise DataError(
                f"{dataset.place(row)}: the target {self.name!r} is {labels[row]!r}, a class that the "
                f"training rows do not have; they have {quoted(self.classes)}"
            )
        if self.binary:
            return indices[:, np.newaxis].astype(dtype)
        out = zeros((len(indices), len(self.classes)), dtype)
        out[np.arange(len(indices)), indices] = 1
        return out

    def decode(self, y: Array) -> Array:
        """Class names [n] of outputs [n, K]: the largest wins, the first of equal ones; binary: the second from 1/2."""
        indices = (y[:, 0] > 0.5).astype(np.int64) if self.binary else y.argmax(axis=1)
        labels: Array = np.array(self.classes, dtype=object)[indices]
        return labels

    def to_json(self) -> dict[str, Any]:
        """What `target_from_json` makes this of."""
        return {"name": self.name, "classes": list(self.classes), "kind": self.kind}


@dataclass(frozen=True, slots=True)
class _Numbers:
    """K columns of numbers."""

    names: tuple[str, ...]

    @property
    def kinds(self) -> dict[str, Kind]:
        """What the target columns are, so that another file's are read alike."""
        return dict.fromkeys(self.names, "numeric")

    @property
    def outputs(self) -> int:
        """K."""
        return len(self.names)


@dataclass(frozen=True, slots=True)
class FlagTarget(_Numbers):
    """K labels that may hold or not, each 0 or 1: [N, K]."""

    def array(self, dataset: Dataset, dtype: DType) -> Array:
        """The targets [N, K]."""
        columns = _matched(dataset, self.names)
        for column in columns:
            if (row := first_no_flag(column)) is not None:
                value = class_labels(column.rows(np.array([row])))[0]
                raise DataError(
                    f"{dataset.place(row)}: the target {column.name!r} is {value!r}; "
                    "multilabel needs columns of 0 and 1"
                )
        return np.stack([column.values for column in columns], axis=1).astype(dtype)

    def decode(self, y: Array) -> Array:
        """0 or 1 [n, K] int64 of outputs [n, K]: 1 from 1/2 on."""
        return (y > 0.5).astype(np.int64)

    def to_json(self) -> dict[str, Any]:
        """What `target_from_json` makes this of."""
        return {"names": list(self.names)}


@dataclass(frozen=True, slots=True)
class NumberTarget(_Numbers):
    """K numbers: (y - center) / scale of each column, [N, K]."""

    center: tuple[float, ...]
    scale: tuple[float, ...]

    def array(self, dataset: Dataset, dtype: DType) -> Array:
        """The targets [N, K]."""
        columns = _matched(dataset, self.names)
        out = empty((len(dataset), len(columns)), dtype)
        for k, column in enumerate(columns):
            if column.kind == "categorical":
                at = first_text(column)
                raise DataError(
                    f"{dataset.place(at)}: the target {column.name!r} is text, {column.values[at]!r}; it was numeric "
                    "in the training data"
                )
            apply_scaling(column.values, np.float64(self.center[k]), np.float64(self.scale[k]), out[:, k])
            if not np.isfinite(out[:, k]).all():
                row = int((~np.isfinite(out[:, k])).argmax())
                raise DataError(
                    f"{dataset.place(row)}: the target {column.name!r} is {float(column.values[row])!r}, which does "
                    f"not fit in {out.dtype} after scaling; correct it, or set dtype: float64"
                )
        return out

    def decode(self, y: Array) -> Array:
        """Values [n, K] float64 in the units of the data."""
        values: Array = y.astype(np.float64) * np.array(self.scale) + np.array(self.center)
        return values

    def to_json(self) -> dict[str, Any]:
        """What `target_from_json` makes this of."""
        return {"names": list(self.names), "center": list(self.center), "scale": list(self.scale)}


Target: TypeAlias = ClassTarget | FlagTarget | NumberTarget


def fit_target(dataset: Dataset, task: Task, method: str) -> Target:
    """Learn class names, or for regression centers and scales, from the training rows."""
    columns = dataset.target_columns
    names = tuple(column.name for column in columns)
    if task is Task.MULTILABEL:
        return FlagTarget(names)
    if task is Task.REGRESSION:
        return _fit_numbers(dataset, columns, method)
    (column,) = columns
    classes = class_names(column)
    if len(classes) < 2 or (task is Task.BINARY and len(classes) > 2):
        raise DataError(
            f"{dataset.source}: the target {column.name!r} has {len(classes)} class{'es' * (len(classes) != 1)} in "
            f"the {len(column):,} training rows ({quoted(classes, 5)}); {task} needs "
            f"{'two' if task is Task.BINARY else 'two or more'}"
        )
    return ClassTarget(column.name, classes, task is Task.BINARY, column.kind)


def _fit_numbers(dataset: Dataset, columns: tuple[Column, ...], method: str) -> NumberTarget:
    fitted = [fit_scaling(column.values, method) for column in columns]
    center, scale = tuple(float(c) for c, _ in fitted), tuple(float(s) for _, s in fitted)
    for column, *values in zip(columns, center, scale, strict=True):
        if not np.isfinite(values).all():
            raise DataError(
                f"{dataset.source}: the target {column.name!r} holds numbers so large that they overflow when they "
                "are scaled; express it in another unit, or take its logarithm"
            )
    return NumberTarget(tuple(column.name for column in columns), center, scale)


def target_from_json(document: object, task: Task) -> Target:
    """The inverse of `to_json`; ValueError where the document is not one."""
    if TASKS[task].has_classes:
        classes = checked.texts(document, "classes")
        if len(classes) < 2 or (task is Task.BINARY and len(classes) != 2):
            raise ValueError(f"{len(classes)} classes are not a {task} task")
        return ClassTarget(checked.text(document, "name"), classes, task is Task.BINARY, _kind(document, classes))
    names = checked.texts(document, "names")
    if task is Task.MULTILABEL:
        return FlagTarget(names)
    center, scale = tuple(checked.numbers(document, "center")), tuple(checked.scales(document, "scale"))
    if not len(names) == len(center) == len(scale):
        raise ValueError("'names', 'center' and 'scale' must be equally long")
    return NumberTarget(names, center, scale)


def _kind(document: object, classes: tuple[str, ...]) -> Kind:
    """The kind of a target of classes; the first documents did not say it, and theirs goes by the classes."""
    if not isinstance(document, dict) or "kind" not in document:
        return "categorical" if any(number_key(name) is None for name in classes) else "numeric"
    match checked.text(document, "kind"):
        case "numeric":
            return "numeric"
        case "categorical":
            return "categorical"
        case other:
            raise ValueError(f"'kind' must be numeric or categorical, got {other!r}")


def _matched(dataset: Dataset, names: tuple[str, ...]) -> list[Column]:
    there = {column.name: column for column in dataset.target_columns}
    if missing := [name for name in names if name not in there]:
        raise DataError(f"{dataset.source}: no target {quoted(missing)}; it is needed to score predictions")
    return [there[name] for name in names]
