"""What the numbers of `health` say: warnings of one line, once for each layer and kind.

The signs, and the bounds beyond which they are told:

dead          at least DEAD of a ReLU layer's units are dead
saturated     at least DEAD of a sigmoid or tanh layer's units are saturated
vanishing     the gradient of a layer is less than 1/FAR of the last layer's. A sigmoid's derivative is at most 1/4, so
              nine of them are enough (Glorot & Bengio 2010; "vanishing gradients" in the lectures).
exploding     the gradient of a layer is more than FAR times the last layer's, or what a layer puts out is more than FAR
              times the network's inputs, or an update is larger than the weights it changes

Networks that learn well keep all of these within two or three powers of ten. A sign is told when it was there in two
measurements one after the other, because the first epoch is turbulent. Two signs are certain and told at once: where
all units are dead nothing flows back that could revive them, and nobody returns from FAR times FAR.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nntrain.data.gathering import Remark, gathered
from nntrain.diagnosis.health import layer_name
from nntrain.errors import RunError
from nntrain.nn.activations import LeakyRelu, Relu, Sigmoid, Tanh
from nntrain.nn.blueprint import Blueprint

DEAD = 0.9
FAR = 1e4
_MEASUREMENTS = 2
_NAMES_SHOWN = 5


@dataclass(frozen=True)
class _Sign:
    """Something bad about a layer: its kind, how bad, and whether there is no hope that it passes."""

    kind: str
    layer: str
    value: float
    certain: bool = False


class Symptoms:
    """Watches the epochs of one network. What it says depends on nothing but the values that it is shown.

    Args:
        blueprint: of the network.
    """

    def __init__(self, blueprint: Blueprint) -> None:
        leaves = [(layer_name(leaf.path), leaf) for leaf in blueprint.leaves]
        self._trainable = [name for name, leaf in leaves if leaf.params]
        self._names = list(dict.fromkeys(name for name, _ in leaves))
        self._layers = {name: leaf.layer for name, leaf in leaves}  # the last of one name: its activation
        self._units = {name: leaf.output[-1] for name, leaf in leaves}
        self._seen: dict[tuple[str, str], int] = {}
        self._told: set[tuple[str, str]] = set()

    def observe(self, epoch: int, values: Mapping[str, float]) -> list[str]:
        """What is to be said after an epoch (counted from 1) whose record has these values by name."""
        if not any(f"gradient_norm.{name}" in values for name in self._trainable):
            return []
        signs = list(self._signs(values))
        self._seen = {(s.kind, s.layer): self._seen.get((s.kind, s.layer), 0) + 1 for s in signs}
        by_kind: dict[str, list[_Sign]] = {}
        for sign in signs:
            if (sign.kind, sign.layer) not in self._told:
                by_kind.setdefault(sign.kind, []).append(sign)
        messages: list[Remark] = []
        for kind, new in by_kind.items():
            # Of several layers all are told with the first, so that there is one line.
            if any(sign.certain or self._seen[kind, sign.layer] >= _MEASUREMENTS for sign in new):
                self._told |= {(kind, sign.layer) for sign in new}
                messages.append((f"that are {kind.split()[0]}", new[0].layer, self._message(kind, new, epoch)))
        return gathered(messages, noun="layer")

    def state(self) -> dict[str, list[list[Any]]]:
        """What was seen and told so far, as JSON has it."""
        seen = [[kind, layer, count] for (kind, layer), count in sorted(self._seen.items())]
        return {"seen": seen, "told": [list(sign) for sign in sorted(self._told)]}

    def load_state(self, state: object) -> None:
        """Take over what `state` gave. Raises RunError where it is something else."""
        try:
            if not isinstance(state, dict):
                raise TypeError
            self._seen = {(str(kind), str(layer)): int(count) for kind, layer, count in state["seen"]}
            self._told = {(str(kind), str(layer)) for kind, layer in state["told"]}
        except (LookupError, TypeError, ValueError):
            raise RunError("it does not say which symptoms its layers had") from None

    def _signs(self, values: Mapping[str, float]) -> Iterator[_Sign]:
        """Everything bad in these values."""
        blocked = -1  # the highest layer that lets no gradient through
        for index, name in enumerate(self._names):
            for kind in ("dead", "saturated"):
                fraction = _value(values, f"{kind}.{name}")
                if fraction >= DEAD:
                    blocked = index
                    yield _Sign(f"{kind} {name}", name, fraction, certain=kind == "dead" and fraction == 1)
            growth = _value(values, f"growth.{name}")
            if growth > FAR:
                yield _Sign("growth", name, growth, certain=growth > FAR**2)
        last = _value(values, f"gradient_norm.{self._trainable[-1]}")
        for name in self._trainable:
            share = _value(values, f"gradient_norm.{name}") / last if last else math.nan
            if share > FAR:
                yield _Sign("gradient", name, share, certain=share > FAR**2)
            elif share < 1 / FAR and self._names.index(name) > blocked:
                yield _Sign("vanishing", name, share, certain=share < FAR**-2)
            if _value(values, f"update_ratio.{name}") > 1:
                yield _Sign("update", name, values[f"update_ratio.{name}"])

    def _message(self, kind: str, signs: list[_Sign], epoch: int) -> str:
        first, last, names = signs[0], self._trainable[-1], _layers([sign.layer for sign in signs])
        match kind:
            case "vanishing":
                return (
                    f"the gradient vanishes on its way back: layer {first.layer} gets {first.value:.1e} of what layer "
                    f"{last} gets, and {names} hardly {'learns' if len(signs) == 1 else 'learn'}: "
                    f"{self._cure(first.layer)}, or fewer layers"
                )
            case "gradient":
                return (
                    f"the gradient explodes on its way back: layer {first.layer} gets {first.value:.1e} times what "
                    f"layer {last} gets ({names}): start from smaller weights (initializer: glorot_uniform), or set "
                    "regularization.clip_norm"
                )
            case "growth":
                worst = max(signs, key=lambda sign: sign.value)
                return (
                    f"activations explode: what layer {worst.layer} puts out is {worst.value:.1e} times the size of "
                    f"the inputs ({names}): start from smaller weights ({self._initializer(worst.layer)}), or lower "
                    "optimizer.learning_rate"
                )
            case "update":
                worst = max(signs, key=lambda sign: sign.value)
                return (
                    f"updates explode: one changed layer {worst.layer} by {worst.value:.2g} times its size ({names}): "
                    "lower optimizer.learning_rate"
                )
        return self._blocked(first, epoch)

    def _blocked(self, sign: _Sign, epoch: int) -> str:
        """The message about a layer that is dead or saturated."""
        share = "all" if sign.value == 1 else f"{sign.value:.0%}"
        units = f"{share} of its {self._units[sign.layer]:,} {self._layers[sign.layer].kind} units"
        if sign.kind.startswith("saturated"):
            return (
                f"layer {sign.layer} is saturated: {units} are at one of their bounds for every example, where the "
                "gradient vanishes: scale the inputs, start from smaller weights (initializer: glorot_uniform), or "
                "lower optimizer.learning_rate"
            )
        cure = (
            "start from other weights (initializer: he_normal, bias_initializer: zeros), or lower "
            "optimizer.learning_rate"
            if epoch == 1
            else "lower optimizer.learning_rate, or use leaky_relu"
        )
        return (
            f"layer {sign.layer} is dead: {units} put out 0 for every example, so it passes nothing on and no gradient "
            f"back: {cure}"
        )

    def _cure(self, layer: str) -> str:
        if isinstance(self._layers[layer], Sigmoid | Tanh):
            return "use activation: relu with initializer: he_normal"
        return f"start from larger weights ({self._initializer(layer)})"

    def _initializer(self, layer: str) -> str:
        relu = isinstance(self._layers[layer], Relu | LeakyRelu)
        return f"initializer: {'he_normal' if relu else 'glorot_uniform'}"


def _value(values: Mapping[str, float], name: str) -> float:
    """A value, or NaN, which is neither too large nor too small."""
    return values.get(name, math.nan)


def _layers(names: list[str]) -> str:
    """Names for a message: "layer 0", "layers 0, 1, 2"; of many the first ones."""
    if len(names) == 1:
        return f"layer {names[0]}"
    more = len(names) - _NAMES_SHOWN
    shown = ", ".join(names[:_NAMES_SHOWN])
    return f"layers {shown} and {more} more" if more > 0 else f"layers {shown}"
