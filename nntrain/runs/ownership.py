"""Which files are those of a run, so that no command writes over them."""

import os
from pathlib import Path

from nntrain.errors import RunError, UserError
from nntrain.runs.file_names import CHECKPOINT, DIVERGENCE, ENVIRONMENT, OWN, PREPROCESS, STATUS, WEIGHTS
from nntrain.runs.naming import is_run_name
from nntrain.runs.store import RunDirectory

# A folder with one of these is a run, or what is left of one. Other folders have files of the other names too.
_TELLING = (ENVIRONMENT, PREPROCESS, WEIGHTS, CHECKPOINT, DIVERGENCE)


def run_of_file(path: Path) -> Path | None:
    """The run directory that a file, which need not be there, is or would be a part of; None for any other file.

    Links are followed. What somebody else has put into a run directory is no part of the run.
    """
    real = Path(os.path.realpath(path))
    if not is_run(real.parent):
        return None
    # Whatever the system takes for the same name.
    named = real.name.casefold().removesuffix(".tmp") in OWN
    return real.parent if named or any(same_file(real, own) for own in files_of(real.parent)) else None


def files_of(run: Path) -> list[Path]:
    """The files that a run has or may have."""
    return [run / name for name in OWN]


def is_run(path: Path) -> bool:
    """Whether a folder is a run directory, complete or not."""
    if any(os.path.lexists(path / name) for name in _TELLING):
        return True
    if not os.path.lexists(path / STATUS):
        return False
    try:
        RunDirectory(path).read_status()
    except RunError:
        return is_run_name(Path(os.path.realpath(path)).name)
    return True


def check_runs_dir(path: Path) -> None:
    """Refuse to put runs into one. Raises UserError."""
    if is_run(path):
        raise UserError(
            f"{path} is a run directory itself: runs are made in the folder around it, --runs-dir {path.parent}"
        )


def same_file(one: Path, other: Path) -> bool:
    """Whether two names are of one file that is there: through links, hard ones too, and whatever their case is."""
    try:
        return os.path.samefile(one, other)
    except (OSError, ValueError):
        return False
