"""Arrays that were read become a Dataset: element types, shapes and finiteness, whatever file they came from."""

from collections.abc import Sequence

import numpy as np

from nntrain.arrays import Array
from nntrain.data.dataset import Dataset, array_columns
from nntrain.data.readers.opened import OpenedFile
from nntrain.errors import DataError

_BLOCK = 1 << 22


def array_dataset(
    inputs: Array, targets: Array | None, *, source: str, files: Sequence[OpenedFile], names: tuple[str, str]
) -> Dataset:
    """A data set of `inputs` [N, …] and `targets` [N] or [N, K]; `names` are what errors call the two arrays.

    Inputs [N] become [N, 1]. DataError where the shapes do not fit, nothing is left, or a number is not finite.
    """
    x_name, y_name = names
    paths, sha256 = tuple(file.path for file in files), tuple(file.sha256 for file in files)
    if inputs.ndim == 0 or inputs.size == 0:
        raise DataError(f"{source}: {x_name} has the shape {list(inputs.shape)}: there are no examples in it")
    x = _numbers(inputs, f"{source}: {x_name}")
    _check_finite(x, f"{source}: {x_name}")
    if targets is None:
        return Dataset(_at_least_2d(x), None, source, paths, sha256=sha256)
    if targets.ndim not in (1, 2) or targets.size == 0:
        raise DataError(
            f"{source}: {y_name} has the shape {list(targets.shape)}; targets are [examples] or [examples, outputs]"
        )
    if len(targets) != len(inputs):
        raise DataError(
            f"{source}: {x_name} has {len(inputs):,} examples and {y_name} has {len(targets):,}; "
            "they must have the same number"
        )
    y = _targets(targets, f"{source}: {y_name}")
    return Dataset(_at_least_2d(x), array_columns("y", y), source, paths, sha256=sha256)


def _targets(values: Array, name: str) -> Array:
    """Numbers that are finite, or NaN where there is none; or strings for class names."""
    if values.dtype.kind not in "US":
        numbers = _numbers(values, name)
        _check_finite(np.nan_to_num(numbers, nan=0.0, posinf=np.inf, neginf=-np.inf), name)  # NaN: it has no value
        return numbers
    try:
        return np.char.decode(values, "utf-8") if values.dtype.kind == "S" else np.char.strip(values)
    except ValueError:
        raise DataError(f"{name} holds strings that are not valid Unicode") from None


def _at_least_2d(x: Array) -> Array:
    return x[:, np.newaxis] if x.ndim == 1 else x


def _numbers(values: Array, name: str) -> Array:
    """`values` as an array of uint8, integers, float32 or float64 in native byte order; DataError for the rest."""
    kind = values.dtype.kind
    if kind == "b":
        return values.astype(np.uint8)
    if kind in "iu":
        return values.astype(values.dtype.newbyteorder("="), copy=False)
    if kind == "f":
        wider = np.float32 if values.dtype.itemsize <= 4 else np.float64
        with np.errstate(over="ignore"):  # a long double beyond float64 becomes inf, which is refused below
            return values.astype(wider, copy=False)
    raise DataError(f"{name} holds {values.dtype}, not numbers; save it as an integer or floating-point array")


def _check_finite(values: Array, name: str) -> None:
    if values.dtype.kind != "f":
        return
    rows = max(1, _BLOCK // max(1, values[0].size))
    for start in range(0, len(values), rows):
        finite = np.isfinite(values[start : start + rows])
        if finite.all():
            continue
        index = np.argwhere(~finite)[0].tolist()
        index[0] += start
        what = "NaN" if np.isnan(values[tuple(index)]) else "infinite"
        raise DataError(
            f"{name}[{', '.join(map(str, index))}] is {what}; "
            "arrays must hold finite numbers: fill or remove such examples before saving them"
        )
