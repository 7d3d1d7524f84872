"""A finished run, and disks that fail."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntrain.arrays import Array
from nntrain.runs.files import Disk
from nntrain.runs.store import RunDirectory
from tests.run_directories import create_run

WEIGHTS: dict[str, Array] = {
    "0.w": np.arange(12, dtype=np.float32).reshape(4, 3) / 8,
    "0.b": np.array([0.5, -1.0, 2.0], dtype=np.float32),
    "1.steps": np.array(7, dtype=np.int64),
}
HISTORY = [{"epoch": 1, "training.loss": 1.25}, {"epoch": 2, "training.loss": 0.5}]
RESULT = {"metrics": {"test": {"accuracy": 0.9375, "loss": 0.25}}, "best_epoch": 2, "epochs": 2, "seconds": 0.5}


def write_everything(run: RunDirectory) -> None:
    """What a fit writes, in its order."""
    run.write_config("seed: 0\n")
    run.write_source("seed: 0  # as written\n")
    run.write_preprocess({"classes": ["a", "b"], "means": np.array([1.5, -2.0])})
    run.write_environment({"python": "3.11.0"})
    run.set_status("running")
    with run.lock():
        with run.history_writer() as history:
            for record in HISTORY:
                history.append(record)
        run.write_weights(WEIGHTS)
        run.write_result(RESULT)
        run.set_status("complete")


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    """A run that is complete."""
    made = create_run(tmp_path / "runs", "iris")
    write_everything(made)
    return RunDirectory.open(made.path)


class Killed(BaseException):
    """Stands for SIGKILL: nothing that the run does after it reaches the disk."""


class FaultyDisk(Disk):
    """Counts its calls and raises at one of them: an OSError once, or `Killed` for good."""

    def __init__(self, fail_at: int, *, number: int = errno.ENOSPC, kill: bool = False, short: bool = False) -> None:
        self.calls = 0
        self.fail_at = fail_at
        self.number = number
        self.kill = kill
        self.short = short

    def _call(self) -> None:
        self.calls += 1
        if self.kill and self.calls >= self.fail_at:
            raise Killed
        if self.calls == self.fail_at:
            raise OSError(self.number, os.strerror(self.number))

    def write(self, descriptor: int, data: Any) -> int:
        try:
            self._call()
        except BaseException:
            if self.short:  # half of it reached the disk
                os.write(descriptor, bytes(data)[: len(data) // 2])
            raise
        return super().write(descriptor, data)


def _counted(name: str) -> Callable[..., Any]:
    method = getattr(Disk, name)

    def call(self: FaultyDisk, *arguments: Any) -> Any:
        self._call()
        return method(self, *arguments)

    return call


for _name in (
    "open",
    "sync",
    "truncate",
    "replace",
    "remove",
    "make_directory",
    "remove_directory",
    "sync_directory",
):
    setattr(FaultyDisk, _name, _counted(_name))
