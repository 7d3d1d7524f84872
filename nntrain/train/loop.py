"""The training loop: a generator that yields an EpochRecord per epoch and never prints or writes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from nntrain.arrays import Array
from nntrain.nn.layer import Memory
from nntrain.nn.network import Network
from nntrain.optim.schedules import Schedule
from nntrain.train.records import EpochRecord, Outcome, StopReason
from nntrain.train.stopping import BestWeights, EarlyStopping
from nntrain.train.task import Evaluator, Supervised
from nntrain.train.update import Update, gradient_norm

# Members that have stopped are computed along until this share of a population is left; then it is compacted.
COMPACT_BELOW = 0.75


@dataclass(eq=False)
class Population:
    """M networks that are trained together, with everything their training needs.

    Attributes:
        network: initialized parameters of all members.
        task: what a step is.
        update: bound to the network.
        learning_rate: float64 [M, 1], the base rate, which `schedule` varies.
        stopping: the rule of early stopping, or None.
        evaluators: by split (`validation`, perhaps `training`), what is computed after each epoch.
        threads: how many threads the update may use.
    """

    network: Network
    task: Supervised
    update: Update
    learning_rate: Array
    schedule: Schedule
    stopping: EarlyStopping | None = None
    evaluators: dict[str, Evaluator] = field(default_factory=dict)
    threads: int = 1

    def select(self, rows: Array) -> Population:
        """The members `rows` alone, going on from where they are."""
        network = self.network.select(rows, Memory(self.network.memory.dtype))
        return Population(
            network,
            self.task.select(rows, network),
            self.update.select(rows, network, self.threads),
            self.learning_rate[rows],
            self.schedule.select(rows),
            None if self.stopping is None else self.stopping.select(rows),
            {split: evaluator.select(rows, network) for split, evaluator in self.evaluators.items()},
            self.threads,
        )


class Training:
    """The training of a population, epoch by epoch.

    Iterate over it for the records; stop iterating whenever you like. What has been reached so far is in `theta`
    and `outcomes` at any time.

    Attributes:
        epochs: how many there will be at most.
    """

    def __init__(self, population: Population, epochs: int) -> None:
        self.epochs = epochs
        members = population.network.members
        self._population = population
        self._best = BestWeights(population.stopping, population.network.theta)
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

    def __iter__(self) -> Iterator[EpochRecord]:
        """Train; yields a record after each epoch."""
        for epoch in range(1, self.epochs + 1):
            started = time.perf_counter()
            # Overflow in one member is that member's affair: it is found below, and reported.
            with np.errstate(all="ignore"):
                values = self._train_epoch(epoch)
                ids, live = self._ids, self._live
                self._judge(epoch, values)
            yield EpochRecord(
                epoch,
                ids[live],
                {name: array[live] for name, array in values.items()},
                time.perf_counter() - started,
                len(self._population.task.examples),
            )
            if not self._live.any():
                return
            self._compact()

    def _train_epoch(self, epoch: int) -> dict[str, Array]:
        population = self._population
        rates = population.schedule.rates(epoch - 1, population.learning_rate)
        task, step, update = population.task, population.task.step, population.update.step
        task.start_epoch()
        last = task.steps - 1
        for number, place in enumerate(task.batches):
            step(place)
            if number == last:
                norms = gradient_norm(population.network.grad)
            update(rates)
        values = {"training.loss": task.mean_loss()}
        for split, evaluator in population.evaluators.items():
            for name, array in evaluator.evaluate().items():
                values.setdefault(f"{split}.{name}", array)
        values["learning_rate"] = rates[:, 0].copy()
        values["gradient_norm"] = norms
        return values

    def _judge(self, epoch: int, values: dict[str, Array]) -> None:
        """Find out who diverged, who improved and who is done."""
        population, theta, ids = self._population, self._population.network.theta, self._ids
        finite = np.isfinite(values["training.loss"]) & np.isfinite(np.add.reduce(theta, axis=1))
        diverged, healthy = self._live & ~finite, self._live & finite
        improved, patience_over = self._best.observe(epoch, values, theta, healthy)
        population.schedule.observe(self._plateau_value(values))
        last = epoch == self.epochs
        ended = healthy & (patience_over | last)
        improved |= self._best.keep_last(epoch, ended, theta)
        self._epochs_done[ids[self._live]] = epoch
        self._best_epoch[ids] = self._best.epoch
        for name, array in values.items():
            kept = self._values.setdefault(name, np.full(len(self._reasons), np.nan))
            kept[ids[improved]] = array[improved]
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
            return values.get("validation.loss", values["training.loss"])
        return -values[stopping.monitor] if stopping.maximize else values[stopping.monitor]

    def _compact(self) -> None:
        """Drop the members that have stopped, once they are many enough to be worth it."""
        if self._live.mean() > COMPACT_BELOW:
            return
        self._theta[self._ids] = self._best.theta
        rows = np.flatnonzero(self._live)
        self._population = self._population.select(rows)
        self._best = self._best.select(rows)
        self._ids = self._ids[rows]
        self._live = np.ones(len(rows), dtype=bool)
