"""What a training ends with: the weights that are kept, their scores, and the status that the run is left in."""

from __future__ import annotations

import contextlib
from typing import Any

from nntrain.assembly.monitors import undefined_metrics
from nntrain.assembly.ready import Ready
from nntrain.errors import DivergedError, Interrupted, RunError
from nntrain.runs.file_names import CHECKPOINT, PREVIOUS_CHECKPOINT
from nntrain.runs.store import RunDirectory
from nntrain.train.loop import Training
from nntrain.train.metrics import positive_class
from nntrain.train.records import StopReason
from nntrain.workflows.results import FitResult
from nntrain.workflows.run.commands import how_to_go_on
from nntrain.workflows.run.final_scores import final_baseline, final_scores, recorded_class_weights
from nntrain.workflows.run.final_words import command_to_train_longer, kept_weights, overflown
from nntrain.workflows.run.interruption import Interruption
from nntrain.workflows.run.journal import Journal

# Of a FitResult, what result.json has as it is.
_RECORDED = (
    *("baseline", "best_epoch", "epochs", "keeps", "metrics", "note", "parameters", "positive_class"),
    *("stop_reason", "warnings", "weights_sha256"),
)


def finish(ready: Ready, training: Training, journal: Journal) -> FitResult:
    """Save the weights that training ended with, score them, and write the result.

    Args:
        ready: what was trained.
        training: over, or interrupted.
        journal: of the run.

    Raises:
        RunError: a file cannot be written.
    """
    outcome, seconds, directory = training.outcomes[0], journal.seconds, journal.directory
    training.population.weights.assign(training.weights)
    network = training.population.network
    sha256 = directory.write_weights({path: array[0] for path, array in network.weights().items()})
    metrics = final_scores(network, ready.config, ready.prepared)
    if outcome.reason is not StopReason.DIVERGED:
        journal.warn(overflown(metrics))
    keeps, note = kept_weights(ready, journal.observer.watch, outcome)
    result = FitResult(
        directory.path,
        metrics,
        outcome.best_epoch,
        outcome.epochs,
        str(outcome.reason),
        seconds,
        sha256,
        ready.blueprint.size,
        journal.warnings,
        baseline=final_baseline(ready.config, ready.prepared),
        positive_class=positive_class(ready.prepared.task, ready.prepared.preprocessor.classes),
        longer=command_to_train_longer(directory, ready.config, journal.observer, outcome),
        keeps=keeps,
        judged_by=journal.observer.watch.name,
        undefined=list(undefined_metrics(ready.config, ready.prepared)),
        note=note,
    )
    directory.write_result(_document(result) | recorded_class_weights(ready.config, ready.prepared))
    return result


def _document(result: FitResult) -> dict[str, Any]:
    """The content of result.json."""
    return {**{name: getattr(result, name) for name in _RECORDED}, "seconds": round(result.seconds, 6)}


def close(ready: Ready, training: Training, directory: RunDirectory, interruption: Interruption) -> None:
    """Leave a run in the status that its training ended in, when all else is written.

    Raises:
        Interrupted, DivergedError: it ended so, which is said with what can be done.
    """
    outcome = training.outcomes[0]
    if outcome.reason is not StopReason.DIVERGED:
        interruption.is_over = True  # the rest takes no longer than being stopped would
    match outcome.reason:
        case StopReason.INTERRUPTED:
            directory.set_status("interrupted", f"interrupted after epoch {outcome.epochs}")
            raise Interrupted(
                f"interrupted after epoch {outcome.epochs}; {how_to_go_on(directory)}",
                signal=interruption.signal or 2,
            )
        case StopReason.DIVERGED:
            _close_diverged(ready, training, directory)
        case StopReason.EPOCHS | StopReason.EARLY:
            can_be_longer = outcome.reason is StopReason.EPOCHS and ready.config.training.checkpoint is not None
            _close_complete(directory, can_be_longer=can_be_longer)


def _close_diverged(ready: Ready, training: Training, directory: RunDirectory) -> None:
    """Write the post-mortem, and raise it."""
    from nntrain.workflows.run.examining import examine  # here, for most trainings do not diverge

    report = examine(ready, training)
    directory.write_divergence(report.document())
    directory.set_status("diverged", report.headline)
    raise DivergedError(report.text(str(directory.path)))


def _close_complete(directory: RunDirectory, *, can_be_longer: bool) -> None:
    """Say that the run is complete, and remove what only one that goes on has a use for."""
    directory.set_status("complete")
    with contextlib.suppress(RunError):  # the run is complete; what is too much in it does no harm
        for name in (PREVIOUS_CHECKPOINT, *(() if can_be_longer else (CHECKPOINT,))):
            directory.remove(name)
    directory.tidy()
