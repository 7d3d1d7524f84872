"""Cells of text become numbers, names or missing values, as a `Reading` says.

A cell is stripped of blanks around it. It is *missing* if it is empty or one of the reading's marks; it is a *number*
if it is a decimal number in ASCII, with or without exponent (also inf), written with the reading's decimal mark,
thousands mark and unit. Anything else is text. What a column of text is taken for is said in `spelling`.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from nntrain.arrays import Array
from nntrain.data.dataset import Column, numeric_column
from nntrain.memory import empty, full

MISSING = frozenset({"", "NA", "N/A", "NaN", "nan", "NAN", "null", "NULL", "None", "?"})

MOST_SPELLINGS = 10_000
"""A column of numbers with more different texts than this is no column of labels; they are forgotten."""

MOST_WRONG = 1_000
"""So many texts of a column of numbers are kept, to say what they may have been meant for."""

_BLANKS = str.maketrans("\u00a0\u202f\u2009’", "   '")


@dataclass(frozen=True, slots=True)
class Reading:
    """How the cells of a column are read.

    Attributes:
        missing: the texts that stand for a missing value; the empty one is always among them.
        decimal: the decimal mark, "." or ",".
        thousands: what groups the digits before it by threes, or "".
        unit: what may stand before or behind a number and is left out, or "".
    """

    missing: frozenset[str] = MISSING
    decimal: str = "."
    thousands: str = ""
    unit: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether numbers are written as Python and NumPy write them, and none of them stands for a missing value."""
        return self.decimal == "." and not self.thousands and not self.unit and not self.numeric_marks

    def number(self, cell: str) -> float | None:
        """The number in a cell, NaN where it is missing, None where it is text."""
        text = cell.strip()
        if text in self.missing:
            return math.nan
        value, marks = self._written(text), self.numeric_marks
        return math.nan if marks and marks & {value, _plain_number(text)} else value

    def is_missing(self, text: str) -> bool:
        """Whether a text stands for a missing value, or is the same number as one that does: -999.0, where -999 is."""
        if not self.numeric_marks:
            return text in self.missing
        value = self.number(text)
        return value is not None and math.isnan(value)

    @property
    def numeric_marks(self) -> frozenset[float | None]:
        """The marks of missing values that are numbers, such as -999."""
        return _numbers_among(self.missing)

    def _written(self, text: str) -> float | None:
        alone = _without_unit(text, self.unit) if self.unit else text
        whole = _ungrouped(alone.translate(_BLANKS), self.thousands, self.decimal)
        if whole is None or (self.decimal != "." and "." in whole):
            return None
        value = _plain_number(whole.replace(self.decimal, "."))
        # 45 % is no 45: without its unit only 0 is the same number.
        return None if self.unit and alone == text and value != 0 else value


PLAIN = Reading()


def _plain_number(text: str) -> float | None:
    if "_" in text or not text.isascii():  # float() takes 1_000 and digits of every script; people do not mean them
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return None if math.isnan(value) else value  # a `nan` that is no mark is a text


@cache
def _numbers_among(missing: frozenset[str]) -> frozenset[float | None]:
    return frozenset(value for mark in missing if (value := _plain_number(mark)) is not None)


def _without_unit(text: str, unit: str) -> str:
    sign, rest = (text[0], text[1:].lstrip()) if text[:1] in ("-", "+") else ("", text)
    if rest.startswith(unit):
        rest = rest[len(unit) :].lstrip()
    elif rest.endswith(unit):
        rest = rest[: -len(unit)].rstrip()
    return sign + rest


def _ungrouped(text: str, thousands: str, decimal: str) -> str | None:
    """The number without its thousands marks; None where they do not stand between groups of three digits."""
    if not thousands or thousands not in text:
        return text
    mark, point = re.escape(thousands), re.escape(decimal)
    grouped = re.fullmatch(rf"[+-]?[1-9]\d{{0,2}}(?:{mark}\d{{3}})+(?:{point}\d*)?(?:[eE][+-]?\d+)?", text)
    return text.replace(thousands, "") if grouped else None


# Yes and no, as they are written.
TRUTH = {
    **dict.fromkeys(("true", "t", "yes", "y", "on", "1", "1.0"), True),
    **dict.fromkeys(("false", "f", "no", "n", "off", "0", "0.0"), False),
}


def is_word(text: str) -> bool:
    """Whether a text can mean only itself: it has no digit, and is neither yes nor no in any way of writing."""
    return text.isascii() and not any(map(text.__contains__, "0123456789")) and text.lower() not in TRUTH


def number_key(text: str) -> float | None:
    """A number that is equal for equal numbers, however they are written and however large; None for text."""
    try:
        return int(text) if text.strip().lstrip("+-").isdecimal() and text.isascii() else _plain_number(text.strip())
    except ValueError:  # thousands of digits
        return _plain_number(text.strip())


def with_nan(lines: Sequence[str], delimiter: str, missing: frozenset[str]) -> list[str]:
    """Lines without quotes, each missing cell written as nan, which NumPy's parser takes for a number."""
    edge = f"{delimiter}\n{delimiter}"
    text = "".join(lines).replace("\r\n", "\n").removesuffix("\n")
    text = delimiter + text.replace("\n", edge) + delimiter
    for mark in missing - {"nan"}:
        cell = delimiter + mark + delimiter
        while cell in text:  # twice at most: of two missing cells side by side the first pass sees one
            text = text.replace(cell, f"{delimiter}nan{delimiter}")
    return text[1:-1].split(edge)


class NumericCells:
    """A column read as numbers, chunk by chunk.

    Attributes:
        reading: how its cells are read.
        wrong: the first cells that are text, each with its row, counted from 0; they become NaN.
        texts: how many such cells there are.
        rows: how many cells there are.
    """

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.parts: list[Array] = []
        self.wrong: list[tuple[int, str]] = []
        self.texts = self.rows = 0

    def add_numbers(self, values: Array) -> None:
        """Append cells [n] that are float64 already."""
        self.parts.append(values.copy())
        self.rows += len(values)

    def add(self, cells: Sequence[str]) -> None:
        """Append n cells of text."""
        values = _in_bulk(cells, self.reading)
        self.parts.append(self._one_by_one(cells) if values is None else values)
        self.rows += len(cells)

    def _one_by_one(self, cells: Sequence[str]) -> Array:
        values = full(len(cells), np.nan)
        for k, cell in enumerate(cells):
            number = self.reading.number(cell)
            if number is not None:
                values[k] = number
                continue
            self.texts += 1
            if len(self.wrong) < MOST_WRONG:
                self.wrong.append((self.rows + k, cell.strip()))
        return values

    def numbers(self) -> int:
        """How many cells are numbers: neither missing nor text."""
        return sum(int(np.count_nonzero(~np.isnan(part))) for part in self.parts)

    def column(self, name: str) -> Column:
        """The whole column; the parts are given up."""
        values = np.concatenate(self.parts)
        self.parts.clear()
        return numeric_column(name, values)


class TextCells:
    """A column read as text, chunk by chunk: each distinct text is stored once, each cell as its number.

    Attributes:
        reading: how its cells are read.
        codes: the number of each text.
    """

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.codes: dict[str, int] = {}
        self.parts: list[Array] = []

    def add(self, cells: Sequence[str]) -> None:
        """Append cells of text."""
        codes = self.codes
        numbered = (codes.setdefault(cell.strip(), len(codes)) for cell in cells)
        self.parts.append(np.fromiter(numbered, np.int32, len(cells)))

    def places(self) -> Array:
        """The number of each cell's text, int [N]."""
        self.parts = [np.concatenate(self.parts)] if self.parts else [empty(0, np.int32)]
        return self.parts[0]

    def counts(self) -> dict[str, int]:
        """How often each text occurs."""
        return dict(zip(self.codes, np.bincount(self.places(), minlength=len(self.codes)).tolist(), strict=True))

    def rows_of(self, texts: Iterable[str]) -> Array:
        """The rows [n] that hold one of the texts, from 0."""
        wanted = [self.codes[text] for text in texts]
        return np.flatnonzero(np.isin(self.places(), wanted))

    def column(self, name: str) -> Column:
        """The whole column of names, missing cells as ""."""
        values = self._spread(["" if self.reading.is_missing(text) else text for text in self.codes])
        return Column(name, values, values == "", "categorical")

    def numbers(self, name: str) -> Column | None:
        """The whole column of numbers that remember how they are written; None where a cell is text."""
        numbers = [self.reading.number(text) for text in self.codes]
        if any(number is None for number in numbers):
            return None
        values = np.array(numbers, dtype=np.float64)[self.places()]
        return Column(name, values, np.isnan(values), "numeric", self._spread(list(self.codes)))

    def _spread(self, texts: list[str]) -> Array:
        distinct = empty(len(texts), object)
        distinct[:] = texts
        spread: Array = distinct[self.places()]
        return spread


class TargetCells:
    """A target that may be numbers or names, chunk by chunk: text, until there are too many different numbers.

    Attributes:
        reading: how its cells are read.
        texts: the cells as text, until they are given up.
        numeric: the cells as numbers from then on.
    """

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.texts = TextCells(reading)
        self.numeric: NumericCells | None = None
        self._is_settled = False

    def add(self, cells: Sequence[str]) -> None:
        """Append cells of text."""
        if self.numeric is not None:
            self.numeric.add(cells)
            return
        self.texts.add(cells)
        if len(self.texts.codes) > MOST_SPELLINGS and not self._is_settled:
            self._is_settled = True  # one look is enough
            if _mostly_numbers(self.texts.codes, self.reading):
                self.numeric = NumericCells(self.reading)
                distinct = list(self.texts.codes)
                self.numeric.add([distinct[place] for place in self.texts.places().tolist()])


def _mostly_numbers(texts: Mapping[str, int], reading: Reading) -> bool:
    return sum(reading.number(text) is not None for text in texts) * 2 > len(texts)


def mark_counts(cells: TextCells) -> Counter[str]:
    """How often each mark of a missing value stands in a column of text, the empty cell left out."""
    counts = cells.counts()
    return Counter({mark: counts[mark] for mark in sorted(cells.reading.missing) if mark and mark in counts})


def _in_bulk(cells: Sequence[str], reading: Reading) -> Array | None:
    """All cells as numbers [n], or None if one of them has to be looked at by itself."""
    if not (reading.is_plain or reading == Reading(reading.missing, ",")) or _numbers_among(reading.missing):
        return None
    joined, missing = "".join(cells), reading.missing
    if "_" in joined or not joined.isascii():
        return None
    known = ["nan" if cell in missing else cell for cell in cells]
    if reading.decimal == ",":
        if "." in joined:
            return None
        known = [cell.replace(",", ".") for cell in known]
    try:
        values = np.fromiter(map(float, known), np.float64, len(known))
    except ValueError:
        return None
    lacking = int(np.isnan(values).sum())
    return values if lacking == 0 or lacking == sum(cell in missing for cell in cells) else None
