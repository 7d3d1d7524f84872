"""The hyperparameters of several configs, gathered."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from nntrain.arrays import Array


def of_members(values: Iterable[float | None]) -> Array:
    """Values of M members as float64 [M, 1]; None, which switches a limit off, is infinity."""
    return np.array([[math.inf if value is None else float(value)] for value in values])
