"""`nntrain gradcheck`"""

from typing import TYPE_CHECKING

import typer

from nntrain.cli.console import Painted, print_json, put
from nntrain.cli.failures import error_object
from nntrain.cli.options import ConfigArgument, JsonOption, SetOption
from nntrain.cli.tables import print_table

if TYPE_CHECKING:
    from nntrain.workflows import GradientReport

EXAMPLE = """Example:
  nntrain gradcheck configs/iris.yaml"""


def run(config: ConfigArgument, overrides: SetOption = None, json: JsonOption = False) -> None:
    """Compare the gradients of a config's network with central differences, in float64.

    Prints the relative error of each parameter array and of the input. Exit code 1 if one is above the
    tolerance.
    """
    from nntrain import workflows
    from nntrain.config import load_experiment

    report = workflows.gradcheck(load_experiment(config, overrides or ()))
    if json:
        rows = [{"name": row.name, "relative_error": row.relative_error, "checked": row.checked} for row in report.rows]
        found = {"passed": report.passed, "worst": report.worst, "tolerance": report.tolerance, "rows": rows}
        print_json(
            found if report.passed else {**found, "error": error_object("WrongGradients", "".join(_verdict(report)), 1)}
        )
    else:
        cells = [[row.name, f"{row.relative_error:.1e}", f"{row.checked:,}"] for row in report.rows]
        print_table(["gradient of", "relative error", "numbers compared"], cells)
        word, *numbers = _verdict(report)
        put(Painted(word, "good" if report.passed else "bad"), *numbers)
    if not report.passed:
        raise typer.Exit(1)


def _verdict(report: "GradientReport") -> list[str]:
    """The word, and what it rests on."""
    word = "correct" if report.passed else "WRONG"
    return [word, f": largest relative error {report.worst:.1e}, tolerance {report.tolerance:.0e}"]
