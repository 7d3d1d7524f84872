"""What training reports: a record per epoch, and an outcome per member."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from nntrain.arrays import Array


class StopReason(StrEnum):
    """Why a member's training ended."""

    EPOCHS = "all epochs done"
    EARLY = "early stopping"
    DIVERGED = "diverged"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, eq=False)
class EpochRecord:
    """One epoch of the members that trained in it.

    Attributes:
        epoch: counted from 1.
        members: int [L], which members of the population these are.
        values: by name, each float64 [L]: `training.loss` (the mean over the epoch's batches, as training went on,
            without the penalty), `validation.loss`, `validation.<metric>`, `learning_rate`, and `gradient_norm` (of
            the loss over the epoch's last batch, before penalty and clipping). Where classes have weights, each loss is
            that of the plain examples, and beside it is `training.weighted_loss`, which is minimized, and
            `validation.weighted_loss`. Of several networks, each has its `learning_rate.<network>` and its
            `gradient_norm.<network>`, which is NaN where the last step did not update it.
        seconds: how long the epoch took, evaluation included.
        examples: examples that each member saw.
    """

    epoch: int
    members: Array
    values: dict[str, Array]
    seconds: float
    examples: int


@dataclass(frozen=True)
class Pause:
    """A stop within an epoch, because one was asked for; training goes on when it is iterated further.

    Attributes:
        epoch: the epoch in progress, counted from 1.
        step: how many of its batches are done.
    """

    epoch: int
    step: int


@dataclass(frozen=True)
class Outcome:
    """How one member's training ended.

    Attributes:
        reason: why it stopped.
        epochs: how many epochs it trained.
        best_epoch: the epoch whose weights are kept, counted from 1; 0 if none was completed.
        values: the recorded values of that epoch.
    """

    reason: StopReason
    epochs: int
    best_epoch: int
    values: dict[str, float]
