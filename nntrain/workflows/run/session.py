"""The training of a run in its directory, until it is over or a signal asks to stop."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import partial

from nntrain.assembly.ready import Ready
from nntrain.config.loss import given_label_smoothing
from nntrain.config.root import Config
from nntrain.config.training import EarlyStoppingConfig
from nntrain.diagnosis.health import Health
from nntrain.diagnosis.snapshots import Snapshots
from nntrain.errors import DivergedError, Interrupted, NntrainError, RunError
from nntrain.runs.store import RunDirectory
from nntrain.train.loop import Training
from nntrain.train.records import EpochRecord, StopReason
from nntrain.train.state import TrainingState
from nntrain.visible import Lines
from nntrain.workflows.listener import FitInfo, Listener
from nntrain.workflows.results import FitResult
from nntrain.workflows.run.checkpoint_timing import CheckpointTiming
from nntrain.workflows.run.commands import how_to_go_on
from nntrain.workflows.run.finishing import close, finish
from nntrain.workflows.run.interruption import Interruption
from nntrain.workflows.run.journal import Journal


def new_training(ready: Ready, pause: Callable[[], bool] | None = None) -> Training:
    """A training of one network that has not begun; where it is to pause is asked after every batch."""
    population = ready.population()
    onlookers = (Snapshots(), Health(population))
    return Training(population, ready.config.training.epochs, pause=pause, onlookers=onlookers)


class Session:
    """One stretch of the training of a run: from its beginning, or from a state, to its end or an interruption.

    Attributes:
        training: has not begun, unless its state is loaded.

    Args:
        ready: what is trained.
        interruption: entered already; it asks to stop.
    """

    def __init__(self, ready: Ready, interruption: Interruption) -> None:
        self._ready, self._interruption = ready, interruption
        self._timing = CheckpointTiming(ready.config.training.checkpoint)
        # No method of the session: what holds itself keeps its arrays until a garbage collection.
        self.training = new_training(ready, partial(wants_pause, interruption, self._timing))

    def check_wanted(self) -> None:
        """Stop here if a signal has asked to, before anything was trained. Raises Interrupted."""
        if self._interruption.signal is not None:
            raise Interrupted("interrupted before training began", signal=self._interruption.signal)

    def train(
        self, directory: RunDirectory, listener: Listener, warnings: list[str], state: TrainingState | None = None
    ) -> FitResult:
        """Train in a run directory that is locked; whatever happens, it ends in the right status.

        Args:
            directory: of the run.
            listener: hears of every epoch.
            warnings: what is to be said before the first one.
            state: the one that is loaded, or None.

        Raises:
            Interrupted, DivergedError: as `fit`.
            RunError: the run directory cannot be written.
        """
        journal = Journal(self._ready, directory, listener, warnings)
        journal.begin(_info(self._ready, directory, done=self.training.epoch - 1), state)
        try:
            with journal.open(self.training.epoch - 1, state):
                self._follow(journal)
            result = finish(self._ready, self.training, journal)
            close(self._ready, self.training, directory, self._interruption)
            return result
        except (Interrupted, DivergedError):
            raise
        except BaseException as error:
            self._write_failure(directory, error)
            raise

    def _follow(self, journal: Journal) -> None:
        """Write down what the training yields, until it is over or a signal asks to stop."""
        training = self.training
        self._timing.restart(training.epoch)
        for record in training:
            if isinstance(record, EpochRecord):
                journal.note(record)
                self._interruption.asked()  # after the epoch's last batch, as `wants_pause` does after the others
            stopping = self._interruption.signal is not None and not training.is_over
            if stopping or self._timing.is_due(training.epoch):
                self._save(journal)
            if stopping:
                return
        if training.outcomes[0].reason is StopReason.EPOCHS and self._ready.config.training.checkpoint is not None:
            # The one end that can be put off: `fit --resume RUN --set training.epochs=…` goes on from here.
            self._save(journal)

    def _save(self, journal: Journal) -> None:
        journal.save(self.training)
        self._timing.restart(self.training.epoch)

    def _write_failure(self, directory: RunDirectory, error: BaseException) -> None:
        """Say in the status how training ended, and what can be done; what is no answer to that is left as it is."""
        if isinstance(error, KeyboardInterrupt) or self._interruption.at_once:
            directory.set_status("interrupted", "stopped at once")
            raise Interrupted(f"stopped at once; {how_to_go_on(directory)}") from None
        with contextlib.suppress(NntrainError, OSError):
            directory.set_status("failed", str(error) or type(error).__name__)
        if isinstance(error, RunError):  # a full disk, say
            raise RunError(Lines(str(error), how_to_go_on(directory))) from error


def wants_pause(interruption: Interruption, timing: CheckpointTiming) -> bool:
    """Whether a training is to yield within an epoch; it asks after every batch but the last."""
    return interruption.asked() or timing.is_time()


def _info(ready: Ready, directory: RunDirectory, *, done: int) -> FitInfo:
    """What a listener is told of the training, of which `done` epochs lie behind."""
    config, prepared = ready.config, ready.prepared
    early = config.early_stopping
    return FitInfo(
        name=ready.experiment.name,
        run=directory.path,
        epochs=config.training.epochs,
        training=prepared.size("training"),
        validation=prepared.size("validation"),
        test=prepared.size("test"),
        batch_size=ready.batch_size,
        parameters=ready.blueprint.size,
        monitor=early.monitor if isinstance(early, EarlyStoppingConfig) else None,
        done=done,
        notes=_notes(config),
    )


def _notes(config: Config) -> tuple[str, ...]:
    """Which of the losses that are shown while training goes on is not of the true targets."""
    is_smoothed = given_label_smoothing(config.loss) > 0
    return ("the training loss has smoothed targets, all other scores the true ones",) if is_smoothed else ()
