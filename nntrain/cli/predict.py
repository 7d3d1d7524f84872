"""`nntrain predict`"""

import contextlib
import csv
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from nntrain.cli.console import count_text, say, warn
from nntrain.cli.options import RunArgument, RunsDirOption
from nntrain.cli.run_directory import find_run
from nntrain.cli.writing import appearing, check_output

if TYPE_CHECKING:
    from nntrain.workflows import Predictions

EXAMPLE = """Example:
  nntrain predict latest flowers.csv
  nntrain predict latest flowers.csv --probabilities -o predicted.csv"""


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
    runs_dir: RunsDirOption = "runs",
) -> None:
    """Predict with a trained network: a CSV file (UTF-8) with one row for each example."""
    from nntrain import workflows

    path = find_run(run, runs_dir)
    if output is not None and output != "-":
        check_output(Path(output), _inputs(path, file))
    predictions = workflows.predict(path, file, probabilities=probabilities)
    if output is None or output == "-":
        with _stdout_for_csv() as stream:
            write_csv(predictions, stream)
    else:
        with appearing(Path(output)) as stream:
            written = write_csv(predictions, stream)
        say(f"{count_text(written, 'prediction')} in {output}")
    for warning in predictions.warnings:
        warn(warning)


def _inputs(run: Path, file: str) -> Iterator[tuple[Path, str]]:
    """What must not be overwritten, and what it is."""
    from nntrain.runs.ownership import files_of
    from nntrain.workflows.evaluating import trained_on

    yield Path(file), "the file to predict"
    for each in files_of(run):
        yield each, f"a file of {run.name}"
    for each in trained_on(run):
        yield each, f"data that {run.name} was trained on"


def write_csv(predictions: "Predictions", stream: TextIO) -> int:
    """Write a header and the rows; returns the number of rows. Lines end in one line feed on every system."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(predictions.columns)
    rows = 0
    for row in predictions.rows:
        writer.writerow(row)
        rows += 1
    return rows


@contextlib.contextmanager
def _stdout_for_csv() -> Iterator[TextIO]:
    """Stdout as UTF-8 with plain line feeds, whatever the terminal's encoding: CSV goes to files and pipes."""
    if not isinstance(sys.stdout, io.TextIOWrapper):
        yield sys.stdout
        return
    encoding, errors = sys.stdout.encoding, sys.stdout.errors
    sys.stdout.reconfigure(encoding="utf-8", errors="strict", newline="")
    try:
        yield sys.stdout
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.reconfigure(encoding=encoding, errors=errors, newline=None)
