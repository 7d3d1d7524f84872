"""Compare backpropagation with central differences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nntrain.arrays import Array

# The central difference errs by O(ε²) and by rounding O(1e-16/ε): in float64 both are small at this step.
STEP = 1e-5


@dataclass(frozen=True, eq=False)
class Difference:
    """How far the two gradients of one array are apart.

    Attributes:
        name: of the parameter, or `input`.
        relative_error: [M], ‖g − ĝ‖ / (‖g‖ + ‖ĝ‖) for each member; 0 where both vanish.
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

    One evaluation perturbs the same entry of all members, because no member's cost depends on another's values.

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
    numeric = np.empty((members, len(entries)))
    for place, entry in enumerate(entries):
        at = (slice(None), *np.unravel_index(entry, values.shape[1:]))
        kept = values[at].copy()
        values[at] = kept + step
        above = cost().copy()
        values[at] = kept - step
        below = cost().copy()
        values[at] = kept
        numeric[:, place] = (above - below) / (2 * step)
    analytic = gradient.reshape(members, -1)[:, entries]
    distance = np.linalg.norm(analytic - numeric, axis=1)
    scale = np.linalg.norm(analytic, axis=1) + np.linalg.norm(numeric, axis=1)
    error = np.divide(distance, scale, out=np.zeros(members), where=scale > 0)
    return Difference(name, error, len(entries))
