"""Activation functions. Each is a layer: y = f(x) element by element, but for softmax, which acts on each example.

Backward multiplies dy by the derivative in place, so that dx takes the place of dy. The derivatives are written in
terms of the output y where that is possible. Out to the largest number of the dtype there is no NaN and no overflow but
that of a result which does not fit: exponentials and powers only ever see arguments that they can take.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from nntrain.arrays import Array
from nntrain.memory import Memory
from nntrain.nn.layer import Bound, Call, Layer, Plan, ShapeError, Signal, Site, Value
from nntrain.nn.product import maxima, product

Slope = Callable[[Array], list[Call]]
"""From dy to the calls that multiply it by the derivative, in place."""


class Activation(Layer):
    """What all activations share: the shape is kept, there are no parameters, and dx takes the place of dy."""

    def plan(self, signal: Signal) -> Plan:
        """The shape is kept."""
        return Plan(signal)

    def bind(self, x: Value, site: Site) -> Bound:
        """y is laid out like x."""
        y = site.memory.like(x.array)
        forward, slope = self.compute(x.array, y, site.memory)
        return Bound(Value(y, x.lengths), forward, lambda dy, wants_dx: (dy, slope(dy)))

    @abstractmethod
    def compute(self, x: Array, y: Array, memory: Memory) -> tuple[list[Call], Slope]:
        """The calls that compute y from x, and what gives those of the backward pass."""


@dataclass(frozen=True)
class Linear(Activation):
    """y = x."""

    def bind(self, x: Value, site: Site) -> Bound:
        """y is x, and dx is dy."""
        return Bound(x, [], lambda dy, wants_dx: (dy, []))

    def compute(self, x: Array, y: Array, memory: Memory) -> tuple[list[Call], Slope]:
        """A copy, for who wants one."""
        return [partial(np.copyto, y, x)], lambda dy: []


@dataclass(frozen=True)
class Step(Activation):
    """y = 1 if x > 0 else 0: the McCulloch-Pitts neuron. Its derivative is 0 wherever it has one.

    Only the perceptron loss can train it, by a rule that does not go through this derivative.
    """

    def compute(self, x: Array, y: Array, memory: Memory) -> tuple[list[Call], Slope]:
        """y = [x > 0]; dx = 0."""
        return [partial(np.greater, x, 0, out=y, casting="unsafe")], lambda dy: [partial(dy.fill, 0)]


@dataclass(frozen=True)
class Sigmoid(Activation):
    """y = 1 / (1 + e⁻ˣ), dy/dx = y (1 − y)."""

    def compute(self, x: Array, y: Array, memory: Memory) -> tuple[list[Call], Slope]:
        """The logistic function, accurate also where y is tiny; dx = dy · y (1 − y)."""

        def slope(dy: Array) -> list[Call]:
            derivative = memory.like(y)
            return [
                partial(np.subtract, 1, y, derivative),
                partial(np.multiply, derivative, y, derivative),
                partial(np.multiply, dy, derivative, dy),
            ]

        return sigmoid(x, out=y), slope


@dataclass(frozen=True)
class Tanh(Activation):
    """y = tanh x, dy/dx = 1 − y²."""

    def compute(self, x: Array, y: Array, memory: Memory) -> tuple[list[Call], Slope]:
        """The hyperbolic tangent; dx = dy · (1 − y²)."""

        def slope(dy: Array) -> list[Call]:
            derivative = memory.like(y)
            return [
                partial(np.multiply, y, y, derivative),
                partial(np.subtract, 1, derivative, derivative),
                partial(np.multiply, dy, derivative, dy),
            ]

        return [partial(np.tanh, x, y)], slope


@dataclass(frozen=True)
class Relu(Activation):
    """y = max(0, x); dy/dx = 1 where x > 0, else 0."""

    def compute(self, x: Array, y: Array, memory: Memory) -> tuple[list[Call], Slope]:
        """y = max(0, x); dx = dy · [y > 0]."""
        zeros = memory.zeros_like(x)

        def slope(dy: Array) -> list[Call]:
            positive = memory.like(y, np.bool_)
            return [partial(np.greater, y, zeros, positive), partial(np.multiply, dy, positive, dy)]

        return [partial(np.maximum, x, zeros, out=y)], slope


@dataclass(frozen=True)
class LeakyRelu(Activation):
    """y = x where x ≥ 0, αx where x < 0.

    Attributes:
        alpha: α in [0, 1]; 0.1 by default, as in the lectures.
    """

    alpha: float = 0.1

    def compute(self, x: Array, y: Array, memory: Memory) -> tuple[list[Call], Slope]:
        """y = max(x, αx), which is the same for α ≤ 1; dx = dy where x ≥ 0, α dy where x < 0."""
        scaled, positive, zeros = memory.like(x), memory.like(x, np.bool_), memory.zeros_like(x)
        share, rest = memory.full((), self.alpha), memory.full((), 1.0 - self.alpha)
        compare = np.greater_equal if self.alpha > 0 else np.greater  # for α = 0 the slope at 0 is that of ReLU

        def slope(dy: Array) -> list[Call]:
            # [x ≥ 0] (1 − α) + α is the slope without a branch.
            derivative = memory.like(y)
            return [
                partial(np.multiply, positive, rest, derivative),
                partial(np.add, derivative, share, derivative),
                partial(np.multiply, dy, derivative, dy),
            ]

        forward: list[Call] = [
            partial(compare, x, zeros, positive),  # an αx that underflows to 0 has lost the sign
            partial(np.multiply, x, share, scaled),
            partial(np.maximum, x, scaled, out=y),
        ]
        return forward, slope


@dataclass(frozen=True)
class Elu(Activation):
    """y = x where x > 0, α (eˣ − 1) where x ≤ 0 (Clevert et al. 2016); dy/dx = 1 where x > 0, y + α where x ≤ 0.

    Attributes:
        alpha: α > 0; 1 by default.
    """

    alpha: float = 1.0

    def compute(self, x: Array, y: Array, memory: Memory) -> tuple[list[Call], Slope]:
        """y = max(x, 0) + α (e^min(x, 0) − 1); dx = dy where x > 0, dy (y + α) where x ≤ 0."""
        negative = memory.like(x)

        def slope(dy: Array) -> list[Call]:
            derivative, above = memory.like(y), memory.like(y)
            return [
                partial(np.minimum, y, 0, out=derivative),
                partial(np.add, derivative, self.alpha, derivative),
                # Where x > 0 the slope is now α; [y > 0] (1 − α) makes it 1.
                partial(np.greater, y, 0, out=above, casting="unsafe"),
                partial(np.multiply, above, 1.0 - self.alpha, above),
                partial(np.add, derivative, above, derivative),
                partial(np.multiply, dy, derivative, dy),
            ]

        forward: list[Call] = [
            partial(np.minimum, x, 0, out=negative),
            partial(np.expm1, negative, negative),
            partial(np.multiply, negative, self.alpha, negative),
            partial(np.maximum, x, 0, out=y),
            partial(np.add, y, negative, y),
        ]
        return forward, slope


# From 8 on, the hyperbolic tangent in GELU is 1 in float64 too, so that x² need not be known.
_SATURATED = 32.0


@dataclass(frozen=True)
class Gelu(Activation):
    """y = ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))), the tanh form of GELU (Hendrycks and Gimpel 2016).

    With t the hyperbolic tangent, dy/dx = ½ (1 + t) + ½ x (1 − t²) √(2/π) (1 + 3 · 0.044715 x²).
    """

    def compute(self, x: Array, y: Array, memory: Memory) -> tuple[list[Call], Slope]:
        """y = ½ x (1 + t), where x³ is of x cut to ±_SATURATED."""
        t, near = memory.like(x), memory.like(x)
        constants = (-_SATURATED, _SATURATED, 0.044715, 1.0, math.sqrt(2 / math.pi), 0.5)
        low, high, cubic, one, steepness, half = (memory.full((), value) for value in constants)

        def slope(dy: Array) -> list[Call]:
            derivative, inner = memory.like(y), memory.like(y)
            return [
                partial(np.multiply, near, near, inner),
                partial(np.multiply, inner, 3 * 0.044715, inner),
                partial(np.add, inner, 1, inner),
                partial(np.multiply, inner, near, inner),
                partial(np.multiply, inner, 0.5 * math.sqrt(2 / math.pi), inner),
                partial(np.multiply, t, t, derivative),
                partial(np.subtract, 1, derivative, derivative),
                partial(np.multiply, derivative, inner, derivative),
                partial(np.multiply, t, 0.5, inner),
                partial(np.add, derivative, inner, derivative),
                partial(np.add, derivative, 0.5, derivative),
                partial(np.multiply, dy, derivative, dy),
            ]

        forward: list[Call] = [
            partial(x.clip, low, high, near),  # the method costs a µs less than np.clip
            partial(np.multiply, near, near, t),
            partial(np.multiply, t, cubic, t),
            partial(np.add, t, one, t),
            partial(np.multiply, t, near, t),
            partial(np.multiply, t, steepness, t),
            partial(np.tanh, t, t),
            partial(np.add, t, one, y),
            partial(np.multiply, y, half, y),
            partial(np.multiply, y, x, y),
        ]
        return forward, slope


@dataclass(frozen=True)
class Softplus(Activation):
    """y = ln(1 + eˣ), dy/dx = σ(x) = 1 − e⁻ʸ."""

    def compute(self, x: Array, y: Array, memory: Memory) -> tuple[list[Call], Slope]:
        """y = max(x, 0) + ln(1 + e^−|x|); dx = dy · (1 − e⁻ʸ)."""

        def slope(dy: Array) -> list[Call]:
            derivative = memory.like(y)
            return [
                partial(np.negative, y, derivative),
                partial(np.expm1, derivative, derivative),
                partial(np.negative, derivative, derivative),
                partial(np.multiply, dy, derivative, dy),
            ]

        return softplus(x, out=y, scratch=memory.like(x)), slope


@dataclass(frozen=True)
class Softmax(Activation):
    """y_k = e^{x_k} / Σ_j e^{x_j}; its output depends on all inputs of the example, so backward uses the Jacobian."""

    def plan(self, signal: Signal) -> Plan:
        """The shape is kept. Raises ShapeError unless the input is a vector."""
        if len(signal.shape) != 1:
            raise ShapeError(f"softmax needs a vector for each example, got shape {signal.shape}")
        return Plan(signal)

    def compute(self, x: Array, y: Array, memory: Memory) -> tuple[list[Call], Slope]:
        """y = e^{x − m} / Σ e^{x − m} with m = max x; dx = Jᵀ dy = y ∘ (dy − Σ_k dy_k y_k), J = diag(y) − y yᵀ."""
        members, examples, classes = x.shape
        per_example, ones = memory.flowing(members, examples, (1,)), memory.full((classes, 1), 1)

        def shift() -> None:
            """A difference too large for the dtype is −∞, of which e^ is 0."""
            with np.errstate(over="ignore"):
                np.subtract(x, per_example, out=y)

        def slope(dy: Array) -> list[Call]:
            # dy has its own M, which may be more than that of a shared x.
            weighted, sums = memory.like(dy), memory.flowing(len(dy), examples, (1,))
            return [
                partial(np.multiply, dy, y, weighted),
                partial(np.matmul, weighted, ones, sums),
                partial(np.subtract, dy, sums, dy),
                partial(np.multiply, dy, y, dy),
            ]

        forward: list[Call] = [
            maxima(x, per_example),
            shift,
            partial(np.exp, y, y),
            product(y, ones[None], per_example),
            partial(np.divide, y, per_example, y),
        ]
        return forward, slope


def sigmoid(x: Array, *, out: Array) -> list[Call]:
    """What computes out = 1 / (1 + e⁻ˣ) without overflow: −x is cut where e^−x would leave the dtype's range."""
    return [
        partial(np.negative, x, out),
        partial(np.minimum, out, _LARGEST_EXPONENT[x.dtype.itemsize], out=out),
        partial(np.exp, out, out),
        partial(np.add, out, 1, out),
        partial(np.reciprocal, out, out),
    ]


def softplus(x: Array, *, out: Array, scratch: Array) -> list[Call]:
    """What computes out = ln(1 + eˣ) = max(x, 0) + ln(1 + e^−|x|), which neither overflows nor cancels."""
    return [
        partial(np.abs, x, scratch),
        partial(np.negative, scratch, scratch),
        partial(np.exp, scratch, scratch),
        partial(np.log1p, scratch, scratch),
        partial(np.maximum, x, 0, out=out),
        partial(np.add, out, scratch, out),
    ]


# e to this power still fits: ln of the largest float32 is 88.7, of the largest float64 709.7.
_LARGEST_EXPONENT = {4: 88.0, 8: 709.0}
