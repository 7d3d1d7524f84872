"""The training loop: a generator that yields an EpochRecord per epoch and never prints or writes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np

from nntrain.arrays import Array
from nntrain.memory import full
from nntrain.train.population import Population
from nntrain.train.records import EpochRecord, Outcome, Pause, StopReason
from nntrain.train.roster import Roster
from nntrain.train.state import TrainingState, of_network
from nntrain.train.stopping import BestWeights
from nntrain.train.weights import Weights

# Members that have stopped are computed along until this share of a population is left; then it is compacted.
COMPACT_BELOW = 0.75


class Onlooker(Protocol):
    """What may look on while a population is trained, without changing anything about it.

    It is called at certain moments of a training; what it keeps is saved with the training's state. It may be bound to
    the arrays of a population that is never compacted, such as one of a single member.
    """

    def before_step(self, training: Training) -> None:
        """A step comes next, any of them; this is to take no time where there is nothing to do."""

    def is_due(self, epoch: int) -> bool:
        """Whether to be called at the end of an epoch, counted from 1, by what comes next here."""

    def before_update(self, network: str) -> None:
        """In the epoch's last step the gradients of this network are there, and its update comes next."""

    def after_update(self) -> None:
        """The epoch's last step is done."""

    def values(self) -> dict[str, Array]:
        """What goes into the epoch's record beside the rest, each float64 [M]; asked for after the evaluation."""

    def save(self, state: TrainingState) -> None:
        """Add to a state of the training what a continuation needs."""

    def load(self, state: TrainingState) -> None:
        """Go on from a state, whether or not something was added to it.

        Raises:
            RunError: it is damaged.
        """


class Training:
    """The training of a population, epoch by epoch.

    Iterate over it for the records; stop iterating whenever you like. What has been reached so far is in `weights` and
    `outcomes` at any time, and `state` has all that a continuation needs whenever something was yielded.

    Args:
        population: initialized; it is trained in place.
        epochs: how many there will be at most.
        pause: asked after every batch; where it answers True within an epoch, a Pause is yielded. Iterating on
            continues as if nothing had been.
        onlookers: what looks on, for a population of one. It changes nothing about the training.

    Attributes:
        epochs, onlookers: as given.
    """

    def __init__(
        self,
        population: Population,
        epochs: int,
        *,
        pause: Callable[[], bool] | None = None,
        onlookers: Sequence[Onlooker] = (),
    ) -> None:
        self.epochs = epochs
        self._population = population
        self._pause = pause
        self.onlookers = tuple(onlookers)
        self._best = BestWeights(population.stopping, population.weights)
        self._roster = Roster(population.weights)
        # Where training is: the epoch in progress, from 1, and how many of its steps are done.
        self._epoch, self._step = 1, 0
        # Of the epoch in progress: by network, its rates and its last gradient norms; and who looks at its end.
        self._rates: dict[str, Array] = {}
        self._gradient_norms: dict[str, Array] = {}
        self._looking: list[Onlooker] = []

    @property
    def epoch(self) -> int:
        """The epoch in progress, counted from 1."""
        return self._epoch

    @property
    def step(self) -> int:
        """How many of its steps are done."""
        return self._step

    @property
    def population(self) -> Population:
        """What is trained: the members that are still computed, with the weights of the last step."""
        return self._population

    @property
    def is_over(self) -> bool:
        """Whether nobody trains any more."""
        return not self._roster.live.any() or self._epoch > self.epochs

    @property
    def weights(self) -> Weights:
        """What each member ends with, as things stand."""
        weights = self._roster.weights.copy()
        weights.put(self._roster.ids, self._best.weights)
        return weights

    @property
    def outcomes(self) -> list[Outcome]:
        """How each member stands; INTERRUPTED until it is done."""
        return self._roster.outcomes

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
        """Train step by step until the epoch is over (True) or a pause is asked for (False)."""
        objective, pause = self._population.objective, self._pause
        before_step = [onlooker.before_step for onlooker in self.onlookers]
        rates = self._rates = self._population.rates(self._epoch)
        last = objective.steps - 1
        for number in range(self._step, last + 1):
            self._step = number
            for look in before_step:
                look(self)
            if number == 0:
                objective.start_epoch()
            if number == last:
                break
            objective.step(number, rates)
            if pause is not None and pause():
                self._step = number + 1
                return False
        self._last_step(last)
        return True

    def _last_step(self, number: int) -> None:
        """Make the epoch's last step, and measure what there is to measure at it."""
        self._gradient_norms = {}
        self._looking = [onlooker for onlooker in self.onlookers if onlooker.is_due(self._epoch)]
        self._population.objective.step(number, self._rates, self._before_update)
        for onlooker in self._looking:
            onlooker.after_update()

    def _before_update(self, network: str) -> None:
        self._gradient_norms[network] = self._population.gradient_norm(network)
        for onlooker in self._looking:
            onlooker.before_update(network)

    def _finish_epoch(self, started: float) -> EpochRecord:
        """Evaluate, find out who is done, and go on to the next epoch."""
        epoch, ids, live, values = self._epoch, self._roster.ids, self._roster.live, self._measure()
        self._judge(epoch, values)
        for onlooker in self._looking:
            values |= onlooker.values()
        self._epoch, self._step = epoch + 1, 0
        self._compact()
        kept = {name: array[live] for name, array in values.items()}
        return EpochRecord(epoch, ids[live], kept, time.perf_counter() - started, self._population.objective.examples)

    def _measure(self) -> dict[str, Array]:
        """What the epoch records of all who are computed: losses, scores, learning rates, gradient norms."""
        population = self._population
        values = {f"training.{name}": array for name, array in population.objective.losses().items()}
        for split, evaluator in population.evaluators.items():
            for name, array in evaluator.evaluate().items():
                values.setdefault(f"{split}.{name}", array)
        for name, rates in self._rates.items():
            values[of_network("learning_rate", name, self._rates, ".")] = rates[:, 0].copy()
        for name in self._rates:
            norms = self._gradient_norms.get(name)
            values[of_network("gradient_norm", name, self._rates, ".")] = (
                full(population.members, np.nan) if norms is None else norms
            )
        return values

    def _judge(self, epoch: int, values: dict[str, Array]) -> None:
        """Find out who diverged, who improved and who is done."""
        population, roster, best = self._population, self._roster, self._best
        sound = population.are_sound()
        diverged, healthy = roster.live & ~sound, roster.live & sound
        kept, patience_over = best.observe(epoch, values, population.weights, healthy)
        population.observe(epoch, values)
        roster.note(epoch, values, kept, best.epoch_of_kept)
        roster.stop(diverged, StopReason.DIVERGED)
        roster.stop(patience_over, StopReason.EARLY)
        if epoch == self.epochs:
            roster.stop(roster.live, StopReason.EPOCHS)

    def _compact(self) -> None:
        """Drop the members that have stopped, once they are many enough to be worth it."""
        live = self._roster.live
        if live.mean() > COMPACT_BELOW or not live.any():
            return
        self._roster.weights.put(self._roster.ids, self._best.weights)
        self._select(np.flatnonzero(live))

    def _select(self, rows: Array) -> None:
        """Go on with the members `rows` of the present population."""
        self._population = self._population.select(rows)
        self._best = self._best.select(rows)
        self._roster.select(rows)

    def state(self) -> TrainingState:
        """Everything that a continuation needs, copied. Valid whenever something was yielded, and before the start."""
        state = TrainingState({}, {"epoch": self._epoch, "step": self._step})
        self._population.save(state)
        self._roster.save(state)
        state.add(self._best.state(), "best/")
        return state

    def whole_state(self) -> TrainingState:
        """The state with all that the onlookers need."""
        state = self.state()
        for onlooker in self.onlookers:
            onlooker.save(state)
        return state

    def load_state(self, state: TrainingState) -> None:
        """Go on from a state of the same training; call it before iterating.

        A state at the end of a training that ran out of epochs goes on where there are more of them now, and one from
        the middle is at its end where there are no more than were done.

        Raises:
            RunError: the state is of another training.
        """
        ids = state.array("ids", shape=None, kind="i")
        if len(ids) < self._population.members:
            self._select(ids)
        self._population.load(state)
        self._roster.load(state)
        state.fill(self._best.state(), "best/")
        self._epoch, self._step = state.number("epoch"), state.number("step")
        for onlooker in self.onlookers:
            onlooker.load(state)
        self._roster.run_out(is_over=self._epoch > self.epochs)
