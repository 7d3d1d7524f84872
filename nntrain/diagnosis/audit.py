"""Columns that are likely to be of no use, found before any time is spent on them."""

import math
import re
from collections.abc import Collection

import numpy as np

from nntrain.arrays import Array
from nntrain.data.dataset import LARGEST_INTEGER, Column, Dataset, as_yaml
from nntrain.data.gathering import gathered
from nntrain.data.scaling import is_constant

_ENOUGH_ROWS = 20
_LARGEST_ID = 1e20  # whole numbers beyond are measurements
_ID_NAME = r"(?:.*[^a-zA-Z])?(?i:id|uuid|guid)|.*[a-z]I[dD]|Unnamed: 0"
_FEW = 0.1  # of the rows: where a number named an id has fewer different values, each is a group of many rows
_NEARLY_ALL = 0.95


def column_warnings(dataset: Dataset, declared: Collection[str] = ()) -> list[str]:
    """A sentence for each input column that is the same in every row, numbers or names the rows, or loses digits.

    Columns that are `declared` in the config are meant to be what they are; only what is lost is said of them. Where
    there are many, they are gathered.
    """
    columns = dataset.inputs if isinstance(dataset.inputs, tuple) and len(dataset) > 1 else ()
    found = [(column.name, about) for column in columns if (about := _about(column, column.name in declared))]
    return gathered(
        ((kind, name, f"{dataset.source}: column {name!r} {sentence}") for name, (kind, sentence) in found),
        source=dataset.source,
    )


def _about(column: Column, declared: bool) -> tuple[str, str] | None:
    """What is wrong with a column, in words that are the same for all such columns, and in its own."""
    exclude = f"leave it out with data.columns: {{{as_yaml(column.name)}: excluded}}"
    present = column.values[~column.missing]
    if column.kind == "numeric" and _loses_digits(present) and (present != present[0]).any():
        names = f"data.columns: {{{as_yaml(column.name)}: categorical}}"
        text = f"holds whole numbers beyond 2^53, which become equal to their neighbours: {exclude}, or set {names}"
        return "of whole numbers beyond 2^53", text
    if len(present) and (rounded := _is_constant(column, present)) is not None:
        where = "in every row" if len(present) == len(column) else "in every row that has a value"
        text = f"is {present[0]!s} {where}{rounded}: it cannot help to predict anything"
        return "that are the same in every row", text
    if declared or len(present) < _ENOUGH_ROWS:
        return None
    different = _names_rows(present) if column.kind == "categorical" else _numbers_rows(column, present)
    if different is None:
        return None
    kind = "like identifiers"
    if different == len(column):
        return kind, f"is different in every row, like an identifier: {exclude}"
    inputs = f", and would become {different:,} inputs" if column.kind == "categorical" else ""
    return kind, f"has {different:,} different values in {len(present):,} rows, like an identifier{inputs}: {exclude}"


def _is_constant(column: Column, present: Array) -> str | None:
    """ "" where all values are equal, words where they are but for rounding (as `scaling` has it), otherwise None."""
    if (present == present[0]).all():
        return ""
    if column.kind == "numeric" and is_constant(present.min(), present.max(), len(present)):
        return ", but for rounding"
    return None


def _names_rows(present: Array) -> int | None:
    """How many different texts there are, if most of them occur once."""
    different = len(set(present.tolist()))
    return different if different * 2 > len(present) else None


def _numbers_rows(column: Column, present: Array) -> int | None:
    """How many different whole numbers there are, if they number the rows: with gaps, in steps or some repeats.

    Numbers that only rise along the file do so too, and those whose name says it.
    """
    if (present != np.round(present)).any() or not (np.abs(present) < LARGEST_INTEGER).all():
        return None
    values = np.unique(present.astype(np.int64))
    different, rows = len(values), len(present)
    if different < _ENOUGH_ROWS:
        return None
    if re.fullmatch(_ID_NAME, column.name, re.DOTALL) and different >= _FEW * rows:
        return different
    if different >= _NEARLY_ALL * rows and (np.diff(present) >= 0).all():
        return different
    # Numbers drawn at random from the same range, in the same step, would repeat far more often than those that number.
    span = (int(values[-1]) - int(values[0])) / int(np.gcd.reduce(np.diff(values))) + 1
    expected = rows - span * -math.expm1(-rows / span)
    return different if expected - 3 * math.sqrt(expected) > rows - different else None


def _loses_digits(present: Array) -> bool:
    """Whether all are whole numbers, some too large for a float64 to tell them from their neighbours."""
    sizes = np.abs(present)
    return bool(len(sizes) and LARGEST_INTEGER <= sizes.max() < _LARGEST_ID and (present == np.round(present)).all())
