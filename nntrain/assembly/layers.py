"""From layer configs to a planned network.

Every function takes the configs of all members of a population, one for each member: they differ in columns only, so
the first one says which object to make, and its columns are gathered from all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import assert_never

import numpy as np

from nntrain.arrays import Shape
from nntrain.config import activations as act
from nntrain.config import initializers as init
from nntrain.config import network as layers
from nntrain.language.anatomy import Path, dotted
from nntrain.language.mistake import Mistake
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
from nntrain.nn.blueprint import Blueprint, plan
from nntrain.nn.chain import Chain
from nntrain.nn.dense import Dense
from nntrain.nn.dropout import Dropout
from nntrain.nn.initializers import (
    Constant,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    Initializer,
    LecunNormal,
    Normal,
    OfMembers,
    Orthogonal,
    Uniform,
    Values,
)
from nntrain.nn.layer import Layer, ShapeError
from nntrain.nn.reshape import Flatten, Reshape


class NetworkShapeError(ShapeError):
    """A shape does not fit a layer. `position` is the layer's in the config's list."""

    def __init__(self, error: ShapeError, position: int) -> None:
        super().__init__(str(error), error.path)
        self.position = position


def build_blueprint(
    networks: Sequence[Sequence[layers.LayerConfig]], input_shape: Shape, own: Mapping[int, Layer] | None = None
) -> Blueprint:
    """Plan the network that these layer lists describe (one list for each member).

    Args:
        networks: the lists.
        input_shape: of one example.
        own: layers that stand in for those of the config at their positions.

    Raises:
        NetworkShapeError: a layer cannot take the shape that reaches it.
    """
    chain: dict[str, Layer] = {}
    of_layers = zip(layer_names(networks[0]), zip(*networks, strict=True), strict=True)
    for position, (name, variants) in enumerate(of_layers):
        layers_of = {"": own[position]} if own and position in own else _build_layer(variants)
        chain |= {f"{name}{ending}": layer for ending, layer in layers_of.items()}
    try:
        return plan(Chain(chain), input_shape)
    except ShapeError as error:
        raise NetworkShapeError(error, Positions(networks[0]).of(error.path[0])) from error


ACTIVATION = ".activation"
"""What is added to a layer's name for the activation that it ends with."""


def layer_names(network: Sequence[layers.LayerConfig]) -> tuple[str, ...]:
    """The names that the layers of a config go by: their own, or their positions."""
    return tuple(layer.name or str(position) for position, layer in enumerate(network))


class Positions:
    """The positions in a config's list of the layers to which paths in the network belong."""

    def __init__(self, network: Sequence[layers.LayerConfig]) -> None:
        self._of_name = {name: position for position, name in enumerate(layer_names(network))}

    def of(self, path: str) -> int:
        """The position of the layer whose name the path begins with; names have no dots."""
        return self._of_name[path.partition(".")[0]]


def initial_overflow(network: Sequence[layers.LayerConfig], blueprint: Blueprint, dtype: str) -> Iterator[Mistake]:
    """The mistake of each initializer that may draw numbers beyond a dtype."""
    largest = float(np.finfo(dtype).max)
    positions = Positions(network)
    for location in blueprint.params.values():
        reach = location.param.initializer.reach(location.param.shape)
        if reach > largest:
            setting = "initializer" if location.param.penalized else "bias_initializer"
            path: Path = ("network", positions.of(location.path), setting)
            drawn = f"numbers up to {reach:.2g}" if np.isfinite(reach) else "numbers that are infinite"
            beyond = f"beyond what {dtype} holds ({largest:.2g})"
            yield Mistake(path, f"{dotted(path)} may draw {drawn}, {beyond}: make them smaller")


def _described(values: Iterable[float]) -> OfMembers:
    """A hyperparameter as a description has it: a number where all members have the same, otherwise one for each."""
    each = tuple(map(float, values))
    return each[0] if len(set(each)) == 1 else each


def _build_layer(variants: Sequence[layers.LayerConfig]) -> dict[str, Layer]:
    """The layers of a config's layer, by what is added to its name."""
    first = variants[0]
    match first:
        case layers.DenseConfig():
            return _build_dense([v for v in variants if isinstance(v, layers.DenseConfig)])
        case layers.DropoutConfig():
            return {"": Dropout(_described(v.rate for v in variants if isinstance(v, layers.DropoutConfig)))}
        case layers.FlattenConfig():
            return {"": Flatten()}
        case layers.ReshapeConfig():
            return {"": Reshape(tuple(first.shape))}
        case _:
            return {"": build_activation(first)}


def _build_dense(variants: Sequence[layers.DenseConfig]) -> dict[str, Layer]:
    first = variants[0]
    if first.units == "auto" or first.activation == "auto":
        raise ValueError("units and activation must be resolved before a layer is built")
    bias = build_initializer([v.bias_initializer for v in variants]) if first.bias else None
    dense = Dense(first.units, build_initializer([v.initializer for v in variants]), bias)
    if isinstance(first.activation, act.LinearConfig):
        return {"": dense}
    return {"": dense, ACTIVATION: build_activation(first.activation)}


def build_activation(config: act.AnyActivation) -> Layer:
    """The activation that the config names; a layer of that type counts as its activation."""
    match config:
        case act.LinearConfig():
            return Linear()
        case act.StepConfig():
            return Step()
        case act.SigmoidConfig():
            return Sigmoid()
        case act.TanhConfig():
            return Tanh()
        case act.ReluConfig():
            return Relu()
        case act.LeakyReluConfig():
            return LeakyRelu(config.alpha)
        case act.EluConfig():
            return Elu(config.alpha)
        case act.GeluConfig():
            return Gelu()
        case act.SoftplusConfig():
            return Softplus()
        case act.SoftmaxConfig():
            return Softmax()
        case _:
            assert_never(config)


def build_initializer(variants: Sequence[init.AnyInitializer]) -> Initializer:
    """The initializer that the configs name, with its scales gathered from all of them."""
    first = variants[0]

    def gathered(name: str) -> OfMembers:
        return _described(getattr(variant, name) for variant in variants)

    match first:
        case init.GlorotUniformConfig():
            return GlorotUniform(gathered("gain"))
        case init.GlorotNormalConfig():
            return GlorotNormal(gathered("gain"))
        case init.HeUniformConfig():
            return HeUniform(gathered("gain"))
        case init.HeNormalConfig():
            return HeNormal(gathered("gain"))
        case init.LecunNormalConfig():
            return LecunNormal(gathered("gain"))
        case init.OrthogonalConfig():
            return Orthogonal(gathered("gain"))
        case init.UniformConfig():
            return Uniform(gathered("low"), gathered("high"))
        case init.NormalConfig():
            return Normal(gathered("mean"), gathered("std"))
        case init.ZerosConfig():
            return Constant(0.0)
        case init.ConstantConfig():
            return Constant(gathered("value"))
        case init.ValuesConfig():
            return Values.of(first.values)
        case _:
            assert_never(first)
