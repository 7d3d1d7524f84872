"""From what somebody wrote for a run to its directory."""

import os
from pathlib import Path

from nntrain.errors import UserError
from nntrain.runs.listing import list_runs
from nntrain.runs.naming import as_path
from nntrain.runs.store import RunDirectory

LATEST = "latest"


def find_run(run: Path | str, *, runs_dir: Path | str = "runs") -> RunDirectory:
    """The run directory that `run` means.

    Args:
        run: a path, a name below `runs_dir`, or `latest`: the run below `runs_dir` that was started last, unless a
            directory is called that.
        runs_dir: where names and the latest run are looked for.

    Raises:
        UserError: `latest`, and there is no run; or an argument is no path.
        RunError: there is no such directory, or it is not that of a run.
    """
    if not isinstance(run, str | os.PathLike):
        raise UserError(f"a run goes by its directory, its name or {LATEST!r}, got {type(run).__name__}")
    runs_dir = as_path(runs_dir, "runs_dir")
    if str(run) == LATEST and not os.path.isdir(run) and not os.path.isdir(runs_dir / LATEST):
        return RunDirectory(_latest(runs_dir))
    return RunDirectory.open(run, runs_dir=runs_dir)


def _latest(runs_dir: Path | str) -> Path:
    started = [run for run in list_runs(runs_dir) if run.started is not None]
    if not started:
        raise UserError(f"there is no latest run: {runs_dir} has no runs; `nntrain fit CONFIG` makes one")
    return started[-1].path
