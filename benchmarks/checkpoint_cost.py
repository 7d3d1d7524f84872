"""What it costs `nntrain fit` to save its state every 30 seconds.

A checkpoint every half minute drowns in the noise of whole trainings. So a real fit saves several times in a second,
each time is taken, and its share of 30 seconds is worked out. To it comes the question after every batch whether the
time has come. A checkpoint is on the disk when it counts as written, so the time depends on the disk.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import ClassVar
from unittest import mock

import numpy as np
from _experiments import experiment_of
from _measure import arguments, note, print_table

from nntrain.assembly.ready import Ready, ready
from nntrain.runs.file_names import CHECKPOINT
from nntrain.train.loop import Training
from nntrain.workflows.fitting import Fit
from nntrain.workflows.listener import Listener
from nntrain.workflows.run import session
from nntrain.workflows.run.checkpoint_timing import CheckpointTiming
from nntrain.workflows.run.interruption import Interruption
from nntrain.workflows.run.journal import Journal
from nntrain.workflows.run.session import wants_pause

GOAL = 0.01
EVERY = 30.0  # seconds, the default of training.checkpoint
ASKED = 100_000  # times, to measure what it takes to ask

CONFIG = """
name: saved
data: {{path: images.npz, split: {{validation: 0.1, test: 0}}}}
network:
  - flatten
{hidden}
  - {{type: dense, units: auto, activation: auto}}
optimizer: {optimizer}
training: {{batch_size: 64, epochs: {epochs}, checkpoint: {{every_seconds: 0.25}}}}
early_stopping: null
"""
# Hidden units, optimizer, epochs that take some seconds.
CASES = (((128,), "adam", 5), ((128,), "sgd", 6), ((512, 256), "adam", 1))


class TimedJournal(Journal):
    """A journal that takes the time of each checkpoint: the seconds of each of them, and the bytes of the last."""

    checkpoint_seconds: ClassVar[list[float]] = []
    checkpoint_bytes: ClassVar[int] = 0

    def save(self, training: Training) -> None:
        """Write a checkpoint."""
        started = time.perf_counter()
        super().save(training)
        TimedJournal.checkpoint_seconds.append(time.perf_counter() - started)
        TimedJournal.checkpoint_bytes = (self.directory.path / CHECKPOINT).stat().st_size


def write_images(folder: Path, count: int) -> None:
    """Images of MNIST's size, of noise: how long a step takes does not depend on what they show."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)
    np.savez(folder / "images.npz", x=images, y=rng.integers(0, 10, count))


def begun(folder: Path, hidden: tuple[int, ...], optimizer: str, epochs: int) -> Ready:
    """What is to be trained."""
    layers = "\n".join(f"  - {{type: dense, units: {units}, activation: relu}}" for units in hidden)
    return ready(experiment_of(CONFIG.format(hidden=layers, optimizer=optimizer, epochs=epochs), folder))


def seconds_to_train(begun: Ready, folder: Path) -> float:
    """How long a fit trains that saves its state now and then."""
    with mock.patch.object(session, "Journal", TimedJournal):
        return Fit(begun, Listener()).run(folder).seconds


def seconds_to_ask(begun: Ready) -> float:
    """What one batch pays for the question whether to stop or to save."""
    timing = CheckpointTiming(begun.config.training.checkpoint)
    timing._moment = time.perf_counter() + 1e6
    asked = partial(wants_pause, Interruption(), timing)
    started = time.perf_counter()
    for _ in range(ASKED):
        asked()
    return (time.perf_counter() - started) / ASKED


def main() -> None:
    """Measure the checkpoints of fully connected networks on images of MNIST's size."""
    given = arguments(__doc__, repeats=5)
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_images(folder, 2_000 if given.quick else 60_000)
        for hidden, optimizer, epochs in CASES:
            name = f"784-{'-'.join(map(str, hidden))}-10, {optimizer}"
            note(f"{name} …")
            trained = begun(folder, hidden, optimizer, epochs)
            seconds = TimedJournal.checkpoint_seconds = []
            whole = [seconds_to_train(trained, folder) for _ in range(given.repeats)]
            step = whole[-1] / (epochs * trained.batches_in_epoch)
            asking = seconds_to_ask(trained)
            share = statistics.median(seconds) / EVERY + asking / step
            rows.append(
                (
                    name,
                    f"{TimedJournal.checkpoint_bytes / 1e6:.1f} MB",
                    f"{len(seconds)}",
                    f"{statistics.median(seconds) * 1e3:.1f} ms ({min(seconds) * 1e3:.1f}–{max(seconds) * 1e3:.1f})",
                    f"{asking * 1e9:.0f} ns of {step * 1e6:,.0f} µs",
                    f"{share:.3%}",
                    "yes" if share < GOAL else "no",
                )
            )
    print_table(
        ("training", "checkpoint", "saved", "takes (range)", "asking", f"share at {EVERY:.0f} s", f"below {GOAL:.0%}"),
        rows,
    )


if __name__ == "__main__":
    main()
