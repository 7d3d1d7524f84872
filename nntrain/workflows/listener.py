"""How a workflow reports while it works."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nntrain.train.records import EpochRecord


@dataclass(frozen=True)
class FitInfo:
    """What is about to be trained.

    Attributes:
        name: of the experiment.
        run: the run directory.
        epochs: at most.
        training, validation, test: examples in each split.
        batch_size: N of a step.
        parameters: P of one member.
        monitor: what early stopping watches, or None.
        members: M.
        done: epochs that were trained before, in a run that goes on.
        notes: what the recorded losses are, where that is not plain.
    """

    name: str
    run: Path
    epochs: int
    training: int
    validation: int
    test: int
    batch_size: int
    parameters: int
    monitor: str | None
    members: int = 1
    done: int = 0
    notes: tuple[str, ...] = ()


class Listener:
    """Hears of what a workflow does; override what you want to show."""

    def started(self, info: FitInfo) -> None:
        """Training begins."""

    def epoch(self, record: EpochRecord) -> None:
        """An epoch is done."""

    def best(self, point: Mapping[str, object], monitor: str, score: float) -> None:
        """A search has a new best point, dotted path → value; `score` is what it reached of the `monitor`."""

    def trials(self, done: int, total: int) -> None:
        """A search has trained `done` of its `total` members (points times seeds or folds)."""

    def warned(self, message: str) -> None:
        """Something deserves attention; training goes on."""
