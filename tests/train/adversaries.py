"""An objective of two networks with an optimizer each: a generator of points, and a discriminator that knows them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from nntrain.arrays import Array
from nntrain.memory import Memory
from nntrain.nn.activations import Tanh
from nntrain.nn.blueprint import plan
from nntrain.nn.chain import Chain
from nntrain.nn.dense import Dense
from nntrain.nn.dropout import Dropout
from nntrain.nn.layer import Layer
from nntrain.nn.network import Network
from nntrain.optim.adam import Adam
from nntrain.optim.schedules import Exponential, Plateau, Schedule
from nntrain.optim.sgd import Sgd
from nntrain.optim.update import Update
from nntrain.streams import Key, Purpose, Streams
from nntrain.train.evaluator import Evaluator
from nntrain.train.objective import BeforeUpdate
from nntrain.train.population import Population
from nntrain.train.state import TrainingState
from nntrain.train.stopping import EarlyStopping
from tests.nn.toys import RunningCentre

GENERATOR, DISCRIMINATOR = "generator", "discriminator"
LOSSES = {GENERATOR: "generator_loss", DISCRIMINATOR: "discriminator_loss"}
LATENT = 2


class Adversaries:
    """In each step the discriminator learns to tell points from made ones; then the generator, to make it err."""

    def __init__(
        self,
        networks: Mapping[str, Network],
        updates: Mapping[str, Update],
        points: Array,
        order: Streams,
        latent: Streams,
        *,
        batch_size: int,
    ) -> None:
        self.networks, self.updates = networks, updates
        self.points, self.order_streams, self.latent_streams = points, order, latent
        self.batch_size, self.minimized, self.examples = batch_size, LOSSES, len(points)
        members = len(order.keys)
        self.order: Array = np.zeros((members, len(points)), dtype=np.int64)
        self.sums: dict[str, Array] = {name: np.zeros(members) for name in networks}

    @property
    def steps(self) -> int:
        return -(-self.examples // self.batch_size)

    def start_epoch(self) -> None:
        drawn = np.empty((self.order_streams.distinct, self.examples), np.intp)
        self.order_streams.permutations(drawn)
        self.order[...] = drawn[self.order_streams.of_member]
        for total in self.sums.values():
            total[...] = 0

    def step(self, number: int, rates: Mapping[str, Array], before_update: BeforeUpdate | None = None) -> None:
        rows = self.order[:, number * self.batch_size : (number + 1) * self.batch_size]
        size = rows.shape[1]
        drawn = np.empty((self.latent_streams.distinct, size, LATENT))
        self.latent_streams.normal(drawn)
        latent = drawn[self.latent_streams.of_member]
        generator, discriminator = self.networks[GENERATOR], self.networks[DISCRIMINATOR]

        both = np.concatenate([self.points[rows], generator.forward(latent, training=True)], axis=1)
        truth = np.concatenate([np.ones((size, 1)), np.zeros((size, 1))])
        self._note(DISCRIMINATOR, self._learn(discriminator, both, truth)[0], size)
        self._update(DISCRIMINATOR, rates, before_update)

        made = generator.forward(latent, training=True)
        loss, dx = self._learn(discriminator, made, np.ones((size, 1)))
        self._note(GENERATOR, loss, size)
        generator.backward(dx)
        self._update(GENERATOR, rates, before_update)

    @staticmethod
    def _learn(discriminator: Network, x: Array, t: Array) -> tuple[Array, Array]:
        """The mean cross-entropy [M] of what the discriminator says of x, and the gradient at x."""
        y = discriminator.forward(x, training=True)
        losses = np.logaddexp(0, np.where(t == 1, -y, y))
        dx = discriminator.backward((1 / (1 + np.exp(-y)) - t) / len(t))
        return losses.mean(axis=(1, 2)), dx

    def _note(self, name: str, loss: Array, size: int) -> None:
        self.sums[name] += loss * size

    def _update(self, name: str, rates: Mapping[str, Array], before_update: BeforeUpdate | None) -> None:
        if before_update is not None:
            before_update(name)
        self.updates[name].step(rates[name])

    def losses(self) -> dict[str, Array]:
        return {LOSSES[name]: total / self.examples for name, total in self.sums.items()}

    def state(self) -> TrainingState:
        arrays = {"pair/order": self.order, **{f"pair/{name}": total for name, total in self.sums.items()}}
        for name, update in self.updates.items():
            arrays |= {f"optimizer/{name}/{path}": array for path, array in update.state().items()}
        return TrainingState(arrays, {name: streams.state() for name, streams in self._streams().items()})

    def load_state(self, state: TrainingState) -> None:
        state.fill({"pair/order": self.order, **{f"pair/{name}": total for name, total in self.sums.items()}})
        for name, update in self.updates.items():
            update.load_state(state.section(f"optimizer/{name}"))
        for name, streams in self._streams().items():
            streams.load_state(state.numbers[name])

    def _streams(self) -> dict[str, Streams]:
        dropout = {f"dropout/{name}": network.dropout_streams for name, network in self.networks.items()}
        return {"order": self.order_streams, "latent": self.latent_streams, **dropout}

    def select(self, rows: Array) -> "Adversaries":
        networks = {name: network.select(rows, network.memory.fresh()) for name, network in self.networks.items()}
        return Adversaries(
            networks,
            {name: update.select(rows, networks[name]) for name, update in self.updates.items()},
            self.points,
            self.order_streams.select(rows),
            self.latent_streams.select(rows),
            batch_size=self.batch_size,
        )


class Distance:
    """Stands for an Evaluator of the generator: how far the mean of what it makes is from that of the points."""

    def __init__(self, network: Network, mean: Array) -> None:
        self.network, self.mean = network, mean

    def evaluate(self) -> dict[str, Array]:
        latent = np.random.default_rng(0).standard_normal((50, LATENT))
        made = self.network.forward(latent).mean(axis=1)
        return {"distance": np.sqrt(((made - self.mean) ** 2).sum(axis=1))}

    def select(self, rows: Array, network: Network) -> "Distance":
        return Distance(network, self.mean)


def points() -> Array:
    """A cloud about (1.5, −1) [40, 2]."""
    return np.random.default_rng(5).standard_normal((40, 2)) * 0.3 + [1.5, -1.0]


@dataclass
class Pair:
    """Three members by default, of which any can be trained alone.

    Attributes:
        rates: base learning rates by network.
        stopping: for the members in these places.
        first: what the discriminator begins with, a layer with state.
    """

    seeds: Sequence[int] = (1, 2, 1)
    rates: tuple[Sequence[float], Sequence[float]] = ((0.02, 0.01, 0.03), (0.2, 0.1, 0.05))
    stopping: Callable[[Sequence[int]], EarlyStopping] | None = None
    first: Layer = field(default_factory=lambda: RunningCentre(momentum=0.001))
    with_evaluator: bool = True

    def population(self, members: Sequence[int] | None = None) -> Population:
        """A population of some of the members; all of them by default."""
        rows = list(range(len(self.seeds))) if members is None else list(members)
        keys = {
            name: [Key(self.seeds[row], network=number) for row in rows]
            for number, name in enumerate((GENERATOR, DISCRIMINATOR))
        }
        hidden: dict[str, Layer] = {"0": Dense(4), "0.activation": Tanh()}
        layers: dict[str, dict[str, Layer]] = {
            GENERATOR: {**hidden, "1": Dense(2)},
            DISCRIMINATOR: {"first": self.first, **hidden, "1": Dropout(0.2), "2": Dense(1)},
        }
        networks = {
            name: Network(plan(Chain(each), (2,)), len(self.seeds), Memory(np.float64)) for name, each in layers.items()
        }
        networks = {name: network.select(np.array(rows), network.memory) for name, network in networks.items()}
        updates = {GENERATOR: Update(Adam()), DISCRIMINATOR: Update(Sgd(0.5))}
        for name, network in networks.items():
            network.initialize(keys[name])
            updates[name].bind(network)
        order, latent = (Streams(each, Purpose.ORDER) for each in keys.values())
        data = points()
        schedules: dict[str, Schedule] = {GENERATOR: Exponential(0.98), DISCRIMINATOR: Plateau(0.95, 1, 0.0)}
        evaluators: dict[str, Evaluator] = {}
        if self.with_evaluator:
            evaluators["validation"] = Distance(networks[GENERATOR], data.mean(axis=0))  # type: ignore[assignment]
        return Population(
            Adversaries(networks, updates, data, order, latent, batch_size=16),
            {name: np.array(rates)[rows][:, None] for name, rates in zip(networks, self.rates, strict=True)},
            schedules,
            None if self.stopping is None else self.stopping(rows),
            evaluators,
        )
