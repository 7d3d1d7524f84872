"""`nntrain gridsearch`"""

from collections.abc import Container, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nntrain.cli.console import BREAK, Painted, count_text, number, print_json, put
from nntrain.cli.fit import show_result
from nntrain.cli.options import ConfigArgument, JsonOption, QuietOption, RunsDirOption, SetOption
from nntrain.cli.settings import setting_text, short_names
from nntrain.cli.streams import reporting
from nntrain.cli.tables import print_table
from nntrain.errors import UserError

if TYPE_CHECKING:
    from nntrain.workflows import Leaderboard

EXAMPLE = """Example:
  nntrain gridsearch configs/iris-gridsearch.yaml
  nntrain gridsearch configs/iris.yaml -p optimizer.learning_rate=0.001,0.01,0.1 -p network.0.units=4,16
  nntrain gridsearch configs/iris.yaml -p 'regularization.l2={log_uniform: [1e-6, 0.1]}' --trials 50 --seed 1"""

ROWS_SHOWN = 20


def run(
    config: ConfigArgument,
    parameters: Annotated[
        list[str] | None,
        typer.Option(
            "--parameter",
            "-p",
            metavar="KEY=V1,V2,...",
            help="Search these values of one setting too, or a distribution such as {log_uniform: [1e-6, 0.1]}. "
            "May be given several times.",
            show_default=False,
        ),
    ] = None,
    trials: Annotated[
        int | None,
        typer.Option("--trials", metavar="N", min=1, help="Draw N random points.", show_default=False),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option("--seed", metavar="S", min=0, help="The seed of that draw.", show_default=False),
    ] = None,
    overrides: SetOption = None,
    runs_dir: RunsDirOption = "runs",
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Train a network for every point of a grid, or for random points, and refit the best one.

    The points are those of the config's `search` section and of -p. All networks of one architecture are
    trained at once. Prints the best points; leaderboard.csv has them all.
    """
    from nntrain import workflows
    from nntrain.cli.progress import following
    from nntrain.config import load_experiment

    experiment = load_experiment(config, overrides or ())
    space = parse_parameters(parameters or ())
    with following(quiet) as progress:
        board = workflows.gridsearch(
            experiment, runs_dir=runs_dir, parameters=space, trials=trials, seed=seed, listener=progress
        )
    with reporting(f"The search is complete: {board.path}; its best point, trained again: {board.refit.run}"):
        if json:
            print_json(as_object(board))
        else:
            show(board)


def parse_parameters(texts: Sequence[str]) -> dict[str, Any]:
    """All -p together, by path. Raises UserError for a path that is given twice: one of the two would be ignored."""
    space: dict[str, Any] = {}
    for text in texts:
        path, values = parse_parameter(text)
        if path in space:
            raise UserError(f"{_short(text)}: {path} is given twice; list all of its values in one -p")
        space[path] = values
    return space


def parse_parameter(text: str) -> tuple[str, Any]:
    """Read "optimizer.learning_rate=0.1,0.01": the path and its values, as YAML; a mapping is a distribution."""
    from nntrain.language.diagnostics import Text, config_error
    from nntrain.language.load import parse

    path, _, listed = text.partition("=")
    if not path.strip() or not listed.strip():
        raise UserError(
            f"{_short(text)}: KEY=V1,V2,... is expected, such as -p optimizer.learning_rate=0.1,0.01 or "
            "-p 'regularization.l2={log_uniform: [1e-6, 0.1]}'"
        )
    before = f"-p {path}="
    document = parse(Text(_short(text), f"{before}[{listed}]", option="-p"), skip=len(before))
    if document.problems:
        raise config_error(document.problems)
    values = document.data
    one = values[0] if len(values) == 1 else None
    return path.strip(), one if isinstance(one, list | dict) else values  # [1, 2] in brackets of its own, or {...}


def _short(text: str) -> str:
    """What messages call an option; it may list thousands of values."""
    named = f"-p {text}"
    return named if len(named) <= 100 else named[:99] + "…"


def as_object(board: "Leaderboard") -> dict[str, Any]:
    """What --json prints."""
    return {
        "best": board.best,
        "monitor": board.monitor,
        "table": board.table,
        "run": board.run,
        "leaderboard": board.path,
        "refit": board.refit,
        "warnings": board.warnings,
    }


def show(board: "Leaderboard") -> None:
    """The first rows of the leaderboard, where all of it is, and the run of the best point."""
    shown = board.table[:ROWS_SHOWN]
    settings = list(board.best)
    first = ["rank", *settings, board.monitor]
    names, cells = leaderboard_cells(shown, first, board.best)
    short = short_names(settings, [name for name in names if name not in settings])
    if cells:
        cells[0] = [Painted(cell, "good") for cell in cells[0]]
    score = len(settings) + 1
    others = sorted(range(score + 1, len(names)), key=lambda place: names[place] == "trial")
    importance = [0, score, *range(1, score), *others]
    print_table([short.get(name, name) for name in names], cells, left=0, keep=2, importance=importance)
    if len(board.table) > len(shown):
        put(f"{len(shown)} of {count_text(len(board.table), 'point')}", BREAK)
    put("the best point, trained again as a run:", BREAK)
    show_result(
        board.refit,
        [
            ("leaderboard", str(board.path)),
            ("best", ", ".join(f"{path}={setting_text(value)}" for path, value in board.best.items())),
            ("refitted as", str(board.refit.run)),
        ],
    )


def leaderboard_cells(
    rows: Sequence[Mapping[str, Any]], first: Sequence[str], point: Container[str]
) -> tuple[list[str], list[list[str]]]:
    """Column names and cells: the `first` columns, then the others that the rows have; `point` names settings."""
    names = list(dict.fromkeys([*first, *(name for row in rows for name in row)]))
    cells = [
        [setting_text(row.get(name)) if name in point else _score(row.get(name)) for name in names] for row in rows
    ]
    return names, cells


def _score(value: object) -> str:
    return number(value) if isinstance(value, float) else "" if value is None else str(value)
