"""`nntrain fit`"""

import shlex
from typing import TYPE_CHECKING

from nntrain.cli.console import count_text, print_json, seconds_text
from nntrain.cli.options import ConfigArgument, JsonOption, QuietOption, RunsDirOption, SetOption
from nntrain.cli.tables import print_pairs, print_scores

if TYPE_CHECKING:
    from nntrain.workflows import FitResult

EXAMPLE = """Example:
  nntrain fit configs/iris.yaml
  nntrain fit configs/iris.yaml --set optimizer.learning_rate=0.1 --set seed=3"""


def run(
    config: ConfigArgument,
    overrides: SetOption = None,
    runs_dir: RunsDirOption = "runs",
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Train the network of a config and leave a run directory.

    Prints the scores of the best epoch per split, and where the run is. Exit code 3 if training diverged, 130
    if it was interrupted (what was reached is saved).
    """
    from nntrain import workflows
    from nntrain.cli.progress import following
    from nntrain.config import load_experiment

    experiment = load_experiment(config, overrides or ())
    with following(quiet) as progress:
        result = workflows.fit(experiment, runs_dir=runs_dir, listener=progress)
    if json:
        print_json(result)
    else:
        show(result)


def show(result: "FitResult") -> None:
    """The summary of a fit: how it ended, scores per split, the run's path, and what to type next."""
    path = str(result.run)
    print(
        f"{result.run.name}: {count_text(result.epochs, 'epoch')} in {seconds_text(result.seconds)} "
        f"({result.stop_reason}), best epoch {result.best_epoch}\n"
    )
    print_scores({split: scores for split, scores in result.metrics.items() if scores})
    print_pairs(
        [
            ("parameters", f"{result.parameters:,}"),
            ("run", path),
            ("next", f"nntrain eval {shlex.quote(path)}"),
        ]
    )
