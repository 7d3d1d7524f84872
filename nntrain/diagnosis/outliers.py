"""Numbers in a data set that are far out of the range of their column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nntrain.arrays import Array
from nntrain.data.dataset import Dataset

# A number is out of range if it is more than this many times as large as is typical of its column.
OUT_OF_RANGE = 1e3
# Typical sizes are found from about this many rows.
SAMPLE = 2_000


@dataclass(frozen=True)
class Outlier:
    """One number.

    Attributes:
        row: its row in the data set.
        column: the name of its column; of an array, `x3` for element 3, or `x[3, 5]`.
        value: the number, as it is in the file.
        typical: the median size of the column's numbers that are not 0; 0 if all are.
    """

    row: int
    column: str
    value: float
    typical: float

    @property
    def times(self) -> float:
        """How many times larger than is typical; than 1 in a column that is 0 otherwise."""
        return abs(self.value) / (self.typical or 1.0)


def outliers(dataset: Dataset, rows: Array) -> list[Outlier]:
    """The number that is the farthest out of range in each of these rows [n], the worst row first.

    Inputs and numeric targets are looked at. Rows in which all numbers are in range are left out.
    """
    distinct = np.unique(rows)
    worst: dict[int, Outlier] = {}
    for column, values, typical in _columns(dataset):
        sizes = np.abs(values[distinct])
        for index in np.flatnonzero(sizes > OUT_OF_RANGE * (typical or 1.0)).tolist():
            row = int(distinct[index])
            found = Outlier(row, column, float(values[row]), typical)
            if row not in worst or found.times > worst[row].times:
                worst[row] = found
    return sorted(worst.values(), key=lambda found: -found.times)


def _columns(dataset: Dataset) -> Iterator[tuple[str, Array, float]]:
    """Name, numbers [N] and typical size of each numeric column."""
    inputs = dataset.inputs if isinstance(dataset.inputs, tuple) else ()
    for column in (*inputs, *dataset.target_columns):
        if column.kind == "numeric":
            yield column.name, column.values, _typical(column.values)
    if isinstance(dataset.inputs, tuple):
        return
    flat = dataset.inputs.reshape(len(dataset), -1)
    # The elements of an image are of one kind.
    common = _typical(flat) if dataset.inputs.ndim > 2 else None
    for k, indices in enumerate(np.ndindex(dataset.inputs.shape[1:])):
        name = f"x{k}" if len(indices) == 1 else f"x{list(indices)}"
        values = flat[:, k]
        yield name, values, _typical(values) if common is None else common


def _typical(values: Array) -> float:
    """The median of |values| where they are not 0, from a sample of evenly spaced rows."""
    sample = np.abs(values[:: max(1, len(values) // SAMPLE)])
    present = sample[(sample > 0) & np.isfinite(sample)]
    return float(np.median(present)) if present.size else 0.0
