"""The state that a run goes on from, read from its checkpoint and checked against its training."""

from __future__ import annotations

import math

from nntrain.assembly.ready import Ready
from nntrain.diagnosis.snapshots import snapshots_of, without_snapshots
from nntrain.errors import RunError
from nntrain.language.values import LARGEST_INTEGER
from nntrain.runs.checkpoint import read_checkpoint
from nntrain.runs.store import RunDirectory
from nntrain.train.loop import Training
from nntrain.train.state import TrainingState
from nntrain.workflows.again.continuity import RECORDED_OTHERWISE
from nntrain.workflows.again.reading import shown
from nntrain.workflows.run.commands import fit_command
from nntrain.workflows.run.journal import OBSERVED
from nntrain.workflows.run.observing import observer_of
from nntrain.workflows.run.session import new_training

_HEADERS = 1 << 20  # bytes, at most, of all arrays of a checkpoint


def read_state(directory: RunDirectory, ready: Ready) -> tuple[TrainingState | None, str | None]:
    """The state of the last good checkpoint, and a warning if it is not what one expects.

    Args:
        directory: of the run.
        ready: what is trained.

    Returns:
        The state, or None if there never was a checkpoint; and the warning, or None.

    Raises:
        RunError: no checkpoint is whole, or it cannot be one of this run.
    """
    training = new_training(ready)
    expected = training.state()
    # Arrays of this state and of two earlier ones; the values of the best epoch are not in the state of a training that
    # has not begun.
    most = 4 * sum(array.nbytes for array in expected.arrays.values()) + _HEADERS
    checkpoint = read_checkpoint(directory, most_bytes=most)
    if checkpoint is None:
        return None, "there is no checkpoint yet: training starts from the beginning"
    state = TrainingState(checkpoint.arrays, checkpoint.numbers)
    problem = _foreign(state, directory) or _unfit(without_snapshots(state), expected, ready.batches_in_epoch)
    problem = problem or _without_time(state) or _unloadable(state, training, expected, ready)
    if problem is not None:
        raise RunError(
            f"{directory.path}: its checkpoint cannot be used: {problem}; start again with: {fit_command(directory)}"
        )
    return state, checkpoint.warning


def _foreign(state: TrainingState, directory: RunDirectory) -> str | None:
    """A word where a state is that of another run."""
    is_own = state.numbers.get("run") == directory.read_status().started
    return None if is_own else "it is that of another run"


def _without_time(state: TrainingState) -> str | None:
    """A word where a state lacks the seconds that were trained."""
    seconds = state.numbers.get("seconds")
    is_known = isinstance(seconds, float) and 0 <= seconds < math.inf
    return None if is_known else "it does not say how long was trained"


def _unloadable(state: TrainingState, training: Training, expected: TrainingState, ready: Ready) -> str | None:
    """What keeps a state from being taken over, found by doing so before anything is written; None if nothing does."""
    try:
        training.load_state(state)
        if OBSERVED in state.numbers:
            observer_of(ready).load_state(state.numbers[OBSERVED])
        return _unfit_snapshots(state, training, expected, ready.batches_in_epoch)
    except (RunError, ValueError, TypeError, LookupError, OverflowError) as error:
        return str(error) or type(error).__name__


def _unfit(state: TrainingState, expected: TrainingState, batches: int) -> str | None:
    """What in a state cannot belong to a training whose state is `expected` before it begins, or None."""
    for path, array in expected.arrays.items():
        found = state.arrays.get(path)
        if found is None and path == "task/plain_sum":
            return RECORDED_OTHERWISE
        if found is None or (found.shape, found.dtype) != (array.shape, array.dtype):
            return f"{path!r} is not {array.dtype} {list(array.shape)}"
    later = ("values/", "schedule/")  # they come with the end of the first epoch
    for path in sorted(state.arrays.keys() - expected.arrays.keys()):
        array = state.arrays[path]
        if not path.startswith(later) or array.shape != (1,) or array.dtype.kind != "f":
            return f"{path!r} is not part of it"
    epoch, step = (state.numbers.get(name) for name in ("epoch", "step"))
    known = isinstance(epoch, int) and isinstance(step, int) and 1 <= epoch <= LARGEST_INTEGER and 0 <= step < batches
    return None if known else f"there is no batch {shown(step)} of epoch {shown(epoch)}"


def _unfit_snapshots(state: TrainingState, training: Training, expected: TrainingState, batches: int) -> str | None:
    """What is wrong with the states from which the steps before a divergence are repeated, or None."""
    snapshots = snapshots_of(training).states
    for snapshot in snapshots:
        if (problem := _unfit(snapshot, expected, batches)) is not None:
            return f"a repetition cannot start from it: {problem}"
        training.load_state(snapshot)
    reached = [(each.number("epoch"), each.number("step")) for each in (*snapshots, state)]
    return None if reached == sorted(reached) else "a repetition would start behind it"
