"""Train a run again from its own config, and compare weights and history bit for bit."""

from __future__ import annotations

import json
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from nntrain.arrays import Array
from nntrain.config.experiment import Experiment
from nntrain.config.loss import given_class_weights
from nntrain.errors import DivergedError, Interrupted, UserError
from nntrain.runs import jsonfile
from nntrain.runs.arrays_file import arrays_sha256
from nntrain.runs.finding import find_run
from nntrain.runs.store import HISTORY, RESULT, RunDirectory
from nntrain.train.records import EpochRecord
from nntrain.workflows.fitting import Fit, how_to_go_on
from nntrain.workflows.interruption import Rehearsal, signal_of, terminable
from nntrain.workflows.listener import FitInfo, Listener
from nntrain.workflows.reading import read_count, read_experiment
from nntrain.workflows.resuming import (
    RECORDED_OTHERWISE,
    changed_arithmetic,
    forced_changes,
    prepare,
    read_start,
    recorded_threads,
    resume,
)
from nntrain.workflows.unfinished import refuse_search, still_trained


@dataclass(frozen=True)
class Difference:
    """The first thing in which a run and its repetition differ.

    Attributes:
        where: `history` or `weights`.
        epoch: of the history; None for weights.
        name: the recorded value (`validation.loss`), or the array (`0.w`); None if one of the two has no such epoch.
        recorded: the value in the run; of an array how many of its numbers differ and by how much at most.
        repeated: the value in the repetition.
    """

    where: str
    epoch: int | None
    name: str | None
    recorded: Any
    repeated: Any


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
    difference: Difference | None
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
    refuse_search(directory, "is a search, not a run of one network")
    _check_not_running(directory)
    known = read_start(directory)
    _check_complete(directory)
    epochs = read_count(directory, RESULT, directory.read_result(), "epochs")
    recorded = Trace(directory)
    threads = recorded_threads(directory, known)
    experiment = read_experiment(directory)
    reasons = [
        *forced_changes(directory, known),
        *changed_arithmetic(known),
        *_recorded_otherwise(experiment, recorded),
    ]
    heard = _Heard(listener or Listener(), directory.path)
    started = time.perf_counter()
    with _abandonable(directory), tempfile.TemporaryDirectory(prefix="nntrain-verify-") as scratch:
        first = Rehearsal(None)
        fit = prepare(directory, experiment, known, threads, listener=heard, interruption=first)
        gaps = _gaps(interruptions, fit.batches_in_epoch * epochs, seed)
        moments = _train(fit, gaps, Path(scratch), heard)
        repeated = Trace(_only_run(Path(scratch)))
    difference = _first_difference(recorded, repeated)
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


class Trace:
    """What a training left: its history line by line, and its weights.

    Attributes:
        lines: of history.jsonl, one for each epoch, as they are; `record` reads one.
        arrays: the weights by layer path; `sha256` is theirs.
    """

    def __init__(self, directory: RunDirectory) -> None:
        epochs = sum(1 for _ in directory.iter_history())  # each is looked at; all at once can be more than fit
        self.lines = (directory.path / HISTORY).read_bytes().split(b"\n")[:epochs]
        self.arrays = directory.read_weights()
        self.sha256 = arrays_sha256(self.arrays)

    def record(self, epoch: int) -> dict[str, Any]:
        """What the history says of an epoch, which counts from 1."""
        return jsonfile.decode_object(self.lines[epoch - 1])


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


def _check_not_running(directory: RunDirectory) -> None:
    if directory.read_status().current() == "running":
        raise UserError(f"only a complete run can be verified, and {still_trained(directory)}")


def _check_complete(directory: RunDirectory) -> None:
    match directory.read_status().current():
        case "complete":
            return
        case "diverged":
            reason = "diverged"
        case status:
            reason = f"is not complete ({status}); {how_to_go_on(directory)}"
    raise UserError(f"only a complete run can be verified, and {directory.name} {reason}")


def _recorded_otherwise(experiment: Experiment, recorded: Trace) -> list[str]:
    """Why the history of a run with class weights may differ though the weights of its network do not."""
    is_weighted = given_class_weights(experiment.config.loss) is not None
    return (
        [RECORDED_OTHERWISE]
        if is_weighted and not all(b'"training.weighted_loss"' in line for line in recorded.lines)
        else []
    )


def _gaps(count: int, batches: int, seed: int) -> list[int]:
    """How many batches there are from one interruption to the next, at `count` random ones of all but the last."""
    if count and count >= batches:
        raise UserError(
            f"{count} interruptions do not fit: the training has {batches} {'batch' if batches == 1 else 'batches'}, "
            "and none comes after the last"
        )
    moments = sorted(random.Random(seed).sample(range(1, batches), count))  # noqa: S311
    return [moment - before for before, moment in zip([0, *moments], moments, strict=False)]


def _train(fit: Fit, gaps: list[int], scratch: Path, listener: Listener) -> list[tuple[int, int]]:
    """Train in `scratch`, stopping and resuming from disk after each gap; returns the moments at which that was."""
    batches, moments = 0, []
    for gap in [*gaps, None]:
        stop = Rehearsal(gap)
        try:
            if batches == 0:
                fit.interruption = stop
                fit.run(scratch)
            else:
                resume(_only_run(scratch).path, listener=listener, interruption=stop)
        except Interrupted:
            if gap is None or not stop.took_place:
                raise  # by a real signal
            batches += gap
            moments.append(divmod(batches, fit.batches_in_epoch))
            continue
        except DivergedError:
            pass  # the history says so
        break
    return moments


def _only_run(scratch: Path) -> RunDirectory:
    [path] = scratch.iterdir()
    return RunDirectory(path)


def _first_difference(recorded: Trace, repeated: Trace) -> Difference | None:
    lines = zip_longest(recorded.lines, repeated.lines)
    for epoch, (ours, theirs) in enumerate(lines, start=1):
        if ours is None or theirs is None:
            return Difference("history", epoch, None, len(recorded.lines), len(repeated.lines))
        if ours != theirs:
            return _difference_of_lines(epoch, recorded.record(epoch), repeated.record(epoch))
    for path in sorted(recorded.arrays.keys() | repeated.arrays.keys()):
        found = _difference_of_arrays(path, recorded.arrays.get(path), repeated.arrays.get(path))
        if found is not None:
            return found
    return None


def _difference_of_lines(epoch: int, recorded: dict[str, Any], repeated: dict[str, Any]) -> Difference:
    for name in sorted(recorded.keys() | repeated.keys()):
        ours, theirs = recorded.get(name), repeated.get(name)
        if ours != theirs or name not in recorded or name not in repeated:
            return Difference("history", epoch, name, ours, theirs)
    return Difference("history", epoch, None, json.dumps(recorded), json.dumps(repeated))  # it was written otherwise


def _difference_of_arrays(path: str, recorded: Array | None, repeated: Array | None) -> Difference | None:
    """The first number that differs in its bits; `None` for an array stands for one that is not there."""
    if recorded is None or repeated is None or (recorded.shape, recorded.dtype) != (repeated.shape, repeated.dtype):
        return Difference("weights", None, path, _described(recorded), _described(repeated))
    bits = [np.ascontiguousarray(array).reshape(-1).view(f"u{array.itemsize}") for array in (recorded, repeated)]
    different = np.flatnonzero(bits[0] != bits[1])
    if not len(different):
        return None
    place = tuple(int(axis) for axis in np.unravel_index(different[0], recorded.shape))
    name = f"{path}[{', '.join(map(str, place))}]"
    return Difference("weights", None, name, float(recorded[place]), float(repeated[place]))


def _described(array: Array | None) -> str | None:
    return None if array is None else f"{array.dtype} {list(array.shape)}"
