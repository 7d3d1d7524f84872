"""Small experiments, and what two runs of one must have in common."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from nntrain.config import load_experiment
from nntrain.errors import Interrupted
from nntrain.runs.store import RunDirectory
from nntrain.train.records import EpochRecord
from nntrain.workflows import FitInfo, FitResult, Listener, fit, resume
from nntrain.workflows.run.interruption import Rehearsal

# 36 training examples in batches of 8: five batches in an epoch, the last of which is smaller.
DROPOUT = """\
name: small
data: {synthetic: {type: moons, examples: 60, noise: 0.2}}
network:
  - {type: dense, units: 6, activation: relu}
  - {type: dropout, rate: 0.3}
  - {type: dense, units: auto, activation: auto}
optimizer: {type: sgd, learning_rate: 0.1, momentum: 0.9}
schedule: {type: plateau, factor: 0.5, patience: 2, min_delta: 0.01}
regularization: {l2: 1.0e-3, clip_norm: 2.0}
training: {epochs: 30, batch_size: 8}
early_stopping: {monitor: validation.loss, patience: 8}
"""
ADAM = """\
name: small
seed: 5
dtype: float64
data: {synthetic: {type: sine, examples: 60, noise: 0.1}, preprocess: {target: standard}}
network:
  - {type: dense, units: 6, activation: tanh}
  - {type: dense, units: auto, activation: auto}
optimizer: {type: adam, learning_rate: 0.01}
schedule: {type: inverse_time, decay: 0.1, warmup_epochs: 2}
training: {epochs: 6, batch_size: 8}
early_stopping: null
"""
BATCHES = 5
EPOCHS_OF_ADAM = 6

Write = Callable[[str], Path]


@dataclass(frozen=True)
class Left:
    """What a run leaves, but for times."""

    history: bytes
    weights_sha256: str
    result: dict[str, Any]
    files: frozenset[str]


def left(run: Path) -> Left:
    result = json.loads((run / "result.json").read_text())
    del result["seconds"]
    files = frozenset(path.name for path in run.iterdir())
    return Left((run / "history.jsonl").read_bytes(), result["weights_sha256"], result, files)


class Heard(Listener):
    """Remembers what was said."""

    def __init__(self) -> None:
        self.infos: list[FitInfo] = []
        self.epochs: list[int] = []
        self.warnings: list[str] = []

    def started(self, info: FitInfo) -> None:
        self.infos.append(info)

    def epoch(self, record: EpochRecord) -> None:
        self.epochs.append(record.epoch)

    def warned(self, message: str) -> None:
        self.warnings.append(message)


@pytest.fixture
def write(workdir: Path) -> Write:
    """Write a config into the current directory."""

    def config(text: str) -> Path:
        path = workdir / "small.yaml"
        path.write_text(text)
        return path

    return config


def train(config: Path, *overrides: str, runs_dir: str = "runs") -> FitResult:
    return fit(load_experiment(config, overrides), runs_dir=runs_dir)


def interrupted(config: Path, batches: int, overrides: Sequence[str] = (), *, runs_dir: str = "interrupted") -> Path:
    """The directory of a run that was interrupted after so many batches."""
    with pytest.raises(Interrupted):
        fit(load_experiment(config, overrides), runs_dir=runs_dir, interruption=Rehearsal(batches))
    [run] = Path(runs_dir).iterdir()
    return run


def stop_again(run: Path, batches: int) -> None:
    """Go on for so many batches more."""
    with pytest.raises(Interrupted):
        resume(run, interruption=Rehearsal(batches))


def change_environment(run: Path, **values: Any) -> None:
    """Let environment.json say something else, as if the run had written it."""
    directory = RunDirectory(run)
    directory.write_environment({**directory.read_environment(), **values})
    directory.set_status(directory.read_status().status)
