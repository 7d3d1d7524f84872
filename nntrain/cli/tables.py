"""Tables and lists on stdout, as plain text: the same on a terminal, in a file and in a pipe.

They are drawn here rather than by rich, whose import would take a tenth of the time of a whole `nntrain check`.
"""

import sys
import textwrap
import unicodedata
from collections.abc import Container, Iterable, Mapping, Sequence

from nntrain.cli.console import Painted, Style, folded, line_width, number, painted, print_folded, shows

GAP = "   "
NARROW_GAP = "  "  # for tables that are too wide with the other one


def cell_width(text: str) -> int:
    """How many columns of a terminal a text takes: East Asian characters take two, combining ones none."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def column_widths(names: Sequence[str], rows: Iterable[Sequence[str]]) -> list[int]:
    """The width that each column needs for its name and its cells."""
    return [max(map(cell_width, column)) for column in zip(names, *rows, strict=True)]


def table_width(names: Sequence[str], rows: Iterable[Sequence[str]], gap: str = GAP) -> int:
    """The width of the whole table."""
    return _total(column_widths(names, rows), gap)


def print_table(
    names: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    left: int = 1,
    keep: int = 0,
    importance: Sequence[int] | None = None,
) -> None:
    """Print a table and an empty line.

    Args:
        names: of the columns.
        rows: cells; one that is `Painted` has a color where the terminal shows it.
        left: how many columns, the first ones, are text; the others are figures, aligned at the right.
        keep: where the terminal is too narrow columns are left out and named below, the least important ones first, but
            never these many most important ones; 0 keeps all.
        importance: the places of the columns, the most important one first; by default as they stand.
    """
    widths = column_widths(names, rows)
    gap = GAP if _total(widths, GAP) <= line_width() else NARROW_GAP
    shown = list(range(len(names)) if importance is None else importance)
    missing: list[int] = []
    while keep and len(shown) > keep and _total([widths[place] for place in shown], gap) > line_width():
        missing.append(shown.pop())
    shown.sort()
    widths = [widths[place] for place in shown]
    aligned_left = sum(place < left for place in shown)
    rule = "─" if shows(sys.stdout.encoding, "─") else "-"
    print(_line([names[place] for place in shown], widths, aligned_left, gap))
    print(rule * _total(widths, gap))
    for row in rows:
        print(_line([row[place] for place in shown], widths, aligned_left, gap))
    if missing:
        print_folded(f"(no room for {', '.join(names[place] for place in sorted(missing))})")
    print()


def _total(widths: Sequence[int], gap: str) -> int:
    return sum(widths) + len(gap) * (len(widths) - 1)


def _line(cells: Sequence[str], widths: Sequence[int], left: int, gap: str) -> str:
    padded = []
    for position, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        space = " " * (width - cell_width(cell))
        shown = painted(cell, cell.style) if isinstance(cell, Painted) else cell
        padded.append(shown + space if position < left else space + shown)
    return gap.join(padded).rstrip()


def print_pairs(pairs: Sequence[tuple[str, str]], *, fold: Container[str] = ()) -> None:
    """Print lines of a label and a value, aligned.

    Values are not folded, so that they can be copied, but for those whose label is in `fold`: between words.
    """
    width = max(cell_width(label) for label, _ in pairs)
    for label, value in pairs:
        indent = " " * (width + 2)
        first, *others = folded(value, line_width() - len(indent)) if label in fold else [value]
        print(f"{label}{indent[cell_width(label) :]}{first}")
        for line in others:
            print(indent + line)


def print_paragraphs(paragraphs: Iterable[tuple[str, str]]) -> None:
    """Print labels, each with a text beside it that is folded into the width there is."""
    paragraphs = list(paragraphs)
    indent = " " * (max((cell_width(label) for label, _ in paragraphs), default=0) + 2)
    width = max(20, min(100, line_width()) - len(indent))
    for label, text in paragraphs:
        first, *others = textwrap.wrap(text, width) or [""]
        print(f"{label}{indent[cell_width(label) :]}{first}".rstrip())
        for line in others:
            print(indent + line)


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
