"""`nntrain gradcheck`"""

import typer

from nntrain.cli.console import painted, print_json
from nntrain.cli.options import ConfigArgument, JsonOption, SetOption
from nntrain.cli.tables import print_table

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
        print_json({"passed": report.passed, "worst": report.worst, "tolerance": report.tolerance, "rows": rows})
    else:
        cells = [[row.name, f"{row.relative_error:.1e}", f"{row.checked:,}"] for row in report.rows]
        print_table(["gradient of", "relative error", "numbers compared"], cells)
        verdict = painted("correct", "good") if report.passed else painted("WRONG", "bad")
        print(f"{verdict}: largest relative error {report.worst:.1e}, tolerance {report.tolerance:.0e}")
    if not report.passed:
        raise typer.Exit(1)
