"""`nntrain gradcheck`"""

import math
from typing import TYPE_CHECKING

import typer

from nntrain.cli.console import Painted, print_folded, print_json, put
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
    tolerance, or if it cannot be told.
    """
    from nntrain import workflows
    from nntrain.config import load_experiment

    report = workflows.gradcheck(load_experiment(config, overrides or ()))
    if json:
        rows = [
            {"name": row.name, "relative_error": row.relative_error, "checked": row.checked}
            | ({"unclear": True} if report.verdict_on(row) == "unclear" else {})
            for row in report.rows
        ]
        found = {"passed": report.passed, "worst": report.worst, "tolerance": report.tolerance, "rows": rows}
        kind = "WrongGradients" if report.verdict == "wrong" else "UnclearGradients"
        print_json(found if report.passed else {**found, "error": error_object(kind, "".join(_verdict(report)), 1)})
    else:
        cells = [[row.name, f"{row.relative_error:.1e}", f"{row.checked:,}"] for row in report.rows]
        print_table(["gradient of", "relative error", "numbers compared"], cells)
        word, *numbers = _verdict(report)
        if report.verdict == "unclear":
            print_folded(word + "".join(numbers), "doubtful")
        else:
            put(Painted(word, "good" if report.passed else "bad"), *numbers)
    if not report.passed:
        raise typer.Exit(1)


def _verdict(report: "GradientReport") -> list[str]:
    """The word, and what it rests on."""
    if report.verdict == "unclear":
        lost = ", ".join(row.name for row in report.rows if report.verdict_on(row) == "unclear")
        return ["cannot tell", f": {lost} {_why(report)}"]
    word = "correct" if report.passed else "WRONG"
    return [word, f": largest relative error {report.worst:.1e}, tolerance {report.tolerance:.0e}"]


def _why(report: "GradientReport") -> str:
    if math.isnan(report.worst):
        return (
            "cannot be compared, for the loss or its gradient is not finite at the initial weights: make them smaller"
        )
    return (
        f"is too small beside the loss, so that rounding parts its differences (by up to {report.worst:.1e}, tolerance "
        f"{report.tolerance:.0e}): start from smaller weights, or scale the data, so that no unit is saturated"
    )
