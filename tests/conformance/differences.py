"""Central differences, written apart from nntrain's own so that the two can be held against each other."""

from collections.abc import Callable

import numpy as np

from nntrain.arrays import Array

STEP = 1e-5
TOLERANCE = 1e-7


def numeric_gradient(cost: Callable[[], Array], values: Array) -> Array:
    """(J(v + ε) − J(v − ε)) / 2ε for every entry of `values`, which is perturbed in place and put back.

    Args:
        cost: J [M] at the current values.
        values: [M, …], or [1, …] where all members share them.

    Returns:
        [M, …]: for each member the derivative of its own cost.
    """
    members = len(cost())
    gradient = np.empty((members, *values.shape[1:]))
    for entry in np.ndindex(*values.shape[1:]):
        at = (slice(None), *entry)
        kept = values[at].copy()
        values[at] = kept + STEP
        above = cost().copy()
        values[at] = kept - STEP
        below = cost().copy()
        values[at] = kept
        gradient[at] = (above - below) / (2 * STEP)
    return gradient


def relative_error(gradient: Array, numeric: Array) -> float:
    """The largest ‖g − ĝ‖ / (‖g‖ + ‖ĝ‖) of any member, for two arrays [M, …]; 0 where both vanish."""
    assert gradient.shape == numeric.shape
    worst = 0.0
    for g, n in zip(gradient, numeric, strict=True):
        scale = float(np.linalg.norm(g) + np.linalg.norm(n))
        if scale > 0:
            worst = max(worst, float(np.linalg.norm(g - n)) / scale)
    return worst
