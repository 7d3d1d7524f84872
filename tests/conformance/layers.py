"""One row for every layer and activation: what each test of `test_layers.py` is run on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from nntrain.arrays import Array, Shape
from nntrain.memory import Memory
from nntrain.nn.activations import (
    Elu,
    Gelu,
    LeakyRelu,
    Linear,
    Relu,
    Sigmoid,
    Softmax,
    Softplus,
    Step,
    Tanh,
)
from nntrain.nn.blueprint import plan
from nntrain.nn.branches import Branches
from nntrain.nn.chain import Chain
from nntrain.nn.dense import Dense
from nntrain.nn.dropout import Dropout
from nntrain.nn.initializers import Normal, Orthogonal
from nntrain.nn.layer import Layer
from nntrain.nn.network import Network
from nntrain.nn.reshape import Flatten, Reshape
from nntrain.nn.residual import Residual
from nntrain.streams import Key
from tests.nn.chains import chain
from tests.nn.toys import RunningCentre


@dataclass(frozen=True)
class LayerRow:
    """A layer under test.

    Attributes:
        name: of the test case.
        make: the layer, for a population of M members.
        input_shape: of one example.
        random: whether a training pass draws random numbers.
    """

    name: str
    make: Callable[[int], Layer]
    input_shape: Shape = (4,)
    random: bool = False


def _rates(members: int) -> tuple[float, ...]:
    return tuple(np.linspace(0.2, 0.6, members).tolist())


def _chain(units: int) -> Chain:
    return Chain({"0": Dense(units, bias_initializer=Normal(0.0, 0.5)), "0.activation": Tanh()})


def _branches(*units: int) -> dict[str, Layer]:
    return {**{f"of-{place}": _chain(each) for place, each in enumerate(units)}, "straight": Dense(units[0])}


LAYERS = (
    LayerRow("dense", lambda _: Dense(3, bias_initializer=Normal(0.0, 0.5))),
    LayerRow("dense-without-bias", lambda _: Dense(5, Orthogonal(), bias_initializer=None)),
    LayerRow("dense-of-one-unit", lambda _: Dense(1, bias_initializer=Normal(0.0, 0.5)), (1,)),
    LayerRow("linear", lambda _: Linear()),
    LayerRow("step", lambda _: Step()),
    LayerRow("sigmoid", lambda _: Sigmoid()),
    LayerRow("tanh", lambda _: Tanh()),
    LayerRow("relu", lambda _: Relu()),
    LayerRow("leaky-relu", lambda _: LeakyRelu()),
    LayerRow("leaky-relu-0", lambda _: LeakyRelu(alpha=0.0)),
    LayerRow("leaky-relu-0.3", lambda _: LeakyRelu(alpha=0.3)),
    LayerRow("elu", lambda _: Elu()),
    LayerRow("elu-0.3", lambda _: Elu(alpha=0.3)),
    LayerRow("elu-2", lambda _: Elu(alpha=2.0)),
    LayerRow("gelu", lambda _: Gelu()),
    LayerRow("softplus", lambda _: Softplus()),
    LayerRow("softmax", lambda _: Softmax()),
    LayerRow("relu-on-images", lambda _: Relu(), (2, 3, 1)),
    LayerRow("gelu-on-images", lambda _: Gelu(), (2, 3, 1)),
    LayerRow("dropout", lambda _: Dropout(0.4), random=True),
    LayerRow("dropout-column", lambda members: Dropout(_rates(members)), random=True),
    LayerRow("dropout-on-images", lambda _: Dropout(0.4), (2, 3, 1), random=True),
    LayerRow("dropout-of-nothing", lambda _: Dropout(0.0), random=True),
    LayerRow("flatten", lambda _: Flatten(), (2, 3)),
    LayerRow("flatten-images", lambda _: Flatten(), (2, 3, 2)),
    LayerRow("flatten-a-vector", lambda _: Flatten()),
    LayerRow("reshape", lambda _: Reshape((2, -1)), (6,)),
    LayerRow("reshape-to-itself", lambda _: Reshape((4,))),
    LayerRow("chain", lambda _: _chain(3)),
    LayerRow("chain-of-nothing", lambda _: Chain({})),
    LayerRow("chain-in-a-chain", lambda _: Chain({"a": _chain(5), "b": Chain({}), "c": _chain(2)})),
    LayerRow("residual", lambda _: Residual(_chain(4))),
    LayerRow("residual-with-projection", lambda _: Residual(_chain(3), Dense(3, bias_initializer=None))),
    LayerRow("residual-in-a-residual", lambda _: Residual(Chain({"a": Residual(_chain(4)), "b": _chain(4)}))),
    LayerRow("residual-of-nothing", lambda _: Residual(Chain({}))),
    LayerRow("residual-with-dropout", lambda members: Residual(Dropout(_rates(members))), random=True),
    LayerRow("branches", lambda _: Branches(_branches(3, 3))),
    LayerRow("branches-average", lambda _: Branches(_branches(3, 3), "average")),
    LayerRow("branches-multiply", lambda _: Branches(_branches(3, 3), "multiply")),
    LayerRow("branches-concatenate", lambda _: Branches(_branches(3, 2), "concatenate")),
    LayerRow("branches-on-images", lambda _: Branches({"a": Relu(), "b": Gelu()}, "concatenate"), (2, 3, 1)),
    LayerRow("branches-of-one", lambda _: Branches({"a": _chain(3)})),
    LayerRow("branches-with-a-view", lambda _: Branches({"a": Linear(), "b": Flatten(), "c": Sigmoid()})),
)

# What nntrain's own layers do not do yet: carry state.
TOYS = (
    LayerRow("state", lambda _: RunningCentre()),
    LayerRow("state-that-follows", lambda _: RunningCentre(momentum=0.9)),
    LayerRow("state-in-a-residual", lambda _: Residual(RunningCentre())),
    LayerRow("state-on-images", lambda _: RunningCentre(), (2, 3, 1)),
)
ROWS = (*LAYERS, *TOYS)


def only(row: LayerRow, members: int) -> list[tuple[str, Layer]]:
    """The layer as the whole network: its input is the data."""
    return [("layer", row.make(members))]


def surrounded(row: LayerRow, members: int) -> list[tuple[str, Layer]]:
    """The layer between two dense ones, where it may write over its input."""
    size = int(np.prod(row.input_shape))
    arrange: list[tuple[str, Layer]] = [] if len(row.input_shape) == 1 else [("arrange", Reshape(row.input_shape))]
    before = [("before", Dense(size, bias_initializer=Normal(0.0, 0.5))), *arrange]
    return [*before, ("layer", row.make(members)), ("flat", Flatten()), ("after", Dense(3))]


PLACES: dict[str, Callable[[LayerRow, int], list[tuple[str, Layer]]]] = {"only": only, "surrounded": surrounded}


def network_of(row: LayerRow, place: str, keys: Sequence[Key], dtype: type[np.floating] = np.float64) -> Network:
    """An initialized network around the layer; `place` is one of PLACES."""
    network = Network(plan(chain(PLACES[place](row, len(keys))), input_shape_of(row, place)), len(keys), Memory(dtype))
    network.initialize(keys)
    return network


def input_shape_of(row: LayerRow, place: str) -> Shape:
    """The shape of one example at the network's input."""
    return row.input_shape if place == "only" else (3,)


def inputs(shape: Shape, seed: int) -> Array:
    """Normal numbers, none of them nearer to 0 than 0.01, where some activations have a kink."""
    x = np.random.default_rng(seed).standard_normal(shape)
    kept: Array = np.where(np.abs(x) < 0.01, 0.5, x)
    return kept
