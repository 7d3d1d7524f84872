"""Train one network and leave a run directory."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from nntrain.arrays import Array
from nntrain.build.data import SPLITS, Data, Prepared
from nntrain.build.resolve import plan_network, resolve
from nntrain.build.training import build_evaluator, build_population
from nntrain.build.warnings import data_warnings
from nntrain.config import dump
from nntrain.config.experiment import Experiment
from nntrain.config.root import Config
from nntrain.config.training import EarlyStoppingConfig
from nntrain.errors import DivergedError, Interrupted
from nntrain.nn.network import Network
from nntrain.runs.environment import environment
from nntrain.runs.store import RunDirectory
from nntrain.train.loop import Training
from nntrain.train.population import Population
from nntrain.train.records import EpochRecord, Outcome, Pause, StopReason
from nntrain.train.threads import blas_threads, threads_for
from nntrain.workflows.listener import FitInfo, Listener
from nntrain.workflows.results import FitResult


def fit(experiment: Experiment, *, runs_dir: Path | str = "runs", listener: Listener | None = None) -> FitResult:
    """Train the experiment's network.

    Args:
        experiment: from `load_experiment`.
        runs_dir: where the run directory is made.
        listener: hears of every epoch.

    Raises:
        ConfigError, DataError: nothing was created.
        DivergedError: the loss or the weights became non-finite; the run directory tells when.
        Interrupted: Ctrl-C; the best weights so far are in the run directory.
        RunError: the run directory cannot be written.
    """
    listener = listener or Listener()
    data = Data(experiment)
    prepared = data.prepare()
    resolved = resolve(experiment, prepared.preprocessor, has_validation="validation" in prepared.splits)
    return Fit(resolved, data, prepared, Path(runs_dir), listener).run()


class Fit:
    """One training from a resolved experiment and prepared data to a run directory."""

    def __init__(
        self, experiment: Experiment, data: Data, prepared: Prepared, runs_dir: Path, listener: Listener
    ) -> None:
        self.experiment, self.data, self.prepared = experiment, data, prepared
        self.runs_dir, self.listener = runs_dir, listener
        self.config: Config = experiment.config
        self.warnings = data_warnings(self.config, data, prepared)

    def run(self) -> FitResult:
        """Build, train, save."""
        config = self.config
        blueprint = plan_network(self.experiment, self.prepared.input_shape)
        asked = config.runtime.threads
        threads = threads_for(blueprint, self._batch_size(), None if asked == "auto" else asked)
        with blas_threads(threads):
            population = build_population([config], [self.prepared], [0], threads=threads)
            directory = RunDirectory.create(self.runs_dir, self.experiment.name)
            with directory.lock():
                return self._train(directory, population, threads)

    def _train(self, directory: RunDirectory, population: Population, threads: int) -> FitResult:
        """Train with the run directory open; whatever happens, it ends in the right status."""
        try:
            self._write_start(directory, threads)
        except BaseException:
            directory.discard()
            raise
        for message in self.warnings:
            self.listener.warned(message)
        self.listener.started(self._info(directory, population.network))
        training = Training(population, self.config.training.epochs)
        started = time.perf_counter()
        try:
            with directory.history_writer() as history:
                for record in training:
                    if isinstance(record, Pause):
                        continue
                    history.append(history_line(record))
                    self.listener.epoch(record)
        except KeyboardInterrupt:
            self._finish(directory, population.network, training, time.perf_counter() - started)
            raise Interrupted(
                f"interrupted after {training.outcomes[0].epochs} epochs; "
                f"the best weights so far are in {directory.path}"
            ) from None
        except BaseException as error:
            directory.set_status("failed", str(error) or type(error).__name__)
            raise
        return self._finish(directory, population.network, training, time.perf_counter() - started)

    def _write_start(self, directory: RunDirectory, threads: int) -> None:
        directory.write_config(dump.resolved_yaml(portable(self.experiment, directory.path)))
        directory.write_source(self.experiment.source_with_overrides())
        directory.write_preprocess(self.prepared.preprocessor.to_json())
        directory.write_environment(environment(threads=threads, data_files=self.data.files))
        directory.set_status("running")  # once more: it records the checksums of these files

    def _finish(self, directory: RunDirectory, network: Network, training: Training, seconds: float) -> FitResult:
        """Save the weights that training ended with, score them and close the run."""
        outcome = training.outcomes[0]
        network.theta[...] = training.theta
        sha256 = directory.write_weights({path: array[0] for path, array in network.parameters().items()})
        metrics = final_scores(network, self.config, self.prepared)
        directory.write_result(
            {
                "best_epoch": outcome.best_epoch,
                "epochs": outcome.epochs,
                "metrics": metrics,
                "parameters": network.blueprint.size,
                "seconds": round(seconds, 6),
                "stop_reason": str(outcome.reason),
                "warnings": self.warnings,
                "weights_sha256": sha256,
            }
        )
        self._close(directory, outcome)
        return FitResult(
            directory.path,
            metrics,
            outcome.best_epoch,
            outcome.epochs,
            str(outcome.reason),
            seconds,
            sha256,
            network.blueprint.size,
            self.warnings,
        )

    def _close(self, directory: RunDirectory, outcome: Outcome) -> None:
        if outcome.reason is StopReason.INTERRUPTED:
            directory.set_status("interrupted", f"interrupted after epoch {outcome.epochs}")
        elif outcome.reason is StopReason.DIVERGED:
            message = _divergence_message(self.config, outcome)
            directory.set_status("diverged", message)
            raise DivergedError(f"{message}\nThe run is in {directory.path}")
        else:
            directory.set_status("complete")

    def _batch_size(self) -> int:
        size, count = self.config.training.batch_size, len(self.prepared.splits["training"])
        return count if size == "full" else min(size, count)

    def _info(self, directory: RunDirectory, network: Network) -> FitInfo:
        early = self.config.early_stopping
        return FitInfo(
            name=self.experiment.name,
            run=directory.path,
            epochs=self.config.training.epochs,
            training=self.prepared.size("training"),
            validation=self.prepared.size("validation"),
            test=self.prepared.size("test"),
            batch_size=self._batch_size(),
            parameters=network.blueprint.size,
            monitor=early.monitor if isinstance(early, EarlyStoppingConfig) else None,
        )


def final_scores(network: Network, config: Config, prepared: Prepared) -> dict[str, dict[str, float]]:
    """Loss and metrics of a network with M = 1 on every split."""
    scores = {}
    for split in SPLITS:
        if split in prepared.splits:
            first: Array = np.zeros(1, dtype=np.intp)
            with np.errstate(all="ignore"):
                values = build_evaluator(network, config, [prepared], first, split, config.metrics).evaluate()
            scores[split] = {name: float(array[0]) for name, array in values.items()}
    return scores


def history_line(record: EpochRecord) -> dict[str, Any]:
    """An epoch of a single network as a line of history.jsonl.

    Only what is the same in every repetition: no times.
    """
    return {"epoch": record.epoch, **{name: float(array[0]) for name, array in record.values.items()}}


def portable(experiment: Experiment, directory: Path) -> Config:
    """The config with its data paths rewritten relative to the run directory, where it will be read from."""

    def rewritten(path: str | None) -> str | None:
        if path is None:
            return None
        absolute = experiment.data_path(path).resolve()
        try:
            return Path(os.path.relpath(absolute, directory.resolve())).as_posix()
        except ValueError:  # another drive
            return str(absolute)

    config = experiment.config
    split = config.data.split
    parts = {
        name: part.model_copy(update={"path": rewritten(part.path), "labels": rewritten(part.labels)})
        for name, part in (("validation", split.validation), ("test", split.test))
        if not isinstance(part, float | int)
    }
    data = config.data.model_copy(
        update={
            "path": rewritten(config.data.path),
            "labels": rewritten(config.data.labels),
            "split": split.model_copy(update=parts),
        }
    )
    return config.model_copy(update={"data": data})


def _divergence_message(config: Config, outcome: Outcome) -> str:
    rate = config.optimizer.learning_rate
    kept = f"the weights of epoch {outcome.best_epoch} are kept" if outcome.best_epoch else "no epoch was completed"
    hint = f"lower optimizer.learning_rate (it is {rate:g}), or set regularization.clip_norm: 1.0"
    if config.data.preprocess.numeric == "none":
        hint += ", or scale the inputs (data.preprocess.numeric: standard)"
    return (
        f"training diverged: the loss or the weights became non-finite in epoch {outcome.epochs}; {kept}. Try: {hint}"
    )
