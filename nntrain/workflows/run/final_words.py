"""What is said of a training that is over: which weights were kept, what could be better, what is undefined."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Literal

from nntrain.assembly.ready import Ready
from nntrain.config.root import Config
from nntrain.config.training import EarlyStoppingConfig
from nntrain.runs.store import RunDirectory
from nntrain.train.improvement import still_improving
from nntrain.train.records import Outcome, StopReason
from nntrain.train.watching import Watch
from nntrain.workflows.run.commands import fit_command, resume_command
from nntrain.workflows.run.observing import EpochObserver


def kept_weights(ready: Ready, watch: Watch, outcome: Outcome) -> tuple[Literal["best", "last"], str | None]:
    """Whether the best weights are kept or the last ones, and a note where others than the last were better."""
    early = ready.config.early_stopping
    rule = early if isinstance(early, EarlyStoppingConfig) else None
    best = watch.best
    if rule is not None and rule.restore_best and best is not None:
        return "best", None
    chosen = rule is not None or "validation" in ready.prepared.splits
    if best is None or not chosen or best.epoch == outcome.best_epoch:
        return "last", None
    most = "highest" if watch.maximize else "lowest"
    how = "early_stopping.restore_best: true"
    if rule is None:
        how = f"early_stopping: {{patience: {ready.config.training.epochs}}}"
    return "last", (
        f"{best.name} was {most} in epoch {best.epoch} ({best.value:.4g}), but the weights are those of epoch "
        f"{outcome.best_epoch}; {how} keeps those of the best epoch"
    )


def command_to_train_longer(
    directory: RunDirectory, config: Config, observer: EpochObserver, outcome: Outcome
) -> str | None:
    """The command that trains longer, where the epochs ran out and what is watched was still getting better.

    A cosine schedule cannot go on: each of its rates depends on the number of epochs.
    """
    if outcome.reason is not StopReason.EPOCHS:
        return None
    if not still_improving(observer.course, maximize=observer.watch.maximize):
        return None
    starts_anew = config.training.checkpoint is None or config.schedule.type == "cosine"
    command = fit_command(directory) if starts_anew else resume_command(directory)
    return f"{command} --set training.epochs={2 * outcome.epochs}"


def overflown(metrics: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """A word for each split whose loss is no number; what is undefined for its targets was said before training."""
    for split, scores in metrics.items():
        if not math.isfinite(scores["loss"]):
            yield (
                f"scores of the {split} examples are undefined: for some of them the network puts out numbers that are "
                "not finite or too large; look for values far from those it was trained on"
            )
