"""CSV and TSV files with a header, as columns typed by reading the whole column.

Fields may be quoted with `"` (a quote inside is written twice), and may then hold the delimiter and line
breaks. Text is UTF-8, with or without byte order mark; lines end in LF, CRLF or CR; blank lines are skipped.
What counts as a number and as missing is said in `cells`, what a column of text may have been meant for in `spelling`.

Numbers are parsed in bulk: a file without quotes goes through NumPy's C parser, many rows at a time, and only
a chunk that it cannot take (a missing cell, text among numbers, a row too short) is divided into cells in
Python. Both ways give the same numbers to the bit. Memory stays within a small multiple of the columns asked
for.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np

from nntrain.arrays import Array
from nntrain.data.dataset import Column, Dataset, Kind
from nntrain.data.gathering import Remark, gathered
from nntrain.data.readers.cells import NumericCells, Reading, TargetCells, TextCells, with_nan
from nntrain.data.readers.checks import absent
from nntrain.data.readers.header import Features, check_header, input_names, target_names
from nntrain.data.readers.lines import Chunk, TextTable, open_table
from nntrain.data.readers.mistakes import Mistakes
from nntrain.data.readers.opened import OpenedFile
from nntrain.data.readers.rules import TableRules
from nntrain.errors import DataError

Cells: TypeAlias = NumericCells | TextCells | TargetCells


def read_table(
    file: OpenedFile,
    *,
    delimiter: str,
    target: str | Sequence[str] | None,
    features: Features,
    need_target: bool,
    kinds: Mapping[str, Kind] | None,
    rules: TableRules,
) -> Dataset:
    """Read a delimited text file; see `nntrain.data.readers.read` for the parameters."""
    table = open_table(file, delimiter)
    header = table.header()
    check_header(table.source, header, delimiter)
    targets = target_names(table.source, header, target, need_target)
    if kinds is None:
        _check_declared(table.source, header, rules)
    inputs = input_names(table.source, header, targets, _without(features, header, rules.excluded), kinds)
    targets = targets if need_target else []
    names, place_of = [*inputs, *targets], {name: place for place, name in enumerate(header)}
    listed = features != "all" and not (len(features) == 2 and features[0] == "exclude")
    wanted = Wanted({name: place_of[name] for name in names}, len(header), frozenset(targets), kinds, rules, listed)
    columns, lines, remarks = _read_columns(table, wanted)
    dataset = Dataset(
        inputs=tuple(columns[name] for name in inputs),
        targets=tuple(columns[name] for name in targets) if targets else None,
        source=table.source,
        files=(file.path,),
        sha256=(file.sha256,),
        numbers=lines,
        numbered="line",
        remarks=tuple(f"{table.source}: {remark}" for remark in remarks),
        left_out=tuple(name for name in header if name not in columns),
        cell=partial(_cell, table, wanted.places),
    )
    for column in columns.values():
        _check_finite(dataset, column, target=column.name in wanted.targets)
    return dataset


@dataclass(frozen=True)
class Wanted:
    """The columns to read.

    places    name → place in the header, which has `width` names
    targets   which of them are targets
    kinds     what the columns of the table trained on are, where this is a further file of it
    rules     what the config says
    listed    whether it lists the features
    """

    places: Mapping[str, int]
    width: int
    targets: frozenset[str]
    kinds: Mapping[str, Kind] | None
    rules: TableRules
    listed: bool

    def known(self, name: str) -> Kind | None:
        """The kind of a column that is not to be found out: that of the training data, or as it was declared."""
        if self.kinds is not None and name in self.kinds:
            return self.kinds[name]
        return self.rules.declared[name][0] if name in self.rules.declared else None

    def make(self, name: str, guess: Kind) -> Cells:
        """What collects the cells of a column."""
        reading, kind = self.rules.reading_of(name), self.known(name)
        if name in self.targets and kind != "categorical":
            numbers = kind == "numeric" and self.rules.target == "numbers"
            return NumericCells(reading) if numbers else TargetCells(reading)
        return NumericCells(reading) if (kind or guess) == "numeric" else TextCells(reading)


def _check_declared(source: str, header: list[str], rules: TableRules) -> None:
    known = set(header)
    for name in (*rules.declared, *sorted(rules.excluded)):
        if name not in known:
            raise DataError(f"{source}: {absent('column', [name], header)}", setting=f"data.columns.{name}")


def _without(features: Features, header: list[str], excluded: frozenset[str]) -> Features:
    """The features less the columns that are declared to be none; a list of features was checked for them."""
    there = [name for name in header if name in excluded]
    if features == "all":
        return ("exclude", there)
    if len(features) == 2 and features[0] == "exclude" and not isinstance(features[1], str):
        return ("exclude", list(dict.fromkeys([*features[1], *there])))
    return features


def _cell(table: TextTable, places: Mapping[str, int], line: int, name: str) -> str:
    return table.cell(line, places[name]) if name in places else ""


def _read_columns(table: TextTable, wanted: Wanted) -> tuple[dict[str, Column], Array, list[str]]:
    """The columns wanted, the line [N] of every row, and what deserves a word.

    Kinds are guessed from the first rows. Where text turns up below in a column guessed to be numeric, the file is read
    once more with that column as text, to say what is wrong with it.
    """
    guesses, remarks = _guess(table, wanted)
    cells, lines = _one_pass(table, wanted, guesses)
    unsure = [name for name, each in cells.items() if wanted.known(name) is None and _has_text(each)]
    if any(isinstance(cells[name], NumericCells) for name in unsure):
        cells, lines = _one_pass(table, wanted, guesses | dict.fromkeys(unsure, "categorical"))
    mistakes = Mistakes(table.source, lines, wanted.rules, listed=wanted.listed, targets=len(wanted.targets))
    columns: dict[str, Column | None] = {}
    for name, each in cells.items():
        if mistakes.is_full:
            break
        columns[name] = _column(name, each, wanted, mistakes)
    mistakes.raise_any()
    remarks += _remarks(cells, wanted)
    return {name: column for name, column in columns.items() if column is not None}, lines, gathered(remarks)


def _remarks(cells: Mapping[str, Cells], wanted: Wanted) -> list[Remark]:
    """What deserves a word about columns that are names."""
    texts = {name: each for name, each in cells.items() if isinstance(each, TextCells)}
    targets = {name: each.texts for name, each in cells.items() if isinstance(each, TargetCells) and not each.numeric}
    if not texts and all(each.numbers(name) is not None for name, each in targets.items()):
        return []
    from nntrain.data.readers.remarks import category_remarks  # here, for many tables have no names

    return [
        remark for name, each in {**texts, **targets}.items() for remark in category_remarks(name, each, wanted.rules)
    ]


def _has_text(cells: Cells) -> bool:
    return isinstance(cells, NumericCells) and cells.texts > 0


def _column(name: str, cells: Cells, wanted: Wanted, mistakes: Mistakes) -> Column | None:
    """The column, or None where a mistake was found in it."""
    known = wanted.known(name)
    if isinstance(cells, TargetCells):
        return _target_column(name, cells, wanted, mistakes)
    if isinstance(cells, NumericCells):
        if cells.texts:
            mistakes.text_among_numbers(name, cells, _why_numeric(name, wanted), target=name in wanted.targets)
            return None
        return cells.column(name)
    if known is None and wanted.kinds is None and mistakes.doubtful(name, cells, target=False):
        return None
    return cells.column(name)


def _target_column(name: str, cells: TargetCells, wanted: Wanted, mistakes: Mistakes) -> Column | None:
    """A target as numbers where all of it are, otherwise as names where it may be."""
    if cells.numeric is not None:
        if cells.numeric.texts == 0:
            return cells.numeric.column(name)
        mistakes.text_among_numbers(name, cells.numeric, _why_numeric(name, wanted), target=True)
        return None
    column = cells.texts.numbers(name)
    if column is not None:
        return column
    declared = wanted.rules.declared.get(name, ("categorical", cells.reading))[0] == "numeric"
    if declared or (wanted.known(name) == "numeric" and wanted.rules.target != "names"):
        mistakes.texts_for_numbers(name, cells.texts, _why_numeric(name, wanted))
        return None
    if wanted.rules.target != "names" and mistakes.doubtful(name, cells.texts, target=True):
        return None
    return cells.texts.column(name)  # of classes that are not asked for it is said where the task is found


def _why_numeric(name: str, wanted: Wanted) -> str:
    """Why the cells of a column must be numbers; "" where it is only that the others are."""
    if name in wanted.rules.declared:
        return "data.columns says that it is numeric"
    if wanted.kinds is not None and name in wanted.kinds:
        return "the column was numeric in the training data"
    if name in wanted.targets and wanted.rules.target == "numbers":
        return f"data.task: {wanted.rules.task} needs numbers"
    return ""


def _guess(table: TextTable, wanted: Wanted) -> tuple[dict[str, Kind], list[Remark]]:
    """Kinds by the first chunk: numeric where at least half of the cells that are not missing are numbers."""
    chunk = next(table.chunks(), None)
    lines, rows = (np.arange(0), []) if chunk is None else table.cells(chunk)
    _check_widths(table, wanted.width, lines, rows)
    kinds: dict[str, Kind] = {}
    remarks: list[Remark] = []
    for name, place in wanted.places.items():
        reading = wanted.rules.reading_of(name)
        values = [reading.number(row[place]) for row in rows]
        texts = values.count(None)
        numbers = sum(value is not None and value == value for value in values)
        kinds[name] = "numeric" if numbers >= texts else "categorical"
        is_numeric = (wanted.known(name) or kinds[name]) == "numeric"
        if is_numeric and name not in wanted.rules.declared:
            remarks += _odd_numbers(name, [row[place].strip() for row in rows], reading, name in wanted.targets)
    return kinds, remarks


def _odd_numbers(name: str, cells: Sequence[str], reading: Reading, is_target: bool) -> list[Remark]:
    """What there is to say of numbers with leading zeros (as a target they are classes), or perhaps with thousands."""
    codes = [] if is_target else [cell for cell in cells if cell[:1] == "0" and cell[1:].isdecimal()]
    grouped = _grouped(cells) if reading.decimal == "." and not reading.thousands else []
    if not codes and not grouped:
        return []
    from nntrain.data.readers.remarks import code_remark, grouping_remark

    return [code_remark(name, codes)] if codes else [grouping_remark(name, grouped)]


def _grouped(cells: Sequence[str]) -> list[str]:
    """Numbers such as 1.250 beside 900: each point is before three digits, which a decimal fraction would not keep."""
    dotted = []
    for cell in cells:
        if "." in cell:
            if re.fullmatch(r"[+-]?[1-9]\d{0,2}(?:\.\d{3})", cell) is None:
                return []
            dotted.append(cell)
    whole = len(dotted) < len(cells) and any(0 < len(cell) <= 4 and cell.lstrip("+-").isdecimal() for cell in cells)
    return dotted if whole and any(cell.endswith("0") for cell in dotted) else []


def _one_pass(table: TextTable, wanted: Wanted, guesses: Mapping[str, Kind]) -> tuple[dict[str, Cells], Array]:
    cells = {name: wanted.make(name, guesses[name]) for name in wanted.places}
    marks = _nan_marks(cells)
    lines = [np.arange(0)]
    for chunk in table.chunks():
        row_type = _row_type(wanted, cells)
        if (rows := _parse(chunk, row_type, table.delimiter, marks)) is not None:
            _add_parsed(cells, wanted, rows)
            lines.append(chunk.numbers)
        else:
            lines.append(_add_divided(table, wanted, cells, chunk))
    numbers = np.concatenate(lines)
    if len(numbers) == 0:
        raise DataError(f"{table.source}: a header and no rows below it")
    return cells, numbers


def _nan_marks(cells: Mapping[str, Cells]) -> frozenset[str]:
    """The marks of missing values of all columns that NumPy's parser makes the numbers of."""
    marks = [each.reading.missing for each in cells.values() if _is_parsed(each)]
    return frozenset.intersection(*marks) if marks else frozenset()


def _is_parsed(cells: Cells) -> bool:
    """Whether NumPy's parser can make the numbers of a column."""
    numeric = cells.numeric if isinstance(cells, TargetCells) else cells
    return isinstance(numeric, NumericCells) and numeric.reading.is_plain


def _row_type(wanted: Wanted, cells: Mapping[str, Cells]) -> np.dtype[np.void]:
    """What NumPy makes of each field: a number, a string or, where the column is not wanted, one letter."""
    codes = ["U1"] * wanted.width
    for name, place in wanted.places.items():
        codes[place] = "f8" if _is_parsed(cells[name]) else "O"
    return np.dtype([(f"f{place}", code) for place, code in enumerate(codes)])


def _parse(chunk: Chunk, row_type: np.dtype[np.void], delimiter: str, marks: frozenset[str]) -> Array | None:
    """The rows [n] of a chunk parsed by NumPy; None where it has quotes, blank lines or other surprises.

    Where it does not get by with the cells as they are, the marks of missing values are rewritten for it; not if one of
    them is the text of a column that has to know which it was.
    """
    if chunk.lines is None or len(row_type.names or ()) == 1 or not chunk.lines[0].strip():
        return None
    texts = [name for name in row_type.names or () if row_type[name].kind == "O"]
    for rewrite in (False, True):
        lines = with_nan(chunk.lines, delimiter, marks) if rewrite else chunk.lines
        try:
            rows = np.loadtxt(lines, dtype=row_type, delimiter=delimiter, comments=None, ndmin=1)
        except ValueError:
            continue
        if len(rows) < len(chunk.lines) or _has_odd_nan(chunk.lines, rows, delimiter, marks):
            return None
        return None if rewrite and any((rows[name] == "nan").any() for name in texts) else rows
    return None


def _has_odd_nan(lines: list[str], rows: Array, delimiter: str, marks: frozenset[str]) -> bool:
    """Whether NumPy took a cell for NaN that is no mark of a missing value, such as -nan."""
    names = [name for name in rows.dtype.names or () if rows[name].dtype.kind == "f"]
    if not any(np.isnan(rows[name]).any() for name in names):
        return False
    text = "".join(lines)
    if "nan" not in text.lower():  # far faster than the expression
        return False
    edge = re.escape(delimiter)
    found = re.findall(rf"(?i)(?:^|{edge})[^\S\n{edge}]*([-+]?nan(?:\([^)]*\))?)(?=\s|{edge}|$)", text, re.M)
    return not marks.issuperset(found)


def _add_parsed(cells: Mapping[str, Cells], wanted: Wanted, rows: Array) -> None:
    for name, each in cells.items():
        values = rows[f"f{wanted.places[name]}"]
        numeric = each.numeric if isinstance(each, TargetCells) else each
        if isinstance(numeric, NumericCells) and values.dtype.kind == "f":
            numeric.add_numbers(values)
        else:
            each.add(values.tolist())


def _add_divided(table: TextTable, wanted: Wanted, cells: Mapping[str, Cells], chunk: Chunk) -> Array:
    lines, rows = table.cells(chunk)
    _check_widths(table, wanted.width, lines, rows)
    columns: list[Sequence[str]] = list(zip(*rows, strict=True)) if rows else [()] * wanted.width
    for name, each in cells.items():
        each.add(columns[wanted.places[name]])
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


def _check_finite(dataset: Dataset, column: Column, *, target: bool) -> None:
    if column.kind == "numeric" and (at := np.flatnonzero(np.isinf(column.values))).size:
        more = f" ({len(at):,} such cells in this column)" if len(at) > 1 else ""
        how = "data.missing_target: drop" if target else "data.preprocess.missing"
        raise DataError(
            f"{dataset.place(int(at[0]))}: column {column.name!r} holds an infinite number, or one too large for a "
            f"float64{more}; write a finite number, or leave the cell empty and set {how}"
        )
