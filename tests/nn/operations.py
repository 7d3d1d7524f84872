"""Operations as a reader of lecture 003 would write them, right ones and wrong ones."""

from dataclasses import dataclass

import numpy as np

import nntrain
from nntrain.arrays import Array, Shape


@dataclass(frozen=True)
class Square(nntrain.Operation):
    """y = x²."""

    def forward(self, x: Array) -> Array:
        return x**2

    def backward(self, x: Array, y: Array, dy: Array) -> Array:
        return 2 * x * dy


@dataclass(frozen=True)
class Power(nntrain.Operation):
    """y = |x|ᵖ, for x ≠ 0."""

    p: float = 3.0

    def forward(self, x: Array) -> Array:
        powers: Array = np.abs(x) ** self.p
        return powers

    def backward(self, x: Array, y: Array, dy: Array) -> Array:
        return self.p * y / x * dy


@dataclass(frozen=True)
class Total(nntrain.Operation):
    """The sum over the last axis, which stays with one number."""

    def forward(self, x: Array) -> Array:
        total: Array = np.sum(x, axis=-1, keepdims=True)
        return total

    def backward(self, x: Array, y: Array, dy: Array) -> Array:
        return dy * np.ones_like(x)

    def output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape[:-1], 1)


@dataclass(frozen=True)
class Wrong(nntrain.Operation):
    """y = x³, with the derivative of x²."""

    def forward(self, x: Array) -> Array:
        return x**3

    def backward(self, x: Array, y: Array, dy: Array) -> Array:
        return 2 * x * dy


@dataclass(frozen=True)
class Shapeless(nntrain.Operation):
    """One function returns too little, as `which` says."""

    which: str

    def forward(self, x: Array) -> Array:
        return x[:, :, :1] if self.which == "forward" else x

    def backward(self, x: Array, y: Array, dy: Array) -> Array:
        return dy[:, :1] if self.which == "backward" else dy

    def output_shape(self, input_shape: Shape) -> Shape:
        return 3 if self.which == "output_shape" else input_shape  # type: ignore[return-value]
