"""Tables and lists on stdout, as plain text: the same on a terminal, in a file and in a pipe.

They are drawn here rather than by rich, whose import would take a tenth of the time of a whole `nntrain check`.
"""

import sys
import textwrap
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from nntrain.cli.console import line_width, number, shows

GAP = "   "


def cell_width(text: str) -> int:
    """How many columns of a terminal a text takes: East Asian characters take two, combining ones none."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def column_widths(names: Sequence[str], rows: Iterable[Sequence[str]]) -> list[int]:
    """The width that each column needs for its name and its cells."""
    return [max(map(cell_width, column)) for column in zip(names, *rows, strict=True)]


def table_width(names: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
    """The width of the whole table."""
    return sum(column_widths(names, rows)) + len(GAP) * (len(names) - 1)


def print_table(names: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1, keep: int = 0) -> None:
    """Print a table and an empty line.

    The first `left` columns are text, the others figures, aligned at the right. Where the terminal is too narrow, the
    last columns are left out and named below, but never the first `keep`; 0 keeps all, and the terminal folds lines.
    """
    widths = column_widths(names, rows)
    shown = len(names)
    while keep and shown > keep and sum(widths[:shown]) + len(GAP) * (shown - 1) > line_width():
        shown -= 1
    rule = "─" if shows(sys.stdout.encoding, "─") else "-"
    print(_line(names[:shown], widths, left))
    print(rule * (sum(widths[:shown]) + len(GAP) * (shown - 1)))
    for row in rows:
        print(_line(row[:shown], widths, left))
    if shown < len(names):
        print(f"(no room for {', '.join(names[shown:])})")
    print()


def _line(cells: Sequence[str], widths: Sequence[int], left: int) -> str:
    padded = []
    for position, (cell, width) in enumerate(zip(cells, widths, strict=False)):
        space = " " * (width - cell_width(cell))
        padded.append(cell + space if position < left else space + cell)
    return GAP.join(padded).rstrip()


def print_pairs(pairs: Sequence[tuple[str, str]]) -> None:
    """Print lines of a label and a value, aligned. Values are never folded, so that they can be copied."""
    width = max(cell_width(label) for label, _ in pairs)
    for label, value in pairs:
        print(f"{label}{' ' * (width - cell_width(label))}  {value}")


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


def print_scores(columns: Mapping[str, Mapping[str, float]]) -> None:
    """Print scores, a column for each split (or predictor) and a row for each quantity in the order met."""
    quantities = dict.fromkeys(quantity for scores in columns.values() for quantity in scores)
    rows = [[quantity, *(number(scores.get(quantity)) for scores in columns.values())] for quantity in quantities]
    print_table(["", *columns], rows)


def print_notes(notes: Sequence[str]) -> None:
    """Print sentences about a table above, folded into the width there is, and an empty line; nothing for none."""
    for note in notes:
        for line in textwrap.wrap(note, max(20, min(100, line_width()))):
            print(line)
    if notes:
        print()
