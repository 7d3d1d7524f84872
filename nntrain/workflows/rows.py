"""New examples in any form that Python has for them, as a data set with the columns of the training data.

A table is anything with named columns: a mapping, a pandas or polars DataFrame, a pyarrow Table, a structured array.
They are known by what they can do, and none of their libraries is imported.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import chain
from numbers import Real
from typing import Any

import numpy as np

from nntrain.arrays import Array
from nntrain.data.dataset import NAMES_SHOWN, Column, Dataset, Kind, array_columns, numeric_column, quoted, text_column
from nntrain.data.readers.cells import Reading
from nntrain.data.readers.checks import absent_inputs
from nntrain.data.readers.rules import TableRules
from nntrain.data.task import number_label
from nntrain.errors import DataError

SOURCE = "rows"


def rows_dataset(rows: Any, kinds: Mapping[str, Kind], rules: TableRules) -> Dataset:
    """The data set of new examples.

    Args:
        rows: as `Model.predict` takes them.
        kinds: the input columns of the training data, in order, each with its kind; {} where arrays were trained on.
        rules: how cells of text are read.

    Raises:
        DataError: the rows lack a column, or are no rows at all.
    """
    names = list(kinds)
    if not names:
        return Dataset(_array(rows), None, SOURCE)
    if _is_numeric(rows, len(names)) and set(kinds.values()) == {"numeric"}:
        columns = tuple(
            numeric_column(n, _without_marks(c.values, rules.reading_of(n)))
            for c, n in zip(array_columns("", rows), names, strict=True)
        )
        return Dataset(columns, None, SOURCE)
    labels = _labels(rows)
    if labels is not None:
        return _table(rows, labels, kinds, rules)
    expected = f"{SOURCE}: give a list of rows, each with the values of {_listing(names)}"
    listed = _listed(rows, expected)
    if listed and all(_names_its_values(row) for row in listed):
        labels = list(dict.fromkeys(chain.from_iterable(row.keys() for row in listed)))
        return _table({label: [row.get(label) for row in listed] for label in labels}, labels, kinds, rules)
    table = [_listed(row, expected) for row in listed]
    wrong = next((index for index, row in enumerate(table) if len(row) != len(names)), None)
    if wrong is not None:
        raise DataError(
            f"{SOURCE}: row {wrong} has {len(table[wrong])} values, but the network takes {len(names)}: "
            f"{_listing(names)}"
        )
    return _table({name: [row[index] for row in table] for index, name in enumerate(names)}, names, kinds, rules)


def _listing(names: Sequence[str]) -> str:
    """Names for a message; of many the first ones."""
    shown = ", ".join(names[:NAMES_SHOWN])
    return shown if len(names) <= NAMES_SHOWN else f"{shown} and {len(names) - NAMES_SHOWN:,} more"


def _is_numeric(rows: Any, width: int) -> bool:
    """Whether the rows are an array [n, `width`] of numbers, none of them masked."""
    is_plain = isinstance(rows, np.ndarray) and not isinstance(rows, np.ma.MaskedArray)
    return is_plain and rows.shape[1:] == (width,) and rows.dtype.kind in "uif"


def _array(rows: Any) -> Array:
    """Examples that are arrays themselves, such as images, as one array [n, …]."""
    try:
        array = np.asarray(rows)
    except ValueError as error:
        raise DataError(f"{SOURCE}: the examples differ in shape") from error
    if array.dtype.kind not in "buif":
        raise DataError(f"{SOURCE}: the examples must be arrays of numbers, got {array.dtype}")
    return array


def _labels(rows: Any) -> list[Any] | None:
    """What a table calls its columns; None for what is no table."""
    if isinstance(rows, Mapping):
        return list(rows)
    if isinstance(rows, np.ndarray):
        return None if rows.dtype.names is None else list(rows.dtype.names)
    # The `columns` of a pyarrow table are the columns themselves. Its type is asked, for a DataFrame has its columns as
    # attributes too.
    by = "column_names" if hasattr(type(rows), "column_names") else "columns"
    labels = getattr(rows, by, None)
    try:
        return None if labels is None else list(labels)
    except TypeError:
        return None


def _names_its_values(row: Any) -> bool:
    """Whether a row is a mapping of column to value, or like one, as a pandas Series of a DataFrame's row."""
    if isinstance(row, Mapping):
        return True
    keys = getattr(row, "keys", None)
    return callable(keys) and hasattr(row, "get") and all(isinstance(key, str) for key in keys())


def _listed(values: Any, otherwise: str) -> list[Any]:
    """The values as a list of Python's; DataError `otherwise` for what is no list of any kind."""
    for method in ("to_pylist", "to_list"):  # of pyarrow; of polars and pandas
        convert = getattr(values, method, None)
        if callable(convert):
            return list(convert())
    try:
        if not isinstance(values, str | bytes | Mapping):
            return list(values)
    except TypeError:
        pass
    raise DataError(otherwise)


def _table(table: Any, labels: Sequence[Any], kinds: Mapping[str, Kind], rules: TableRules) -> Dataset:
    """A data set of the columns trained on, each found by its name; others are not looked at."""
    there = [str(label) for label in labels]
    times = Counter(there)
    if missing := [name for name in kinds if name not in times]:
        raise DataError(f"{SOURCE}: {absent_inputs(missing, there, list(kinds))}")
    if twice := [name for name in kinds if times[name] > 1]:
        raise DataError(f"{SOURCE}: there are two columns named {quoted(twice[:1])}; rename one of them")
    label_of = dict(zip(there, labels, strict=True))
    found = {name: _column_of(table, label_of[name], name) for name in kinds}
    columns = [_column(name, values, kinds[name], rules.reading_of(name)) for name, values in found.items()]
    longer = next((column for column in columns if len(column) != len(columns[0])), None)
    if longer is not None:
        raise DataError(
            f"{SOURCE}: the columns differ in length: {columns[0].name!r} has {len(columns[0])}, "
            f"{longer.name!r} {len(longer)}"
        )
    return Dataset(tuple(columns), None, SOURCE)


def _column_of(table: Any, label: Any, name: str) -> Any:
    try:
        return table[label]
    except (TypeError, LookupError):  # a table that computes its columns later, such as a polars LazyFrame
        raise DataError(
            f"{SOURCE}: the column {name!r} of a {type(table).__name__} cannot be read; collect it into a DataFrame, "
            "or give a mapping of column to values"
        ) from None


def _column(name: str, values: Any, kind: Kind, reading: Reading) -> Column:
    """A column of cells, which mean what they would mean in a CSV file."""
    if kind == "numeric" and (numbers := _numbers(values)) is not None:
        return numeric_column(name, _without_marks(numbers, reading))
    cells = _listed(values, f"{SOURCE}: the column {name!r} must be a list of values")
    missing = [_is_missing(cell) for cell in cells]
    texts = ["" if gone else _spelling(cell) for cell, gone in zip(cells, missing, strict=True)]
    texts = ["" if reading.is_missing(text) else text for text in texts]
    if all(gone or _is_number(cell) for cell, gone in zip(cells, missing, strict=True)):
        # A category is found by its number, however that is written: 1 is "01".
        found = [np.nan if gone else _number(cell) for cell, gone in zip(cells, missing, strict=True)]
        column = numeric_column(name, _without_marks(np.array(found), reading))
        return replace(column, spelling=np.array(texts, dtype=object)) if kind == "categorical" else column
    if kind == "categorical":
        return text_column(name, texts)
    # A number is a number: only text is read as a file's cells are.
    read = [
        _number(cell) if not gone and _is_number(cell) else reading.number(text)
        for cell, gone, text in zip(cells, missing, texts, strict=True)
    ]
    if None not in read:
        return numeric_column(name, _without_marks(np.array(read, dtype=np.float64), reading))
    return text_column(name, texts)


def _without_marks(numbers: Array, reading: Reading) -> Array:
    """Numbers [n], NaN for those that stand for a missing value."""
    marks = [mark for mark in reading.numeric_marks if mark is not None]
    return np.where(np.isin(numbers, marks), np.nan, numbers) if marks else numbers


def _numbers(values: Any) -> Array | None:
    """Values that an array library holds as numbers, all at once; None for all others."""
    if not hasattr(values, "__array__") or isinstance(values, np.ma.MaskedArray):
        return None
    try:
        array = np.asarray(values)
    except (TypeError, ValueError):
        return None
    return array if array.ndim == 1 and array.dtype.kind in "uif" else None


def _is_missing(cell: Any) -> bool:
    """Whether a cell is None, NaN, NaT or masked, or pandas' NA, which is not equal to anything and no truth value."""
    if cell is None or cell is np.ma.masked or type(cell).__name__ == "NAType":
        return True
    try:
        return bool(cell != cell)
    except (TypeError, ValueError, ArithmeticError):  # an array, for one
        return False


def _is_number(cell: Any) -> bool:
    return isinstance(cell, Real | Decimal) and not isinstance(cell, bool)


def _number(cell: Any) -> float:
    try:
        return float(cell)
    except OverflowError:
        return math.inf if cell > 0 else -math.inf


def _spelling(cell: Any) -> str:
    """A cell as a CSV file has it; a whole number has no decimals."""
    if isinstance(cell, bytes):
        text = cell.decode("utf-8", "replace")
    elif isinstance(cell, float | np.floating):
        text = number_label(float(str(cell)))  # str of a float32 has the digits that it was written with
    else:
        text = str(cell)
    return text.strip()
