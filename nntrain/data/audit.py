"""Columns that are likely to be of no use, found before any time is spent on them."""

import numpy as np

from nntrain.arrays import Array
from nntrain.data.dataset import Column, Dataset
from nntrain.data.scaling import is_constant

_ENOUGH_ROWS = 20


def column_warnings(dataset: Dataset) -> list[str]:
    """A sentence for each input column that is the same in every row, or numbers or names the rows one by one."""
    columns = dataset.inputs if isinstance(dataset.inputs, tuple) and len(dataset) > 1 else ()
    return [f"{dataset.source}: {sentence}" for column in columns if (sentence := _about(column))]


def _about(column: Column) -> str:
    name = repr(column.name)
    present = column.values[~column.missing]
    if len(present) and (rounded := _is_constant(column, present)) is not None:
        where = "in every row" if len(present) == len(column) else "in every row that has a value"
        return f"column {name} is {present[0]!s} {where}{rounded}: it cannot help to predict anything"
    if len(column) >= _ENOUGH_ROWS and _identifies(column):
        exclude = f"data.features: {{exclude: [{column.name}]}}"
        return f"column {name} is different in every row, like an identifier: leave it out with {exclude}"
    return ""


def _is_constant(column: Column, present: Array) -> str | None:
    """ "" where all values are equal, words where they are but for rounding (as `scaling` has it), otherwise None."""
    if (present == present[0]).all():
        return ""
    if column.kind == "numeric" and is_constant(present.min(), present.max(), len(present)):
        return ", but for rounding"
    return None


def _identifies(column: Column) -> bool:
    """Whether every row has its own text, or the whole numbers from some start on."""
    if column.missing.any():
        return False
    if column.kind == "categorical":
        return len(set(column.values.tolist())) == len(column)
    ordered = np.sort(column.values)
    return bool(ordered[0].is_integer()) and bool((np.diff(ordered) == 1).all())
