"""Activation functions. Each is a layer: y = f(x) element by element, but for softmax, which acts on each example.

Forward writes over the input where no other layer needs it, and backward multiplies the incoming gradient in place,
so an activation costs no memory. The derivatives are written in terms of the output y. Out to the largest number of
the dtype there is no NaN and no overflow but that of a result which does not fit: exponentials and powers only ever see
arguments that they can take.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nntrain.arrays import Array, Shape
from nntrain.memory import Memory
from nntrain.nn.layer import Layer, Plan, ShapeError, Site
from nntrain.nn.product import maxima, product


class Activation(Layer):
    """What all activations share: the shape is kept, there are no parameters, and dx takes the place of dy."""

    @property
    def needs_output(self) -> bool:
        """Derivatives are computed from y."""
        return True

    def plan(self, input_shape: Shape) -> Plan:
        """The shape is kept."""
        return Plan(input_shape)

    def bind(self, site: Site) -> None:
        """y takes the place of x where it may."""
        self.x = site.x
        self.y = site.x if site.overwrite else _like(site.x, site.memory)
        self.bind_scratch(site.memory)

    def bind_scratch(self, memory: Memory) -> None:
        """Allocate what the forward pass needs beside x and y."""

    def bind_backward(self, dy: Array, memory: Memory, *, input_gradient: bool) -> None:
        """dx takes the place of dy; one scratch array holds the derivative."""
        self.dy = self.dx = dy
        self.slope = _like(self.y, memory)


@dataclass(eq=False)
class Linear(Activation):
    """y = x."""

    @property
    def needs_output(self) -> bool:
        """The derivative is 1."""
        return False

    def bind(self, site: Site) -> None:
        """y is x."""
        self.x = self.y = site.x

    def forward(self) -> None:
        """Nothing."""

    def bind_backward(self, dy: Array, memory: Memory, *, input_gradient: bool) -> None:
        """dx is dy."""
        self.dy = self.dx = dy

    def backward(self) -> None:
        """Nothing."""


@dataclass(eq=False)
class Step(Activation):
    """y = 1 if x > 0 else 0: the McCulloch-Pitts neuron. Its derivative is 0 wherever it has one.

    Only the perceptron loss can train it, by a rule that does not go through this derivative.
    """

    def forward(self) -> None:
        """y = [x > 0]."""
        np.greater(self.x, 0, out=self.y, casting="unsafe")

    def backward(self) -> None:
        """dx = 0."""
        self.dx[...] = 0


@dataclass(eq=False)
class Sigmoid(Activation):
    """y = 1 / (1 + e⁻ˣ), dy/dx = y (1 − y)."""

    def forward(self) -> None:
        """The logistic function, accurate also where y is tiny."""
        sigmoid(self.x, out=self.y)

    def backward(self) -> None:
        """dx = dy · y (1 − y)."""
        np.subtract(1, self.y, out=self.slope)
        np.multiply(self.slope, self.y, out=self.slope)
        np.multiply(self.dy, self.slope, out=self.dx)


@dataclass(eq=False)
class Tanh(Activation):
    """y = tanh x, dy/dx = 1 − y²."""

    def forward(self) -> None:
        """The hyperbolic tangent."""
        np.tanh(self.x, out=self.y)

    def backward(self) -> None:
        """dx = dy · (1 − y²)."""
        np.multiply(self.y, self.y, out=self.slope)
        np.subtract(1, self.slope, out=self.slope)
        np.multiply(self.dy, self.slope, out=self.dx)


@dataclass(eq=False)
class Relu(Activation):
    """y = max(0, x); dy/dx = 1 where x > 0, else 0."""

    def bind_scratch(self, memory: Memory) -> None:
        """Zeros to compare with."""
        self.zeros = memory.zeros_like(self.x)

    def forward(self) -> None:
        """y = max(0, x)."""
        np.maximum(self.x, self.zeros, out=self.y)

    def bind_backward(self, dy: Array, memory: Memory, *, input_gradient: bool) -> None:
        """dx takes the place of dy; the slope is a mask."""
        self.dy = self.dx = dy
        self.positive = _like(self.y, memory, np.bool_)

    def backward(self) -> None:
        """dx = dy · [y > 0]."""
        np.greater(self.y, self.zeros, self.positive)
        np.multiply(self.dy, self.positive, self.dx)


@dataclass(eq=False)
class LeakyRelu(Activation):
    """y = x where x ≥ 0, αx where x < 0.

    Attributes:
        alpha: α in [0, 1]; 0.1 by default, as in the lectures.
    """

    alpha: float = 0.1

    @property
    def needs_output(self) -> bool:
        """The derivative is computed from the sign of x: an αx that underflows to 0 has lost it."""
        return False

    def bind_scratch(self, memory: Memory) -> None:
        """Room for αx and for the sign, zeros to compare with, α and 1 − α."""
        self.scaled = _like(self.x, memory)
        self.positive = _like(self.x, memory, np.bool_)
        self.zeros = memory.zeros_like(self.x)
        self.compare = np.greater_equal if self.alpha > 0 else np.greater  # for α = 0 the slope at 0 is that of ReLU
        self.share, self.rest = memory.full((), self.alpha), memory.full((), 1.0 - self.alpha)

    def forward(self) -> None:
        """y = max(x, αx), which is the same for α ≤ 1."""
        self.compare(self.x, self.zeros, self.positive)
        np.multiply(self.x, self.share, self.scaled)
        np.maximum(self.x, self.scaled, out=self.y)

    def backward(self) -> None:
        """dx = dy where x ≥ 0, α dy where x < 0."""
        # [x ≥ 0] (1 − α) + α is the slope without a branch.
        np.multiply(self.positive, self.rest, self.slope)
        np.add(self.slope, self.share, self.slope)
        np.multiply(self.dy, self.slope, self.dx)


@dataclass(eq=False)
class Elu(Activation):
    """y = x where x > 0, α (eˣ − 1) where x ≤ 0 (Clevert et al. 2016).

    Attributes:
        alpha: α > 0; 1 by default.
    """

    alpha: float = 1.0

    def bind_scratch(self, memory: Memory) -> None:
        """Room for the negative branch."""
        self.negative = _like(self.x, memory)

    def forward(self) -> None:
        """y = max(x, 0) + α (e^min(x, 0) − 1)."""
        np.minimum(self.x, 0, out=self.negative)
        np.expm1(self.negative, out=self.negative)
        np.multiply(self.negative, self.alpha, out=self.negative)
        np.maximum(self.x, 0, out=self.y)
        np.add(self.y, self.negative, out=self.y)

    def backward(self) -> None:
        """dx = dy where x > 0, dy (y + α) where x ≤ 0."""
        np.minimum(self.y, 0, out=self.slope)
        np.add(self.slope, self.alpha, out=self.slope)
        # Where x > 0 the slope is now α; [y > 0] (1 − α) makes it 1.
        np.greater(self.y, 0, out=self.negative, casting="unsafe")
        np.multiply(self.negative, 1.0 - self.alpha, out=self.negative)
        np.add(self.slope, self.negative, out=self.slope)
        np.multiply(self.dy, self.slope, out=self.dx)


# From 8 on, the hyperbolic tangent in GELU is 1 in float64 too, so that x² need not be known.
_SATURATED = 32.0


@dataclass(eq=False)
class Gelu(Activation):
    """y = ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))), the tanh form of GELU (Hendrycks and Gimpel 2016)."""

    @property
    def needs_output(self) -> bool:
        """The derivative is computed from x and the hyperbolic tangent."""
        return False

    def bind(self, site: Site) -> None:
        """x is needed in the backward pass, so y has an array of its own."""
        self.x = site.x
        self.y = _like(site.x, site.memory)
        self.tanh, self.near = _like(site.x, site.memory), _like(site.x, site.memory)
        constants = (-_SATURATED, _SATURATED, 0.044715, 1.0, math.sqrt(2 / math.pi), 0.5)
        self.constants = [site.memory.full((), value) for value in constants]

    def forward(self) -> None:
        """y = ½ x (1 + t) with t = tanh(√(2/π) (x + 0.044715 x³)), where x³ is of x cut to ±_SATURATED."""
        t, x, y = self.tanh, self.near, self.y
        low, high, cubic, one, steepness, half = self.constants
        self.x.clip(low, high, x)  # the method costs a µs less than np.clip
        np.multiply(x, x, t)
        np.multiply(t, cubic, t)
        np.add(t, one, t)
        np.multiply(t, x, t)
        np.multiply(t, steepness, t)
        np.tanh(t, t)
        np.add(t, one, y)
        np.multiply(y, half, y)
        np.multiply(y, self.x, y)

    def bind_backward(self, dy: Array, memory: Memory, *, input_gradient: bool) -> None:
        """dx takes the place of dy; two scratch arrays hold the derivative."""
        self.dy = self.dx = dy
        self.slope, self.inner = _like(self.y, memory), _like(self.y, memory)

    def backward(self) -> None:
        """dx = dy · (½ (1 + t) + ½ x (1 − t²) √(2/π) (1 + 3 · 0.044715 x²))."""
        t, x, slope, inner = self.tanh, self.near, self.slope, self.inner
        np.multiply(x, x, out=inner)
        np.multiply(inner, 3 * 0.044715, out=inner)
        np.add(inner, 1, out=inner)
        np.multiply(inner, x, out=inner)
        np.multiply(inner, 0.5 * math.sqrt(2 / math.pi), out=inner)
        np.multiply(t, t, out=slope)
        np.subtract(1, slope, out=slope)
        np.multiply(slope, inner, out=slope)
        np.multiply(t, 0.5, out=inner)
        np.add(slope, inner, out=slope)
        np.add(slope, 0.5, out=slope)
        np.multiply(self.dy, slope, out=self.dx)


@dataclass(eq=False)
class Softplus(Activation):
    """y = ln(1 + eˣ), dy/dx = σ(x) = 1 − e⁻ʸ."""

    def bind_scratch(self, memory: Memory) -> None:
        """Room for the correction term."""
        self.correction = _like(self.x, memory)

    def forward(self) -> None:
        """y = max(x, 0) + ln(1 + e^−|x|)."""
        softplus(self.x, out=self.y, scratch=self.correction)

    def backward(self) -> None:
        """dx = dy · (1 − e⁻ʸ)."""
        np.negative(self.y, out=self.slope)
        np.expm1(self.slope, out=self.slope)
        np.negative(self.slope, out=self.slope)
        np.multiply(self.dy, self.slope, out=self.dx)


@dataclass(eq=False)
class Softmax(Activation):
    """y_k = e^{x_k} / Σ_j e^{x_j}; its output depends on all inputs of the example, so backward uses the Jacobian."""

    def plan(self, input_shape: Shape) -> Plan:
        """The shape is kept. Raises ShapeError unless the input is a vector."""
        if len(input_shape) != 1:
            raise ShapeError(f"softmax needs a vector for each example, got shape {input_shape}")
        return Plan(input_shape)

    def bind_scratch(self, memory: Memory) -> None:
        """Room for a number per example, and ones to sum with."""
        members, examples, classes = self.x.shape
        self.per_example = memory.activations(members, examples, (1,))
        self.ones = memory.full((classes, 1), 1)
        self.find_maxima = maxima(self.x, self.per_example)
        self.sum_exponentials = product(self.y, self.ones[None], self.per_example)

    def forward(self) -> None:
        """y = e^{x − max x} / Σ e^{x − max x}; a difference too large for the dtype is −∞, of which e^ is 0."""
        self.find_maxima()
        with np.errstate(over="ignore"):
            np.subtract(self.x, self.per_example, out=self.y)
        np.exp(self.y, out=self.y)
        self.sum_exponentials()
        np.divide(self.y, self.per_example, out=self.y)

    def bind_backward(self, dy: Array, memory: Memory, *, input_gradient: bool) -> None:
        """dx takes the place of dy; scratch has dy's M, which may be more than that of a shared x."""
        members, examples, _ = dy.shape
        self.dy = self.dx = dy
        self.slope = _like(dy, memory)
        self.sums = memory.activations(members, examples, (1,))

    def backward(self) -> None:
        """dx = Jᵀ dy = y ∘ (dy − Σ_k dy_k y_k), with the Jacobian J = diag(y) − y yᵀ."""
        np.multiply(self.dy, self.y, out=self.slope)
        np.matmul(self.slope, self.ones, out=self.sums)
        np.subtract(self.dy, self.sums, out=self.dx)
        np.multiply(self.dx, self.y, out=self.dx)


def sigmoid(x: Array, *, out: Array) -> None:
    """out = 1 / (1 + e⁻ˣ) without overflow: −x is cut where e^−x would leave the dtype's range."""
    np.negative(x, out=out)
    np.minimum(out, _LARGEST_EXPONENT[x.dtype.itemsize], out=out)
    np.exp(out, out=out)
    np.add(out, 1, out=out)
    np.reciprocal(out, out=out)


def softplus(x: Array, *, out: Array, scratch: Array) -> None:
    """out = ln(1 + eˣ) = max(x, 0) + ln(1 + e^−|x|), which neither overflows nor cancels."""
    np.abs(x, out=scratch)
    np.negative(scratch, out=scratch)
    np.exp(scratch, out=scratch)
    np.log1p(scratch, out=scratch)
    np.maximum(x, 0, out=out)
    np.add(out, scratch, out=out)


# e to this power still fits: ln of the largest float32 is 88.7, of the largest float64 709.7.
_LARGEST_EXPONENT = {4: 88.0, 8: 709.0}


def _like(array: Array, memory: Memory, dtype: type[np.bool_] | None = None) -> Array:
    """An array with the shape and the layout of `array`."""
    if array.flags.c_contiguous:
        return memory.empty(array.shape, dtype)
    members, examples, features = array.shape
    return memory.empty((members, features, examples), dtype).swapaxes(1, 2)
