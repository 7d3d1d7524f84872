"""The task that the targets ask for, and what makes them unfit for one.

The values of a target are names of classes or numbers. Numbers that are names keep the spelling that they have in the
file, `01` or `1.0`; classes whose numbers are equal are one class.

The rule for `task: auto`:

- one column of text: two different values → binary, more → classification;
- one column of whole numbers with at most 20 different values, each of them three times on average → binary or
  classification likewise (two different values are always binary);
- several columns that hold only 0 and 1 → multilabel;
- any other numbers, one column or several → regression.
"""

import numpy as np

from nntrain.arrays import Array
from nntrain.data.dataset import LARGEST_INTEGER, Column, Dataset, as_yaml, quoted
from nntrain.data.readers.cells import number_key
from nntrain.errors import DataError
from nntrain.tasks import TASKS, Task

MAX_CLASSES = 1_000

_MOST_NUMERIC_CLASSES = 20
_MEAN_CLASS_SIZE = 3


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
    """The class [N] of each cell as it is spelled; numbers of which that is not known as Python writes them.

    Whole numbers are written without decimals then: "3" for 3.0.
    """
    if column.kind == "categorical":
        return column.values
    if column.spelling is not None:
        return column.spelling
    values, places = np.unique(column.values, return_inverse=True)
    names = np.array([number_label(value) for value in values.tolist()], dtype=object)
    labels: Array = names[places]
    return labels


def class_names(column: Column) -> tuple[str, ...]:
    """The different classes of a column without missing cells, numbers in numeric order, text alphabetically."""
    if column.kind == "categorical":
        return tuple(sorted(set(column.values.tolist())))
    if column.spelling is not None:
        values = dict(zip(column.spelling.tolist(), column.values.tolist(), strict=True))
        return tuple(sorted(values, key=lambda label: (values[label], number_key(label) or 0, label)))
    return tuple(number_label(value) for value in np.unique(column.values).tolist())


def number_label(value: float) -> str:
    """A number as the name of a class: "3" for 3.0, "0.5" for 0.5."""
    return str(int(value)) if value.is_integer() else repr(value)


def stratification_labels(dataset: Dataset, task: Task) -> Array | None:
    """The class [N] of each example where the task has classes, otherwise None."""
    if not TASKS[task].has_classes:
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
    distinct = _different(column)
    return distinct <= 2 or (distinct <= _MOST_NUMERIC_CLASSES and len(column) >= _MEAN_CLASS_SIZE * distinct)


def _is_flags(column: Column) -> bool:
    return column.kind == "numeric" and first_no_flag(column) is None


def _check_varied(dataset: Dataset, column: Column) -> None:
    if _different(column) == 1:
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
    _check_spelled_once(dataset, column)
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


def _check_spelled_once(dataset: Dataset, column: Column) -> None:
    """DataError where one number is written in two ways: as a class it would be two."""
    if column.kind == "categorical" or column.spelling is None:
        return
    first: dict[tuple[float, float | None], str] = {}
    for label, value in dict(zip(column.spelling.tolist(), column.values.tolist(), strict=True)).items():
        before = first.setdefault((value, number_key(label)), label)
        if before != label:
            row, other = (int((column.spelling == each).argmax()) for each in (label, before))
            raise DataError(
                f"{dataset.place(row)}: the target {column.name!r} is {label!r}, and {before!r} in "
                f"{dataset.place(other)}: the same number in two ways; write it in one way, or keep the two apart with "
                f"data.columns: {{{as_yaml(column.name)}: categorical}}",
                setting="data.target",
            )


def _check_flags(dataset: Dataset, columns: tuple[Column, ...]) -> None:
    for column in columns:
        if (at := first_no_flag(column)) is not None:
            value = class_labels(column.rows(np.array([at])))[0]
            raise DataError(
                f"{dataset.place(at)}: the target {column.name!r} is {value!r}; multilabel needs columns of 0 and 1",
                setting="data.task",
            )


def _check_numbers(dataset: Dataset, columns: tuple[Column, ...]) -> None:
    for column in columns:
        if column.kind == "categorical":
            remedy = "choose one target for classification" if len(columns) > 1 else "use task: classification"
            at = first_text(column)
            raise DataError(
                f"{dataset.place(at)}: the target {column.name!r} is text, {column.values[at]!r}; "
                f"regression needs numbers: {remedy}",
                setting="data.task",
            )


def first_no_flag(column: Column) -> int | None:
    """The row of the first cell that is not the number 0 or 1; None where there is none."""
    if column.kind == "categorical":
        texts = column.values.tolist()
        return next((row for row, text in enumerate(texts) if number_key(text) not in (0, 1)), 0)
    wrong = ~np.isin(column.values, (0.0, 1.0))
    return int(wrong.argmax()) if wrong.any() else None


def first_text(column: Column) -> int:
    """The row of the first cell of a categorical column that is no number."""
    numbers = {text: number_key(text) for text in set(column.values.tolist())}
    return next((row for row, text in enumerate(column.values.tolist()) if numbers[text] is None), 0)


def _different(column: Column) -> int:
    """How many different values there are; numbers beyond 2^53 may be different and equal as float64."""
    if column.kind == "categorical":
        return len(set(column.values.tolist()))
    if column.spelling is not None and np.abs(column.values).max() >= LARGEST_INTEGER:
        return len(set(map(number_key, set(column.spelling.tolist()))))
    return len(np.unique(column.values))
