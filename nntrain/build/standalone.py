"""A network straight from layer descriptions, for teaching, tests and notebooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pydantic import ValidationError

from nntrain.arrays import Shape
from nntrain.build.layers import build_blueprint
from nntrain.config.explain import Mistake, explain
from nntrain.config.network import DenseConfig, NetworkConfig
from nntrain.config.section import Section
from nntrain.errors import UserError
from nntrain.nn.layer import Memory
from nntrain.nn.network import Network, NetworkShapeError
from nntrain.streams import Key


class _Layers(Section):
    network: NetworkConfig


def build_network(
    layers: Sequence[Mapping[str, Any] | str],
    *,
    input_shape: Shape,
    members: int = 1,
    seed: int = 0,
    dtype: str = "float32",
) -> Network:
    """Build and initialize a network from layers as a config lists them.

    Args:
        layers: such as [{"type": "dense", "units": 8, "activation": "tanh"}, {"type": "dense", "units": 3}].
        input_shape: of one example.
        members: M; member m starts from seed + m.
        seed: of the first member.
        dtype: float32 or float64.

    Raises:
        UserError: a layer is invalid, a shape does not fit, or units or an activation is `auto`, which needs data.
    """
    try:
        configs = _Layers.model_validate({"network": list(layers)}).network
    except ValidationError as error:
        raise UserError("\n".join(_text(mistake) for mistake in explain(error, _Layers))) from error
    for place, layer in enumerate(configs):
        if isinstance(layer, DenseConfig) and "auto" in (layer.units, layer.activation):
            raise UserError(f"network.{place}: auto needs data to go by; name the units and the activation")
    try:
        blueprint = build_blueprint([configs] * members, tuple(input_shape))
    except NetworkShapeError as error:
        raise UserError(f"network.{error.position}: {error}") from error
    network = Network(blueprint, members, Memory(np.dtype(dtype)))
    network.initialize([Key(seed + member) for member in range(members)])
    return network


def _text(mistake: Mistake) -> str:
    hint = " (" + mistake.hint.replace("\n", "; ") + ")" if mistake.hint else ""
    return f"{'.'.join(map(str, mistake.path))}: {mistake.message}{hint}"
