"""A layer with a way around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from nntrain.nn.branches import Branches
from nntrain.nn.chain import Chain
from nntrain.nn.layer import Bound, Layer, Plan, ShapeError, Signal, Site, Value


@dataclass(frozen=True)
class Residual(Layer):
    """y = body(x) + projection(x); without a projection y = body(x) + x (He et al. 2016).

    Two branches whose outputs are added: what is said there of gradients holds here.

    Attributes:
        body: what is learned beside the identity.
        projection: what brings x to the shape of the body's output where that is another, or None.
    """

    is_composition: ClassVar[bool] = True

    body: Layer
    projection: Layer | None = None

    @property
    def children(self) -> Mapping[str, Layer]:
        """The body, and the way around it."""
        return self._branches.layers

    @property
    def _branches(self) -> Branches:
        around = Chain({}) if self.projection is None else self.projection
        return Branches({"body": self.body, "projection": around})

    def plan(self, signal: Signal) -> Plan:
        """Those of both ways. Raises ShapeError where their outputs have different shapes."""
        plan = self._branches.plan
        try:
            return plan(signal)
        except ShapeError as error:
            if error.path or self.projection is not None:
                raise
            output = self.body.plan(signal).output.shape
            raise ShapeError(
                f"a residual block adds its input to what its body puts out, but that has shape {output} and the "
                f"input {signal.shape}: give it a projection"
            ) from error

    def bind(self, x: Value, site: Site) -> Bound:
        """The program of two branches that are added."""
        return self._branches.bind(x, site)
