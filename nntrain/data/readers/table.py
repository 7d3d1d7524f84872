"""CSV and TSV files with a header, as columns typed by reading the whole column.

Fields may be quoted with `"` (a quote inside is written twice), and may then hold the delimiter and line
breaks. Text is UTF-8, with or without byte order mark; lines end in LF, CRLF or CR; blank lines are skipped.
What counts as a number and as missing is said in `cells`.

Numbers are parsed in bulk: a file without quotes goes through NumPy's C parser, many rows at a time, and only
a chunk that it cannot take (a missing cell, text among numbers, a row too short) is divided into cells in
Python. Both ways give the same numbers to the bit. Memory stays within a small multiple of the columns asked
for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np

from nntrain.arrays import Array
from nntrain.data.dataset import Column, Dataset, Kind
from nntrain.data.readers.cells import (
    CELLS_SHOWN,
    NumericCells,
    TextCells,
    count_texts,
    is_mixed,
    parse_number,
    with_nan,
)
from nntrain.data.readers.header import Features, check_header, input_names, target_names
from nntrain.data.readers.lines import Chunk, TextTable, open_table
from nntrain.errors import DataError

Cells: TypeAlias = NumericCells | TextCells


def read_table(
    path: Path,
    *,
    delimiter: str,
    target: str | Sequence[str] | None,
    features: Features,
    need_target: bool,
    kinds: Mapping[str, Kind] | None,
) -> Dataset:
    """Read a delimited text file; see `nntrain.data.readers.read` for the parameters."""
    table = open_table(path, delimiter)
    header = table.header()
    check_header(table.source, header, delimiter)
    targets = target_names(table.source, header, target, need_target)
    inputs = input_names(table.source, header, targets, features, kinds)
    targets = targets if need_target else []
    names = [*inputs, *targets]
    wanted = Wanted({name: header.index(name) for name in names}, len(header), frozenset(targets), kinds or {})
    columns, lines = _read_columns(table, wanted)
    dataset = Dataset(
        inputs=tuple(columns[name] for name in inputs),
        targets=tuple(columns[name] for name in targets) if targets else None,
        source=table.source,
        files=(path,),
        numbers=lines,
        numbered="line",
    )
    for column in columns.values():
        _check_finite(dataset, column)
    return dataset


@dataclass(frozen=True)
class Wanted:
    """The columns to read.

    places    name → place in the header, which has `width` names
    targets   which of them are targets
    known     kinds that are not to be guessed, by name
    """

    places: Mapping[str, int]
    width: int
    targets: frozenset[str]
    known: Mapping[str, Kind]


def _read_columns(table: TextTable, wanted: Wanted) -> tuple[dict[str, Column], Array]:
    """The columns wanted and the line [N] of every row.

    Kinds are guessed from the first rows. Where text turns up below in a column guessed to be numeric, and not so
    little of it that it is a mistake, the file is read once more with that column as text.
    """
    kinds = {**_guess_kinds(table, wanted), **{k: v for k, v in wanted.known.items() if k in wanted.places}}
    cells, lines = _one_pass(table, wanted, kinds)
    wrong = {name: each for name, each in cells.items() if isinstance(each, NumericCells) and each.texts}
    if wrong:
        _check_mistakes(table.source, wanted, wrong)
        cells, lines = _one_pass(table, wanted, kinds | dict.fromkeys(wrong, "categorical"))
    columns = {name: each.column(name) for name, each in cells.items()}
    for name, column in columns.items():
        if column.kind == "categorical" and name not in wanted.known:
            _check_unmixed(table.source, wanted, column, lines)
    return columns, lines


def _guess_kinds(table: TextTable, wanted: Wanted) -> dict[str, Kind]:
    """Kinds by the first chunk: numeric where at least half of the cells that are not missing are numbers."""
    chunk = next(table.chunks(), None)
    lines, rows = (np.arange(0), []) if chunk is None else table.cells(chunk)
    _check_widths(table, wanted.width, lines, rows)
    kinds: dict[str, Kind] = {}
    for name, place in wanted.places.items():
        values = [parse_number(row[place]) for row in rows]
        texts = values.count(None)
        numbers = sum(value is not None and value == value for value in values)
        kinds[name] = "numeric" if numbers >= texts else "categorical"
    return kinds


def _one_pass(table: TextTable, wanted: Wanted, kinds: Mapping[str, Kind]) -> tuple[dict[str, Cells], Array]:
    cells: dict[str, Cells] = {name: NumericCells() if kinds[name] == "numeric" else TextCells() for name in kinds}
    row_type = _row_type(wanted, kinds)
    lines = [np.arange(0)]
    for chunk in table.chunks():
        if (rows := _parse(chunk, row_type, table.delimiter)) is not None:
            _add_parsed(cells, wanted, rows, chunk.numbers)
            lines.append(chunk.numbers)
        else:
            lines.append(_add_divided(table, wanted, cells, chunk))
    numbers = np.concatenate(lines)
    if len(numbers) == 0:
        raise DataError(f"{table.source}: a header and no rows below it")
    return cells, numbers


def _row_type(wanted: Wanted, kinds: Mapping[str, Kind]) -> np.dtype[np.void]:
    """What NumPy makes of each field: a number, a string or, where the column is not wanted, one letter."""
    codes = ["U1"] * wanted.width
    for name, place in wanted.places.items():
        codes[place] = "f8" if kinds[name] == "numeric" else "O"
    return np.dtype([(f"f{place}", code) for place, code in enumerate(codes)])


def _parse(chunk: Chunk, row_type: np.dtype[np.void], delimiter: str) -> Array | None:
    """The rows [n] of a chunk parsed by NumPy; None where it has quotes, blank lines or other surprises."""
    if chunk.lines is None or len(row_type.names or ()) == 1 or not chunk.lines[0].strip():
        return None
    for rewrite in (False, True):
        try:
            lines = with_nan(chunk.lines, delimiter) if rewrite else chunk.lines
            rows = np.loadtxt(lines, dtype=row_type, delimiter=delimiter, comments=None, ndmin=1)
        except ValueError:
            continue
        return rows if len(rows) == len(chunk.lines) else None
    return None


def _add_parsed(cells: Mapping[str, Cells], wanted: Wanted, rows: Array, lines: Array) -> None:
    for name, each in cells.items():
        values = rows[f"f{wanted.places[name]}"]
        if isinstance(each, NumericCells):
            each.add_numbers(values)
        else:
            each.add(values.tolist(), lines)


def _add_divided(table: TextTable, wanted: Wanted, cells: Mapping[str, Cells], chunk: Chunk) -> Array:
    lines, rows = table.cells(chunk)
    _check_widths(table, wanted.width, lines, rows)
    columns: list[Sequence[str]] = list(zip(*rows, strict=True)) if rows else [()] * wanted.width
    for name, each in cells.items():
        each.add(columns[wanted.places[name]], lines)
    return lines


def _check_widths(table: TextTable, width: int, lines: Array, rows: list[list[str]]) -> None:
    if set(map(len, rows)) <= {width}:
        return
    at = next(k for k, row in enumerate(rows) if len(row) != width)
    hint = ""
    if len(rows[at]) > width:
        mark = "a tab" if table.delimiter == "\t" else "a comma"
        hint = f"; a field that holds {mark} must be quoted"
    raise DataError(f"{table.source}:{lines[at]}: {_fields(len(rows[at]))}, but the header has {width}{hint}")


def _fields(count: int) -> str:
    return "1 field" if count == 1 else f"{count} fields"


def _check_mistakes(source: str, wanted: Wanted, wrong: Mapping[str, NumericCells]) -> None:
    """DataError for text in columns that are known to be numeric, or that are numeric but for a few cells."""
    for name, each in wrong.items():
        if name in wanted.known or is_mixed(each.numbers(), each.texts):
            raise DataError(_mistake(source, wanted, name, each.wrong, each.texts, each.numbers()))


def _check_unmixed(source: str, wanted: Wanted, column: Column, lines: Array) -> None:
    """DataError for a categorical column that is numeric but for a few cells."""
    numbers, texts = count_texts(column)
    if is_mixed(numbers, len(texts)):
        first = [(int(lines[k]), str(column.values[k])) for k in texts[:CELLS_SHOWN]]
        raise DataError(_mistake(source, wanted, column.name, first, len(texts), numbers))


def _mistake(source: str, wanted: Wanted, name: str, first: list[tuple[int, str]], texts: int, numbers: int) -> str:
    (line, text), *others = first
    more = "".join(f", {other!r} on line {at}" for at, other in others)
    more += f" and {texts - len(first):,} more" if texts > len(first) else ""
    known = name in wanted.known
    why = "the column was numeric in the training data" if known else f"its other {numbers:,} cells are numbers"
    remedy = "write a number there"
    if name in wanted.targets:
        remedy += ", or remove the row"
    elif known:
        remedy += ", or leave the cell empty if the network was trained with data.preprocess.missing"
    else:
        remedy += ", or leave the cell empty and set data.preprocess.missing, or leave the column out with "
        remedy += f"data.features: {{exclude: [{name}]}}"
    return f"{source}:{line}: column {name!r} holds the text {text!r}{more}, but {why}; {remedy}"


def _check_finite(dataset: Dataset, column: Column) -> None:
    if column.kind == "numeric" and (at := np.flatnonzero(np.isinf(column.values))).size:
        more = f" ({len(at):,} such cells in this column)" if len(at) > 1 else ""
        raise DataError(
            f"{dataset.place(int(at[0]))}: column {column.name!r} holds an infinite number, "
            f"or one too large for a float64{more}; write a finite number, or leave the cell empty"
        )
