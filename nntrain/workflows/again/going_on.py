"""Whether a run has anything left to train."""

from __future__ import annotations

from nntrain.config.root import Config
from nntrain.errors import RunError, UserError
from nntrain.runs.file_names import RESULT
from nntrain.runs.store import RunDirectory
from nntrain.train.records import StopReason
from nntrain.train.state import TrainingState
from nntrain.workflows.again.reading import read_count, shown
from nntrain.workflows.run.commands import fit_command, how_to_go_on


def check_unfinished(directory: RunDirectory, config: Config, state: TrainingState | None) -> None:
    """See whether a run can go on, before anything is written.

    Args:
        directory: of the run.
        config: with which it is to go on.
        state: from which; None for the beginning.

    Raises:
        UserError: it diverged, it is complete, or it is beyond the epochs that it is to have.
        RunError: it is damaged.
    """
    status = directory.read_status().status
    if status == "diverged":
        raise UserError(f"{directory.name} diverged and would do so again: change its config and start a new run")
    if status != "complete":
        _check_ahead(directory, config, state)
    elif state is None or _is_whole(directory):  # else what it ended with is written again
        _check_longer(directory, config, state)


def _check_longer(directory: RunDirectory, config: Config, state: TrainingState | None) -> None:
    """A complete run goes on only where it ran out of epochs and is to have more of them."""
    result = directory.read_result()
    if result.get("stop_reason") != str(StopReason.EPOCHS):
        raise UserError(f"{directory.name} is complete: it ended by {shown(result.get('stop_reason'))}")
    epochs = read_count(directory, RESULT, result, "epochs")
    if state is None:
        raise UserError(
            f"{directory.name} is complete and has no checkpoint to go on from; to train longer from the beginning: "
            f"{fit_command(directory)} --set training.epochs=N"
        )
    if config.training.epochs <= epochs:
        raise UserError(
            f"{directory.name} is complete after {epochs} epochs; to train longer, "
            f"{how_to_go_on(directory, f' --set training.epochs={2 * epochs}')}"
        )


def _check_ahead(directory: RunDirectory, config: Config, state: TrainingState | None) -> None:
    """UserError where training is to end before the point that it has reached, which it cannot go back to."""
    if state is None:
        return
    done, within = state.number("epoch") - 1, state.number("step") > 0
    begun = done + 1 if within else done
    if config.training.epochs < begun:
        where = f"was interrupted after epoch {done}, within the next: it " if within else ""
        raise UserError(
            f"{directory.name} {where}has come to epoch {begun}, so that training.epochs cannot be "
            f"{config.training.epochs}; "
            f"set it to {begun} or more, or train from the beginning: "
            f"{fit_command(directory)} --set training.epochs={config.training.epochs}"
        )


def _is_whole(directory: RunDirectory) -> bool:
    """Whether a complete run has the weights and the scores that it ended with."""
    try:
        directory.read_result()
        directory.read_weights()
    except RunError:
        return False
    return True
