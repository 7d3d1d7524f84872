"""What deserves a word about how a column was read, though nothing is wrong with it."""

from collections.abc import Sequence
from itertools import islice

from nntrain.data.dataset import as_yaml, kept_as_names, quoted
from nntrain.data.gathering import Remark
from nntrain.data.readers.cells import MOST_SPELLINGS, TextCells, mark_counts
from nntrain.data.readers.rules import TableRules

_SHOWN = 3


def code_remark(name: str, found: Sequence[str]) -> Remark:
    """A sentence about numbers that are written with leading zeros, as codes are."""
    shown = quoted(list(dict.fromkeys(found)), _SHOWN)
    text = (
        f"column {name!r} is written with leading zeros, as codes are ({shown}), and read as numbers; "
        f"if they are names, set data.columns: {{{as_yaml(name)}: categorical}}"
    )
    return "that are written with leading zeros", name, text


def grouping_remark(name: str, found: Sequence[str]) -> Remark:
    """A sentence about numbers whose points may group their digits."""
    shown = quoted(list(dict.fromkeys(found)), _SHOWN)
    meant = f"data.columns: {{{as_yaml(name)}: {{type: numeric, thousands: '.', decimal: ','}}}}"
    text = (
        f"column {name!r} has numbers without a point and others with one before three digits ({shown}), which are "
        f"read as decimal fractions; if the points are between thousands, set {meant}"
    )
    return "whose points may be between thousands", name, text


def category_remarks(name: str, cells: TextCells, rules: TableRules) -> list[Remark]:
    """Sentences about names that count as missing, and about categories that differ in capitals or blanks alone."""
    if len(cells.codes) > MOST_SPELLINGS:
        return []
    if name in rules.declared:
        if cells.reading.missing != rules.reading.missing:  # the column has a list of its own
            return []
        return _marks_like_names(name, cells, declared=True)
    return [*_marks_like_names(name, cells, declared=False), *_same_but_for_capitals(name, cells)]


def _marks_like_names(name: str, cells: TextCells, *, declared: bool) -> list[Remark]:
    """`NA` among country codes: nearly as frequent as a category, or written like all of them."""
    marks = mark_counts(cells)
    counts = {text: n for text, n in cells.counts().items() if text not in cells.reading.missing}
    if not marks or not counts:
        return []
    rarest = min(counts.values())
    codes = all(text.isupper() for text in counts) and len(set(map(len, counts))) == 1
    alike = [
        m for m, n in marks.items() if 2 * n >= rarest or (codes and m.isupper() and len(m) == len(next(iter(counts))))
    ]
    if not alike:
        return []
    kept = "[" + ", ".join(as_yaml(mark) for mark in sorted(cells.reading.missing - {"", *alike} & set(marks))) + "]"
    cells_text = ", ".join(f"{mark!r} ({marks[mark]:,} {'cell' if marks[mark] == 1 else 'cells'})" for mark in alike)
    text = (
        f"column {name!r}: {cells_text} count{'s' if len(alike) == 1 else ''} as missing, and may be a name like its "
        f"others ({quoted(list(islice(counts, _SHOWN)))}); if so, {kept_as_names(name, declared=declared, marks=kept)}"
    )
    return [("with names that count as missing", name, text)]


def _same_but_for_capitals(name: str, cells: TextCells) -> list[Remark]:
    groups: dict[str, list[str]] = {}
    for text in cells.codes:
        if text not in cells.reading.missing:
            groups.setdefault(" ".join(text.casefold().split()), []).append(text)
    alike = [group for group in groups.values() if len(group) > 1]
    if not alike:
        return []
    shown = "; ".join(quoted(group, _SHOWN) for group in alike[:_SHOWN])
    more = f" and {len(alike) - _SHOWN:,} more" if len(alike) > _SHOWN else ""
    text = f"column {name!r}: {shown}{more} are different categories, though they differ in capitals or blanks alone"
    return [("whose categories differ in capitals or blanks alone", name, text)]
