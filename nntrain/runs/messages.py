"""What a user is told about a run directory: which file, what is wrong, what can still be done."""

import difflib
import os
import re
import shlex
from pathlib import Path

from nntrain.errors import RunError
from nntrain.runs import jsonfile
from nntrain.runs.arrays_file import ArraysFile
from nntrain.runs.file_names import (
    CHECKPOINTS,
    CONFIG,
    ENVIRONMENT,
    HISTORY,
    LEADERBOARD,
    PREPROCESS,
    RESULT,
    SOURCE,
    STATUS,
    WEIGHTS,
)
from nntrain.runs.files import Damage, read_bytes
from nntrain.visible import Lines, prefixed

_TRAIN_AGAIN = "`nntrain fit {run}/config.yaml` trains the run again from its config"
# For weights.npz and the checkpoints it depends on what else is there.
_STILL_POSSIBLE = {
    CONFIG: "source.yaml beside it is the config as it was written, to train the run again; its paths are "
    "relative to where it stood",
    SOURCE: "nothing depends on it: config.yaml beside it is the resolved experiment",
    HISTORY: "the weights and the scores do not depend on it, but the run cannot go on without it",
    PREPROCESS: _TRAIN_AGAIN,
    RESULT: "`nntrain eval {run}` computes the scores again",
    ENVIRONMENT: "the run can be used, but neither be scored on its own splits nor go on: it holds the "
    "checksums of the data; `nntrain eval {run} --data FILE` scores a file",
    STATUS: "without its checksums the other files cannot be trusted; " + _TRAIN_AGAIN,
}
# The same of a search.
_STILL_POSSIBLE_IN_SEARCH = {
    CONFIG: "source.yaml beside it is the config as it was written, to search again; its paths are relative to "
    "where it stood",
    SOURCE: _STILL_POSSIBLE[SOURCE],
}
_SEARCH_AGAIN = "`nntrain gridsearch {run}/config.yaml` searches again"
_SEARCH_NAME = re.compile(r".+-search-\d{8}-\d{6}-[0-9a-f]{4}")
_VERIFIED = 1 << 30  # bytes; of a larger file only the headers are looked at, so that the message comes soon


def damaged(path: Path, damage: Damage) -> RunError:
    """The error for a file that cannot be used; the damage continues a sentence begun with its path."""
    still = (damage.remedy or _remedy(path)).format(run=shlex.quote(str(path.parent)))
    return RunError(Lines(prefixed(f"{path} ", str(damage)), f"  {still}"))


def _remedy(path: Path) -> str:
    """What can still be done without this file; `{run}` stands for its run directory."""
    if is_search(path.parent):
        return _STILL_POSSIBLE_IN_SEARCH.get(path.name, _SEARCH_AGAIN)
    if path.name == WEIGHTS:
        return _without_weights(path.parent)
    if path.name in CHECKPOINTS:
        return _without_checkpoint(path)
    return _STILL_POSSIBLE.get(path.name, "the rest of the run does not depend on it")


def is_search(run: Path) -> bool:
    """Whether a directory looks like that of a search, whatever of its files can be read.

    It has a name that says so, or a leaderboard, and nothing of a network.
    """
    if any(os.path.lexists(run / name) for name in (PREPROCESS, WEIGHTS, *CHECKPOINTS)):
        return False
    return _SEARCH_NAME.fullmatch(run.name) is not None or os.path.lexists(run / LEADERBOARD)


def _without_weights(run: Path) -> str:
    if _diverged(run):  # it cannot go on
        return _TRAIN_AGAIN
    whole = next((name for name in CHECKPOINTS if _is_whole(run / name)), None)
    if whole is not None:
        return whole + " is whole: `nntrain fit --resume {run}` goes on from it, and writes the weights again"
    if not os.path.lexists(run / RESULT) and not os.path.lexists(run / WEIGHTS):
        return "the run was not finished: `nntrain fit --resume {run}` goes on with it"
    return _TRAIN_AGAIN


def _diverged(run: Path) -> bool:
    try:
        content = read_bytes(run / STATUS, jsonfile.MOST_BYTES)
        return jsonfile.decode_object(content).get("status") == "diverged"
    except (Damage, OSError):
        return False


def _without_checkpoint(path: Path) -> str:
    if _is_whole(path.with_name(WEIGHTS)):
        return "the weights are whole: the run can be used, but not go on; " + _TRAIN_AGAIN
    return "the run cannot go on; " + _TRAIN_AGAIN


def _is_whole(path: Path) -> bool:
    """Whether a file of arrays matches its own checksum."""
    try:
        with ArraysFile(path) as file:
            if file.size <= _VERIFIED:
                file.verify()
    except (Damage, OSError):
        return False
    return True


def cannot_write(path: Path, error: OSError | ValueError) -> RunError:
    """The error for a file or directory that the system does not let us write."""
    return RunError(f"cannot write {path}: {reason_of(error)}")


def reason_of(error: OSError | ValueError) -> str:
    """What the system says of a path, in its words; a ValueError is for one that no system has."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _unknown(path: Path) -> str | None:
    """Why the system does not tell whether there is something of this path; None if it does."""
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        return reason_of(error)
    return None


def no_such_run(path: Path, runs_dir: Path) -> RunError:
    """The error for a run that is not there, with the nearest name that is."""
    for tried in (path, runs_dir / path):
        if (reason := _unknown(tried)) is not None:
            return RunError(f"{tried} cannot be read: {reason}")
    if os.path.isfile(path):
        return RunError(f"{path} is a file, not a run directory; a run is named by its directory, {path.parent}")
    try:
        names = sorted(entry.name for entry in runs_dir.iterdir() if os.path.isdir(entry))
    except OSError:
        names = []
    near = difflib.get_close_matches(path.name, names, n=1, cutoff=0.5)
    hint = f"did you mean {runs_dir / near[0]}?" if near else "`nntrain runs` lists the runs"
    return RunError(f"there is no run {path}, neither as a path nor in {runs_dir}: {hint}")
