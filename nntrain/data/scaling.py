"""Shifting and scaling numbers: (x - center) / scale, fitted in float64.

standard   center the mean, scale the population standard deviation (divisor N)
minmax     center the minimum, scale the range, so that the training values lie in [0, 1]
none       center 0, scale 1

Where all training values are equal the scale is 1.
"""

from collections.abc import Iterator

import numpy as np

from nntrain.arrays import Array

METHODS = ("standard", "minmax", "none")

_BLOCK = 1 << 20


def fit_scaling(values: Array, method: str, axes: tuple[int, ...] = (0,)) -> tuple[Array, Array]:
    """Center and scale of `values` [N, …] over `axes`, which begin with 0; each has the shape of what is left.

    Without an overflow both are finite and every scale is positive; the caller must look.
    """
    kept = values.shape[len(axes) :]
    center, scale = np.zeros(kept), np.ones(kept)
    if method == "none":
        return center, scale
    with np.errstate(over="ignore", invalid="ignore"):
        low = np.min([part.min(axis=axes) for part in blocks(values)], axis=0)
        high = np.max([part.max(axis=axes) for part in blocks(values)], axis=0)
        if method == "minmax":
            center, scale = low, high - low
        else:
            count = values.size // max(1, center.size)
            center = np.sum([part.sum(axis=axes) for part in blocks(values)], axis=0) / count
            squares = [np.square(part - center).sum(axis=axes) for part in blocks(values)]
            scale = np.sqrt(np.sum(squares, axis=0) / count)
        constant = low == high  # by rounding, the deviation of equal numbers need not be 0
        return np.where(constant, low, center), np.where(constant | (scale == 0), 1.0, scale)


def apply_scaling(values: Array, center: Array | float, scale: Array | float, out: Array) -> None:
    """Write (values - center) / scale, computed in float64, to `out`; what does not fit there becomes infinite."""
    start = 0
    with np.errstate(over="ignore", invalid="ignore"):
        for part in blocks(values):
            out[start : start + len(part)] = (part - center) / scale
            start += len(part)


def blocks(values: Array) -> Iterator[Array]:
    """`values` in pieces of some rows, as float64: bytes of images are never all widened at once."""
    rows = max(1, _BLOCK // max(1, values[:1].size))
    for start in range(0, len(values), rows):
        yield values[start : start + rows].astype(np.float64)
