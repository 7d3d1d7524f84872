"""What is written and said of a run while it trains: the history, the checkpoints, the warnings."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Iterator
from typing import Any

from nntrain.assembly.ready import Ready
from nntrain.runs.checkpoint import write_checkpoint
from nntrain.runs.store import RunDirectory
from nntrain.train.loop import Training
from nntrain.train.records import EpochRecord
from nntrain.train.state import TrainingState
from nntrain.workflows.listener import FitInfo, Listener
from nntrain.workflows.run.observing import observer_of

# In a checkpoint: what the epochs before it have shown.
OBSERVED = "observed"


class Journal:
    """Keeps the record of one run, in its directory and to a listener.

    Attributes:
        directory: of the run; its lock is held.
        warnings: all that were said of the run.
        observer: has seen every epoch, also those before an interruption.
    """

    def __init__(self, ready: Ready, directory: RunDirectory, listener: Listener, warnings: list[str]) -> None:
        self.directory, self.warnings = directory, warnings
        self.observer = observer_of(ready)
        self._listener = listener
        self._seconds_before, self._began = 0.0, time.perf_counter()

    def begin(self, info: FitInfo, state: TrainingState | None) -> None:
        """Say what is about to be trained, and what there is to warn of; the clock runs from now.

        Args:
            info: what it is.
            state: from which it goes on; None at its beginning.
        """
        for message in self.warnings:
            self._listener.warned(message)
        self._listener.started(info)
        self._seconds_before = 0.0 if state is None else float(state.numbers["seconds"])
        self._began = time.perf_counter()

    @contextlib.contextmanager
    def open(self, epochs: int, state: TrainingState | None) -> Iterator[None]:
        """Hold the history open while the block runs: its first `epochs` lines are kept, the others cut off.

        What these epochs have shown is noted, so that a run that goes on warns as one without interruption.
        """
        with self.directory.history_writer(epochs) as self._history:
            observed = None if state is None else state.numbers.get(OBSERVED)
            self.observer.recall(self.directory.iter_history(), observed)
            self.warn(self.observer.said)
            yield

    def note(self, record: EpochRecord) -> None:
        """Write an epoch down, tell of it, and warn of what it shows."""
        line = _line(record)
        self._history.append(line)
        self._listener.epoch(record)
        self.warn(self.observer.observe(record.epoch, line))

    def save(self, training: Training) -> None:
        """Write a checkpoint: the training's whole state, and what `begin` and `open` take out of it again."""
        self._history.sync()  # the checkpoint counts on the lines before it
        state = training.whole_state()
        state.numbers[OBSERVED] = self.observer.state()
        state.numbers["seconds"] = self.seconds
        state.numbers["run"] = self.directory.read_status().started  # of equal networks, it belongs to one run
        write_checkpoint(self.directory, state.arrays, state.numbers)

    def warn(self, messages: Iterable[str]) -> None:
        """Say what deserves attention, and keep it for the result."""
        for message in messages:
            self.warnings.append(message)
            self._listener.warned(message)

    @property
    def seconds(self) -> float:
        """How long was trained, before interruptions too."""
        return self._seconds_before + time.perf_counter() - self._began


def _line(record: EpochRecord) -> dict[str, Any]:
    """An epoch of a single network as a line of history.jsonl: only what is the same in every repetition, no times."""
    return {"epoch": record.epoch, **{name: float(array[0]) for name, array in record.values.items()}}
