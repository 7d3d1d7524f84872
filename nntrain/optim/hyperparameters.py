"""Hyperparameters: one number for all members, or an array [M, 1] with one for each.

An array whose entries are all equal is stored as that one number. Arithmetic on a number and on an array is the
same: both are IEEE double precision, and only operations that IEEE rounds correctly (+ − × ÷ √) are used on them. So
a member gets the same bits whether it is alone or in a population.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from nntrain.arrays import Array
from nntrain.errors import UserError

Hyperparameter: TypeAlias = float | Array


@dataclass(frozen=True)
class Allowed:
    """Which values a hyperparameter may take.

    Attributes:
        text: how an error message says it, after "must be".
        test: array of numbers → array of booleans.
    """

    text: str
    test: Callable[[Array], Array]


NOT_NEGATIVE = Allowed("at least 0 and finite", lambda value: (value >= 0) & np.isfinite(value))
POSITIVE = Allowed("above 0 and finite", lambda value: (value > 0) & np.isfinite(value))
AT_LEAST_ONE = Allowed("at least 1 and finite", lambda value: (value >= 1) & np.isfinite(value))
POSITIVE_OR_OFF = Allowed("above 0 (infinity switches it off)", lambda value: value > 0)
BELOW_ONE = Allowed("at least 0 and below 1", lambda value: (value >= 0) & (value < 1))
UP_TO_ONE = Allowed("above 0 and at most 1", lambda value: (value > 0) & (value <= 1))


def checked(name: str, value: Hyperparameter, allowed: Allowed) -> Hyperparameter:
    """A hyperparameter in its shortest form, if it is in range.

    Args:
        name: how an error message calls it.
        value: a number, or an array [M, 1].
        allowed: which values it may take.

    Returns:
        A float where all members have the same value, otherwise a float64 array [M, 1] of its own.

    Raises:
        UserError: a value is out of range, or the array is not [M, 1].
    """
    numbers = np.array(value, dtype=np.float64)
    if numbers.ndim != 0 and (numbers.ndim != 2 or numbers.shape[1] != 1 or not len(numbers)):
        raise UserError(f"{name} must be a number or an array [members, 1], got an array {list(numbers.shape)}")
    bad = numbers[~allowed.test(numbers)]
    if bad.size:
        raise UserError(f"{name} must be {allowed.text}, got {bad[0]:g}")
    return shortest(numbers)


def shortest(numbers: Array) -> Hyperparameter:
    """The float that all entries equal, or else the array [M, 1] itself."""
    first = float(numbers.flat[0])
    return first if (numbers == first).all() else numbers


def rows_of(value: Hyperparameter, rows: Array) -> Hyperparameter:
    """The hyperparameter of the members `rows` (indices)."""
    return value if isinstance(value, float) else shortest(value[rows])


def as_array(value: Hyperparameter, members: int) -> Array:
    """A hyperparameter as a new float64 array [M]."""
    return np.repeat(value, members) if isinstance(value, float) else value[:, 0].copy()


def root(value: Hyperparameter) -> Hyperparameter:
    """√ of a hyperparameter."""
    return math.sqrt(value) if isinstance(value, float) else np.sqrt(value)


def smaller(value: Hyperparameter, other: Hyperparameter) -> Hyperparameter:
    """The smaller of two hyperparameters, for each member."""
    return min(value, other) if isinstance(value, float) and isinstance(other, float) else np.minimum(value, other)


def each(function: Callable[..., float], *values: Hyperparameter) -> Hyperparameter:
    """A function of each member's entries of some hyperparameters, computed on Python floats.

    For powers and logarithms: NumPy's own differ in the last bit between its vectorized and its scalar code, so that
    a member's result could depend on how many others there are.
    """
    if all(isinstance(value, float) for value in values):
        return function(*values)
    members = max(len(value) for value in values if not isinstance(value, float))
    rows = zip(*(as_array(value, members).tolist() for value in values), strict=True)
    return np.array([[function(*row)] for row in rows])
