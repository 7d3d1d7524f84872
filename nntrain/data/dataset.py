"""A data set as it was read: columns or an array, not yet scaled or encoded."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from nntrain.arrays import Array, Shape
from nntrain.memory import empty
from nntrain.visible import is_visible, json_visible

Kind = Literal["numeric", "categorical"]

NAMES_SHOWN = 20

LARGEST_INTEGER = 2**53
"""Beyond it a float64 no longer holds every integer."""


@dataclass(frozen=True, eq=False, slots=True)
class Column:
    """One named column of N cells.

    `values` is [N] float64 with NaN where a cell is missing (numeric), or [N] object holding str, "" where
    missing (categorical). `missing` is [N] bool. Numeric values are finite wherever they are not missing.
    `spelling` is [N] object holding str, how each number is written, where that matters: for numbers that may be
    names of classes. None stands for the shortest way to write them.
    """

    name: str
    values: Array
    missing: Array
    kind: Kind
    spelling: Array | None = None

    def __len__(self) -> int:
        return len(self.values)

    def rows(self, indices: Array) -> "Column":
        """The cells at `indices`, in that order."""
        spelling = None if self.spelling is None else self.spelling[indices]
        return Column(self.name, self.values[indices], self.missing[indices], self.kind, spelling)


def numeric_column(name: str, values: Array) -> Column:
    """A numeric column of `values` [N], read as float64; NaN is a missing cell."""
    numbers = np.asarray(values, dtype=np.float64)
    return Column(name, numbers, np.isnan(numbers), "numeric")


def text_column(name: str, values: Sequence[str] | Array) -> Column:
    """A categorical column of N strings; "" is a missing cell."""
    texts = empty(len(values), object)
    texts[:] = [str(value) for value in values]
    return Column(name, texts, texts == "", "categorical")


@dataclass(frozen=True, eq=False)
class Dataset:
    """N examples: what goes in, what is to come out, and where each came from.

    inputs    columns of N cells, or an array [N, I], [N, H, W, C] or of any other rank ≥ 2, of any real dtype
    targets   columns, or an array [N] or [N, K] of numbers, or None where only predictions are wanted
    source    the name errors use for the data: the path as it was given, or "synthetic xor"
    files     the files that were read, and `sha256` of the bytes that were read of each of them
    numbers   [N] int64: for each example its line in the file (`numbered` = "line") or its index from 0
              ("example"). None stands for 0, 1, 2, …
    remarks   what deserves a word about how the file was read, a sentence each
    left_out  the columns of the file that are neither inputs nor targets
    cell      gives the text of a cell, of a line of the file and a column; None where there is no text
    """

    inputs: tuple[Column, ...] | Array
    targets: tuple[Column, ...] | Array | None
    source: str
    files: tuple[Path, ...] = ()
    numbers: Array | None = None
    numbered: Literal["line", "example"] = "example"
    remarks: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    cell: Callable[[int, str], str] | None = None
    sha256: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.inputs[0]) if isinstance(self.inputs, tuple) else len(self.inputs)

    @property
    def input_shape(self) -> Shape:
        """Shape of one example before encoding: (I,) for columns."""
        return (len(self.inputs),) if isinstance(self.inputs, tuple) else self.inputs.shape[1:]

    @property
    def target_columns(self) -> tuple[Column, ...]:
        """The targets as columns: an array [N] is "y", an array [N, K] is "y0" … "y(K-1)"; none is ()."""
        if self.targets is None:
            return ()
        if isinstance(self.targets, tuple):
            return self.targets
        return array_columns("y", self.targets)

    @property
    def kinds(self) -> dict[str, Kind]:
        """Column name → kind, for reading another file of the same table alike."""
        inputs = self.inputs if isinstance(self.inputs, tuple) else ()
        return {column.name: column.kind for column in (*inputs, *self.target_columns)}

    def rows(self, indices: Array) -> "Dataset":
        """The examples at `indices` [n] int, in that order; they keep their line or example numbers."""
        numbers = np.arange(len(self)) if self.numbers is None else self.numbers
        return replace(
            self,
            inputs=_take(self.inputs, indices),
            targets=None if self.targets is None else _take(self.targets, indices),
            numbers=numbers[indices],
        )

    def place(self, index: int) -> str:
        """Where the example at `index` is, as error messages begin: "iris.csv:7" or "x.npz: example 7"."""
        number = index if self.numbers is None else int(self.numbers[index])
        return f"{self.source}:{number}" if self.numbered == "line" else f"{self.source}: example {number}"

    def lacking(self, index: int, name: str) -> str:
        """What stands in the cell of a column that has no value there: "is 'NA', a missing value" or "is empty"."""
        mark = self.mark(index, name)
        return f"is {mark!r}, which counts as missing" if mark else "has no value"

    def mark(self, index: int, name: str) -> str:
        """The text that counts as missing in a cell of a column; "" where it is empty, or not known."""
        return "" if self.cell is None or self.numbers is None else self.cell(int(self.numbers[index]), name)


def _take(values: tuple[Column, ...] | Array, indices: Array) -> tuple[Column, ...] | Array:
    if isinstance(values, tuple):
        return tuple(column.rows(indices) for column in values)
    return values[indices]


def array_columns(name: str, values: Array) -> tuple[Column, ...]:
    """`values` [N] or [N, 1] as a column `name`, [N, K] as `name`0 … `name`(K-1); strings are categories.

    Integers too large for a float64 remember how they are written.
    """
    if values.ndim == 1:
        values = values[:, np.newaxis]
    names = [name] if values.shape[1] == 1 else [f"{name}{k}" for k in range(values.shape[1])]
    make = (
        text_column if values.dtype.kind in "US" else _integer_column if values.dtype.kind in "iu" else numeric_column
    )
    return tuple(make(each, values[:, k]) for k, each in enumerate(names))


def _integer_column(name: str, values: Array) -> Column:
    column = numeric_column(name, values)
    if values.size == 0 or np.abs(column.values).max() < LARGEST_INTEGER:
        return column
    return replace(column, spelling=np.array([str(value) for value in values.tolist()], dtype=object))


def quoted(names: Sequence[str], limit: int = NAMES_SHOWN) -> str:
    """Names for a message: "'a', 'b' and 3 more"; long ones are cut."""
    shown = ", ".join(repr(name if len(name) <= 80 else f"{name[:77]}...") for name in names[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit:,} more"


def kept_as_names(name: str, *, declared: bool, marks: str = "[]") -> str:
    """What to do in a config so that texts that count as missing are names, all but the `marks`, in one column.

    Where that is `declared` there, the config says more of it.
    """
    if declared:
        return f"give the column missing_values: {marks} in data.columns"
    return f"set data.columns: {{{as_yaml(name)}: {{type: categorical, missing_values: {marks}}}}}"


def as_yaml(text: str) -> str:
    """A text as one writes it in a config, in quotes where YAML would take it for something else."""
    if not is_visible(text):
        return json_visible(json.dumps(text))
    plain = re.fullmatch(r"[A-Za-z_][\w./ -]*[\w.]|[A-Za-z_]", text) is not None and ": " not in text
    word = text.lower() in {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}
    return text if plain and not word else "'" + text.replace("'", "''") + "'"
