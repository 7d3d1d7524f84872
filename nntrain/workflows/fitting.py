"""Train one network and leave a run directory."""

from __future__ import annotations

import contextlib
import math
import shlex
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from nntrain.arrays import Array
from nntrain.assembly.class_weights import class_weights, example_weights
from nntrain.assembly.data import SPLITS, Data, Prepared
from nntrain.assembly.footprint import SMALLER, TRAINING, footprint, memory_warnings, refuse_beyond
from nntrain.assembly.monitors import check_monitors, undefined_metrics
from nntrain.assembly.resolve import plan_network, resolve
from nntrain.assembly.training import build_evaluator, build_loss, build_population, build_units
from nntrain.config.experiment import Experiment, check_loaded
from nntrain.config.loss import given_label_smoothing
from nntrain.config.root import Config
from nntrain.config.schedule import PlateauConfig
from nntrain.config.training import MOST_THREADS, EarlyStoppingConfig
from nntrain.config.written import config_text
from nntrain.diagnosis.data_warnings import data_warnings
from nntrain.diagnosis.health import Health
from nntrain.diagnosis.snapshots import Snapshots, snapshots_of
from nntrain.diagnosis.symptoms import Symptoms
from nntrain.errors import DivergedError, Interrupted, NntrainError, RunError
from nntrain.nn.network import Network
from nntrain.runs.checkpoint import write_checkpoint
from nntrain.runs.environment import environment
from nntrain.runs.history import HistoryWriter
from nntrain.runs.naming import as_path
from nntrain.runs.ownership import check_runs_dir
from nntrain.runs.store import CHECKPOINT, CONFIG, PREVIOUS_CHECKPOINT, RunDirectory
from nntrain.train.baseline import baseline_scores
from nntrain.train.improvement import still_improving
from nntrain.train.loop import Training
from nntrain.train.metrics import is_maximized, positive_class
from nntrain.train.population import Population
from nntrain.train.records import EpochRecord, Outcome, StopReason
from nntrain.train.state import TrainingState
from nntrain.train.threads import blas_threads, threads_for
from nntrain.train.watching import Watch
from nntrain.visible import Lines
from nntrain.workflows.interruption import Interruption
from nntrain.workflows.listener import FitInfo, Listener
from nntrain.workflows.observing import Observer
from nntrain.workflows.recording import portable, preprocess_document
from nntrain.workflows.results import FitResult

if TYPE_CHECKING:
    from nntrain.diagnosis.divergence import Report

# In a checkpoint: what the epochs before it have shown.
OBSERVED = "observed"


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
    data = Data(experiment)
    prepared = data.prepare()
    resolved = resolve(experiment, prepared.preprocessor, has_validation="validation" in prepared.splits)
    return Fit(resolved, data, prepared, listener or Listener(), interruption=interruption).run(Path(runs_dir))


class Fit:
    """The training of a resolved experiment on prepared data, into a run directory."""

    def __init__(
        self,
        experiment: Experiment,
        data: Data,
        prepared: Prepared,
        listener: Listener,
        *,
        threads: int | None = None,
        interruption: Interruption | None = None,
    ) -> None:
        self.experiment, self.data, self.prepared, self.listener = experiment, data, prepared, listener
        self.config: Config = experiment.config
        check_monitors(experiment, prepared)
        self.warnings = data_warnings(self.config, data, prepared)
        self.interruption = interruption or Interruption()
        asked = self.config.runtime.threads if threads is None else threads
        blueprint = plan_network(experiment, prepared.input_shape)
        needed = footprint(blueprint, [self.config], [prepared], [0]).most
        refuse_beyond(needed, TRAINING, SMALLER)
        for message in memory_warnings(needed, TRAINING, SMALLER):  # of today's machine: no result has it
            listener.warned(message)
        wanted = threads_for(blueprint, self._batch_size(), None if asked == "auto" else asked)
        self.threads = min(wanted, MOST_THREADS)  # of a machine with more cores

    def run(self, runs_dir: Path) -> FitResult:
        """Train from the beginning, in a new run directory."""
        with self.interruption, blas_threads(1):
            training = self.training()
            directory = RunDirectory.begin(runs_dir, self.experiment.name)
            with contextlib.ExitStack() as held:
                try:
                    held.enter_context(directory.lock())
                    self.write_start(directory)
                    self._check_wanted()
                    directory.appear()
                except BaseException:
                    directory.discard()
                    raise
                return self._train(directory, training, None)

    def go_on(self, directory: RunDirectory, state: TrainingState | None) -> FitResult:
        """Train on in a run directory that is locked: from a state, or from the beginning if there is none."""
        with self.interruption, blas_threads(1):
            training = self.training()
            if state is not None:
                training.load_state(state)
            self._check_wanted()
            directory.set_status("running")
            return self._train(directory, training, state)

    def training(self) -> Training:
        """A training that has not begun."""
        population = self._population()
        onlookers = (Snapshots(), Health(population))
        return Training(population, self.config.training.epochs, pause=self._wants_pause, onlookers=onlookers)

    def _population(self) -> Population:
        return build_population([self.config], [self.prepared], [0], threads=self.threads)

    def write_start(self, directory: RunDirectory) -> None:
        """Write what is known before training."""
        directory.write_config(config_text(self.experiment, portable(self.experiment, directory.path)))
        directory.write_source(self.experiment.source_with_overrides())
        directory.write_preprocess(preprocess_document(self.experiment, self.prepared.preprocessor))
        directory.write_environment(self.environment(directory))
        directory.set_status("running")  # once more: it records the checksums of these files

    def environment(self, directory: RunDirectory, *, command: Sequence[str] | None = None) -> dict[str, Any]:
        """The content of environment.json: what it is trained with, the data's checksums and the splits' sizes."""
        present = environment(directory.path, command=command, threads=self.threads, data_files=self.data.sha256)
        return {**present, "examples": {split: self.prepared.size(split) for split in SPLITS}}

    def _check_wanted(self) -> None:
        """Stop here if a signal has asked to, before anything was trained."""
        if self.interruption.signal is not None:
            raise Interrupted("interrupted before training began", signal=self.interruption.signal)

    def _train(self, directory: RunDirectory, training: Training, state: TrainingState | None) -> FitResult:
        """Train with the run directory open; whatever happens, it ends in the right status."""
        self._observer = self.observer(training)
        for message in self.warnings:
            self.listener.warned(message)
        self.listener.started(self._info(directory, training))
        self._trained_before = 0.0 if state is None else float(state.numbers["seconds"])
        self._started = time.perf_counter()
        try:
            with directory.history_writer(training.epoch - 1) as history:
                self._recall(directory, state)
                self._follow(directory, training, history)
            return self._finish(directory, training)
        except (Interrupted, DivergedError):
            raise
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt) or self.interruption.at_once:
                directory.set_status("interrupted", "stopped at once")
                raise Interrupted(f"stopped at once; {how_to_go_on(directory)}") from None
            with contextlib.suppress(NntrainError, OSError):
                directory.set_status("failed", str(error) or type(error).__name__)
            if isinstance(error, RunError):  # a full disk, say
                raise RunError(Lines(str(error), how_to_go_on(directory))) from error
            raise

    def _follow(self, directory: RunDirectory, training: Training, history: HistoryWriter) -> None:
        """Write down what the training yields, until it is over or a signal asks to stop."""
        self._plan_checkpoint(training.epoch)
        for record in training:
            if isinstance(record, EpochRecord):
                line = history_line(record)
                history.append(line)
                self.listener.epoch(record)
                self._warn(self._observer.observe(record.epoch, line))
                self.interruption.asked()
            stopping = self.interruption.signal is not None and not training.is_over
            if stopping or self._checkpoint_due(training.epoch):
                self._save_checkpoint(directory, training, history)
            if stopping:
                return
        if training.outcomes[0].reason is StopReason.EPOCHS and self.config.training.checkpoint is not None:
            # The one end that can be put off: `fit --resume RUN --set training.epochs=…` goes on from here.
            self._save_checkpoint(directory, training, history)

    def _warn(self, messages: Sequence[str]) -> None:
        self.warnings += messages
        for message in messages:
            self.listener.warned(message)

    def _recall(self, directory: RunDirectory, state: TrainingState | None) -> None:
        """Note what the epochs before have shown, so that a run that goes on warns as one without interruption."""
        self._observer.recall(directory.iter_history(), None if state is None else state.numbers.get(OBSERVED))
        self._warn(self._observer.said)

    def observer(self, training: Training) -> Observer:
        """Who sees the epochs, before the first one."""
        return Observer(Symptoms(training.population.network.blueprint), self._watched())

    def _watched(self) -> Watch:
        """What the training is judged by: what early stopping monitors, or else a loss, as a plateau schedule does."""
        early, schedule = self.config.early_stopping, self.config.schedule
        if isinstance(early, EarlyStoppingConfig):
            return Watch(early.monitor, maximize=is_maximized(early.monitor), decides=True)
        split = "validation" if "validation" in self.prepared.splits else "training"
        return Watch(f"{split}.loss", maximize=False, decides=isinstance(schedule, PlateauConfig))

    def _wants_pause(self) -> bool:
        return self.interruption.asked() or time.perf_counter() >= self._next_checkpoint

    def _checkpoint_due(self, epoch: int) -> bool:
        return epoch >= self._next_checkpoint_epoch or time.perf_counter() >= self._next_checkpoint

    def _plan_checkpoint(self, epoch: int) -> None:
        """Say when the next checkpoint is due: `epoch` is the one in progress."""
        rule = self.config.training.checkpoint
        seconds = None if rule is None else rule.every_seconds
        epochs = None if rule is None else rule.every_epochs
        self._next_checkpoint = float("inf") if seconds is None else time.perf_counter() + seconds
        self._next_checkpoint_epoch = float("inf") if epochs is None else epoch + epochs

    def _save_checkpoint(self, directory: RunDirectory, training: Training, history: HistoryWriter) -> None:
        history.sync()  # the checkpoint counts on the lines before it
        state = training.whole_state()
        state.numbers[OBSERVED] = self._observer.state()
        state.numbers["seconds"] = self._seconds()
        state.numbers["run"] = directory.read_status().started  # of equal networks, a checkpoint belongs to one run
        write_checkpoint(directory, state.arrays, state.numbers)
        self._plan_checkpoint(training.epoch)

    def _seconds(self) -> float:
        return self._trained_before + time.perf_counter() - self._started

    def _finish(self, directory: RunDirectory, training: Training) -> FitResult:
        """Save the weights that training ended with, score them and close the run."""
        outcome, seconds = training.outcomes[0], self._seconds()
        training.population.weights.assign(training.weights)
        network = training.population.network
        sha256 = directory.write_weights({path: array[0] for path, array in network.weights().items()})
        metrics = final_scores(network, self.config, self.prepared)
        if outcome.reason is not StopReason.DIVERGED:
            self._warn(list(overflown(metrics)))
        keeps, note = self._kept(outcome)
        result = FitResult(
            directory.path,
            metrics,
            outcome.best_epoch,
            outcome.epochs,
            str(outcome.reason),
            seconds,
            sha256,
            network.blueprint.size,
            self.warnings,
            baseline=final_baseline(self.config, self.prepared),
            positive_class=positive_class(self.prepared.task, self.prepared.preprocessor.classes),
            longer=self._longer(directory, outcome),
            keeps=keeps,
            judged_by=self._observer.watch.name,
            undefined=list(undefined_metrics(self.config, self.prepared)),
            note=note,
        )
        directory.write_result(
            {
                "baseline": result.baseline,
                "best_epoch": result.best_epoch,
                "epochs": result.epochs,
                "keeps": keeps,
                "metrics": metrics,
                "note": note,
                "parameters": result.parameters,
                "positive_class": result.positive_class,
                "seconds": round(seconds, 6),
                "stop_reason": result.stop_reason,
                "warnings": self.warnings,
                "weights_sha256": sha256,
                **recorded_class_weights(self.config, self.prepared),
            }
        )
        self._close(directory, training)
        return result

    def _kept(self, outcome: Outcome) -> tuple[Literal["best", "last"], str | None]:
        """Whether the best weights are kept or the last ones, and a note where others than the last were better."""
        watch, early = self._observer.watch, self.config.early_stopping
        rule = early if isinstance(early, EarlyStoppingConfig) else None
        best = watch.best
        if rule is not None and rule.restore_best and best is not None:
            return "best", None
        chosen = rule is not None or "validation" in self.prepared.splits
        if best is None or not chosen or best.epoch == outcome.best_epoch:
            return "last", None
        most = "highest" if watch.maximize else "lowest"
        how = "early_stopping.restore_best: true"
        if rule is None:
            how = f"early_stopping: {{patience: {self.config.training.epochs}}}"
        return "last", (
            f"{best.name} was {most} in epoch {best.epoch} ({best.value:.4g}), but the weights are those of epoch "
            f"{outcome.best_epoch}; {how} keeps those of the best epoch"
        )

    def _longer(self, directory: RunDirectory, outcome: Outcome) -> str | None:
        """The command that trains longer, where the epochs ran out and what is watched was still getting better.

        A cosine schedule cannot go on: each of its rates depends on the number of epochs.
        """
        if outcome.reason is not StopReason.EPOCHS:
            return None
        if not still_improving(self._observer.course, maximize=self._observer.watch.maximize):
            return None
        epochs = f"--set training.epochs={2 * outcome.epochs}"
        if self.config.training.checkpoint is None or self.config.schedule.type == "cosine":
            return f"nntrain fit {shlex.quote(str(directory.path / CONFIG))} {epochs}"
        return f"{resume_command(directory)} {epochs}"

    def _close(self, directory: RunDirectory, training: Training) -> None:
        outcome = training.outcomes[0]
        if outcome.reason is not StopReason.DIVERGED:
            self.interruption.is_over = True  # the rest takes no longer than being stopped would
        match outcome.reason:
            case StopReason.INTERRUPTED:
                directory.set_status("interrupted", f"interrupted after epoch {outcome.epochs}")
                raise Interrupted(
                    f"interrupted after epoch {outcome.epochs}; {how_to_go_on(directory)}",
                    signal=self.interruption.signal or 2,
                )
            case StopReason.DIVERGED:
                report = self._examine(training)
                directory.write_divergence(report.document())
                directory.set_status("diverged", report.headline)
                raise DivergedError(report.text(str(directory.path)))
            case StopReason.EPOCHS | StopReason.EARLY:
                directory.set_status("complete")
                goes_on = outcome.reason is StopReason.EPOCHS and self.config.training.checkpoint is not None
                with contextlib.suppress(RunError):  # the run is complete; what is too much in it does no harm
                    for name in (PREVIOUS_CHECKPOINT, *(() if goes_on else (CHECKPOINT,))):
                        directory.remove(name)
                directory.tidy()

    @property
    def batches_in_epoch(self) -> int:
        """How many batches an epoch has."""
        return -(-len(self.prepared.splits["training"]) // self._batch_size())

    def _examine(self, training: Training) -> Report:
        """Repeat the last steps of a training that diverged, and find out what happened."""
        from nntrain.diagnosis.divergence import Report
        from nntrain.diagnosis.postmortem import find  # here, for most trainings do not diverge

        outcome = training.outcomes[0]
        again = Training(self._population(), self.config.training.epochs, pause=lambda: True)
        start = snapshots_of(training).earlier
        if start is not None:
            again.load_state(start)
        finding = find(again, outcome.epochs)
        if finding is None:
            raise RuntimeError(f"epoch {outcome.epochs} diverged, but its repetition did not")
        blueprint = training.population.network.blueprint
        return Report(finding, outcome.best_epoch, self.config, blueprint, self.data, self.prepared)

    def _batch_size(self) -> int:
        size, count = self.config.training.batch_size, len(self.prepared.splits["training"])
        return count if size == "full" else min(size, count)

    def _info(self, directory: RunDirectory, training: Training) -> FitInfo:
        early = self.config.early_stopping
        return FitInfo(
            name=self.experiment.name,
            run=directory.path,
            epochs=self.config.training.epochs,
            training=self.prepared.size("training"),
            validation=self.prepared.size("validation"),
            test=self.prepared.size("test"),
            batch_size=self._batch_size(),
            parameters=training.population.network.blueprint.size,
            monitor=early.monitor if isinstance(early, EarlyStoppingConfig) else None,
            done=training.epoch - 1,
            notes=_notes(self.config),
        )


def _notes(config: Config) -> tuple[str, ...]:
    """Which of the losses that are shown while training goes on is not of the true targets."""
    is_smoothed = given_label_smoothing(config.loss) > 0
    return ("the training loss has smoothed targets, all other scores the true ones",) if is_smoothed else ()


def final_scores(network: Network, config: Config, prepared: Prepared) -> dict[str, dict[str, float]]:
    """Losses and metrics of a network with M = 1 on every split."""
    scores, weights = {}, class_weights(config, [prepared])
    for split in SPLITS:
        if split in prepared.splits:
            first: Array = np.zeros(1, dtype=np.intp)
            with np.errstate(all="ignore"):
                evaluator = build_evaluator(network, config, [prepared], first, split, config.metrics, weights)
                values = evaluator.evaluate()
            scores[split] = {name: float(array[0]) for name, array in values.items()}
    return scores


def final_baseline(config: Config, prepared: Prepared) -> dict[str, dict[str, float]]:
    """On every split the scores of a predictor that ignores its inputs: it gives the mean target of the training split.

    They have the names and the units of `final_scores`.
    """
    loss, units, reference = build_loss(config), build_units([prepared]), prepared.splits["training"].whole("t")
    weights, scores = class_weights(config, [prepared]), {}
    for split in SPLITS:
        if split in prepared.splits:
            t = prepared.splits[split].whole("t")
            weight = None if weights is None else example_weights(t[None], weights)[0]
            scores[split] = baseline_scores(
                loss, prepared.task, config.metrics, reference, t, units=units, weight=weight
            )
    return scores


def recorded_class_weights(config: Config, prepared: Prepared) -> dict[str, Any]:
    """For result.json, the weight of each class if they have any: `balanced` ones come from the training split."""
    weights, names = class_weights(config, [prepared]), prepared.preprocessor.classes
    return (
        {}
        if weights is None or names is None
        else {"class_weights": dict(zip(names, weights[0].tolist(), strict=True))}
    )


def overflown(metrics: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """A word for each split whose loss is no number; what is undefined for its targets was said before training."""
    for split, scores in metrics.items():
        if not math.isfinite(scores["loss"]):
            yield (
                f"scores of the {split} examples are undefined: for some of them the network puts out numbers that are "
                "not finite or too large; look for values far from those it was trained on"
            )


def history_line(record: EpochRecord) -> dict[str, Any]:
    """An epoch of a single network as a line of history.jsonl.

    Only what is the same in every repetition: no times.
    """
    return {"epoch": record.epoch, **{name: float(array[0]) for name, array in record.values.items()}}


def resume_command(directory: RunDirectory) -> str:
    """The command that continues a run, to be typed as it stands."""
    return f"nntrain fit --resume {shlex.quote(str(directory.path))}"


def how_to_go_on(directory: RunDirectory, more: str = "") -> str:
    """The command that continues a run, announced; `more` is appended to it."""
    return f"go on with: {resume_command(directory)}{more}"
