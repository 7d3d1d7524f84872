"""`nntrain predict`"""

import csv
import itertools
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from nntrain.cli.console import count_text, csv_stream, say, visible_cells, warn
from nntrain.cli.options import RunArgument, RunsDirOption
from nntrain.cli.run_directory import find_run
from nntrain.cli.writing import appearing, check_output

if TYPE_CHECKING:
    from nntrain.workflows import Predictions

EXAMPLE = """Example:
  nntrain predict latest flowers.csv
  nntrain predict latest flowers.csv --probabilities -o predicted.csv"""

# What a spreadsheet takes for a formula (OWASP, CSV injection): the first character, also as wide as a Chinese one.
_FORMULA = re.compile("[=+\\-@\t\r\n\0\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def run(
    run: RunArgument,
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="The examples: columns as in the training data; the target may be absent.",
            show_default=False,
        ),
    ],
    probabilities: Annotated[
        bool, typer.Option("--probabilities", help="Add a column for the probability of each class.")
    ] = False,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT.csv",
            help="Write here instead of stdout; the file appears when it is complete.",
            show_default=False,
        ),
    ] = None,
    escape_formulas: Annotated[
        bool,
        typer.Option(
            "--escape-formulas",
            help="Write an apostrophe before a text that a spreadsheet takes for a formula: one that begins with =, +, "
            "- or @ and is no number.",
        ),
    ] = False,
    runs_dir: RunsDirOption = "runs",
) -> None:
    """Predict with a trained network: a CSV file (UTF-8) with one row for each example."""
    from nntrain import workflows
    from nntrain.workflows.run.interruption import terminable

    path = find_run(run, runs_dir)
    if output is not None and output != "-":
        check_output(Path(output), _inputs(path, file))
    predictions = workflows.predict(path, file, probabilities=probabilities)
    if output is None or output == "-":
        with csv_stream() as stream:
            write_csv(predictions, stream, escape_formulas=escape_formulas)
    else:
        with terminable(), appearing(Path(output)) as stream:
            written = write_csv(predictions, stream, escape_formulas=escape_formulas)
        say(f"{count_text(written, 'prediction')} in {output}")
    for warning in predictions.warnings:
        warn(warning)


def _inputs(run: Path, file: str) -> Iterator[tuple[Path, str]]:
    """What must not be overwritten, and what it is."""
    from nntrain.runs.ownership import files_of
    from nntrain.workflows.again.recorded_data import trained_on

    yield Path(file), "the file to predict"
    for each in files_of(run):
        yield each, f"a file of {run.name}"
    for each in trained_on(run):
        yield each, f"data that {run.name} was trained on"


def write_csv(predictions: "Predictions", stream: TextIO, *, escape_formulas: bool = False) -> int:
    """Write a header and the rows; returns the number of rows. Lines end in one line feed on every system."""
    writer = csv.writer(_LineFeeds(stream), lineterminator="\r\n")
    lines: Iterable[Iterable[object]] = itertools.chain([predictions.columns], predictions.rows)
    if escape_formulas:
        lines = (map(_no_formula, cells) for cells in lines)
    if stream.isatty():
        lines = map(visible_cells, lines)
    written = 0
    for cells in lines:
        writer.writerow(cells)
        written += 1
    return written - 1


class _LineFeeds:
    """Ends the lines of a csv.writer in a line feed alone. It puts into quotes only what its own line ends hold."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, line: str) -> None:
        """Write a whole row, as csv.writer does."""
        self._stream.write(line.removesuffix("\r\n") + "\n")


def _no_formula(cell: object) -> object:
    """A cell that a spreadsheet shows as it is."""
    is_formula = isinstance(cell, str) and _FORMULA.match(cell) and not _NUMBER.fullmatch(cell)
    return f"'{cell}" if is_formula else cell
