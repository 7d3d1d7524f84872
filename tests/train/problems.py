"""A small classification problem, and populations that learn it in every way that the loop knows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from nntrain.arrays import Array
from nntrain.data.batches import Examples
from nntrain.memory import Memory
from nntrain.nn.activations import Softmax, Tanh
from nntrain.nn.blueprint import plan
from nntrain.nn.dense import Dense
from nntrain.nn.dropout import Dropout
from nntrain.nn.initializers import GlorotUniform
from nntrain.nn.losses import CrossEntropy, Loss
from nntrain.nn.network import Network
from nntrain.optim.schedules import ConstantRate, Schedule
from nntrain.optim.sgd import Sgd
from nntrain.optim.update import Update
from nntrain.streams import Key, Purpose, Streams
from nntrain.tasks import Task
from nntrain.train.evaluator import Evaluator
from nntrain.train.loop import Training
from nntrain.train.population import Population
from nntrain.train.records import EpochRecord, Outcome
from nntrain.train.stopping import EarlyStopping
from nntrain.train.supervised import NETWORK, Supervised
from tests.nn.chains import chain

# What a column [M, 1] is made of: the values of all members, of which a population takes those of its members.
Pick = Callable[[Sequence[float]], Array]


CENTERS = np.array([[1.0, 0.0, 0.5, 0.0], [-1.0, 1.0, 0.0, 0.0], [0.0, -1.0, 0.0, 1.0]])


def blobs(count: int, seed: int, dtype: type[np.floating] = np.float64) -> tuple[Array, Array]:
    """x [1, n, 4] in three overlapping clouds of the same round shape about CENTERS, t [1, n, 3] one-hot."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(3, size=count)
    x = CENTERS[classes] + 0.7 * rng.standard_normal((count, 4))
    return x.astype(dtype)[None], np.eye(3, dtype=dtype)[classes][None]


@dataclass
class Setup:
    """Three members by default; columns are made with `pick`, so that any of them can be trained alone.

    Attributes:
        seeds: one for each member.
        rates: base learning rates.
        update, schedule, stopping, dropout: made anew for each population.
        sets: how many data sets there are; member m uses set m mod `sets`.
    """

    seeds: Sequence[int] = (1, 2, 1)
    rates: Sequence[float] = (0.1, 0.3, 0.03)
    update: Callable[[Pick], Update] = lambda pick: Update(Sgd())
    schedule: Callable[[Pick], Schedule] = lambda pick: ConstantRate()
    stopping: Callable[[Pick], EarlyStopping] | None = None
    dropout: Callable[[Pick], float | Array] | None = None
    metrics: tuple[str, ...] = ("accuracy",)
    sets: int = 1
    units: int = 6
    examples: int = 50
    batch_size: int = 16
    shuffle: bool = True
    weighted: bool = False
    loss: Loss = field(default_factory=CrossEntropy)
    dtype: type[np.floating] = np.float64
    threads: int = 1
    shards: int = 1

    def everyone(self) -> list[int]:
        return list(range(len(self.seeds)))

    def data(self, members: Sequence[int], count: int, seed: int, *, weighted: bool = False) -> Examples:
        parts = [blobs(count, seed + which, self.dtype) for which in range(self.sets)]
        x, t = (np.concatenate([part[i] for part in parts]) for i in range(2))
        weight = 0.5 + t @ np.arange(3.0)[:, None].astype(self.dtype) if weighted else None
        of_member = np.array([member % self.sets for member in members])
        return Examples.of(of_member, x=x, t=t, weight=weight)

    def population(self, members: Sequence[int] | None = None) -> Population:
        """A population of some of the members; all of them by default."""
        rows = self.everyone() if members is None else list(members)

        def pick(values: Sequence[float]) -> Array:
            return np.array([[values[row]] for row in rows], dtype=np.float64)

        layers = [("0", Dense(self.units, GlorotUniform())), ("0", Tanh())]
        if self.dropout is not None:
            rate = self.dropout(pick)
            each = tuple(rate[:, 0].tolist()) if isinstance(rate, np.ndarray) else rate
            layers.append(("1", Dropout(each)))
        layers += [("2", Dense(3)), ("2", Softmax())]
        keys = [Key(self.seeds[row]) for row in rows]
        network = Network(plan(chain(layers), (4,)), len(rows), Memory(self.dtype, threads=self.threads))
        network.initialize(keys)
        update = self.update(pick)
        update.bind(network)
        objective = Supervised(
            network,
            update,
            self.loss,
            self.data(rows, self.examples, seed=100, weighted=self.weighted),
            Streams(keys, Purpose.ORDER),
            batch_size=self.batch_size,
            shuffle=self.shuffle,
            shards=self.shards,
        )
        validation = Evaluator(
            network,
            self.loss,
            self.data(rows, 30, seed=200),
            task=Task.CLASSIFICATION,
            metrics=self.metrics,
        )
        return Population(
            objective,
            {NETWORK: pick(self.rates)},
            {NETWORK: self.schedule(pick)},
            None if self.stopping is None else self.stopping(pick),
            {"validation": validation},
        )

    def train(self, epochs: int, members: Sequence[int] | None = None) -> "Run":
        return Run.of(self.population(members), epochs)


@dataclass
class Run:
    """What a training came to."""

    theta: Array
    outcomes: list[Outcome]
    records: list[EpochRecord]

    @classmethod
    def of(cls, population: Population, epochs: int) -> "Run":
        training = Training(population, epochs)
        return cls.until_the_end(training)

    @classmethod
    def until_the_end(cls, training: Training) -> "Run":
        """Train on; pauses are passed over."""
        records = [record for record in training if isinstance(record, EpochRecord)]
        return cls(training.weights["theta"], training.outcomes, records)

    def history(self, member: int) -> list[tuple[int, dict[str, float]]]:
        """The epochs that a member trained in, with what they recorded of it."""
        found = []
        for record in self.records:
            at = np.flatnonzero(record.members == member)
            if at.size:
                found.append((record.epoch, {name: float(array[at[0]]) for name, array in record.values.items()}))
        return found


def same(alone: Run, together: Run, member: int) -> None:
    """Assert that the only member of a run did, bit for bit, what `member` did in another."""
    np.testing.assert_array_equal(alone.theta[0], together.theta[member])
    assert _comparable(alone.history(0)) == _comparable(together.history(member))
    ours, theirs = alone.outcomes[0], together.outcomes[member]
    assert (ours.reason, ours.epochs, ours.best_epoch) == (theirs.reason, theirs.epochs, theirs.best_epoch)
    assert _comparable([(0, ours.values)]) == _comparable([(0, theirs.values)])


def _comparable(history: list[tuple[int, dict[str, float]]]) -> str:
    """As text, in which NaN equals NaN."""
    return repr(history)
