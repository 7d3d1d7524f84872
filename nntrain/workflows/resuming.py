"""Go on with a training that was interrupted, and end where it would have ended without the interruption."""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nntrain.assembly.data import Prepared
from nntrain.assembly.resolve import plan_network, resolve
from nntrain.config.column import structure_key
from nntrain.config.experiment import Experiment
from nntrain.config.root import Config
from nntrain.config.training import MOST_THREADS
from nntrain.config.written import config_text
from nntrain.diagnosis.snapshots import snapshots_of, without_snapshots
from nntrain.errors import RunError, UserError
from nntrain.language.values import LARGEST_INTEGER
from nntrain.runs.checkpoint import read_checkpoint
from nntrain.runs.environment import environment
from nntrain.runs.finding import find_run
from nntrain.runs.store import (
    CHECKPOINT,
    CONFIG,
    ENVIRONMENT,
    PREPROCESS,
    PREVIOUS_CHECKPOINT,
    RESULT,
    WEIGHTS,
    RunDirectory,
)
from nntrain.train.loop import Training
from nntrain.train.records import StopReason
from nntrain.train.state import TrainingState
from nntrain.workflows.evaluating import unchanged_data
from nntrain.workflows.fitting import OBSERVED, Fit, how_to_go_on
from nntrain.workflows.interruption import Interruption
from nntrain.workflows.listener import Listener
from nntrain.workflows.reading import read_count, read_experiment, read_preprocessor, shown
from nntrain.workflows.recording import portable
from nntrain.workflows.results import FitResult
from nntrain.workflows.unfinished import refuse_search, refuse_unbegun

# Settings that say how long to train and when to save, and change nothing about a step.
FREE = ("training.epochs", "training.checkpoint")
# What the arithmetic depends on, in environment.json, and how to call it.
ARITHMETIC = {
    "training_version": "nntrain's arithmetic",
    "threads": "the number of threads",
    "numpy": "NumPy",
    "blas": "the BLAS library",
    "processor": "the processor",
    "system": "the system",
}
# What an earlier nntrain did with class weights.
RECORDED_OTHERWISE = "the run is of an nntrain that recorded the weighted loss as training.loss, and no other"
# In environment.json: what --force has made different from an uninterrupted run.
FORCED = "forced"


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
        experiment, changes = _experiment(directory, overrides, force=force)
        threads = recorded_threads(directory, known)
        asked = experiment.config.runtime.threads
        if asked != "auto" and asked != threads:
            changes.append(f"{ARITHMETIC['threads']} was {threads}, now {asked}")
            threads = asked
        changes += changed_arithmetic({**known, "threads": threads})
        if changes and not force:
            raise UserError(
                f"{directory.name} would not end with the weights of an uninterrupted run: {'; '.join(changes)}; "
                f"--force goes on all the same"
            )
        fit = prepare(directory, experiment, known, threads, listener=listener, interruption=interruption)
        state, warning = _state(directory, fit)
        _check_unfinished(directory, fit.config, state)
        directory.check_history(0 if state is None else state.number("epoch") - 1)
        forced = [*forced_changes(directory, known), *_dated(changes, state)]
        if warning is not None:  # it is over with this message: what comes out is the same
            fit.listener.warned(warning)
        fit.warnings += forced
        if forced and state is not None:  # what was trained otherwise cannot be repeated
            state = without_snapshots(state)
        _write_changes(directory, fit, overrides, known, forced if changes else None)
        return fit.go_on(directory, state)


def read_start(directory: RunDirectory) -> dict[str, Any]:
    """The environment.json of a run whose training has begun.

    Raises:
        RunError: it never began, or the file is damaged.
        UserError: the directory is that of a search.
    """
    refuse_search(directory, "is a search, not a run of one network")
    refuse_unbegun(directory, "to go on with")
    return directory.read_environment()


def recorded_threads(directory: RunDirectory, known: Mapping[str, Any]) -> int:
    """How many threads a run was trained with. Raises RunError where environment.json does not say."""
    return read_count(directory, ENVIRONMENT, known, "threads", most=MOST_THREADS)


def changed_arithmetic(known: Mapping[str, Any]) -> list[str]:
    """What the bits of a result depend on and is no longer what environment.json says, in words."""
    present = environment(threads=known.get("threads"))
    return [
        f"{what} was {shown(known[name])}, now {present[name]}"
        for name, what in ARITHMETIC.items()
        if name in known and known[name] != present[name]
    ]


def forced_changes(directory: RunDirectory, known: Mapping[str, Any]) -> list[str]:
    """What --force made different, in words. Raises RunError where environment.json is damaged."""
    forced = known.get(FORCED, [])
    if not isinstance(forced, list) or not all(isinstance(text, str) for text in forced):
        raise directory.damaged(ENVIRONMENT, f"is damaged: {FORCED!r} is not a list of texts")
    return forced


def prepare(
    directory: RunDirectory,
    experiment: Experiment,
    known: Mapping[str, Any],
    threads: int,
    *,
    listener: Listener | None,
    interruption: Interruption | None,
) -> Fit:
    """The training of a run again, with its data read and split as it was then.

    Raises:
        DataError: the data is no longer what the run was trained on.
        RunError: the run is damaged.
    """
    fresh = f"; a new run on the data as it is: nntrain fit {shlex.quote(str(directory.path / CONFIG))}"
    kinds = read_preprocessor(directory).kinds
    data = unchanged_data(experiment, known, directory, kinds=kinds, otherwise=fresh)
    prepared = data.prepare()
    _check_preprocess(directory, prepared)
    resolved = resolve(experiment, prepared.preprocessor, has_validation="validation" in prepared.splits)
    _check_parameters(directory, plan_network(resolved, prepared.input_shape).size)
    return Fit(resolved, data, prepared, listener or Listener(), threads=threads, interruption=interruption)


def _experiment(directory: RunDirectory, overrides: Sequence[str], *, force: bool) -> tuple[Experiment, list[str]]:
    """The run's experiment with the overrides, which must not make it another one, and what --force would change."""
    before = read_experiment(directory)
    after = read_experiment(directory, overrides) if overrides else before
    was, now = _essence(before.config), _essence(after.config)
    if was == now:
        return after, []
    listed = ", ".join(overrides)
    if structure_key(was) != structure_key(now):
        reason = "a cosine schedule depends on the number of epochs; " if now.schedule.type == "cosine" else ""
        raise UserError(
            f"{directory.name} cannot go on with {listed}: {reason}that is another network or another training; "
            "start a new run for it"
        )
    return after, [f"{listed} (only {' and '.join(FREE)} can change)" if not force else listed]


def _essence(config: Config) -> Config:
    """A config without what may differ between the first part of a run and the next."""
    same: dict[str, Any] = {"epochs": 1, "checkpoint": None}
    if config.schedule.type == "cosine":
        del same["epochs"]  # the rate of every epoch depends on their number
    training = config.training.model_copy(update=same)
    return config.model_copy(update={"training": training, "runtime": type(config.runtime)(), "search": None})


def _check_preprocess(directory: RunDirectory, prepared: Prepared) -> None:
    if not _is_part(directory.read_preprocess(), prepared.preprocessor.to_json()):
        raise RunError(
            f"{directory.path / PREPROCESS} is not what the data gives: the run cannot go on; "
            f"start again with: nntrain fit {shlex.quote(str(directory.path / CONFIG))}"
        )


def _is_part(stored: object, fitted: object) -> bool:
    """Whether all that a document says is in another one, which may say more: that of an older run says less."""
    if isinstance(stored, dict) and isinstance(fitted, dict):
        return all(key in fitted and _is_part(value, fitted[key]) for key, value in stored.items())
    if isinstance(stored, list) and isinstance(fitted, list):
        return len(stored) == len(fitted) and all(map(_is_part, stored, fitted))
    return stored == fitted


def _check_parameters(directory: RunDirectory, described: int) -> None:
    """The network of config.yaml must be of the size of what is saved of it, before anything is allocated for it."""
    problems: list[RunError] = []
    for name in (CHECKPOINT, PREVIOUS_CHECKPOINT, WEIGHTS):
        if not directory.has(name):
            continue
        try:
            specs = directory.array_specs(name)
        except RunError as error:
            problems.append(error)
            continue
        saved = specs if name == WEIGHTS else {"theta": specs["theta"]} if "theta" in specs else {}
        count = sum(math.prod(spec.shape) for spec in saved.values())
        if count != described:
            raise RunError(
                f"{directory.path / name} has {count:,} parameters, but the network in {CONFIG} beside it has "
                f"{described:,}: the run cannot go on"
            )
        return
    if problems:
        raise problems[0]


def _state(directory: RunDirectory, fit: Fit) -> tuple[TrainingState | None, str | None]:
    """The state to go on from, checked against the training, and a warning if it is not what one expects."""
    training = fit.training()
    expected = training.state()
    # Arrays and their headers, of this state and of two earlier ones; the values of the best epoch are not in the state
    # of a training that has not begun.
    most = 4 * sum(array.nbytes for array in expected.arrays.values()) + (1 << 20)
    checkpoint = read_checkpoint(directory, most_bytes=most)
    if checkpoint is None:
        return None, "there is no checkpoint yet: training starts from the beginning"
    state = TrainingState(checkpoint.arrays, checkpoint.numbers)
    problem = _unfit(without_snapshots(state), expected, fit.batches_in_epoch)
    seconds = state.numbers.get("seconds")
    if problem is None and not (isinstance(seconds, float) and 0 <= seconds < math.inf):
        problem = "it does not say how long was trained"
    if state.numbers.get("run") != directory.read_status().started:
        problem = "it is that of another run"
    if problem is None:
        try:
            training.load_state(state)  # a damaged state is found before anything is written
            if OBSERVED in state.numbers:
                fit.observer(training).load_state(state.numbers[OBSERVED])
            problem = _unfit_snapshots(state, training, expected, fit.batches_in_epoch)
        except (RunError, ValueError, TypeError, LookupError, OverflowError) as error:
            problem = str(error) or type(error).__name__
    if problem is not None:
        again = f"nntrain fit {shlex.quote(str(directory.path / CONFIG))}"
        raise RunError(f"{directory.path}: its checkpoint cannot be used: {problem}; start again with: {again}")
    return state, checkpoint.warning


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
    if not known:
        return f"there is no batch {shown(step)} of epoch {shown(epoch)}"
    return None


def _unfit_snapshots(state: TrainingState, training: Training, expected: TrainingState, batches: int) -> str | None:
    """What is wrong with the states from which the steps before a divergence are repeated, or None."""
    snapshots = snapshots_of(training).states
    for snapshot in snapshots:
        if (problem := _unfit(snapshot, expected, batches)) is not None:
            return f"a repetition cannot start from it: {problem}"
        training.load_state(snapshot)
    reached = [(each.number("epoch"), each.number("step")) for each in (*snapshots, state)]
    return None if reached == sorted(reached) else "a repetition would start behind it"


def _check_unfinished(directory: RunDirectory, config: Config, state: TrainingState | None) -> None:
    status = directory.read_status().status
    if status not in ("complete", "diverged"):
        _check_ahead(directory, config, state)
        return
    if status == "diverged":
        raise UserError(f"{directory.name} diverged and would do so again: change its config and start a new run")
    if state is not None and not _is_whole(directory):
        return  # what it ended with is written again
    result = directory.read_result()
    if result.get("stop_reason") != str(StopReason.EPOCHS):
        raise UserError(f"{directory.name} is complete: it ended by {shown(result.get('stop_reason'))}")
    epochs = read_count(directory, RESULT, result, "epochs")
    if state is None:
        raise UserError(
            f"{directory.name} is complete and has no checkpoint to go on from; to train longer from the beginning: "
            f"nntrain fit {shlex.quote(str(directory.path / CONFIG))} --set training.epochs=N"
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
            f"nntrain fit {shlex.quote(str(directory.path / CONFIG))} --set training.epochs={config.training.epochs}"
        )


def _is_whole(directory: RunDirectory) -> bool:
    """Whether a complete run has the weights and the scores that it ended with."""
    try:
        directory.read_result()
        directory.read_weights()
    except RunError:
        return False
    return True


def _dated(changes: Sequence[str], state: TrainingState | None) -> list[str]:
    epoch = 1 if state is None else state.number("epoch")
    return [f"went on by --force in epoch {epoch}: {change}" for change in changes]


def _write_changes(
    directory: RunDirectory, fit: Fit, overrides: Sequence[str], known: Mapping[str, Any], forced: list[str] | None
) -> None:
    """Write down with what the run goes on, where that is new: the config; the environment, if it was `forced`."""
    if overrides:
        experiment = fit.experiment
        config = config_text(experiment, portable(experiment, directory.path))  # refused before anything is written
        try:
            as_written = replace(experiment, source=replace(experiment.source, text=directory.read_source()))
            directory.write_source(as_written.source_with_overrides())
        except RunError:  # nothing depends on source.yaml: the training must not either
            pass
        directory.write_config(config)
    if forced is not None:
        command = known.get("command")
        begun = command if isinstance(command, list) and all(isinstance(word, str) for word in command) else None
        present = fit.environment(directory, command=begun)
        directory.write_environment({**present, FORCED: forced})
