"""How parameters start. Every initializer draws in float64 from the member's own stream.

`fan_in` and `fan_out` of a parameter [..., I, O] are its inputs and outputs: I and O times the size of the leading
axes (none for dense, the kernel's for a convolution). Scales (`gain`, `low`, `std`, …) are columns: a number, or an
array [M] with one for each member.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from nntrain.arrays import Array, Shape
from nntrain.streams import Streams

Column = float | Array


@dataclass(frozen=True, eq=False)
class Initializer(ABC):
    """Draws the numbers of one parameter for all members."""

    def fill(self, out: Array, streams: Streams) -> None:
        """Write the starting values of a parameter into `out` [M, *shape], each member's from its own stream."""
        shape = out.shape[1:]
        drawn = np.stack([self.draw(shape, generator) for generator in streams.generators])
        scale, shift = self.scale_and_shift(shape)
        out[...] = drawn[streams.of_member] * _over(scale, out.ndim) + _over(shift, out.ndim)

    def mismatch(self, shape: Shape) -> str | None:
        """Why the initializer cannot fill a parameter of this shape, or None if it can."""
        return None

    def reach(self, shape: Shape) -> float:
        """How large a number may become that is drawn for a parameter of this shape; infinite beyond float64."""
        with np.errstate(over="ignore"):
            scale, shift = self.scale_and_shift(shape)
            return float(np.max(np.abs(scale)) * self.farthest + np.max(np.abs(shift)))

    # No standard number is drawn that is larger; a normal one is in 1 of 10^23 cases.
    farthest: ClassVar[float] = 10.0

    @abstractmethod
    def draw(self, shape: Shape, generator: Generator) -> Array:
        """Standard numbers of `shape`, before scale and shift."""

    @abstractmethod
    def scale_and_shift(self, shape: Shape) -> tuple[Column, Column]:
        """What the drawn numbers are multiplied by, and what is added to them."""


@dataclass(frozen=True, eq=False)
class _Scaled(Initializer):
    """Zero-mean numbers whose spread follows from the shape, times `gain`."""

    gain: Column = 1.0

    def draw(self, shape: Shape, generator: Generator) -> Array:
        return generator.standard_normal(shape)

    def scale_and_shift(self, shape: Shape) -> tuple[Column, Column]:
        return self.gain * self.spread(*_fans(shape)), 0.0

    @abstractmethod
    def spread(self, fan_in: int, fan_out: int) -> float:
        """The bound of a uniform, or the standard deviation of a normal distribution, for gain 1."""


class _ScaledUniform(_Scaled):
    farthest = 1.0

    def draw(self, shape: Shape, generator: Generator) -> Array:
        return generator.uniform(-1.0, 1.0, shape)


class GlorotUniform(_ScaledUniform):
    """U(−a, a) with a = √6 / √(fan_in + fan_out), the lecture's H_k + H_{k+1} (Glorot and Bengio 2010, eq. 16)."""

    def spread(self, fan_in: int, fan_out: int) -> float:
        return math.sqrt(6.0 / (fan_in + fan_out))


class GlorotNormal(_Scaled):
    """N(0, 2 / (fan_in + fan_out)) (Glorot and Bengio 2010, eq. 12)."""

    def spread(self, fan_in: int, fan_out: int) -> float:
        return math.sqrt(2.0 / (fan_in + fan_out))


class HeUniform(_ScaledUniform):
    """U(−a, a) with a = √(6 / fan_in) (He et al. 2015, eq. 10, as a uniform distribution)."""

    def spread(self, fan_in: int, fan_out: int) -> float:
        return math.sqrt(6.0 / fan_in)


class HeNormal(_Scaled):
    """N(0, 2 / fan_in) (He et al. 2015, eq. 10)."""

    def spread(self, fan_in: int, fan_out: int) -> float:
        return math.sqrt(2.0 / fan_in)


class LecunNormal(_Scaled):
    """N(0, 1 / fan_in) (LeCun et al. 1998, Efficient BackProp, eq. 16)."""

    def spread(self, fan_in: int, fan_out: int) -> float:
        return math.sqrt(1.0 / fan_in)


class Orthogonal(_Scaled):
    """A (semi-)orthogonal matrix [prod(...)·I, O], uniformly drawn (Saxe et al. 2014)."""

    def draw(self, shape: Shape, generator: Generator) -> Array:
        rows, columns = math.prod(shape[:-1]), shape[-1]
        q, r = np.linalg.qr(generator.standard_normal((max(rows, columns), min(rows, columns))))
        # The signs of R's diagonal are a convention of the QR routine; taking them out makes Q uniform.
        q = q * np.where(np.diagonal(r) < 0, -1.0, 1.0)
        return (q if rows >= columns else q.T).reshape(shape)

    def spread(self, fan_in: int, fan_out: int) -> float:
        return 1.0


@dataclass(frozen=True, eq=False)
class Uniform(Initializer):
    """U(low, high)."""

    low: Column = -0.05
    high: Column = 0.05

    farthest = 1.0

    def draw(self, shape: Shape, generator: Generator) -> Array:
        return generator.random(shape)

    def scale_and_shift(self, shape: Shape) -> tuple[Column, Column]:
        return self.high - self.low, self.low


@dataclass(frozen=True, eq=False)
class Normal(Initializer):
    """N(mean, std²)."""

    mean: Column = 0.0
    std: Column = 0.05

    def draw(self, shape: Shape, generator: Generator) -> Array:
        return generator.standard_normal(shape)

    def scale_and_shift(self, shape: Shape) -> tuple[Column, Column]:
        return self.std, self.mean


@dataclass(frozen=True, eq=False)
class Constant(Initializer):
    """The same value everywhere; 0 by default, as biases start."""

    value: Column = 0.0

    def draw(self, shape: Shape, generator: Generator) -> Array:
        return np.zeros(shape)

    def scale_and_shift(self, shape: Shape) -> tuple[Column, Column]:
        return 0.0, self.value


@dataclass(frozen=True, eq=False)
class Values(Initializer):
    """The numbers given, so that a worked example can be run."""

    values: Array

    def mismatch(self, shape: Shape) -> str | None:
        """The values must have the parameter's shape."""
        if self.values.shape == shape:
            return None
        return f"the values given for it have shape {self.values.shape}, but it has shape {shape}"

    def draw(self, shape: Shape, generator: Generator) -> Array:
        return self.values

    def scale_and_shift(self, shape: Shape) -> tuple[Column, Column]:
        return 1.0, 0.0

    def reach(self, shape: Shape) -> float:
        """The largest of the values."""
        return float(np.abs(self.values).max(initial=0.0))


def _fans(shape: Shape) -> tuple[int, int]:
    """fan_in and fan_out of a parameter [..., I, O]; a vector counts as both."""
    if len(shape) < 2:
        return math.prod(shape), math.prod(shape)
    receptive_field = math.prod(shape[:-2])
    return receptive_field * shape[-2], receptive_field * shape[-1]


def _over(column: Column, ndim: int) -> Column:
    """A column [M] or [M, 1] with as many axes as the parameter, so that it broadcasts over M."""
    if isinstance(column, np.ndarray):
        return column.reshape((-1,) + (1,) * (ndim - 1))
    return column
