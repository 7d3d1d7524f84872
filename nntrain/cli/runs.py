"""`nntrain runs`"""

import math
import sys
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nntrain.cli.console import Painted, Style, as_json, number, print_json, put, readable, say
from nntrain.cli.options import JsonOption, RunsDirOption
from nntrain.cli.tables import print_table
from nntrain.visible import prefixed

if TYPE_CHECKING:
    from nntrain.runs.listing import RunScore
    from nntrain.workflows import RunSummary

EXAMPLE = """Example:
  nntrain runs
  nntrain runs --sort score --last 20
  nntrain runs --runs-dir experiments --json"""

STYLES: dict[str, Style] = {"complete": "good", "running": "calm", "interrupted": "doubtful"}


class SortKey(StrEnum):
    """What runs can be sorted by."""

    NAME = "name"
    RUN = "run"  # as the column is called
    STATUS = "status"
    SCORE = "score"
    BEST_EPOCH = "best_epoch"
    EPOCHS = "epochs"
    STARTED = "started"


def run(
    runs_dir: RunsDirOption = "runs",
    sort: Annotated[
        SortKey,
        typer.Option("--sort", help="What to sort by: of equal scores the best first, of all else the least."),
    ] = SortKey.STARTED,
    last: Annotated[
        int | None,
        typer.Option("--last", metavar="N", min=1, help="Only the N that started last.", show_default=False),
    ] = None,
    json: JsonOption = False,
) -> None:
    """List the runs in a runs directory with their status and one score each, beside that of a baseline.

    The score is on the test split if there is one; of a search it is what its best point reached. --json has all
    scores.
    """
    from nntrain import workflows

    found = workflows.list_runs(runs_dir)
    chosen = ordered(found if last is None else found[-last:], sort)
    if json:
        print_json({"runs": [as_object(summary) for summary in chosen]})
    elif chosen:
        show(chosen)
    else:
        say(f"no runs in {runs_dir}; `nntrain fit CONFIG` makes one")


def as_object(summary: "RunSummary") -> dict[str, Any]:
    """What --json prints of a run: all that is known, and the score that stands for it."""
    return {**as_json(summary), "score": as_json(summary.score)}


def ordered(runs: "Sequence[RunSummary]", column: SortKey) -> "list[RunSummary]":
    """The runs in the order of a column; those that have nothing there come last, and equals as they started.

    Scores are compared with those of the same name only: accuracies come together, then errors, the best of each first.
    """

    def key(summary: "RunSummary") -> tuple[Any, ...]:
        match column:
            case SortKey.SCORE:
                return _score_key(summary.score)
            case SortKey.NAME | SortKey.RUN:
                return (summary.name,)
            case SortKey.STARTED:
                return (summary.started is None,)
            case _:
                value = getattr(summary, column.value)
                return (value is None, "" if value is None else value)

    return sorted(runs, key=lambda summary: (*key(summary), summary.moment, summary.name))


def _score_key(score: "RunScore | None") -> tuple[bool, str, bool, float]:
    if score is None:
        return (True, "", True, 0.0)
    undefined = math.isnan(score.value)
    return (False, score.label, undefined, 0.0 if undefined else -score.value if score.maximize else score.value)


def show(found: "Sequence[RunSummary]") -> None:
    """A row for each run; then what is wrong with some."""
    names = ["run", "status", "score", "value", "baseline", "best epoch", "epochs", "started"]
    rows = [_row(summary) for summary in found]
    print_table(names, rows, left=3, keep=3, importance=[0, 2, 3, 1, 4, 5, 6, 7], give_way=5)
    for summary in found:
        if summary.problem:
            put(readable(prefixed(f"{summary.name}: ", summary.problem), sys.stdout))


def _row(summary: "RunSummary") -> list[str]:
    from nntrain.runs.status import on_the_wall

    score = summary.score
    status = Painted(summary.status, STYLES.get(summary.status, "bad"))
    if score is None:
        figures = ["", "", ""]
    else:
        baseline = "" if score.baseline is None else number(score.baseline)
        figures = [score.label, _value(score), baseline]
    counts = ["" if count is None else f"{count:,}" for count in (summary.best_epoch, summary.epochs)]
    started = "" if summary.started is None else f"{on_the_wall(summary.started):%Y-%m-%d %H:%M:%S}"
    return [summary.name, status, *figures, *counts, started]


def _value(score: "RunScore") -> str:
    """The value, marked where the baseline is as good."""
    from nntrain.train.baseline import not_beaten

    text = number(score.value)
    if score.baseline is None or not not_beaten({score.name: score.value}, {score.name: score.baseline}):
        return text
    return Painted(text, "doubtful")
