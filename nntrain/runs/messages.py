"""What a user is told about a run directory: which file, what is wrong, what can still be done."""

import difflib
from pathlib import Path

from nntrain.errors import RunError

_TRAIN_AGAIN = "`nntrain fit {run}/config.yaml` trains the run again from its config"
_STILL_POSSIBLE = {
    "config.yaml": "source.yaml beside it is the config as it was written, to train the run again",
    "source.yaml": "nothing depends on it: config.yaml beside it is the resolved experiment",
    "history.jsonl": "only the curve of the epochs is lost: the weights and the scores do not depend on it",
    "weights.npz": _TRAIN_AGAIN,
    "preprocess.json": _TRAIN_AGAIN,
    "checkpoint.npz": "the run cannot go on from it; " + _TRAIN_AGAIN,
    "result.json": "`nntrain eval {run}` computes the scores again",
    "environment.json": "nothing depends on it: it only says what the run was computed with",
    "status.json": "without its checksums the other files cannot be trusted; " + _TRAIN_AGAIN,
}


def damaged(path: Path, problem: str) -> RunError:
    """The error for a file that cannot be used; `problem` continues a sentence begun with its path."""
    still = _STILL_POSSIBLE.get(path.name, "the rest of the run does not depend on it")
    return RunError(f"{path} {problem}\n  {still.format(run=path.parent)}")


def cannot_write(path: Path, error: OSError) -> RunError:
    """The error for a file or directory that the system does not let us write."""
    return RunError(f"cannot write {path}: {error.strerror or error}")


def no_such_run(path: Path, runs_dir: Path) -> RunError:
    """The error for a run that is not there, with the nearest name that is."""
    if path.is_file():
        return RunError(f"{path} is a file, not a run directory; a run is named by its directory, {path.parent}")
    try:
        names = sorted(entry.name for entry in runs_dir.iterdir() if entry.is_dir())
    except OSError:
        names = []
    near = difflib.get_close_matches(path.name, names, n=1, cutoff=0.5)
    hint = f"did you mean {runs_dir / near[0]}?" if near else "`nntrain runs` lists the runs"
    return RunError(f"there is no run {path}, neither as a path nor in {runs_dir}: {hint}")
