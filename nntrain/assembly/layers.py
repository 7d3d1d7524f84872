"""From layer configs to a planned network.

Every function takes the configs of all members of a population, one for each member: they differ in columns only, so
the first one says which object to make, and its columns are gathered from all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import assert_never

import numpy as np

from nntrain.arrays import Array, Shape
from nntrain.assembly.columns import column
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
    Orthogonal,
    Uniform,
    Values,
)
from nntrain.nn.layer import Layer
from nntrain.nn.network import Blueprint, Named, plan
from nntrain.nn.reshape import Flatten, Reshape


def build_blueprint(networks: Sequence[Sequence[layers.LayerConfig]], input_shape: Shape) -> Blueprint:
    """Plan the network that these layer lists describe (one list for each member).

    Raises:
        NetworkShapeError: a layer cannot take the shape that reaches it.
    """
    named = []
    for position, variants in enumerate(zip(*networks, strict=True)):
        name = variants[0].name or str(position)
        named += [Named(name, layer, position) for layer in _build_layer(variants)]
    return plan(named, input_shape)


def initial_overflow(blueprint: Blueprint, dtype: str) -> Iterator[Mistake]:
    """The mistake of each initializer that may draw numbers beyond a dtype."""
    largest = float(np.finfo(dtype).max)
    for named, slots in zip(blueprint.layers, blueprint.slots, strict=True):
        for slot in slots:
            reach = slot.param.initializer.reach(slot.param.shape)
            if reach > largest:
                path: Path = ("network", named.position, "initializer" if slot.param.penalized else "bias_initializer")
                drawn = f"numbers up to {reach:.2g}" if np.isfinite(reach) else "numbers that are infinite"
                beyond = f"beyond what {dtype} holds ({largest:.2g})"
                yield Mistake(path, f"{dotted(path)} may draw {drawn}, {beyond}: make them smaller")


def _build_layer(variants: Sequence[layers.LayerConfig]) -> list[Layer]:
    first = variants[0]
    match first:
        case layers.DenseConfig():
            return _build_dense([v for v in variants if isinstance(v, layers.DenseConfig)])
        case layers.DropoutConfig():
            return [Dropout(rate=column(v.rate for v in variants if isinstance(v, layers.DropoutConfig)))]
        case layers.FlattenConfig():
            return [Flatten()]
        case layers.ReshapeConfig():
            return [Reshape(tuple(first.shape))]
        case _:
            return [build_activation(first)]


def _build_dense(variants: Sequence[layers.DenseConfig]) -> list[Layer]:
    first = variants[0]
    if first.units == "auto" or first.activation == "auto":
        raise ValueError("units and activation must be resolved before a layer is built")
    bias = build_initializer([v.bias_initializer for v in variants]) if first.bias else None
    dense = Dense(first.units, build_initializer([v.initializer for v in variants]), bias)
    if isinstance(first.activation, act.LinearConfig):
        return [dense]
    return [dense, build_activation(first.activation)]


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

    def gathered(name: str) -> Array:
        return column(getattr(variant, name) for variant in variants)

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
            return Values(np.asarray(first.values, dtype=np.float64))
        case _:
            assert_never(first)
