"""From what the user typed for RUN to a run directory."""

from pathlib import Path

from nntrain.errors import RunError, UserError


def find_run(text: str, runs_dir: str) -> Path:
    """The run directory that `text` means: a path, a name below `runs_dir`, or `latest`, the one started
    last.

    Raises UserError when there is none: the command line is wrong, not the run.
    """
    from nntrain.runs import RunDirectory

    if text == "latest" and not Path(text).is_dir() and not Path(runs_dir, text).is_dir():
        return _latest(runs_dir)
    try:
        return RunDirectory.open(text, runs_dir=runs_dir).path
    except RunError as missing:
        raise UserError(str(missing)) from missing


def _latest(runs_dir: str) -> Path:
    from nntrain import workflows

    started = [run for run in workflows.list_runs(runs_dir) if run.started is not None]
    if not started:
        raise UserError(f"there is no latest run: {runs_dir} has no runs; `nntrain fit CONFIG` makes one")
    return started[-1].path
