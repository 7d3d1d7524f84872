"""Compare backpropagation with central differences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nntrain.arrays import Array

# The central difference errs by O(ε²) and by rounding O(1e-16/ε): in float64 both are small at this step.
STEP = 1e-5
# An error above this may be the estimate's own: of truncation where J bends sharply or has a kink nearby, of rounding
# where its gradient is small beside J. Then these multiples of the step are tried.
DOUBTFUL = 1e-8
OTHER_STEPS = (1.0, 0.01, 100.0, 1000.0)
# Gradients below this share of J are lost in its rounding.
VANISHING = 1e-9


@dataclass(frozen=True, eq=False)
class Difference:
    """How far the two gradients of one array are apart.

    Attributes:
        name: of the parameter, or `input`.
        relative_error: [M], ‖g − ĝ‖ / (‖g‖ + ‖ĝ‖) for each member; 0 where both vanish beside J.
        checked: how many numbers of the array were perturbed.
    """

    name: str
    relative_error: Array
    checked: int


def check_array(
    name: str,
    values: Array,
    gradient: Array,
    cost: Callable[[], Array],
    *,
    limit: int = 200,
    seed: int = 0,
    step: float = STEP,
) -> Difference:
    """Compare a gradient with central differences (J(v + ε) − J(v − ε)) / 2ε, entry by entry.

    One evaluation perturbs the same entry of all members, because no member's cost depends on another's values. Where
    the two are not close, better estimates are made, and the closest counts: a right gradient is near one of them, a
    wrong one near none.

    Args:
        name: what to call the array in the result.
        values: [M, …], float64; perturbed in place and put back.
        gradient: [M, …], what backpropagation says.
        cost: computes J [M] at the current values.
        limit: larger arrays are checked at this many entries, chosen at random by `seed`.
        seed: see `limit`.
        step: ε.
    """
    members = len(values)
    size = values[0].size
    entries = np.arange(size)
    if size > limit:
        entries = np.sort(np.random.default_rng(seed).choice(size, limit, replace=False))
    analytic = gradient.reshape(members, -1)[:, entries]
    least = VANISHING * np.maximum(np.abs(cost()), 1e-300)
    error = _relative_error(analytic, _differences(values, entries, cost, step), least)
    if (error > DOUBTFUL).any():
        for factor in OTHER_STEPS:
            numeric = _extrapolated(values, entries, cost, factor * step)
            error = np.minimum(error, _relative_error(analytic, numeric, least))
    return Difference(name, error, len(entries))


def _differences(values: Array, entries: Array, cost: Callable[[], Array], step: float) -> Array:
    """Central differences of J at the entries [n], of all members: [M, n]."""
    numeric = np.empty((len(values), len(entries)))
    for place, entry in enumerate(entries):
        at = (slice(None), *np.unravel_index(entry, values.shape[1:]))
        kept = values[at].copy()
        values[at] = kept + step
        above = cost().copy()
        values[at] = kept - step
        below = cost().copy()
        values[at] = kept
        numeric[:, place] = (above - below) / (2 * step)
    return numeric


def _extrapolated(values: Array, entries: Array, cost: Callable[[], Array], step: float) -> Array:
    """Differences of two steps, extrapolated to step 0 (Richardson 1911): they err by O(ε⁴)."""
    whole, half = (_differences(values, entries, cost, each) for each in (step, step / 2))
    extrapolated: Array = (4 * half - whole) / 3
    return extrapolated


def _relative_error(a: Array, b: Array, least: Array) -> Array:
    """‖a − b‖ / (‖a‖ + ‖b‖) of each member [M], from [M, n]; 0 where the denominator is less than `least` [M]."""
    scale = np.linalg.norm(a, axis=1) + np.linalg.norm(b, axis=1)
    error: Array = np.divide(np.linalg.norm(a - b, axis=1), scale, out=np.zeros(len(a)), where=scale > least)
    return error
