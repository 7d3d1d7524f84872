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
_TEXT_BLOCK = 1 << 18
_CELLS_PER_CHUNK = 400_000
_LETTERS_PER_CHUNK = 1 << 26
_FIRST_CHUNK = 1_000
_ROWS_AT_ONCE = 64  # with quotes, where a row may be of any length

MAX_COLUMNS = 200_000
"""More columns than this are no table that anybody looks at; wider data is an array."""

MAX_LINE = 1 << 25
"""Bytes in a line: each column of the widest table can have 160."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows: as raw lines, not yet divided into cells, up to the first row with a quote, then as cells.

    `numbers` [n] int64 holds the line of the file on which each row begins. Lines that are empty are left out; such as
    hold blanks are still in `lines`, and are gone from `cells`.
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
            return self._read_header(_Blocks(stream, self.delimiter))

    def chunks(self) -> Iterator[Chunk]:
        """The rows below the header; DataError where the text is not UTF-8 or a quote is never closed.

        The first chunk is short, since it is only looked at to guess the kinds of the columns.
        """
        try:
            with _opened(self.file) as stream:
                blocks = _Blocks(stream, self.delimiter)
                most = max(1, _CELLS_PER_CHUNK // len(self._read_header(blocks)))
                yield from self._chunks(blocks, most)
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

    def _read_header(self, blocks: _Blocks) -> list[str]:
        """The first row that is not blank; `blocks` go on behind it."""
        try:
            blocks.begin()
            before = blocks.line
            reader = self._reader(blocks.one_by_one())
            for row in reader:
                if not _is_blank(row):
                    blocks.go_on_from(before + reader.line_num)
                    return [cell.strip() for cell in row]
        except csv.Error:
            raise self._csv_error() from None
        except UnicodeDecodeError:
            raise DataError(_not_utf8(self.file)) from None
        raise DataError(f"{self.path}: the file is empty; a header and one row per example are expected")

    def _chunks(self, blocks: _Blocks, most: int) -> Iterator[Chunk]:
        size = min(_FIRST_CHUNK, most)
        lines: list[str] = []
        numbers: list[Array] = []
        letters = 0
        while blocks.text:
            if self.has_quotes and '"' in blocks.text:
                if lines:
                    yield Chunk(np.concatenate(numbers), lines, None)
                yield from self._quoted_chunks(blocks, size, most)
                return
            letters += len(blocks.text)
            found, more = blocks.numbered()
            numbers.append(found)
            lines += more
            blocks.advance()
            while lines and (len(lines) >= size or letters > _LETTERS_PER_CHUNK or not blocks.text):
                at = np.concatenate(numbers)
                yield Chunk(at[:size], lines[:size], None)
                lines, numbers, letters = lines[size:], [at[size:]], 0
                size = most

    def _quoted_chunks(self, blocks: _Blocks, size: int, most: int) -> Iterator[Chunk]:
        """The rest of the file, from where `blocks` are."""
        before, line = 0, blocks.line
        reader = self._reader(blocks.one_by_one())
        try:
            while rows := _some_rows(reader, blocks, size):
                numbers = _begins(rows, line + before, reader.line_num - before)
                numbers, cells = _without_blanks(numbers, rows)
                yield Chunk(numbers, None, cells)
                size, before = most, reader.line_num
                line += 0 if rows[-1] else blocks.skip_empty()
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


class _Blocks:
    """A text in blocks of whole lines, so that nothing is done line by line that can be done for all at once.

    Attributes:
        text: the block, or what is left of it where its first lines were taken one by one; "" at the end.
        line: how many lines are before it.
        letters: how many letters were read so far.
    """

    def __init__(self, stream: TextIO, delimiter: str) -> None:
        self._stream = stream
        self._blanks = "\r\n \t".replace(delimiter, "")
        self.text, self.line, self.letters = "", 0, 0

    def advance(self) -> None:
        """Go on to the next block."""
        self.line += _line_breaks(self.text) + (self.text[-1] not in "\r\n")
        self._read()

    def begin(self) -> None:
        """Read the first block that has more than blank lines, from the first line that is not empty."""
        self._read()
        while self.text and not self.text.strip(self._blanks):
            self.advance()
        empty = len(self.text) - len(self.text.lstrip("\r\n"))
        self.line, self.text = self.line + _line_breaks(self.text[:empty]), self.text[empty:]

    def numbered(self) -> tuple[Array, list[str]]:
        """The lines of the block that are not blank, and the number of each in the file, int64 [n]."""
        text = self.text
        if not text.strip(self._blanks):
            return np.arange(0), []
        lines = _lines_of(text)
        numbers = np.arange(self.line + 1, self.line + 1 + len(lines))
        if lines[0][len(lines[0].rstrip("\r\n")) :] not in lines:  # far faster than to strip each
            return numbers, lines
        kept = [k for k, line in enumerate(lines) if line.strip(self._blanks)]
        return numbers[kept], [lines[k] for k in kept]

    def one_by_one(self) -> Iterator[str]:
        """All lines from here on."""
        return chain.from_iterable(self._streams())

    def skip_empty(self) -> int:
        """Leave out the empty lines that follow in the block; returns how many. Lines are taken one by one."""
        start = self._lines.tell()
        text = self._lines.read()
        empty = len(text) - len(text.lstrip("\r\n"))
        self._lines.seek(start + empty)
        return _line_breaks(text[:empty])

    def go_on_from(self, line: int) -> None:
        """Leave off taking lines one by one, `line` of which are behind."""
        self.text, self.line = self._lines.read(), line
        if not self.text:
            self._read()

    def _streams(self) -> Iterator[TextIO]:
        while self.text:
            self._lines = io.StringIO(self.text, newline="")
            yield self._lines
            self.advance()

    def _read(self) -> None:
        text = self._stream.read(_TEXT_BLOCK)
        if text[-1:] != "\n":
            text += self._stream.readline()
        self.text, self.letters = text, self.letters + len(text)


def _lines_of(text: str) -> list[str]:
    return list(io.StringIO(text, newline=""))


def _some_rows(reader: Reader, blocks: _Blocks, most: int) -> list[list[str]]:
    """The next rows: `most`, or fewer where they are long, where the file ends and behind many empty lines."""
    rows: list[list[str]] = []
    end = blocks.letters + _LETTERS_PER_CHUNK
    while len(rows) < most and blocks.letters <= end:
        more = list(islice(reader, min(_ROWS_AT_ONCE, most - len(rows))))
        if not more:
            break
        rows += more
        if not any(more):
            break
    return rows


class _Width:
    """Counts the columns of the first line that is not blank, before it is divided into them.

    Attributes:
        columns: how many there are so far.
        is_over: whether that line has ended.
    """

    def __init__(self, delimiter: str) -> None:
        self._delimiter = delimiter.encode()
        self._blanks = (_BOM + b"\r\n \t").replace(self._delimiter, b"")
        self.columns, self.is_over = 0, False

    def add(self, block: bytes) -> None:
        """Take the next bytes of the file."""
        if self.is_over or not (line := block if self.columns else block.lstrip(self._blanks)):
            return
        ends = [end for mark in (b"\n", b"\r") if (end := line.find(mark)) >= 0]
        self.columns = max(1, self.columns) + line.count(self._delimiter, 0, min(ends, default=len(line)))
        self.is_over = bool(ends)


def open_table(file: OpenedFile, delimiter: str) -> TextTable:
    """Look through the bytes of a file once: an empty file, UTF-16, NUL bytes and lines too long are a DataError."""
    path, quotes, size, newlines, begun = file.path, False, 0, 0, 0
    header = _Width(delimiter)
    with file.stream() as stream:
        while block := stream.read(_BLOCK):
            if size == 0 and block[:2] in (b"\xff\xfe", b"\xfe\xff"):
                raise DataError(f"{path}: the file is UTF-16; save it as UTF-8")
            if (nul := block.find(b"\0")) >= 0:
                line = newlines + block.count(b"\n", 0, nul) + 1
                raise DataError(f"{path}:{line}: a NUL byte; this is not a text file, or it is damaged")
            quotes = quotes or b'"' in block
            newlines += block.count(b"\n")
            end = max(block.rfind(b"\n"), block.rfind(b"\r"))
            begun = begun + len(block) if end < 0 else len(block) - 1 - end  # of the line that is not over yet
            header.add(block)
            if header.columns > MAX_COLUMNS:
                raise DataError(
                    f"{path}: the header has more than {MAX_COLUMNS:,} columns, and a table has at most so many: leave "
                    "out those that are not needed, or save the numbers as an array (.npz or .npy)"
                )
            if begun > MAX_LINE:
                raise DataError(f"{path}:{newlines + 1}: a line of more than {MAX_LINE >> 20} MiB; this is no table")
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
    kept = [k for k, row in enumerate(rows) if len(row) > 1 or (row and row[0].strip())]
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
