"""Go on with a training that was interrupted, and end where it would have ended without the interruption."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nntrain.assembly.ready import Ready
from nntrain.config.written import config_text
from nntrain.diagnosis.snapshots import without_snapshots
from nntrain.errors import RunError, UserError
from nntrain.runs.finding import find_run
from nntrain.runs.store import RunDirectory
from nntrain.train.state import TrainingState
from nntrain.workflows.again.continuity import (
    FORCED,
    changed_arithmetic,
    changed_experiment,
    forced_changes,
    read_start,
    recorded_threads,
    threads_to_use,
    uncut_products,
)
from nntrain.workflows.again.going_on import check_unfinished
from nntrain.workflows.again.repeating import ready_again
from nntrain.workflows.again.saved_state import read_state
from nntrain.workflows.fitting import Fit, environment_of
from nntrain.workflows.listener import Listener
from nntrain.workflows.results import FitResult
from nntrain.workflows.run.interruption import Interruption
from nntrain.workflows.run.recording import portable


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
        run: its directory, its name or `latest`.
        overrides: `path=value`; without `force` only of how long to train and when to save (`training.epochs=400`).
        force: accept what costs no more than the promise of equal bits: other hyperparameters of the same network,
            another version of what the arithmetic depends on. The run says from then on that it was forced.
        runs_dir: where a run that is given by its name, or as `latest`, is looked for.
        listener: hears of every epoch.
        interruption: what asks to stop; by default signals do.

    Raises:
        UserError: there is no latest run or nothing to go on with, or the config, the data or the arithmetic changed;
            the run is as it was.
        RunError: the run directory is damaged or in use.
        DivergedError, Interrupted: as `fit`.
    """
    directory = find_run(run, runs_dir=runs_dir)
    with directory.lock():
        known = read_start(directory)
        experiment, changes = changed_experiment(directory, overrides, force=force)
        threads = threads_to_use(experiment, recorded_threads(directory, known))
        changes += changed_arithmetic(known)
        _refuse(directory, changes, force=force)
        fit = Fit(ready_again(directory, experiment, known, threads), listener or Listener())
        changes += uncut_products(known, fit.ready)
        _refuse(directory, changes, force=force)
        state, warning = read_state(directory, fit.ready)
        check_unfinished(directory, fit.ready.config, state)
        directory.check_history(0 if state is None else state.number("epoch") - 1)
        forced = [*forced_changes(directory, known), *_dated(changes, state)]
        if warning is not None:  # it is over with this message: what comes out is the same
            fit.listener.warned(warning)
        fit.warnings += forced
        if forced and state is not None:  # what was trained otherwise cannot be repeated
            state = without_snapshots(state)
        if overrides:
            _write_experiment(directory, fit.ready)
        if changes:
            _write_forced(directory, fit.ready, known, forced)
        return fit.go_on(directory, state, interruption)


def _refuse(directory: RunDirectory, changes: Sequence[str], *, force: bool) -> None:
    """UserError where something has changed on which the weights depend."""
    if changes and not force:
        raise UserError(
            f"{directory.name} would not end with the weights of an uninterrupted run: {'; '.join(changes)}; "
            f"--force goes on all the same"
        )


def _dated(changes: Sequence[str], state: TrainingState | None) -> list[str]:
    """What --force changes, with the epoch from which on."""
    epoch = 1 if state is None else state.number("epoch")
    return [f"went on by --force in epoch {epoch}: {change}" for change in changes]


def _write_experiment(directory: RunDirectory, ready: Ready) -> None:
    """Write down with which settings the run goes on."""
    experiment = ready.experiment
    config = config_text(experiment, portable(experiment, directory.path))  # refused before anything is written
    try:
        as_written = replace(experiment, source=replace(experiment.source, text=directory.read_source()))
        directory.write_source(as_written.source_with_overrides())
    except RunError:  # nothing depends on source.yaml: the training must not either
        pass
    directory.write_config(config)


def _write_forced(directory: RunDirectory, ready: Ready, known: Mapping[str, Any], forced: list[str]) -> None:
    """Write down with what arithmetic the run goes on, and what --force has changed so far."""
    command = known.get("command")
    begun = command if isinstance(command, list) and all(isinstance(word, str) for word in command) else None
    present = environment_of(ready, directory, command=begun)
    directory.write_environment({**present, FORCED: forced})
