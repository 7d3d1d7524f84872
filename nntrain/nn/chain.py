"""Layers one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from nntrain.arrays import Array
from nntrain.nn.layer import Bound, Call, Layer, Plan, ShapeError, Signal, Site, Value


@dataclass(frozen=True)
class Chain(Layer):
    """y = f_n(… f_2(f_1(x))). A chain without layers is y = x.

    Attributes:
        layers: by name, in order; parameters go by the names along the way, such as `0.w`.
    """

    is_composition: ClassVar[bool] = True
    is_sequence: ClassVar[bool] = True

    layers: Mapping[str, Layer]

    @property
    def children(self) -> Mapping[str, Layer]:
        """The layers."""
        return self.layers

    def plan(self, signal: Signal) -> Plan:
        """Each layer's plan for what the one before it puts out.

        Raises:
            ShapeError: a layer cannot take that; the text lists the shapes so far.
        """
        plans: dict[str, Plan] = {}
        shapes = [signal.shape]
        for name, layer in self.layers.items():
            try:
                plans[name] = layer.plan(signal)
            except ShapeError as error:
                trail = " → ".join(map(str, shapes))
                message = str(error) if error.path else f"{error} (shapes up to here: {trail})"
                raise ShapeError(message, (name, *error.path)) from error
            signal = plans[name].output
            shapes.append(signal.shape)
        return Plan(signal, children=plans)

    def bind(self, x: Value, site: Site) -> Bound:
        """The layers' calls one after the other; backward, it ends where nobody wants a gradient any more."""
        parts: list[Bound] = []
        for name, layer in self.layers.items():
            parts.append(site.bind(name, layer, parts[-1].y if parts else x))
        learns = [site.learns(name) for name in self.layers]

        def turn(dy: Array, wants_dx: bool) -> tuple[Array | None, list[Call]]:
            calls: list[Call] = []
            dx: Array | None = dy
            for index in reversed(range(len(parts))):
                wanted = wants_dx or any(learns[:index])
                if dx is None or not (wanted or learns[index]):
                    return None, calls
                dx, more = parts[index].turn(dx, wanted)
                calls += more
            return dx, calls

        return Bound(parts[-1].y if parts else x, [call for part in parts for call in part.forward], turn)


def without_last(layer: Layer, kind: type[Layer]) -> Layer:
    """A chain without its last layer if that is of a kind: a loss computes it itself. Anything else is as it is."""
    if not isinstance(layer, Chain) or not layer.layers:
        return layer
    name, last = [*layer.layers.items()][-1]
    rest = {other: each for other, each in layer.layers.items() if other != name}
    if isinstance(last, kind):
        return replace(layer, layers=rest)
    shorter = without_last(last, kind)
    return layer if shorter is last else replace(layer, layers={**rest, name: shorter})
