"""One row for every loss with a last activation that it is used with: what `test_losses.py` is run on."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nntrain.arrays import Array
from nntrain.memory import Memory
from nntrain.nn.activations import Linear, Sigmoid, Softmax, Step, Tanh
from nntrain.nn.blueprint import plan
from nntrain.nn.dense import Dense
from nntrain.nn.initializers import Normal
from nntrain.nn.layer import Layer
from nntrain.nn.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    HalfSquaredError,
    Huber,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    Perceptron,
)
from nntrain.nn.network import Network
from nntrain.streams import Key
from tests.nn.chains import chain

Targets = Callable[[np.random.Generator, int, int, int], Array]


def one_hot(rng: np.random.Generator, members: int, examples: int, classes: int) -> Array:
    return np.eye(classes)[rng.integers(classes, size=(members, examples))]


def zero_or_one(rng: np.random.Generator, members: int, examples: int, outputs: int) -> Array:
    return rng.integers(2, size=(members, examples, outputs)).astype(np.float64)


def real(rng: np.random.Generator, members: int, examples: int, outputs: int) -> Array:
    return rng.standard_normal((members, examples, outputs))


@dataclass(frozen=True)
class LossRow:
    """A loss under test.

    Attributes:
        name: of the test case.
        loss: not yet bound.
        last: the network's last activation.
        targets: draws targets [M, N, K].
        outputs: K.
    """

    name: str
    loss: Loss
    last: Layer
    targets: Targets
    outputs: int


LOSSES = (
    LossRow("cross-entropy", CrossEntropy(), Softmax(), one_hot, 4),
    LossRow("cross-entropy-two-classes", CrossEntropy(), Softmax(), one_hot, 2),
    LossRow("cross-entropy-smoothed", CrossEntropy(label_smoothing=0.1), Softmax(), one_hot, 4),
    LossRow("binary-cross-entropy", BinaryCrossEntropy(), Sigmoid(), zero_or_one, 1),
    LossRow("multilabel", BinaryCrossEntropy(), Sigmoid(), zero_or_one, 4),
    LossRow("multilabel-smoothed", BinaryCrossEntropy(label_smoothing=0.2), Sigmoid(), zero_or_one, 4),
    LossRow("mean-squared-error", MeanSquaredError(), Linear(), real, 4),
    LossRow("mean-squared-error-of-one", MeanSquaredError(), Linear(), real, 1),
    LossRow("mean-squared-error-tanh", MeanSquaredError(), Tanh(), real, 4),
    LossRow("mean-squared-error-softmax", MeanSquaredError(), Softmax(), one_hot, 4),
    LossRow("half-squared-error", HalfSquaredError(), Linear(), real, 4),
    LossRow("half-squared-error-sigmoid", HalfSquaredError(), Sigmoid(), zero_or_one, 4),
    LossRow("mean-absolute-error", MeanAbsoluteError(), Linear(), real, 4),
    LossRow("huber", Huber(), Linear(), real, 4),
    LossRow("huber-0.5", Huber(delta=0.5), Linear(), real, 4),
    LossRow("huber-tanh", Huber(delta=0.3), Tanh(), real, 4),
    LossRow("perceptron", Perceptron(), Step(), zero_or_one, 1),
    LossRow("perceptrons", Perceptron(), Step(), zero_or_one, 4),
)


def network_for(row: LossRow, keys: list[Key], dtype: type[np.floating] = np.float64) -> Network:
    """An initialized network 3-K with the row's last activation."""
    dense = Dense(row.outputs, bias_initializer=Normal(0.0, 0.5))
    network = Network(plan(chain([("0", dense), ("0", row.last)]), (3,)), len(keys), Memory(dtype))
    network.initialize(keys)
    return network
