"""How parameters start. Every initializer draws in float64 from the member's own stream.

`fan_in` and `fan_out` of a parameter [..., I, O] are its inputs and outputs: I and O times the size of the leading
axes (none for dense, the kernel's for a convolution). Scales (`gain`, `low`, `std`, …) are a number, or a
tuple with one for each member.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Union

import numpy as np

from nntrain.arrays import Array, Shape
from nntrain.memory import empty
from nntrain.streams import Streams

OfMembers = float | tuple[float, ...]
"""A number for all members, or one for each."""

Nested = Union[float, tuple["Nested", ...]]  # noqa: UP007 - a type that names itself must be a string here
"""Numbers in tuples in tuples, as many deep as an array has axes."""


@dataclass(frozen=True)
class Initializer(ABC):
    """Draws the numbers of one parameter for all members."""

    def fill(self, out: Array, streams: Streams) -> None:
        """Write the starting values of a parameter into `out` [M, *shape], each member's from its own stream.

        Raises:
            ValueError: a scale has values for another number of members.
        """
        shape = out.shape[1:]
        drawn = empty((streams.distinct, *shape))
        self.draw(drawn, streams)
        scale, shift = self.scale_and_shift(shape)
        for each in (scale, shift):
            if isinstance(each, np.ndarray) and len(each) not in (1, len(out)):
                raise ValueError(
                    f"an initializer has {len(each)} values for {len(out)} members: "
                    "give it a number for all of them, or one for each"
                )
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
    def draw(self, out: Array, streams: Streams) -> None:
        """Fill out [D, *shape] with standard numbers, before scale and shift: one row from each stream."""

    @abstractmethod
    def scale_and_shift(self, shape: Shape) -> tuple[float | Array, float | Array]:
        """What the drawn numbers are multiplied by, and what is added to them."""


@dataclass(frozen=True)
class _Scaled(Initializer):
    """Zero-mean numbers whose spread follows from the shape, times `gain`."""

    gain: OfMembers = 1.0

    def draw(self, out: Array, streams: Streams) -> None:
        streams.normal(out)

    def scale_and_shift(self, shape: Shape) -> tuple[float | Array, float | Array]:
        return _each(self.gain) * self.spread(*_fans(shape)), 0.0

    @abstractmethod
    def spread(self, fan_in: int, fan_out: int) -> float:
        """The bound of a uniform, or the standard deviation of a normal distribution, for gain 1."""


class _ScaledUniform(_Scaled):
    farthest = 1.0

    def draw(self, out: Array, streams: Streams) -> None:
        streams.uniform(out)
        out *= 2.0
        out -= 1.0


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

    def draw(self, out: Array, streams: Streams) -> None:
        rows, columns = math.prod(out.shape[1:-1]), out.shape[-1]
        drawn = out.reshape(len(out), max(rows, columns), min(rows, columns))  # as many numbers, so that it is a view
        streams.normal(drawn)
        for normal, row in zip(drawn, out, strict=True):
            q, r = np.linalg.qr(normal)
            # The signs of R's diagonal are a convention of the QR routine; taking them out makes Q uniform.
            q *= np.where(np.diagonal(r) < 0, -1.0, 1.0)
            row[...] = (q if rows >= columns else q.T).reshape(row.shape)

    def spread(self, fan_in: int, fan_out: int) -> float:
        return 1.0


@dataclass(frozen=True)
class Uniform(Initializer):
    """U(low, high)."""

    low: OfMembers = -0.05
    high: OfMembers = 0.05

    farthest = 1.0

    def draw(self, out: Array, streams: Streams) -> None:
        streams.uniform(out)

    def scale_and_shift(self, shape: Shape) -> tuple[float | Array, float | Array]:
        low = _each(self.low)
        return _each(self.high) - low, low


@dataclass(frozen=True)
class Normal(Initializer):
    """N(mean, std²)."""

    mean: OfMembers = 0.0
    std: OfMembers = 0.05

    def draw(self, out: Array, streams: Streams) -> None:
        streams.normal(out)

    def scale_and_shift(self, shape: Shape) -> tuple[float | Array, float | Array]:
        return _each(self.std), _each(self.mean)


@dataclass(frozen=True)
class Constant(Initializer):
    """The same value everywhere; 0 by default, as biases start."""

    value: OfMembers = 0.0

    def draw(self, out: Array, streams: Streams) -> None:
        out[...] = 0.0

    def scale_and_shift(self, shape: Shape) -> tuple[float | Array, float | Array]:
        return 0.0, _each(self.value)


@dataclass(frozen=True)
class Values(Initializer):
    """The numbers given, so that a worked example can be run.

    Attributes:
        values: numbers, or tuples of them, nested as the parameter's axes are.
    """

    values: Nested

    @classmethod
    def of(cls, values: object) -> Values:
        """The numbers of an array, or of lists in lists."""
        return cls(_nested(np.asarray(values, dtype=np.float64).tolist()))

    @property
    def _array(self) -> Array:
        return np.array(self.values, dtype=np.float64)

    def mismatch(self, shape: Shape) -> str | None:
        """The values must have the parameter's shape."""
        given = self._array.shape
        return None if given == shape else f"the values given for it have shape {given}, but it has shape {shape}"

    def draw(self, out: Array, streams: Streams) -> None:
        out[...] = self._array

    def scale_and_shift(self, shape: Shape) -> tuple[float | Array, float | Array]:
        return 1.0, 0.0

    def reach(self, shape: Shape) -> float:
        """The largest of the values."""
        return float(np.abs(self._array).max(initial=0.0))


def _nested(values: Any) -> Nested:
    return tuple(map(_nested, values)) if isinstance(values, list) else float(values)


def _fans(shape: Shape) -> tuple[int, int]:
    """fan_in and fan_out of a parameter [..., I, O]; a vector counts as both."""
    if len(shape) < 2:
        return math.prod(shape), math.prod(shape)
    receptive_field = math.prod(shape[:-2])
    return receptive_field * shape[-2], receptive_field * shape[-1]


def _each(scale: OfMembers) -> float | Array:
    """A scale as float64 [M] where each member has its own."""
    return np.array(scale, dtype=np.float64) if isinstance(scale, tuple) else scale


def _over(scale: float | Array, ndim: int) -> float | Array:
    """A scale [M] with as many axes as the parameter, so that it broadcasts over M."""
    return scale.reshape((-1,) + (1,) * (ndim - 1)) if isinstance(scale, np.ndarray) else scale
