"""Networks that are trained together, with everything that their training needs."""

from __future__ import annotations

from dataclasses import dataclass, field

from nntrain.arrays import Array
from nntrain.nn.network import Network
from nntrain.optim.schedules import Schedule
from nntrain.optim.update import Update
from nntrain.train.evaluator import Evaluator
from nntrain.train.state import TrainingState
from nntrain.train.stopping import EarlyStopping
from nntrain.train.supervised import Supervised


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
    """

    network: Network
    task: Supervised
    update: Update
    learning_rate: Array
    schedule: Schedule
    stopping: EarlyStopping | None = None
    evaluators: dict[str, Evaluator] = field(default_factory=dict)

    def select(self, rows: Array) -> Population:
        """The members `rows` alone, going on from where they are."""
        network = self.network.select(rows, self.network.memory.fresh())
        return Population(
            network,
            self.task.select(rows, network),
            self.update.select(rows, network),
            self.learning_rate[rows],
            self.schedule.select(rows),
            None if self.stopping is None else self.stopping.select(rows),
            {split: evaluator.select(rows, network) for split, evaluator in self.evaluators.items()},
        )

    def save(self, state: TrainingState) -> None:
        """Add the optimizer, the schedule, the random streams and the place in the epoch to a state."""
        state.add("optimizer", self.update.optimizer.state())
        state.add("schedule", self.schedule.state())
        state.add("task", self.task.state())
        state.numbers["order_streams"] = self.task.batches.streams.state()
        state.numbers["dropout_streams"] = self.network.dropout_streams.state()

    def load(self, state: TrainingState) -> None:
        """Take them over.

        Raises:
            RunError: the state is of another training.
        """
        self.update.optimizer.load_state(state.section("optimizer"))
        self.schedule.load_state(state.section("schedule"))
        self.task.load_state(state.section("task"))
        self.task.batches.streams.load_state(state.numbers["order_streams"])
        self.network.dropout_streams.load_state(state.numbers["dropout_streams"])
