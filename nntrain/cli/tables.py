"""Tables and lists on stdout, as plain text: the same on a terminal, in a file and in a pipe.

They are drawn here rather than by rich, whose import would take a tenth of the time of a whole `nntrain check`.
"""

import sys
import textwrap
from collections.abc import Container, Iterable, Mapping, Sequence

from nntrain.cli.console import Painted, Style, folded, line_width, number, print_folded, put, shows
from nntrain.visible import cell_width, visible

GAP = "   "
NARROW_GAP = "  "  # for tables that are too wide with the other one


def column_widths(names: Sequence[str], rows: Iterable[Sequence[str]]) -> list[int]:
    """The width that each column needs for its name and its cells."""
    return [max(cell_width(visible(cell)) for cell in column) for column in zip(names, *rows, strict=True)]


def table_width(names: Sequence[str], rows: Iterable[Sequence[str]], gap: str = GAP) -> int:
    """The width of the whole table."""
    return _total(column_widths(names, rows), gap)


def shortened(text: str, width: int) -> str:
    """The text in at most `width` columns of a terminal; where something is cut off it ends in "…" or "..."."""
    text = visible(text)
    if cell_width(text) <= width:
        return text
    end = "…" if shows(sys.stdout.encoding, "…") else "..."
    while text and cell_width(text) + len(end) > width:
        text = text[:-1]
    return text.rstrip(" ,") + end


def print_table(
    names: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    left: int = 1,
    last: int = 0,
    keep: int = 0,
    importance: Sequence[int] | None = None,
    give_way: int = 0,
) -> None:
    """Print a table and an empty line.

    Args:
        names: of the columns.
        rows: cells; one that is `Painted` has a color where the terminal shows it.
        left, last: how many columns, the first and the last ones, are text; the others are figures, aligned at the
            right.
        keep: where the terminal is too narrow columns are left out and named below, the least important ones first, but
            never these many most important ones; 0 keeps all.
        importance: the places of the columns, the most important one first; by default as they stand.
        give_way: a cell of the first column that leaves no room for so many most important columns gets a line of its
            own, above the rest of its row.
    """
    names, rows = [_visible(name) for name in names], [[_visible(cell) for cell in row] for row in rows]
    widths = column_widths(names, rows)
    order = list(range(len(names)) if importance is None else importance)
    gap = GAP if _total(widths, GAP) <= line_width() else NARROW_GAP
    if give_way:
        least = [cell_width(names[0]), *widths[1:]]
        others = [widths[place] for place in _fitting(order[:give_way], least, gap, keep) if place]
        widths[0] = _widest(names[0], (row[0] for row in rows), line_width() - _total([0, *others], gap))
    shown = sorted(_fitting(order, widths, gap, keep) if keep else order)
    rule = "─" if shows(sys.stdout.encoding, "─") else "-"
    text = {*range(left), *range(len(names) - last, len(names))}
    put(*_line(names, widths, shown, text, gap))
    put(rule * _total([widths[place] for place in shown], gap))
    for row in rows:
        if cell_width(row[0]) > widths[0]:
            put(row[0])
            row = ["", *row[1:]]
        put(*_line(row, widths, shown, text, gap))
    if missing := [names[place] for place in range(len(names)) if place not in shown]:
        print_folded(f"(no room for {', '.join(missing)})")
    put()


def _visible(cell: str) -> str:
    """A cell as it is shown, so that its width is known; one with a color keeps it."""
    return Painted(visible(cell), cell.style) if isinstance(cell, Painted) else visible(cell)


def _fitting(order: Sequence[int], widths: Sequence[int], gap: str, keep: int) -> list[int]:
    """As many of the columns in the order of their importance as the line has room for, and at least `keep`."""
    shown = list(order)
    while len(shown) > keep and _total([widths[place] for place in shown], gap) > line_width():
        shown.pop()
    return shown


def _widest(name: str, cells: Iterable[str], most: int) -> int:
    """The width of a column whose cells may be wider than `most`, and are shown elsewhere then."""
    return max([cell_width(name), *(width for width in map(cell_width, cells) if width <= most)])


def _total(widths: Sequence[int], gap: str) -> int:
    return sum(widths) + len(gap) * (len(widths) - 1)


def _line(
    cells: Sequence[str], widths: Sequence[int], shown: Sequence[int], left: Container[int], gap: str
) -> list[str]:
    """The pieces of a line, without spaces at its end."""
    pieces: list[str] = []
    for place in shown:
        cell = cells[place]
        space = " " * (widths[place] - cell_width(cell))
        pieces += [gap, cell, space] if place in left else [gap, space, cell]
    while pieces and not pieces[-1].strip(" "):
        pieces.pop()
    return pieces[1:]


def print_pairs(pairs: Sequence[tuple[str, str]], *, fold: Container[str] = ()) -> None:
    """Print lines of a label and a value, aligned.

    Values are not folded, so that they can be copied, but for those whose label is in `fold`: between words.
    """
    width = max(cell_width(label) for label, _ in pairs)
    for label, value in pairs:
        indent = " " * (width + 2)
        first, *others = folded(value, line_width() - len(indent)) if label in fold else [value]
        put(f"{label}{indent[cell_width(label) :]}{first}")
        for line in others:
            put(indent + line)


def print_paragraphs(paragraphs: Iterable[tuple[str, str]]) -> None:
    """Print labels, each with a text beside it that is folded into the width there is."""
    paragraphs = list(paragraphs)
    indent = " " * (max((cell_width(label) for label, _ in paragraphs), default=0) + 2)
    width = max(20, min(100, line_width()) - len(indent))
    for label, text in paragraphs:
        first, *others = textwrap.wrap(visible(text), width) or [""]
        put(f"{label}{indent[cell_width(label) :]}{first}".rstrip())
        for line in others:
            put(indent + line)


def print_scores(
    columns: Mapping[str, Mapping[str, float]], *, styles: Mapping[tuple[str, str], Style] | None = None
) -> None:
    """Print scores, a column for each split (or predictor) and a row for each quantity in the order met.

    `styles` gives the color of a cell by its quantity and its column.
    """
    quantities = dict.fromkeys(quantity for scores in columns.values() for quantity in scores)
    rows = []
    for quantity in quantities:
        cells = [
            _painted(number(scores.get(quantity)), (styles or {}).get((quantity, c))) for c, scores in columns.items()
        ]
        rows.append([quantity, *cells])
    print_table(["", *columns], rows)


def _painted(text: str, style: Style | None) -> str:
    return text if style is None else Painted(text, style)


def print_notes(notes: Sequence[str]) -> None:
    """Print sentences about a table above, folded into the width there is, and an empty line; nothing for none."""
    for note in notes:
        print_folded(note)
    if notes:
        put()
