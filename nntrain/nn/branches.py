"""Layers beside each other: what they put out for one x is merged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Literal, assert_never

import numpy as np

from nntrain.arrays import Array
from nntrain.nn.layer import Bound, Call, Layer, Plan, ShapeError, Signal, Site, Value

Merge = Literal["add", "average", "multiply", "concatenate"]


@dataclass(frozen=True)
class Branches(Layer):
    """y = merge(f_1(x), …, f_n(x)): GoogLeNet's parallel branches (Szegedy et al. 2015) concatenate them.

    add          y = Σ_i y_i,        dy_i = dy
    average      y = (1/n) Σ_i y_i,  dy_i = dy / n
    multiply     y = Π_i y_i,        dy_i = dy Π_{j≠i} y_j
    concatenate  along the last axis (channels, features); dy_i is its part of dy

    Backward, dx = Σ_i dx_i.

    Attributes:
        layers: by name, in order; at least one.
        merge: add by default.
    """

    is_composition: ClassVar[bool] = True

    layers: Mapping[str, Layer]
    merge: Merge = "add"

    @property
    def children(self) -> Mapping[str, Layer]:
        """The branches."""
        return self.layers

    def plan(self, signal: Signal) -> Plan:
        """The branches' plans for the same input. Raises ShapeError where their outputs cannot be merged."""
        plans: dict[str, Plan] = {}
        for name, layer in self.layers.items():
            try:
                plans[name] = layer.plan(signal)
            except ShapeError as error:
                raise ShapeError(str(error), (name, *error.path)) from error
        shapes = [plan.output.shape for plan in plans.values()]
        fixed = [shape[:-1] for shape in shapes] if self.merge == "concatenate" else shapes
        if not plans or any(shape != fixed[0] for shape in fixed) or not all(shapes):
            listed = ", ".join(f"{name}: {plan.output.shape}" for name, plan in plans.items())
            raise ShapeError(f"branches to {self.merge} need outputs of one shape, got {listed or 'no branches'}")
        kinds = {plan.output.kind for plan in plans.values()}
        if len(kinds) > 1 or (kinds == {"index"} and self.merge != "concatenate"):
            raise ShapeError(
                f"branches to {self.merge} need outputs that are numbers, got {' and '.join(sorted(kinds))}"
            )
        last = shapes[0][-1] if self.merge != "concatenate" else sum(shape[-1] for shape in shapes)
        return Plan(Signal((*shapes[0][:-1], last), kinds.pop()), children=plans)

    def bind(self, x: Value, site: Site) -> Bound:
        """The branches' calls one after the other, then the merging."""
        parts = [site.bind(name, layer, x) for name, layer in self.layers.items()]
        learns = [site.learns(name) for name in self.layers]
        outputs = [part.y.array for part in parts]
        members, examples = max(len(y) for y in outputs), x.array.shape[1]
        shape, dtype = site.plan.output.shape, None if site.plan.output.kind == "real" else outputs[0].dtype
        y = site.memory.flowing(members, examples, shape, dtype)
        forward = [call for part in parts for call in part.forward] + self._merged(outputs, y)

        def turn(dy: Array, wants_dx: bool) -> tuple[Array | None, list[Call]]:
            gradients, calls = self._shared_out(outputs, dy, site)
            found: list[Array] = []
            for part, learn, gradient in zip(parts, learns, gradients, strict=True):
                if wants_dx or learn:
                    dx, more = part.turn(gradient, wants_dx)
                    calls += more
                    found += [dx] if dx is not None and wants_dx else []
            calls += [partial(np.add, found[0], other, found[0]) for other in found[1:]]
            return (found[0] if found else None), calls

        return Bound(Value(y, x.lengths), forward, turn)

    def _merged(self, outputs: list[Array], y: Array) -> list[Call]:
        """What computes y from the branches' outputs."""
        match self.merge:
            case "concatenate":
                return [partial(np.copyto, part, each) for part, each in zip(_parts(outputs, y), outputs, strict=True)]
            case "multiply":
                return [partial(np.copyto, y, outputs[0]), *(partial(np.multiply, y, each, y) for each in outputs[1:])]
            case "add" | "average":
                calls: list[Call] = [partial(np.copyto, y, outputs[0])]
                calls += [partial(np.add, y, each, y) for each in outputs[1:]]
                return calls if self.merge == "add" else [*calls, partial(np.divide, y, len(outputs), y)]
            case _:
                assert_never(self.merge)

    def _shared_out(self, outputs: list[Array], dy: Array, site: Site) -> tuple[list[Array], list[Call]]:
        """A dy of its own for each branch, and what computes it; the branches may write over theirs."""
        memory, calls = site.memory, list[Call]()
        members, examples = dy.shape[:2]
        gradients = [memory.flowing(members, examples, output.shape[2:]) for output in outputs]
        parts = _parts(outputs, dy) if self.merge == "concatenate" else [dy] * len(outputs)
        for index, (gradient, part) in enumerate(zip(gradients, parts, strict=True)):
            if self.merge == "average":
                calls.append(partial(np.divide, part, len(outputs), gradient))
                continue
            calls.append(partial(np.copyto, gradient, part))
            if self.merge == "multiply":
                others = [*outputs[:index], *outputs[index + 1 :]]
                calls += [partial(np.multiply, gradient, other, gradient) for other in others]
        return gradients, calls


def _parts(outputs: list[Array], whole: Array) -> list[Array]:
    """The views of `whole` along its last axis that belong to each output."""
    stops = np.cumsum([output.shape[-1] for output in outputs]).tolist()
    return [whole[..., stop - output.shape[-1] : stop] for output, stop in zip(outputs, stops, strict=True)]
