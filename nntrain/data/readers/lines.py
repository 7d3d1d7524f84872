"""A CSV or TSV file as rows of text, a chunk at a time, every row with its line in the file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import numpy as np

from nntrain.arrays import Array
from nntrain.data.readers.opened import OpenedFile
from nntrain.errors import DataError

if TYPE_CHECKING:
    from _csv import Reader

_BOM = b"\xef\xbb\xbf"
_BLOCK = 1 << 20
_CELLS_PER_CHUNK = 400_000
_FIRST_CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows: as raw lines, not yet divided into cells, up to the first row with a quote, then as cells.

    `numbers` [n] int64 holds the line of the file on which each row begins. Blank lines are still in `lines`,
    and are gone from `cells`.
    """

    numbers: Array
    lines: list[str] | None
    cells: list[list[str]] | None


@dataclass(frozen=True, slots=True)
class TextTable:
    """A delimited text file whose bytes were found to be sound but for their encoding.

    `has_quotes` says whether the file has a double quote anywhere; only then can a field hold the delimiter
    or a line break, and the rows must be found by the csv module.
    """

    file: OpenedFile
    delimiter: str
    has_quotes: bool

    @property
    def path(self) -> Path:
        return self.file.path

    @property
    def source(self) -> str:
        return str(self.path)

    def header(self) -> list[str]:
        """The names of the columns, stripped of blanks around them."""
        with _opened(self.file) as stream:
            return self._read_header(stream)[0]

    def chunks(self) -> Iterator[Chunk]:
        """The rows below the header; DataError where the text is not UTF-8 or a quote is never closed.

        The first chunk is short, since it is only looked at to guess the kinds of the columns.
        """
        try:
            with _opened(self.file) as stream:
                header, line = self._read_header(stream)
                most = max(1, _CELLS_PER_CHUNK // len(header))
                yield from self._chunks(stream, line, most)
        except UnicodeDecodeError:
            raise DataError(_not_utf8(self.file)) from None

    def cells(self, chunk: Chunk) -> tuple[Array, list[list[str]]]:
        """The rows of a chunk divided into cells, without blank lines, and their line numbers [n]."""
        if chunk.cells is not None:
            return chunk.numbers, chunk.cells
        try:
            rows = list(self._reader(iter(chunk.lines or ())))
        except csv.Error:
            raise self._csv_error() from None
        return _without_blanks(chunk.numbers, rows)

    def cell(self, line: int, place: int) -> str:
        """The text of one cell, of the row that begins on a line of the file, which is opened again for it.

        It is "" where the file is no longer what was read.
        """
        try:
            with OpenedFile(self.path) as file:
                file.read_through()
                return replace(self, file=file)._cell(line, place) if file.sha256 == self.file.sha256 else ""
        except (OSError, DataError):
            return ""

    def _cell(self, line: int, place: int) -> str:
        for chunk in self.chunks():
            if len(chunk.numbers) and chunk.numbers[0] <= line <= chunk.numbers[-1]:
                numbers, rows = self.cells(chunk)
                row: list[str] = rows[numbers.tolist().index(line)]
                return row[place].strip()
        return ""

    def _reader(self, lines: Iterator[str]) -> Reader:
        return csv.reader(lines, delimiter=self.delimiter, strict=True, skipinitialspace=True)

    def _read_header(self, stream: TextIO) -> tuple[list[str], int]:
        reader = self._reader(stream)
        try:
            for row in reader:
                if not _is_blank(row):
                    return [cell.strip() for cell in row], reader.line_num
        except csv.Error:
            raise self._csv_error() from None
        except UnicodeDecodeError:
            raise DataError(_not_utf8(self.file)) from None
        raise DataError(f"{self.path}: the file is empty; a header and one row per example are expected")

    def _chunks(self, stream: TextIO, line: int, most: int) -> Iterator[Chunk]:
        size = min(_FIRST_CHUNK, most)
        while lines := list(islice(stream, size)):
            if self.has_quotes and any('"' in each for each in lines):
                yield from self._quoted_chunks(chain(lines, stream), line, size, most)
                return
            yield Chunk(np.arange(line + 1, line + 1 + len(lines)), lines, None)
            size, line = most, line + len(lines)

    def _quoted_chunks(self, lines: Iterator[str], line: int, size: int, most: int) -> Iterator[Chunk]:
        """The rest of the file from the first row with a quote on, after `line` lines."""
        reader, before = self._reader(lines), 0
        try:
            while rows := list(islice(reader, size)):
                numbers = _begins(rows, line + before, reader.line_num - before)
                numbers, cells = _without_blanks(numbers, rows)
                yield Chunk(numbers, None, cells)
                size, before = most, reader.line_num
        except csv.Error:
            raise self._csv_error() from None

    def _csv_error(self) -> DataError:
        """Read the file again, row by row, to find the line that the csv module could not make sense of."""
        with _opened(self.file) as stream:
            reader, line = self._reader(stream), 1
            try:
                for _ in reader:
                    line = reader.line_num + 1
            except csv.Error as error:
                return DataError(f"{self.path}:{line}: {_csv_reason(str(error), self.delimiter)}")
        return DataError(f"{self.path}: the file changed while it was read")


def open_table(file: OpenedFile, delimiter: str) -> TextTable:
    """Look through the bytes of a file once: an empty file, UTF-16 and NUL bytes are a DataError."""
    path, quotes, size, newlines = file.path, False, 0, 0
    with file.stream() as stream:
        while block := stream.read(_BLOCK):
            if size == 0 and block[:2] in (b"\xff\xfe", b"\xfe\xff"):
                raise DataError(f"{path}: the file is UTF-16; save it as UTF-8")
            if (nul := block.find(b"\0")) >= 0:
                line = newlines + block.count(b"\n", 0, nul) + 1
                raise DataError(f"{path}:{line}: a NUL byte; this is not a text file, or it is damaged")
            quotes = quotes or b'"' in block
            newlines += block.count(b"\n")
            size += len(block)
    if size == 0:
        raise DataError(f"{path}: the file is empty; a header and one row per example are expected")
    return TextTable(file, delimiter, quotes)


def _opened(file: OpenedFile) -> TextIO:
    stream = file.stream()
    if stream.peek(len(_BOM)).startswith(_BOM):
        stream.read(len(_BOM))
    return io.TextIOWrapper(stream, encoding="utf-8", newline="")


def _begins(rows: list[list[str]], before: int, lines: int) -> Array:
    """The lines [n] on which `rows` begin; `before` lines are ahead, and they take `lines` together."""
    if lines == len(rows):
        return np.arange(before + 1, before + 1 + lines)
    heights = np.fromiter((1 + sum(map(_line_breaks, row)) for row in rows), np.int64, len(rows))
    return before + 1 + np.cumsum(heights) - heights


def _line_breaks(cell: str) -> int:
    return cell.count("\n") + cell.count("\r") - cell.count("\r\n")


def _is_blank(row: list[str]) -> bool:
    return not row or (len(row) == 1 and not row[0].strip())


def _without_blanks(numbers: Array, rows: list[list[str]]) -> tuple[Array, list[list[str]]]:
    if min(map(len, rows), default=2) > 1:
        return numbers, rows
    kept = [k for k, row in enumerate(rows) if not _is_blank(row)]
    return numbers[kept], [rows[k] for k in kept]


def _csv_reason(error: str, delimiter: str) -> str:
    """What an error of the csv module means; it is told by its words only, which another Python may change."""
    if "expected after" in error:
        mark = "a tab" if delimiter == "\t" else f"'{delimiter}'"
        return (
            f"a closing quote is followed by something other than {mark}; "
            "a quote inside a quoted field is written twice"
        )
    if "field larger" in error:
        return f"a field of more than {csv.field_size_limit():,} characters: a quote that is never closed?"
    if "unexpected end" in error:
        return "a quote opened in this row is never closed"
    return "this row cannot be divided into cells; look at its quotes: one inside a quoted field is written twice"


def _not_utf8(file: OpenedFile) -> str:
    path = file.path
    with file.stream() as stream:
        for number, line in enumerate(stream, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                byte = line[error.start]
                return f"{path}:{number}: byte 0x{byte:02X} is not UTF-8; save the file as UTF-8"
    return f"{path}: not UTF-8; save the file as UTF-8"
