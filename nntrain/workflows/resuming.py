"""Go on with a training that was interrupted, and end where it would have ended without the interruption."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from nntrain.build.data import Data, Prepared
from nntrain.build.resolve import resolve
from nntrain.config.column import structure_key
from nntrain.config.experiment import Experiment, load_experiment
from nntrain.config.root import Config
from nntrain.errors import RunError, UserError
from nntrain.runs.checkpoint import read_checkpoint
from nntrain.runs.environment import environment
from nntrain.runs.store import CONFIG, ENVIRONMENT, PREPROCESS, RESULT, RunDirectory
from nntrain.train.loop import Training
from nntrain.train.records import StopReason
from nntrain.train.state import TrainingState
from nntrain.workflows.evaluating import check_data_unchanged
from nntrain.workflows.fitting import Fit
from nntrain.workflows.interruption import Interruption
from nntrain.workflows.listener import Listener
from nntrain.workflows.results import FitResult

# Settings that say how long to train and when to save, and change nothing about a step.
FREE = ("training.epochs", "training.checkpoint", "runtime")
# What the arithmetic depends on, in environment.json, and how to call it.
ARITHMETIC = {
    "training_version": "nntrain's arithmetic",
    "threads": "the number of threads",
    "numpy": "NumPy",
    "blas": "the BLAS library",
    "platform": "the platform",
}


def resume(
    run: Path | str,
    *,
    overrides: Sequence[str] = (),
    force: bool = False,
    runs_dir: Path | str = "runs",
    listener: Listener | None = None,
    interruption: Interruption | None = None,
) -> FitResult:
    """Continue a run from its last good checkpoint, or from the beginning if it never had one.

    Args:
        run: the run directory.
        overrides: `path=value`; without `force` only of how long to train and when to save (`training.epochs=400`).
        force: accept what costs no more than the promise of equal bits: other hyperparameters of the same network,
            another version of what the arithmetic depends on.
        runs_dir: where a run that is given by its name is looked for.
        listener: hears of every epoch.
        interruption: what asks to stop; by default signals do.

    Raises:
        UserError: there is nothing to go on with, or the config, the data or the arithmetic changed; the run is as it
            was.
        RunError: the run directory is damaged or in use.
    """
    directory = RunDirectory.open(run, runs_dir=runs_dir)
    with directory.lock():
        experiment = _experiment(directory, overrides, force=force)
        fit, notes = _prepare(directory, experiment, force=force, listener=listener, interruption=interruption)
        state, warning = _state(directory, fit.training())
        _check_unfinished(directory, fit.config)
        fit.warnings += [*notes, *([warning] if warning else [])]
        if overrides:
            fit.write_start(directory)
        return fit.go_on(directory, state)


def _experiment(directory: RunDirectory, overrides: Sequence[str], *, force: bool) -> Experiment:
    """The run's experiment with the overrides, which must not make it another one."""
    directory.read_config()  # for its checksum
    try:
        before = load_experiment(directory.path / CONFIG)
    except UserError as error:
        raise RunError(f"{directory.path / CONFIG} is damaged:\n{error}") from error
    if not overrides:
        return before
    after = load_experiment(directory.path / CONFIG, overrides)
    if _essence(after.config) == _essence(before.config):
        return after
    if structure_key(_essence(after.config)) != structure_key(_essence(before.config)):
        raise UserError(
            f"{directory.name} cannot go on with {', '.join(overrides)}: that is another network or another training; "
            "start a new run for it"
        )
    if not force:
        raise UserError(
            f"{directory.name} would not end with the weights of an uninterrupted run with {', '.join(overrides)}: "
            f"only {' and '.join(FREE[:2])} can change; --force goes on all the same"
        )
    return after


def _essence(config: Config) -> Config:
    """A config without what may differ between the first part of a run and the next."""
    same = {"epochs": 1, "checkpoint": None}
    if config.schedule.type == "cosine":
        del same["epochs"]  # the rate of every epoch depends on their number
    training = config.training.model_copy(update=same)
    return config.model_copy(update={"training": training, "runtime": type(config.runtime)(), "search": None})


def _prepare(
    directory: RunDirectory,
    experiment: Experiment,
    *,
    force: bool,
    listener: Listener | None,
    interruption: Interruption | None,
) -> tuple[Fit, list[str]]:
    """The training, with its data read and split again, and what deserves a warning."""
    known = directory.read_environment()
    check_data_unchanged(experiment, known, directory)
    threads = known.get("threads")
    if not isinstance(threads, int) or not 1 <= threads <= 1024:
        raise RunError(f"{directory.path / ENVIRONMENT} is damaged: 'threads' is {threads!r}")
    changed = _changed_arithmetic(known, threads)
    if changed and not force:
        raise UserError(
            f"{directory.name} would not end with the same bits: {'; '.join(changed)}. --force goes on all the same"
        )
    data = Data(experiment)
    prepared = data.prepare()
    _check_preprocess(directory, prepared)
    resolved = resolve(experiment, prepared.preprocessor, has_validation="validation" in prepared.splits)
    fit = Fit(resolved, data, prepared, listener or Listener(), threads=threads, interruption=interruption)
    return fit, changed


def _changed_arithmetic(known: dict[str, object], threads: int) -> list[str]:
    present = environment(threads=threads)
    return [
        f"{what} was {known.get(name)}, now {present[name]}"
        for name, what in ARITHMETIC.items()
        if known.get(name) != present[name]
    ]


def _check_preprocess(directory: RunDirectory, prepared: Prepared) -> None:
    if directory.read_preprocess() != prepared.preprocessor.to_json():
        raise RunError(
            f"{directory.path / PREPROCESS} is not what the data gives: the run cannot go on; "
            f"start again with: nntrain fit {directory.path / CONFIG}"
        )


def _state(directory: RunDirectory, training: Training) -> tuple[TrainingState | None, str | None]:
    """The state to go on from, checked against the training, and a warning if it is not the latest."""
    expected = training.state()
    # Arrays and their headers; the values of the best epoch are not in the state of a training that has not begun.
    most = 2 * sum(array.nbytes for array in expected.arrays.values()) + (1 << 20)
    checkpoint = read_checkpoint(directory, most_bytes=most)
    if checkpoint is None:
        return None, None
    state = TrainingState(checkpoint.arrays, checkpoint.numbers)
    seconds = state.numbers.get("seconds")
    if not isinstance(seconds, int | float) or not math.isfinite(seconds):
        raise RunError(f"{directory.path}: the checkpoint does not say how long was trained")
    training.load_state(state)  # a damaged state is found before anything is written
    return state, checkpoint.warning


def _check_unfinished(directory: RunDirectory, config: Config) -> None:
    status = directory.read_status().status
    if status not in ("complete", "diverged"):
        return
    if status == "diverged":
        raise UserError(f"{directory.name} diverged and would do so again: change its config and start a new run")
    result = directory.read_result()
    if result.get("stop_reason") != str(StopReason.EPOCHS):
        raise UserError(f"{directory.name} is complete: it ended by {result.get('stop_reason')}")
    epochs = result.get("epochs")
    if not isinstance(epochs, int):
        raise RunError(f"{directory.path / RESULT} is damaged: 'epochs' is {epochs!r}")
    if config.training.epochs <= epochs:
        raise UserError(
            f"{directory.name} is complete after {epochs} epochs; to train longer: "
            f"nntrain fit --resume {directory.path} --set training.epochs={2 * epochs}"
        )
