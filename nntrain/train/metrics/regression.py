"""Metrics of regression. Shapes and conventions as in metrics.py; values in the units that y and t share."""

import numpy as np

from nntrain.arrays import Array
from nntrain.memory import full
from nntrain.tasks import Task


def rmse(task: Task, y: Array, t: Array) -> Array:
    """Root of the mean squared error, [M]; with several outputs the mean of the outputs' own."""
    return _mean_over_outputs(np.sqrt(output_squared_error(y, t)))


def mae(task: Task, y: Array, t: Array) -> Array:
    """Mean absolute error, [M]; with several outputs the mean of the outputs' own."""
    return _mean_over_outputs(output_absolute_error(y, t))


def r2(task: Task, y: Array, t: Array) -> Array:
    """Coefficient of determination, [M]; with several outputs the mean of the outputs' own. See output_r2."""
    return _mean_over_outputs(output_r2(y, t))


def max_error(task: Task, y: Array, t: Array) -> Array:
    """The largest absolute error of any example and output, [M]."""
    return _whole(np.abs(_residuals(y, t)).max(axis=(1, 2)))


def output_squared_error(y: Array, t: Array) -> Array:
    """Mean squared error of each output, [M, K]."""
    with np.errstate(over="ignore"):
        return _whole(np.square(_residuals(y, t)).mean(axis=1))


def output_absolute_error(y: Array, t: Array) -> Array:
    """Mean absolute error of each output, [M, K]."""
    return _whole(np.abs(_residuals(y, t)).mean(axis=1))


def output_r2(y: Array, t: Array) -> Array:
    """1 − Σ(t − y)² / Σ(t − mean t)² of each output, [M, K]: 1 is perfect, 0 is as good as the mean of t.

    Where t is constant: 1 for a perfect output, else 0. NaN for fewer than two examples.
    """
    if y.shape[1] < 2:
        return full((len(y), y.shape[2]), np.nan)
    error = output_squared_error(y, t)
    varies = np.broadcast_to(t.max(axis=1) > t.min(axis=1), error.shape)
    with np.errstate(over="ignore", invalid="ignore"):  # targets too large to be squared leave no ratio
        spread = np.broadcast_to(t.var(axis=1, dtype=np.float64), error.shape)
        ratio = np.divide(error, spread, out=(error > 0).astype(np.float64), where=varies)
    return _whole(np.where(np.isnan(error), np.nan, 1.0 - ratio))


def _mean_over_outputs(values: Array) -> Array:
    """[M, K] → [M]: every output counts the same, as in scikit-learn's uniform average."""
    mean: Array = values.mean(axis=1)
    return mean


def _residuals(y: Array, t: Array) -> Array:
    """y − t in float64, [M, N, K]; NaN where y is not finite, so that no infinity meets another."""
    finite = np.where(np.isfinite(y), y, np.nan)
    return np.subtract(finite, t, dtype=np.float64)


def _whole(values: Array) -> Array:
    """The values with infinities (an error too large to be squared) made NaN."""
    return np.where(np.isinf(values), np.nan, values)
