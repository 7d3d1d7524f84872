"""Whether two data sets hold the same examples, however they are prepared."""

import numpy as np

from nntrain.arrays import Array
from nntrain.data.dataset import Column, Dataset


def same_examples(one: Dataset, other: Dataset) -> bool:
    """Whether two data sets have the same examples in the same order, as far as can be seen.

    They must stand at the same lines or places, and have the same targets and the same cells in every column that both
    have: other features of the same rows are the same examples, also where they come from another file.
    """
    if len(one) != len(other) or one.numbered != other.numbered or not np.array_equal(_numbers(one), _numbers(other)):
        return False
    ours, theirs = one.target_columns, other.target_columns
    if [column.name for column in ours] != [column.name for column in theirs]:
        return False
    return all(map(_equal, ours, theirs)) and _same_inputs(one.inputs, other.inputs)


def _numbers(dataset: Dataset) -> Array:
    return np.arange(len(dataset)) if dataset.numbers is None else dataset.numbers


def _same_inputs(one: tuple[Column, ...] | Array, other: tuple[Column, ...] | Array) -> bool:
    if isinstance(one, tuple) and isinstance(other, tuple):
        theirs = {column.name: column for column in other}
        return all(_equal(column, theirs[column.name]) for column in one if column.name in theirs)
    return not isinstance(one, tuple) and not isinstance(other, tuple) and np.array_equal(one, other)


def _equal(one: Column, other: Column) -> bool:
    """Whether two columns have the same cells; read as another kind they are not compared."""
    if one.kind != other.kind:
        return True
    there = ~one.missing
    return np.array_equal(one.missing, other.missing) and np.array_equal(one.values[there], other.values[there])
