"""Shifting and scaling numbers: (x - center) / scale, fitted in float64.

standard   center the mean, scale the population standard deviation (divisor N)
minmax     center the minimum, scale the range, so that the training values lie in [0, 1]
none       center 0, scale 1

Values that are constant, or constant but for rounding, are shifted to 0 and not scaled (scale 1): the differences
between 0.3 and 0.1 + 0.2 say nothing, and divided by them any other number would become huge. The rule is

    max − min ≤ 4 n ε · max(|min|, |max|, tiny),   n at most MOST_ROUNDINGS

with the ε of float64; for the adjacent numbers of a narrower float also 1 of its own ε. `tiny` is the smallest normal
number: below it rounding is absolute. The rule is that of scikit-learn, deviation ≤ n ε |mean|, for a range of four
deviations, which cannot overflow; but there n has no bound, and of a million rows a column of 1.7e9 ± 0.1 is lost.
"""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import DTypeLike

from nntrain.arrays import Array
from nntrain.memory import full, zeros

METHODS = ("standard", "minmax", "none")

# Rows beyond this do not make more of a difference rounding: 4 · 256 ε is a part in 4e12.
MOST_ROUNDINGS = 256

_BLOCK = 1 << 20
_FLOAT64 = np.finfo(np.float64)


def fit_scaling(values: Array, method: str, axes: tuple[int, ...] = (0,)) -> tuple[Array, Array]:
    """Center and scale of `values` [N, …] over `axes`, which begin with 0; each has the shape of what is left.

    The center of equal numbers is that number. Without an overflow both are finite and every scale is positive; the
    caller must look.
    """
    kept = values.shape[len(axes) :]
    center, scale = zeros(kept), full(kept, 1.0)
    if method == "none":
        return center, scale
    with np.errstate(over="ignore", invalid="ignore"):
        low = _combined(np.min, (part.min(axis=axes) for part in blocks(values)))
        high = _combined(np.max, (part.max(axis=axes) for part in blocks(values)))
        count = values.size // max(1, center.size)
        if method == "minmax":
            center, scale = low, high - low
        else:
            center = _combined(np.sum, (part.sum(axis=axes) for part in blocks(values))) / count
            scale = _deviation(values, center, high - low, axes)
        constant = is_constant(low, high, count, values.dtype)
        if not constant.any():
            return np.asarray(center), np.asarray(scale)
        return np.where(constant, np.clip(center, low, high), center), np.where(constant, 1.0, scale)


def is_constant(low: Array, high: Array, count: int, dtype: DTypeLike = np.float64) -> Array:
    """Whether `count` finite numbers from `low` to `high` are the same but for rounding; see the rule above.

    Args:
        low, high: the smallest and the largest, float64 of any shape.
        count: how many there are.
        dtype: in which they were stored.
    """
    stored = np.dtype(dtype)
    rounding = float(np.finfo(stored).eps) if stored.kind == "f" else 0.0
    tolerance = max(4 * min(count, MOST_ROUNDINGS) * float(_FLOAT64.eps), rounding)
    size = np.maximum(np.maximum(np.abs(low), np.abs(high)), _FLOAT64.tiny)
    with np.errstate(over="ignore", invalid="ignore"):
        found: Array = high - low <= tolerance * size
    return found


def mean(values: Array) -> float:
    """The mean of float64 values [n], finite where they are; of equal numbers that number itself."""
    with np.errstate(over="ignore", invalid="ignore"):
        found = np.mean(values)
        if not np.isfinite(found):  # their sum is too large
            found = np.sum(values / len(values))
    return float(np.clip(found, values.min(), values.max()))


def median(values: Array) -> float:
    """The median of float64 values [n], of an even number the mean of the two in the middle; finite where they are."""
    ordered = np.sort(values)
    return mean(ordered[(len(ordered) - 1) // 2 : len(ordered) // 2 + 1])


def _combined(together: Callable[..., Array], parts: Iterable[Array]) -> Array:
    """What is found in the blocks, together; most columns are one block, where NumPy would do nothing but take time."""
    first, *others = parts
    return together([first, *others], axis=0) if others else first


def _deviation(values: Array, center: Array, spread: Array, axes: tuple[int, ...]) -> Array:
    """The population standard deviation about `center`; `spread` is the largest value less the smallest."""
    count = values.size // max(1, center.size)
    squares = _combined(np.sum, (np.square(part - center).sum(axis=axes) for part in blocks(values))) / count
    lost = (spread > 0) & (squares < _FLOAT64.tiny)  # so small that the squares vanish: measure in units of the spread
    if lost.any():
        unit = np.where(lost, spread, 1.0)
        parts = (np.square((part - center) / unit).sum(axis=axes) for part in blocks(values))
        squares = _combined(np.sum, parts) / count
        return np.asarray(np.maximum(np.sqrt(squares) * unit, _FLOAT64.smallest_subnormal))
    return np.asarray(np.sqrt(squares))


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
