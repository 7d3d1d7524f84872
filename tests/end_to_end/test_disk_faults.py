"""A disk that fails, or a process that is killed, at every single system call of a whole fit.

After each the run directory is readable or absent, the error is one clear message, and going on (or a fresh fit, if
nothing is there) ends with the weights and the history of a fit that nothing happened to.
"""

import errno
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

import nntrain
from nntrain import workflows
from nntrain.config.experiment import Experiment
from nntrain.errors import NntrainError, RunError
from nntrain.runs import file_names, store
from nntrain.runs.store import RunDirectory
from tests.runs.conftest import FaultyDisk, Killed

NEVER = 10**9
CONFIG = """\
name: small
data: {synthetic: {type: moons, examples: 40, noise: 0.1}}
network: [{type: dense, units: 3, activation: tanh}, {type: dropout, rate: 0.2}, {type: dense, units: auto}]
loss: mean_squared_error
optimizer: {type: sgd, learning_rate: 0.1, momentum: 0.9}
training: {epochs: 5, batch_size: 8, checkpoint: {every_epochs: 2}}
early_stopping: null
"""


@dataclass(frozen=True)
class Left:
    """What a complete run leaves, but for times; and for what could not be removed and does no harm."""

    weights_sha256: str
    weights: bytes
    history: bytes
    files: frozenset[str]


def left(run: Path) -> Left:
    """What is in a run directory that is complete."""
    directory = RunDirectory(run)
    assert directory.read_status().status == "complete"
    names = frozenset(path.name for path in run.iterdir()) - {file_names.PREVIOUS_CHECKPOINT, "lock"}
    content = [(run / name).read_bytes() for name in ("weights.npz", "history.jsonl")]
    return Left(directory.read_result()["weights_sha256"], content[0], content[1], names)


@pytest.fixture
def experiment(tmp_path: Path) -> Experiment:
    """A fit that takes some hundredths of a second, with two checkpoints on the way and one at the end."""
    (tmp_path / "small.yaml").write_text(CONFIG)
    return nntrain.load_experiment(tmp_path / "small.yaml")


class Bench:
    """Fits an experiment on disks that fail."""

    def __init__(self, experiment: Experiment, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._experiment, self._folder, self._monkeypatch = experiment, folder, monkeypatch
        counting = FaultyDisk(NEVER)
        self._on(counting)
        self.undisturbed = left(nntrain.fit(experiment, runs_dir=folder / "undisturbed").run)
        self.calls = counting.calls

    def _on(self, disk: FaultyDisk) -> None:
        self._monkeypatch.setattr(store, "Disk", lambda: disk)

    def fit(self, disk: FaultyDisk) -> tuple[Path, BaseException | None]:
        """Train on a disk; returns the runs directory, and what the fit was ended by."""
        runs = self._folder / f"{disk.number}-{disk.fail_at}-{disk.kill}"
        self._on(disk)
        try:
            nntrain.fit(self._experiment, runs_dir=runs)
        except (NntrainError, Killed) as error:
            return runs, error
        finally:
            self._on(FaultyDisk(NEVER))
        return runs, None

    def go_on(self, run: Path) -> None:
        """Resume, unless the run is complete."""
        if RunDirectory(run).read_status().current() != "complete":
            workflows.resume(run)

    def again(self, runs: Path) -> Path:
        """A fresh fit."""
        return nntrain.fit(self._experiment, runs_dir=runs).run


@pytest.fixture
def bench(experiment: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    # Waiting for a real disk a thousand times would take longer than all the rest.
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    return Bench(experiment, tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("number", "first", "every"),
    [
        (errno.ENOSPC, 1, 3),
        pytest.param(errno.ENOSPC, 2, 3, marks=pytest.mark.slow),
        pytest.param(errno.ENOSPC, 3, 3, marks=pytest.mark.slow),
        pytest.param(errno.EIO, 1, 1, marks=pytest.mark.slow),
    ],
)
def test_every_call_fails_once(bench: Bench, number: int, first: int, every: int) -> None:
    assert bench.calls > 150
    without_directory = interrupted = 0
    for fail_at in range(first, bench.calls + 1, every):
        runs, error = bench.fit(FaultyDisk(fail_at, number=number, short=True))
        if error is not None:
            assert isinstance(error, RunError), fail_at
            assert os.strerror(number) in str(error), fail_at
        summaries = nntrain.list_runs(runs)
        assert [summary.status for summary in summaries if summary.status == "damaged"] == [], fail_at
        if not summaries:
            assert error is not None
            assert not runs.exists()
            without_directory += 1
            assert left(bench.again(runs)) == bench.undisturbed, fail_at
            continue
        [summary] = summaries
        assert not list(summary.path.glob("*.tmp")), fail_at
        if error is None:
            assert summary.status == "complete", fail_at
        elif summary.status != "complete":
            assert "nntrain fit --resume" in str(error), fail_at
            interrupted += 1
        bench.go_on(summary.path)
        assert left(summary.path) == bench.undisturbed, fail_at
        assert nntrain.evaluate(summary.path)["loss"] > 0
    assert without_directory > 20 / every
    assert interrupted > 60 / every


@pytest.mark.slow
def test_a_kill_at_every_call(bench: Bench) -> None:
    for kill_at in range(1, bench.calls + 1):
        runs, error = bench.fit(FaultyDisk(kill_at, kill=True, short=True))
        assert isinstance(error, Killed)
        summaries = nntrain.list_runs(runs)
        for path in runs.iterdir() if runs.exists() else []:  # what is not a run yet is hidden
            assert path.name.startswith(".nntrain-") or path in [summary.path for summary in summaries], kill_at
        for run in [summary.path for summary in summaries]:
            bench.go_on(run)
            assert left(run).weights_sha256 == bench.undisturbed.weights_sha256, kill_at
            assert left(run).history == bench.undisturbed.history, kill_at
