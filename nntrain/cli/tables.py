"""Tables that several commands print."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from nntrain.cli.console import number, results

if TYPE_CHECKING:
    from rich.table import Table


def table(names: Sequence[str], *, left: int = 1) -> "Table":
    """An empty table: the first `left` columns are text, the others figures, aligned at the right."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    made = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for position, name in enumerate(names):
        # fold: a name that does not fit goes on in the next line; it is never cut
        made.add_column(name, justify="left" if position < left else "right", overflow="fold")
    return made


def print_table(names: Sequence[str], rows: Iterable[Sequence[str]], *, left: int = 1) -> None:
    """Print a table on stdout, and an empty line."""
    made = table(names, left=left)
    for row in rows:
        made.add_row(*row)
    show_table(made)


def show_table(made: "Table") -> None:
    """Print a table that has its rows, and an empty line."""
    results().print(made, "", sep="\n")


def print_pairs(pairs: Iterable[tuple[str, str]]) -> None:
    """Print lines of a label and a value, aligned. Values are never folded, so that they can be copied."""
    pairs = list(pairs)
    width = max(len(label) for label, _ in pairs)
    for label, value in pairs:
        print(f"{label:<{width}}  {value}")


def print_scores(columns: Mapping[str, Mapping[str, float]]) -> None:
    """Print scores, a column for each split (or predictor) and a row for each quantity in the order met."""
    quantities = dict.fromkeys(quantity for scores in columns.values() for quantity in scores)
    rows = [[quantity, *(number(scores.get(quantity)) for scores in columns.values())] for quantity in quantities]
    print_table(["", *columns], rows)
