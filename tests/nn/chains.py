"""Chains for tests, from lists of names and layers."""

from collections.abc import Iterable

from nntrain.nn.chain import Chain
from nntrain.nn.layer import Layer


def chain(named: Iterable[tuple[str, Layer]]) -> Chain:
    """The layers one after the other; the second of a name is the activation of the first."""
    layers: dict[str, Layer] = {}
    for name, layer in named:
        layers[f"{name}.activation" if name in layers else name] = layer
    return Chain(layers)
