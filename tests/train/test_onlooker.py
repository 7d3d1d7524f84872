"""What looks on is called when it is said to be, and what it keeps goes with the state of the training."""

import numpy as np

from nntrain.arrays import Array
from nntrain.train.loop import Training
from nntrain.train.records import EpochRecord
from nntrain.train.state import TrainingState
from nntrain.train.supervised import NETWORK
from tests.train.adversaries import DISCRIMINATOR, GENERATOR, Pair
from tests.train.problems import Setup


class Noting:
    """Notes every call; it is due in even epochs."""

    def __init__(self, weights: Array) -> None:
        self.calls: list[object] = []
        self.weights = weights

    def is_due(self, epoch: int) -> bool:
        return epoch % 2 == 0

    def before_step(self, training: Training) -> None:
        self.calls.append((training.epoch, training.step))

    def before_update(self, network: str) -> None:
        self.calls.append(f"before {network}")
        self.before = self.weights.copy()

    def after_update(self) -> None:
        self.calls.append("after")
        assert (self.weights != self.before).any()

    def values(self) -> dict[str, Array]:
        self.calls.append("values")
        return {"noted": np.array([float(len(self.calls))])}

    def save(self, state: TrainingState) -> None:
        state.numbers["noted"] = len(self.calls)

    def load(self, state: TrainingState) -> None:
        self.calls = ["earlier"] * state.number("noted")


def test_an_onlooker_sees_every_step_and_the_ends_of_epochs_that_it_wants() -> None:
    population = Setup(seeds=(1,), rates=(0.1,), batch_size=25).population()
    noting = Noting(population.weights["theta"])
    training = Training(population, 3, onlookers=[noting])
    records = [record for record in training if isinstance(record, EpochRecord)]
    assert noting.calls == [
        *((1, 0), (1, 1)),
        *((2, 0), (2, 1), f"before {NETWORK}", "after", "values"),
        *((3, 0), (3, 1)),
    ]
    assert ["noted" in record.values for record in records] == [False, True, False]
    assert "noted" not in training.outcomes[0].values


def test_it_is_called_before_the_update_of_each_network() -> None:
    population = Pair(seeds=(1,)).population([0])
    noting = Noting(population.weights["theta/generator"])
    list(Training(population, 2, onlookers=[noting]))
    assert [call for call in noting.calls if isinstance(call, str)] == [
        f"before {DISCRIMINATOR}",
        f"before {GENERATOR}",
        "after",
        "values",
    ]


def test_what_it_keeps_goes_with_the_whole_state_only() -> None:
    setup = Setup(seeds=(1,), rates=(0.1,))
    population = setup.population()
    training = Training(population, 2, pause=lambda: True, onlookers=[Noting(population.weights["theta"])])
    next(iter(training))
    assert "noted" not in training.state().numbers
    state = training.whole_state()
    assert state.numbers["noted"] == 1
    again = Noting(np.zeros(0))
    Training(setup.population(), 2, onlookers=[again]).load_state(state)
    assert again.calls == ["earlier"]
