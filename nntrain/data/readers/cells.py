"""Cells of text become columns: what is a number, what is missing, and what kind a whole column is.

A cell is stripped of blanks around it. It is *missing* if it is empty or one of NA, N/A, NaN, nan, NAN, null,
NULL, None, ?; it is a *number* if it is a decimal number in ASCII, with or without exponent (also inf).
Anything else is text. A column all of whose cells are numbers or missing is numeric, any other is
categorical, unless all but a few cells are numbers: that is taken for a mistake (see `is_mixed`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from nntrain.arrays import Array
from nntrain.data.dataset import Column, numeric_column

MISSING = frozenset({"", "NA", "N/A", "NaN", "nan", "NAN", "null", "NULL", "None", "?"})

MIXED_SHARE = 0.95
CELLS_SHOWN = 3


def parse_number(cell: str) -> float | None:
    """The number in a cell, NaN where it is missing, None where it is text."""
    text = cell.strip()
    if text in MISSING:
        return float("nan")
    if "_" in text or not text.isascii():  # float() takes 1_000 and digits of every script; people do not mean them
        return None
    try:
        return float(text)
    except ValueError:
        return None


def is_mixed(numbers: int, texts: int) -> bool:
    """Whether a column of so many numbers and texts is a numeric column with mistakes in it.

    That is so if at least 95 % of the cells that are not missing are numbers, or if all but one are and there
    are at least three of them.
    """
    if texts == 0:
        return False
    return numbers >= MIXED_SHARE * (numbers + texts) or (texts == 1 and numbers >= 3)


def with_nan(lines: Sequence[str], delimiter: str) -> list[str]:
    """Lines without quotes, each missing cell written as nan, which NumPy's parser takes for a number."""
    edge = f"{delimiter}\n{delimiter}"
    text = "".join(lines).replace("\r\n", "\n").removesuffix("\n")
    text = delimiter + text.replace("\n", edge) + delimiter
    for missing in MISSING - {"nan", "NaN", "NAN"}:
        cell = delimiter + missing + delimiter
        while cell in text:  # twice at most: of two missing cells side by side the first pass sees one
            text = text.replace(cell, f"{delimiter}nan{delimiter}")
    return text[1:-1].split(edge)


@dataclass(slots=True)
class NumericCells:
    """A column read as numbers, chunk by chunk. Text becomes NaN; the first of it is in `wrong`, by line."""

    parts: list[Array] = field(default_factory=list)
    wrong: list[tuple[int, str]] = field(default_factory=list)
    texts: int = 0

    def add_numbers(self, values: Array) -> None:
        """Append cells [n] that are float64 already."""
        self.parts.append(values.copy())

    def add(self, cells: Sequence[str], lines: Array) -> None:
        """Append n cells of text that begin on the `lines` [n] of the file."""
        values = _in_bulk(cells)
        self.parts.append(self._one_by_one(cells, lines) if values is None else values)

    def _one_by_one(self, cells: Sequence[str], lines: Array) -> Array:
        values = np.full(len(cells), np.nan)
        for k, cell in enumerate(cells):
            number = parse_number(cell)
            if number is not None:
                values[k] = number
                continue
            self.texts += 1
            if len(self.wrong) < CELLS_SHOWN:
                self.wrong.append((int(lines[k]), cell.strip()))
        return values

    def numbers(self) -> int:
        """How many cells are numbers: neither missing nor text."""
        return sum(int(np.count_nonzero(~np.isnan(part))) for part in self.parts)

    def column(self, name: str) -> Column:
        """The whole column; the parts are given up."""
        values = np.concatenate(self.parts)
        self.parts.clear()
        return numeric_column(name, values)


@dataclass(slots=True)
class TextCells:
    """A column read as text, chunk by chunk: each distinct text is stored once, each cell as its number."""

    codes: dict[str, int] = field(default_factory=dict)
    parts: list[Array] = field(default_factory=list)

    def add(self, cells: Sequence[str], lines: Array) -> None:
        """Append cells of text."""
        codes = self.codes
        numbered = (codes.setdefault(cell.strip(), len(codes)) for cell in cells)
        self.parts.append(np.fromiter(numbered, np.int32, len(cells)))

    def column(self, name: str) -> Column:
        """The whole column, missing cells as ""; the parts are given up."""
        texts = np.array(["" if text in MISSING else text for text in self.codes], dtype=object)
        values = texts[np.concatenate(self.parts)]
        self.parts.clear()
        return Column(name, values, values == "", "categorical")


def count_texts(column: Column) -> tuple[int, Array]:
    """How many cells of a categorical column are numbers, and the indices [n] of those that are text."""
    is_text = {value: parse_number(value) is None for value in set(column.values.tolist())}
    texts = np.fromiter((is_text[value] for value in column.values), bool, len(column))
    present = len(column) - int(column.missing.sum())
    return present - int(texts.sum()), np.flatnonzero(texts)


def _in_bulk(cells: Sequence[str]) -> Array | None:
    """All cells as numbers [n], or None if one of them has to be looked at by itself."""
    joined = "".join(cells)
    if "_" in joined or not joined.isascii():
        return None
    known = ["nan" if cell in MISSING else cell for cell in cells]
    try:
        return np.fromiter(map(float, known), np.float64, len(known))
    except ValueError:
        return None
