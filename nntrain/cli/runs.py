"""`nntrain runs`"""

from typing import TYPE_CHECKING

from nntrain.cli.console import number, print_json, say
from nntrain.cli.options import JsonOption, RunsDirOption
from nntrain.cli.tables import print_table

if TYPE_CHECKING:
    from nntrain.workflows import RunSummary

EXAMPLE = """Example:
  nntrain runs
  nntrain runs --runs-dir experiments --json"""


def run(runs_dir: RunsDirOption = "runs", json: JsonOption = False) -> None:
    """List the runs in a runs directory with their status and scores."""
    from nntrain import workflows

    found = workflows.list_runs(runs_dir)
    if json:
        print_json({"runs": found})
    elif found:
        show(found)
    else:
        say(f"no runs in {runs_dir}; `nntrain fit CONFIG` makes one")


def show(found: "list[RunSummary]") -> None:
    """A row for each run, with a column for each score that one of them has; then what is wrong with some."""
    names = list(dict.fromkeys(name for run in found for name in _scores(run)))
    rows = []
    for summary in found:
        scores = _scores(summary)
        epochs = "" if summary.epochs is None else f"{summary.epochs:,}"
        best = "" if summary.best_epoch is None else f"{summary.best_epoch:,}"
        figures = [number(scores[name]) if name in scores else "" for name in names]
        started = (summary.started or "")[:19].replace("T", " ")  # to the second, in the run's own time zone
        rows.append([summary.name, summary.status, *figures, best, epochs, started])
    print_table(["run", "status", *names, "best epoch", "epochs", "started"], rows, left=2, keep=2)
    for summary in found:
        if summary.problem:
            print(f"{summary.name}: {summary.problem}")


def _scores(summary: "RunSummary") -> dict[str, float]:
    """The run's scores on the split that says most: test, else validation, else training."""
    metrics = summary.metrics or {}
    for split in ("test", "validation", "training"):
        if metrics.get(split):
            return {f"{split} {name}": value for name, value in metrics[split].items()}
    return {}
