"""A network straight from layer descriptions, for teaching, tests and notebooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import isfunction
from typing import Any

import numpy as np
from pydantic import Field, ValidationError

from nntrain.arrays import Shape
from nntrain.assembly.footprint import drawing_bytes, refuse_beyond
from nntrain.assembly.layers import NetworkShapeError, build_blueprint, initial_overflow
from nntrain.config.network import DenseConfig, LayerConfig, NetworkConfig
from nntrain.config.numbers import unfit
from nntrain.config.vocabulary import VOCABULARY
from nntrain.errors import UserError
from nntrain.language.mistake import Mistake
from nntrain.language.plain import plain_values
from nntrain.language.section import Section
from nntrain.language.values import LARGEST_INTEGER
from nntrain.memory import Memory
from nntrain.nn.layer import MOST_AXES, Layer, ShapeError
from nntrain.nn.network import Network
from nntrain.streams import Key
from nntrain.visible import Lines, lines_of

_OF_MEMBER = 256  # bytes of its keys and settings, at least


class _Layers(Section):
    network: NetworkConfig = Field(description="The layers, in order.")


def build_network(
    layers: Sequence[Mapping[str, Any] | str | Layer],
    *,
    input_shape: Shape,
    members: int = 1,
    seed: int = 0,
    dtype: str = "float32",
) -> Network:
    """Build and initialize a network from layers as a config lists them.

    Args:
        layers: such as [{"type": "dense", "units": 8, "activation": "tanh"}, {"type": "dense", "units": 3}]; layers of
            your own (`nntrain.Operation`, `nntrain.nn.layer.Layer`) may stand beside these.
        input_shape: of one example.
        members: M; member m starts from seed + m.
        seed: of the first member.
        dtype: float32 or float64.

    Raises:
        UserError: a layer is invalid or none, a shape does not fit, units or an activation is `auto`, which needs data,
            a hyperparameter has values for another number of members, or another argument makes no sense.
    """
    _check_arguments(layers, input_shape, members, seed, dtype)
    own = {place: layer for place, layer in enumerate(layers) if isinstance(layer, Layer)}
    configs = _configs(layers, dtype)
    try:
        alone = build_blueprint([configs], tuple(input_shape), own)
    except NetworkShapeError as error:
        raise UserError(f"network.{error.position}: {error}") from error
    needed = drawing_bytes(alone, members, np.dtype(dtype).itemsize) + _OF_MEMBER * members
    refuse_beyond(needed, "this network", "give its layers fewer units, or take fewer members")
    blueprint = build_blueprint([configs] * members, tuple(input_shape), own)
    for mistake in initial_overflow(configs, blueprint, dtype):
        raise UserError(mistake.message)
    network = Network(blueprint, members, Memory(np.dtype(dtype)))
    try:
        network.initialize([Key(seed + member) for member in range(members)])
    except ValueError as error:
        raise UserError(str(error)) from error
    if own:
        _try(network)
    return network


def _check_arguments(layers: object, input_shape: object, members: object, seed: object, dtype: object) -> None:
    """UserError for arguments that make no sense, whatever the layers are."""
    fits = _is_whole(members, 1) and _is_whole(seed, 0) and isinstance(dtype, str) and dtype in ("float32", "float64")
    if not fits:
        raise UserError(
            "members must be at least 1, seed at least 0 and dtype float32 or float64; "
            f"got members={members!r}, seed={seed!r}, dtype={dtype!r}"
        )
    if not isinstance(layers, Sequence):
        raise UserError(f"layers must be a list, got {layers!r}")
    for place, layer in enumerate(layers):
        _refuse_what_is_no_layer(place, layer)
    if not isinstance(input_shape, Sequence) or not all(_is_whole(size, 1) for size in input_shape):
        raise UserError(f"input_shape must be a tuple of sizes such as (4,) or (28, 28), got {input_shape!r}")
    if len(input_shape) > MOST_AXES:
        raise UserError(f"input_shape has {len(input_shape)} axes, but an example may have at most {MOST_AXES}")


def _configs(layers: Sequence[Mapping[str, Any] | str | Layer], dtype: str) -> Sequence[LayerConfig]:
    """The layers as a config has them, with `linear` in the place of each of one's own. Raises UserError."""
    others = ["linear" if isinstance(layer, Layer) else layer for layer in layers]
    try:
        configs = _Layers.model_validate(plain_values({"network": others})).network
    except ValidationError as error:
        from nntrain.language.explain import explain  # here, for most layers are right

        raise UserError(Lines(*(_text(mistake) for mistake in explain(error, _Layers, VOCABULARY)))) from error
    beyond = list(unfit(configs, dtype, ("network",), NetworkConfig))
    if beyond:
        raise UserError(Lines(*map(_text, beyond)))
    for position, layer in enumerate(configs):
        if isinstance(layer, DenseConfig) and "auto" in (layer.units, layer.activation):
            raise UserError(f"network.{position}: auto needs data to go by; name the units and the activation")
    names = [layer.name for layer in configs if layer.name is not None]
    if len(set(names)) < len(names):
        raise UserError(f"network: two layers have one name; their names are {', '.join(names)}")
    return configs


def _try(network: Network) -> None:
    """Bind a network for one example: what its layers find out by that is said now, and as a UserError."""
    memory = network.memory.fresh()
    try:
        network.bind(memory.empty((1, 1, *network.blueprint.input.shape)), training=True, memory=memory)
    except ShapeError as error:
        raise UserError(str(error)) from error


def _refuse_what_is_no_layer(place: int, layer: object) -> None:
    """UserError for a class, a function or some other object that is neither a layer nor what a config could hold."""
    if isinstance(layer, Layer | Mapping | Sequence | int | float | None) or hasattr(layer, "dtype"):
        return
    got = f"an object of type {type(layer).__name__}"
    if isinstance(layer, type):
        got = f"the class {layer.__name__}"
        got += f"; a layer is made with {layer.__name__}(…)" if issubclass(layer, Layer) else ""
    elif isfunction(layer):
        got = f"the function {layer.__name__}"
    raise UserError(
        f"network.{place} must be a type such as 'relu', a mapping with a type, or a layer of your own "
        f"(nntrain.Operation), got {got}"
    )


def _is_whole(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= LARGEST_INTEGER


def _text(mistake: Mistake) -> str:
    hint = f" ({'; '.join(lines_of(mistake.hint))})" if mistake.hint else ""
    path = ".".join(map(str, mistake.path))
    return f"{mistake.message}{hint}" if mistake.message.startswith(path) else f"{path}: {mistake.message}{hint}"
