"""From what the user typed for RUN to a run directory."""

from pathlib import Path

from nntrain.errors import RunError, UserError


def find_run(text: str, runs_dir: str) -> Path:
    """The run directory that `text` means, as `nntrain.runs.finding.find_run` finds it.

    Raises UserError when there is none: the command line is wrong, not the run.
    """
    from nntrain.runs.finding import find_run

    try:
        return find_run(text, runs_dir=runs_dir).path
    except RunError as missing:
        raise UserError(str(missing)) from missing
