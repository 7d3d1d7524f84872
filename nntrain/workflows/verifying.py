"""Train a run again from its own config, and compare weights and history bit for bit."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nntrain.config.experiment import Experiment
from nntrain.config.loss import given_class_weights
from nntrain.errors import DivergedError, Interrupted, UserError
from nntrain.runs.file_names import RESULT
from nntrain.runs.finding import find_run
from nntrain.runs.store import RunDirectory
from nntrain.train.records import EpochRecord
from nntrain.workflows.again.continuity import (
    RECORDED_OTHERWISE,
    changed_arithmetic,
    forced_changes,
    read_start,
    recorded_threads,
    uncut_products,
)
from nntrain.workflows.again.reading import read_count, read_experiment
from nntrain.workflows.again.repeating import ready_again
from nntrain.workflows.again.traces import FirstDifference, Trace, first_difference
from nntrain.workflows.again.unfinished import refuse_search, still_trained
from nntrain.workflows.fitting import Fit
from nntrain.workflows.listener import FitInfo, Listener
from nntrain.workflows.resuming import resume
from nntrain.workflows.run.commands import how_to_go_on
from nntrain.workflows.run.interruption import Rehearsal, signal_of, terminable


@dataclass(frozen=True)
class Verification:
    """What came of training a run again.

    Attributes:
        run: the run directory.
        reproducible: whether weights and history are equal to the last bit.
        epochs: of the run.
        weights_sha256: of the run; `repeated_sha256` of the repetition.
        interruptions: the moments at which the repetition was interrupted and resumed from disk: epochs done, and
            batches of the next one.
        difference: the first one, or None.
        reasons: what may be behind it: what the bits depend on and has changed since, or was changed with --force.
        seconds: how long the repetition took.
    """

    run: Path
    reproducible: bool
    epochs: int
    weights_sha256: str
    repeated_sha256: str
    interruptions: list[tuple[int, int]]
    difference: FirstDifference | None
    reasons: list[str]
    seconds: float


def verify(
    run: Path | str,
    *,
    interruptions: int = 0,
    seed: int = 0,
    runs_dir: Path | str = "runs",
    listener: Listener | None = None,
) -> Verification:
    """Train a complete run again from its config, in a temporary directory, and compare.

    Args:
        run: its directory, its name or `latest`; nothing in it is changed.
        interruptions: how many times the repetition is interrupted at random batches, and resumed from what is on disk
            as `resume` does.
        seed: of those moments.
        runs_dir: where a run that is given by its name, or as `latest`, is looked for.
        listener: hears of every epoch.

    Raises:
        UserError: there is no latest run, it is not complete, or has not so many batches; a number makes no sense.
        DataError: the data is no longer what the run was trained on.
        RunError: the run directory is damaged.
        Interrupted: Ctrl-C or SIGTERM.
    """
    for name, number in (("interruptions", interruptions), ("seed", seed)):
        if not isinstance(number, int) or isinstance(number, bool) or number < 0:
            raise UserError(f"{name} must be a whole number of at least 0, got {number!r}")
    directory = find_run(run, runs_dir=runs_dir)
    known = _read_complete(directory)
    epochs = read_count(directory, RESULT, directory.read_result(), "epochs")
    recorded, threads = Trace(directory), recorded_threads(directory, known)
    experiment = read_experiment(directory)
    reasons = _reasons(directory, known, experiment, recorded)
    heard = _Heard(listener or Listener(), directory.path)
    started = time.perf_counter()
    with _abandonable(directory), tempfile.TemporaryDirectory(prefix="nntrain-verify-") as scratch:
        fit = Fit(ready_again(directory, experiment, known, threads), heard)
        reasons += uncut_products(known, fit.ready)
        gaps = _gaps(interruptions, fit.ready.batches_in_epoch * epochs, seed)
        moments = _train(fit, gaps, Path(scratch))
        repeated = Trace(_only_run(Path(scratch)))
    difference = first_difference(recorded, repeated)
    return Verification(
        run=directory.path,
        reproducible=difference is None,
        epochs=len(recorded.lines),
        weights_sha256=recorded.sha256,
        repeated_sha256=repeated.sha256,
        interruptions=moments,
        difference=difference,
        reasons=reasons,
        seconds=time.perf_counter() - started,
    )


class _Heard(Listener):
    """Hands on the epochs of the repetition as those of one training of the run; of each resumption nothing else."""

    def __init__(self, listener: Listener, run: Path) -> None:
        self._listener, self._run, self._began = listener, run, False

    def started(self, info: FitInfo) -> None:
        if not self._began:
            self._listener.started(replace(info, run=self._run))
        self._began = True

    def epoch(self, record: EpochRecord) -> None:
        self._listener.epoch(record)


@contextmanager
def _abandonable(directory: RunDirectory) -> Iterator[None]:
    """Let a signal end the block in a message about the run, not about its repetition."""
    try:
        with terminable():
            yield
    except (Interrupted, KeyboardInterrupt) as interrupt:
        message = f"the verification was interrupted; {directory.name} is as it was"
        raise Interrupted(message, signal=signal_of(interrupt)) from None


def _read_complete(directory: RunDirectory) -> dict[str, Any]:
    """The environment.json of a run that is complete.

    Raises:
        UserError: it is a search, it is still trained, or it did not come to its end.
        RunError: it is damaged.
    """
    refuse_search(directory, "is a search, not a run of one network")
    if directory.read_status().current() == "running":
        raise UserError(f"only a complete run can be verified, and {still_trained(directory)}")
    known = read_start(directory)
    match directory.read_status().current():
        case "complete":
            return known
        case "diverged":
            reason = "diverged"
        case status:
            reason = f"is not complete ({status}); {how_to_go_on(directory)}"
    raise UserError(f"only a complete run can be verified, and {directory.name} {reason}")


def _reasons(directory: RunDirectory, known: Mapping[str, Any], experiment: Experiment, recorded: Trace) -> list[str]:
    """Why a repetition may end otherwise."""
    reasons = [*forced_changes(directory, known), *changed_arithmetic(known)]
    is_weighted = given_class_weights(experiment.config.loss) is not None
    # The history of a run with class weights may differ though the weights of its network do not.
    if is_weighted and not all(b'"training.weighted_loss"' in line for line in recorded.lines):
        reasons.append(RECORDED_OTHERWISE)
    return reasons


def _gaps(count: int, batches: int, seed: int) -> list[int]:
    """How many batches there are from one interruption to the next, at `count` random ones of all but the last."""
    if count and count >= batches:
        raise UserError(
            f"{count} interruptions do not fit: the training has {batches} {'batch' if batches == 1 else 'batches'}, "
            "and none comes after the last"
        )
    moments = sorted(random.Random(seed).sample(range(1, batches), count))  # noqa: S311
    return [moment - before for before, moment in zip([0, *moments], moments, strict=False)]


def _train(fit: Fit, gaps: list[int], scratch: Path) -> list[tuple[int, int]]:
    """Train in `scratch`, stopping and resuming from disk after each gap; returns the moments at which that was."""
    batches, moments = 0, []
    for gap in [*gaps, None]:
        stop = Rehearsal(gap)
        try:
            if batches == 0:
                fit.run(scratch, stop)
            else:
                resume(_only_run(scratch).path, listener=fit.listener, interruption=stop)
        except Interrupted:
            if gap is None or not stop.took_place:
                raise  # by a real signal
            batches += gap
            moments.append(divmod(batches, fit.ready.batches_in_epoch))
            continue
        except DivergedError:
            pass  # the history says so
        break
    return moments


def _only_run(scratch: Path) -> RunDirectory:
    [path] = scratch.iterdir()
    return RunDirectory(path)
