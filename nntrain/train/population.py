"""Members that are trained together, with everything that their training needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from nntrain.arrays import Array
from nntrain.nn.network import Network
from nntrain.optim.norms import gradient_norm
from nntrain.optim.schedules import Schedule
from nntrain.train.evaluator import Evaluator
from nntrain.train.objective import Objective
from nntrain.train.state import TrainingState, of_network
from nntrain.train.stopping import EarlyStopping
from nntrain.train.weights import Weights


@dataclass(eq=False)
class Population:
    """M members that are trained together, with everything their training needs.

    Attributes:
        objective: what a step is, with the initialized networks of all members.
        learning_rates: for each network float64 [M, 1], the base rates, which its schedule varies.
        schedules: for each network.
        stopping: the rule of early stopping, or None.
        evaluators: by split (`validation`, perhaps `training`), what is computed after each epoch, of one network each.
        weights: the networks' own arrays.
    """

    objective: Objective
    learning_rates: Mapping[str, Array]
    schedules: Mapping[str, Schedule]
    stopping: EarlyStopping | None = None
    evaluators: dict[str, Evaluator] = field(default_factory=dict)
    weights: Weights = field(init=False)

    def __post_init__(self) -> None:
        self.weights = Weights.of(self.objective.networks)

    @property
    def members(self) -> int:
        """M."""
        return self.weights.members

    @property
    def network(self) -> Network:
        """The network of an objective that has one.

        Raises:
            ValueError: it has more.
        """
        [network] = self.objective.networks.values()
        return network

    def gradient_norm(self, network: str) -> Array:
        """‖g‖₂ of each member [M], of the gradients that a network has now."""
        return gradient_norm(self.objective.networks[network].grad)

    def rates(self, epoch: int) -> dict[str, Array]:
        """The learning rates [M, 1] of each network in an epoch, counted from 1."""
        return {name: each.rates(epoch - 1, self.learning_rates[name]) for name, each in self.schedules.items()}

    def are_sound(self) -> Array:
        """Of each member whether its weights and the losses that it minimizes are finite: bool [M]."""
        losses, sound = self.objective.losses(), self.weights.are_finite()
        for name in self.objective.minimized.values():
            sound &= np.isfinite(losses[name])
        return sound

    def observe(self, epoch: int, values: Mapping[str, Array]) -> None:
        """Show the schedules what an epoch, counted from 1, has recorded."""
        for name, schedule in self.schedules.items():
            schedule.observe(epoch - 1, self._watched(name, values))

    def _watched(self, network: str, values: Mapping[str, Array]) -> Array:
        """What a plateau schedule watches [M], so that less is better: the monitored value, or else a loss."""
        if self.stopping is not None:
            monitored = values[self.stopping.monitor]
            return -monitored if self.stopping.maximize else monitored
        own = f"training.{self.objective.minimized[network]}"
        return values["validation.loss"] if "validation.loss" in values else values[own]

    def select(self, rows: Array) -> Population:
        """The members `rows` alone, going on from where they are."""
        objective = self.objective.select(rows)
        pairs = zip(self.objective.networks.values(), objective.networks.values(), strict=True)
        selected = {id(before): after for before, after in pairs}
        return Population(
            objective,
            {name: rates[rows] for name, rates in self.learning_rates.items()},
            {name: schedule.select(rows) for name, schedule in self.schedules.items()},
            None if self.stopping is None else self.stopping.select(rows),
            {split: each.select(rows, selected[id(each.network)]) for split, each in self.evaluators.items()},
        )

    def save(self, state: TrainingState) -> None:
        """Add all that a continuation needs to a state."""
        state.add(self.weights.arrays)
        for name, schedule in self.schedules.items():
            state.add(schedule.state(), f"{of_network('schedule', name, self.schedules)}/")
        objective = self.objective.state()
        state.add(objective.arrays)
        state.numbers.update(objective.numbers)

    def load(self, state: TrainingState) -> None:
        """Take it over.

        Raises:
            RunError: the state is of another training.
        """
        state.fill(self.weights.arrays)
        for name, schedule in self.schedules.items():
            schedule.load_state(state.section(of_network("schedule", name, self.schedules)))
        self.objective.load_state(state)
