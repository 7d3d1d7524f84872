"""What the targets ask for, and what makes them unfit for it.

The rule for `task: auto`:

- one column of text: two different values → binary, more → classification;
- one column of whole numbers with at most 20 different values, each of them three times on average → binary or
  classification likewise (two different values are always binary);
- several columns that hold only 0 and 1 → multilabel;
- any other numbers, one column or several → regression.
"""

from enum import StrEnum

import numpy as np

from nntrain.arrays import Array
from nntrain.data.dataset import Column, Dataset, quoted
from nntrain.errors import DataError

MAX_CLASSES = 1_000

_MOST_NUMERIC_CLASSES = 20
_MEAN_CLASS_SIZE = 3


class Task(StrEnum):
    """What the network is to predict: K is the number of its outputs.

    CLASSIFICATION  one of K classes         BINARY      one of two classes, K = 1
    MULTILABEL      each of K labels or not  REGRESSION  K numbers
    """

    CLASSIFICATION = "classification"
    BINARY = "binary"
    MULTILABEL = "multilabel"
    REGRESSION = "regression"


def infer_task(dataset: Dataset, asked: str = "auto") -> Task:
    """The task asked for, or for "auto" the one that the targets suggest.

    Raises:
        DataError: the targets are constant, or do not suit the task asked for.
    """
    columns = dataset.target_columns
    if not columns:
        raise DataError(f"{dataset.source}: there are no targets to learn from", setting="data.target")
    if asked == "auto" or len(dataset) > 1:
        for column in columns:
            _check_varied(dataset, column)
    task = _suggested(dataset, columns) if asked == "auto" else Task(asked)
    match task:
        case Task.CLASSIFICATION | Task.BINARY:
            _check_classes(dataset, columns, task)
        case Task.MULTILABEL:
            _check_flags(dataset, columns)
        case Task.REGRESSION:
            _check_numbers(dataset, columns)
    return task


def class_labels(column: Column) -> Array:
    """The class [N] of each cell as text: whole numbers without decimals, other numbers as Python writes them."""
    if column.kind == "categorical":
        return column.values
    values, places = np.unique(column.values, return_inverse=True)
    names = np.array([number_label(value) for value in values.tolist()], dtype=object)
    labels: Array = names[places]
    return labels


def class_names(column: Column) -> tuple[str, ...]:
    """The different classes of a column without missing cells, numbers in numeric order, text alphabetically."""
    if column.kind == "categorical":
        return tuple(sorted(set(column.values.tolist())))
    return tuple(number_label(value) for value in np.unique(column.values).tolist())


def number_label(value: float) -> str:
    """A number as the name of a class: "3" for 3.0, "0.5" for 0.5."""
    return str(int(value)) if value.is_integer() else repr(value)


def stratification_labels(dataset: Dataset, task: Task) -> Array | None:
    """The class [N] of each example where the task has classes, otherwise None."""
    if task not in (Task.CLASSIFICATION, Task.BINARY):
        return None
    return class_labels(dataset.target_columns[0])


def _suggested(dataset: Dataset, columns: tuple[Column, ...]) -> Task:
    if len(columns) > 1:
        return Task.MULTILABEL if all(map(_is_flags, columns)) else Task.REGRESSION
    if not _has_classes(columns[0]):
        return Task.REGRESSION
    return Task.BINARY if len(class_names(columns[0])) == 2 else Task.CLASSIFICATION


def _has_classes(column: Column) -> bool:
    if column.kind == "categorical":
        return True
    if not np.array_equal(column.values, np.round(column.values)):
        return False
    distinct = len(np.unique(column.values))
    return distinct <= 2 or (distinct <= _MOST_NUMERIC_CLASSES and len(column) >= _MEAN_CLASS_SIZE * distinct)


def _is_flags(column: Column) -> bool:
    return column.kind == "numeric" and bool(np.isin(column.values, (0.0, 1.0)).all())


def _check_varied(dataset: Dataset, column: Column) -> None:
    if (column.values == column.values[0]).all():
        value = class_labels(column.rows(np.arange(1)))[0]
        rows = "its only row" if len(column) == 1 else f"all {len(column):,} rows"
        raise DataError(
            f"{dataset.source}: the target {column.name!r} is {value!r} in {rows}; there is nothing to learn",
            setting="data.target",
        )


def _check_classes(dataset: Dataset, columns: tuple[Column, ...], task: Task) -> None:
    names = quoted([column.name for column in columns])
    if len(columns) > 1:
        raise DataError(
            f"{dataset.source}: {task} takes one target column, got {len(columns)}: {names}; "
            "several columns of 0 and 1 are multilabel, several of numbers regression",
            setting="data.task",
        )
    (column,) = columns
    if column.kind == "numeric" and (at := np.flatnonzero(column.values != np.round(column.values))).size:
        raise DataError(
            f"{dataset.place(int(at[0]))}: the target {names} is {float(column.values[at[0]])!r}; {task} needs "
            "classes: text or whole numbers. For other numbers use task: regression",
            setting="data.task",
        )
    classes = class_names(column)
    if task is Task.BINARY and len(classes) != 2:
        raise DataError(
            f"{dataset.source}: binary needs a target with two classes; {names} has {len(classes)}: "
            f"{quoted(classes, 5)}. Use task: classification",
            setting="data.task",
        )
    if len(classes) > MAX_CLASSES:
        raise DataError(
            f"{dataset.source}: the target {names} has {len(classes):,} different values ({quoted(classes, 3)}); "
            f"at most {MAX_CLASSES:,} classes are possible. Is it the right column?",
            setting="data.target",
        )


def _check_flags(dataset: Dataset, columns: tuple[Column, ...]) -> None:
    for column in columns:
        wrong = column.missing if column.kind == "categorical" else ~np.isin(column.values, (0.0, 1.0))
        if column.kind == "categorical" or wrong.any():
            at = int(np.argmax(wrong))
            value = class_labels(column.rows(np.array([at])))[0]
            raise DataError(
                f"{dataset.place(at)}: the target {column.name!r} is {value!r}; multilabel needs columns of 0 and 1",
                setting="data.task",
            )


def _check_numbers(dataset: Dataset, columns: tuple[Column, ...]) -> None:
    for column in columns:
        if column.kind == "categorical":
            remedy = "choose one target for classification" if len(columns) > 1 else "use task: classification"
            raise DataError(
                f"{dataset.place(0)}: the target {column.name!r} is text, {column.values[0]!r}; "
                f"regression needs numbers: {remedy}",
                setting="data.task",
            )
