"""`nntrain eval`"""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli.console import BREAK, count_text, line_width, number, print_folded, print_json, put, warn
from nntrain.cli.options import JsonOption, RunArgument, RunsDirOption
from nntrain.cli.run_directory import find_run
from nntrain.cli.scores import show_scores
from nntrain.cli.tables import NARROW_GAP, print_notes, print_table, table_width

if TYPE_CHECKING:
    from nntrain.train.evaluation import Evaluation

EXAMPLE = """Example:
  nntrain eval latest
  nntrain eval runs/iris-20261120-084900-3f9a --split validation
  nntrain eval latest --data measured-in-june.csv"""

LARGEST_MATRIX = 40  # classes; beyond it, the confusions are listed
CONFUSIONS_LISTED = 20


class SplitName(StrEnum):
    """The splits that a run has."""

    TEST = "test"
    VALIDATION = "validation"
    TRAINING = "training"


def run(
    run: RunArgument,
    split: Annotated[SplitName, typer.Option("--split", help="The examples to score.")] = SplitName.TEST,
    data: Annotated[
        str | None,
        typer.Option(
            "--data",
            metavar="FILE",
            help="Score these examples instead; the file needs the columns of the training data.",
            show_default=False,
        ),
    ] = None,
    runs_dir: RunsDirOption = "runs",
    json: JsonOption = False,
) -> None:
    """Score a trained network on a split of its data, or on other data.

    Prints the scores beside those of a baseline that ignores its inputs; for classes the confusion matrix and
    a row for each class, for values a row for each output.
    """
    from nntrain import workflows

    path = find_run(run, runs_dir)
    report = workflows.evaluation(path, split=split.value, data=data)
    if json:
        print_json({"run": path, **report.to_json()})
    else:
        examples = f"{report.split} split" if data is None else report.split
        place = f"the {examples}" if data is None else examples
        print_folded(f"{path.name}: {examples}, {count_text(report.examples, 'example')}, {report.task}")
        put()
        show(report, place)
        for warning in report.warnings:
            warn(warning)


def show(report: "Evaluation", place: str) -> None:
    """Scores, then what the task has: confusion matrix, a row for each class, a row for each output."""
    from nntrain.workflows.results import WEIGHTED_LOSS_NOTE

    show_scores(
        {"network": report.scores},
        "network",
        report.baseline,
        title="baseline",
        place=place,
        positive=report.positive_class,
    )
    if "weighted_loss" in report.scores:
        print_notes([WEIGHTED_LOSS_NOTE])
    if report.undefined:
        print_notes([f"{name} is undefined: it {reason}" for name, reason in report.undefined.items()])
    if report.classes is not None and report.confusion is not None:
        _show_confusion(report.classes, report.confusion.tolist())
    if report.per_class:
        rows = [
            [row.name, number(row.precision), number(row.recall), number(row.f1), f"{row.support:,}"]
            for row in report.per_class
        ]
        print_table(["class", "precision", "recall", "F1", "examples"], rows)
    if len(report.per_output) > 1:
        values = [[row.name, number(row.rmse), number(row.mae), number(row.r2)] for row in report.per_output]
        print_table(["output", "RMSE", "MAE", "R2"], values)


def _show_confusion(classes: tuple[str, ...], confusion: list[list[int]]) -> None:
    """The matrix if the terminal has room for it, otherwise the most frequent confusions."""
    names = ["true \\ predicted", *classes]
    matrix = [
        [name, *(f"{count:,}" if count else "." for count in row)] for name, row in zip(classes, confusion, strict=True)
    ]
    if len(classes) <= LARGEST_MATRIX and table_width(names, matrix, NARROW_GAP) <= line_width():
        print_table(names, matrix)
    else:
        _show_confusions(classes, confusion)


def _show_confusions(classes: tuple[str, ...], confusion: list[list[int]]) -> None:
    """The pairs of classes that are taken for each other most often."""
    wrong = [
        (count, true, predicted)
        for true, row in enumerate(confusion)
        for predicted, count in enumerate(row)
        if count and true != predicted
    ]
    wrong.sort(key=lambda item: (-item[0], item[1:]))
    shown = wrong[:CONFUSIONS_LISTED]
    rows = [[classes[true], classes[predicted], f"{count:,}"] for count, true, predicted in shown]
    print_table(["true", "predicted", "examples"], rows, left=2)
    put(f"{len(shown)} of {count_text(len(wrong), 'confusion')}; --json has the whole matrix", BREAK)
