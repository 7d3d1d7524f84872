"""The training loop: a generator that yields an EpochRecord per epoch and never prints or writes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np

from nntrain.arrays import Array
from nntrain.diagnosis.health import Health
from nntrain.diagnosis.snapshots import Snapshots
from nntrain.nn.network import Network
from nntrain.optim.norms import gradient_norm
from nntrain.train.population import Population
from nntrain.train.records import EpochRecord, Outcome, Pause, StopReason
from nntrain.train.state import TrainingState
from nntrain.train.stopping import BestWeights

# Members that have stopped are computed along until this share of a population is left; then it is compacted.
COMPACT_BELOW = 0.75


class Training:
    """The training of a population, epoch by epoch.

    Iterate over it for the records; stop iterating whenever you like. What has been reached so far is in `theta` and
    `outcomes` at any time, and `state` has all that a continuation needs whenever something was yielded.

    Args:
        population: initialized; it is trained in place.
        epochs: how many there will be at most.
        pause: asked after every batch; where it answers True within an epoch, a Pause is yielded. Iterating on
            continues as if nothing had been.
        watch: for a population of one: measure its health, and keep what `replay_from` needs. It changes nothing about
            the training.
    """

    def __init__(
        self, population: Population, epochs: int, *, pause: Callable[[], bool] | None = None, watch: bool = False
    ) -> None:
        self.epochs = epochs
        self._pause = pause
        self._snapshots = Snapshots() if watch else None
        self._health = Health(population) if watch else None
        members = population.network.members
        self._population = population
        self._best = BestWeights(population.stopping, population.network.theta)
        # Where training is: the epoch in progress, from 1, and how many of its batches are done.
        self._epoch, self._step = 1, 0
        # Of all members, whether they still train or not:
        self._theta: Array = population.network.theta.copy()
        self._reasons = [StopReason.INTERRUPTED] * members
        self._epochs_done: Array = np.zeros(members, dtype=np.int64)
        self._best_epoch: Array = np.zeros(members, dtype=np.int64)
        self._values: dict[str, Array] = {}
        # Of those that are still in the population: which members they are, and whether they still train.
        self._ids: Array = np.arange(members)
        self._live: Array = np.ones(members, dtype=bool)

    @property
    def epoch(self) -> int:
        """The epoch in progress, counted from 1."""
        return self._epoch

    @property
    def step(self) -> int:
        """How many of its batches are done."""
        return self._step

    @property
    def population(self) -> Population:
        """What is trained: the members that are still computed."""
        return self._population

    @property
    def replay_from(self) -> TrainingState | None:
        """A sound state before the last few hundred steps, if the training is watched; None for its beginning."""
        return None if self._snapshots is None else self._snapshots.earlier

    @property
    def snapshots(self) -> list[TrainingState]:
        """The states that `replay_from` may be, now or in the next few hundred steps, the earlier one first."""
        both = [] if self._snapshots is None else [self._snapshots.earlier, self._snapshots.later]
        return [state for state in both if state is not None]

    @property
    def is_over(self) -> bool:
        """Whether nobody trains any more."""
        return not self._live.any() or self._epoch > self.epochs

    @property
    def network(self) -> Network:
        """The networks in training, with the weights of the last batch: those that are still in the population."""
        return self._population.network

    @property
    def theta(self) -> Array:
        """[M, P], the weights that each member ends with, as things stand."""
        theta = self._theta.copy()
        theta[self._ids] = self._best.theta
        return theta

    @property
    def outcomes(self) -> list[Outcome]:
        """How each member stands; INTERRUPTED until it is done."""
        return [
            Outcome(
                reason,
                int(self._epochs_done[member]),
                int(self._best_epoch[member]),
                {name: float(array[member]) for name, array in self._values.items()},
            )
            for member, reason in enumerate(self._reasons)
        ]

    def __iter__(self) -> Iterator[EpochRecord | Pause]:
        """Train; yields a record after each epoch, and a Pause where one was asked for."""
        while not self.is_over:
            started = time.perf_counter()
            # Overflow in one member is that member's affair: it is found at the end of the epoch, and reported.
            with np.errstate(all="ignore"):
                over = self._advance()
                record = self._finish_epoch(started) if over else None
            yield record or Pause(self._epoch, self._step)

    def _advance(self) -> bool:
        """Train batch by batch until the epoch is over (True) or a pause is asked for (False)."""
        population, pause, snapshots = self._population, self._pause, self._snapshots
        task, update = population.task, population.update
        rates = population.schedule.rates(self._epoch - 1, population.learning_rate)
        last = task.steps - 1
        for step in range(self._step, task.steps):
            self._step = step
            if snapshots is not None and snapshots.is_due(population):
                snapshots.take(self.state())
            if step == 0:
                task.start_epoch()
            task.step(step)
            if step == last:
                break
            update.step(rates)
            if pause is not None and pause():
                self._step = step + 1
                return False
        self._last_update(rates)
        return True

    def _last_update(self, rates: Array) -> None:
        """Make the epoch's last update, and measure what there is to measure at it."""
        population, health = self._population, self._health
        self._gradient_norm = gradient_norm(population.network.grad)
        if health is not None and health.is_due(self._epoch):
            health.before_update()
            population.update.step(rates)
            health.after_update()
        else:
            population.update.step(rates)

    def _finish_epoch(self, started: float) -> EpochRecord:
        """Evaluate, find out who is done, and go on to the next epoch."""
        population, epoch = self._population, self._epoch
        rates = population.schedule.rates(epoch - 1, population.learning_rate)
        values = {f"training.{name}": array for name, array in population.task.mean_losses().items()}
        for split, evaluator in population.evaluators.items():
            for name, array in evaluator.evaluate().items():
                values.setdefault(f"{split}.{name}", array)
        values["learning_rate"] = rates[:, 0].copy()
        values["gradient_norm"] = self._gradient_norm
        ids, live = self._ids, self._live
        self._judge(epoch, values)
        if self._health is not None and self._health.is_due(epoch):
            values |= self._health.values()
        self._epoch, self._step = epoch + 1, 0
        self._compact()
        kept = {name: array[live] for name, array in values.items()}
        return EpochRecord(epoch, ids[live], kept, time.perf_counter() - started, len(population.task.examples))

    def _judge(self, epoch: int, values: dict[str, Array]) -> None:
        """Find out who diverged, who improved and who is done."""
        population, theta, ids = self._population, self._population.network.theta, self._ids
        minimized = population.task.mean_loss()
        finite = np.isfinite(minimized) & np.isfinite(np.add.reduce(theta, axis=1))
        diverged, healthy = self._live & ~finite, self._live & finite
        kept, patience_over = self._best.observe(epoch, values, theta, healthy)
        population.schedule.observe(epoch - 1, self._plateau_value(values))
        last = epoch == self.epochs
        ended = healthy & (patience_over | last)
        self._epochs_done[ids[self._live]] = epoch
        self._best_epoch[ids] = self._best.kept
        for name, array in values.items():
            of_kept = self._values.setdefault(name, np.full(len(self._reasons), np.nan))
            of_kept[ids[kept]] = array[kept]
        for row in np.flatnonzero(diverged | ended):
            self._reasons[ids[row]] = (
                StopReason.DIVERGED if diverged[row]
                else StopReason.EARLY if patience_over[row]
                else StopReason.EPOCHS
            )  # fmt: skip
        self._live = self._live & ~(diverged | ended)

    def _plateau_value(self, values: dict[str, Array]) -> Array:
        """What a plateau schedule watches, so that less is better: the monitored value, or else a loss."""
        stopping = self._population.stopping
        if stopping is None:
            return values.get("validation.loss", self._population.task.mean_loss())
        return -values[stopping.monitor] if stopping.maximize else values[stopping.monitor]

    def _compact(self) -> None:
        """Drop the members that have stopped, once they are many enough to be worth it."""
        if self._live.mean() > COMPACT_BELOW or not self._live.any():
            return
        self._theta[self._ids] = self._best.theta
        rows = np.flatnonzero(self._live)
        self._select(rows)

    def _select(self, rows: Array) -> None:
        """Go on with the members `rows` of the present population."""
        self._population = self._population.select(rows)
        self._best = self._best.select(rows)
        self._ids = self._ids[rows]
        self._live = self._live[rows]

    def state(self) -> TrainingState:
        """Everything that a continuation needs, copied. Valid whenever something was yielded, and before the start."""
        arrays = {
            "theta": self._population.network.theta.copy(),
            "kept_theta": self._theta.copy(),
            "epochs_done": self._epochs_done.copy(),
            "best_epoch": self._best_epoch.copy(),
            "reasons": np.array([_REASONS.index(reason) for reason in self._reasons]),
            "ids": self._ids.copy(),
            "live": self._live.copy(),
            **{f"values/{name}": array.copy() for name, array in self._values.items()},
            **{f"best/{name}": array.copy() for name, array in self._best.state().items()},
        }
        state = TrainingState(arrays, {"epoch": self._epoch, "step": self._step})
        self._population.save(state)
        return state

    def whole_state(self) -> TrainingState:
        """The state with all that `replay_from` needs, if the training is watched."""
        state = self.state()
        if self._snapshots is not None:
            self._snapshots.save(state)
        return state

    def load_state(self, state: TrainingState) -> None:
        """Go on from a state of the same training; call it before iterating.

        A state at the end of a training that ran out of epochs goes on where there are more of them now, and one from
        the middle is at its end where there are no more than were done.

        Raises:
            RunError: the state is of another training.
        """
        ids = state.array("ids", shape=None, kind="i")
        if len(ids) < self._population.network.members:
            self._select(ids)
        network = self._population.network
        network.theta[...] = state.array("theta", network.theta.shape)
        self._theta[...] = state.array("kept_theta", self._theta.shape)
        self._epochs_done[...] = state.array("epochs_done", self._epochs_done.shape)
        self._best_epoch[...] = state.array("best_epoch", self._best_epoch.shape)
        self._reasons = [_REASONS[code] for code in state.array("reasons", self._best_epoch.shape).tolist()]
        self._live = state.array("live", self._live.shape).astype(bool)
        self._values = {
            name.removeprefix("values/"): array.copy()
            for name, array in state.arrays.items()
            if name.startswith("values/")
        }
        self._best.load_state({name: state.array(f"best/{name}", a.shape) for name, a in self._best.state().items()})
        self._epoch, self._step = state.number("epoch"), state.number("step")
        self._population.load(state)
        if self._snapshots is not None:
            self._snapshots.load(state)
        is_over = self._epoch > self.epochs
        before, now = StopReason.EPOCHS, StopReason.INTERRUPTED
        if is_over:
            before, now = now, before
        for row in np.flatnonzero([self._reasons[member] is before for member in self._ids]):
            self._reasons[self._ids[row]] = now
            self._live[row] = not is_over


_REASONS = list(StopReason)
