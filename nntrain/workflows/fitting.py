"""Train one network and leave a run directory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nntrain.assembly.data import SPLITS
from nntrain.assembly.footprint import SMALLER, TRAINING, memory_warnings, refuse_beyond
from nntrain.assembly.monitors import check_monitors
from nntrain.assembly.ready import Ready, ready
from nntrain.config.experiment import Experiment, check_loaded
from nntrain.config.written import config_text
from nntrain.diagnosis.data_warnings import data_warnings
from nntrain.runs.creation import new_run
from nntrain.runs.environment import environment
from nntrain.runs.naming import as_path
from nntrain.runs.ownership import check_runs_dir
from nntrain.runs.store import RunDirectory
from nntrain.train.state import TrainingState
from nntrain.train.threads import blas_threads
from nntrain.workflows.listener import Listener
from nntrain.workflows.results import FitResult
from nntrain.workflows.run.interruption import Interruption
from nntrain.workflows.run.recording import portable, preprocess_document
from nntrain.workflows.run.session import Session


def fit(
    experiment: Experiment,
    *,
    runs_dir: Path | str = "runs",
    listener: Listener | None = None,
    interruption: Interruption | None = None,
) -> FitResult:
    """Train the experiment's network.

    Args:
        experiment: from `load_experiment`.
        runs_dir: where the run directory is made.
        listener: hears of every epoch.
        interruption: what asks to stop; by default signals do.

    Raises:
        ConfigError, DataError: nothing was created.
        UserError: `runs_dir` is a run itself; likewise.
        DivergedError: the loss or the weights became non-finite; the run directory tells when.
        Interrupted: it was stopped; if training had begun, the run directory has all that `resume` needs.
        RunError: the run directory cannot be written.
    """
    check_loaded(experiment)
    check_runs_dir(as_path(runs_dir, "runs_dir"))
    return Fit(ready(experiment), listener or Listener()).run(Path(runs_dir), interruption)


class Fit:
    """A training that is sure to begin: what it is judged by makes sense, and there is memory for it.

    Attributes:
        ready: what is trained.
        listener: hears of every epoch.
        warnings: what deserves attention before the first one.
    """

    def __init__(self, ready: Ready, listener: Listener) -> None:
        self.ready, self.listener = ready, listener
        check_monitors(ready.experiment, ready.prepared)
        self.warnings = data_warnings(ready.config, ready.data, ready.prepared)
        needed = ready.footprint().most
        refuse_beyond(needed, TRAINING, SMALLER)
        for message in memory_warnings(needed, TRAINING, SMALLER):  # of today's machine: no result has it
            listener.warned(message)

    def run(self, runs_dir: Path, interruption: Interruption | None = None) -> FitResult:
        """Train from the beginning, in a new run directory."""
        with interruption or Interruption() as asked, blas_threads(1):
            session = Session(self.ready, asked)

            def write_start(directory: RunDirectory) -> None:
                self._write_start(directory)
                session.check_wanted()

            with new_run(runs_dir, self.ready.experiment.name, write_start) as directory:
                return session.train(directory, self.listener, self.warnings)

    def go_on(
        self, directory: RunDirectory, state: TrainingState | None, interruption: Interruption | None = None
    ) -> FitResult:
        """Train on in a run directory that is locked: from a state, or from the beginning if there is none."""
        with interruption or Interruption() as asked, blas_threads(1):
            session = Session(self.ready, asked)
            if state is not None:
                session.training.load_state(state)
            session.check_wanted()
            directory.set_status("running")
            return session.train(directory, self.listener, self.warnings, state)

    def _write_start(self, directory: RunDirectory) -> None:
        """Write what is known before training."""
        experiment = self.ready.experiment
        directory.write_config(config_text(experiment, portable(experiment, directory.path)))
        directory.write_source(experiment.source_with_overrides())
        directory.write_preprocess(preprocess_document(experiment, self.ready.prepared.preprocessor))
        directory.write_environment(environment_of(self.ready, directory))
        directory.set_status("running")  # once more: it records the checksums of these files


def environment_of(ready: Ready, directory: RunDirectory, *, command: Sequence[str] | None = None) -> dict[str, Any]:
    """The content of environment.json: what it is trained with, the data's checksums and the splits' sizes."""
    present = environment(
        directory.path, command=command, threads=ready.threads, shards=ready.shards, data_files=ready.data.sha256
    )
    return {**present, "examples": {split: ready.prepared.size(split) for split in SPLITS}}
