"""Compare backpropagation with central differences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nntrain.arrays import Array
from nntrain.memory import empty, zeros
from nntrain.streams import Draws

# The central difference errs by O(ε²) and by rounding O(1e-16/ε): in float64 both are small at this step. Values above
# 1 are moved by that share of them.
STEP = 1e-5
# Of a larger array so many entries are checked, which are drawn at random, the same ones each time.
MOST_ENTRIES = 200
# Where all differences vanish, a gradient below this share of J may be that of a saturated unit, whose slope ends
# before the nearest step: it would not show in the digits of J.
HIDDEN = 1e-4
# An error above this may be the estimate's own: of truncation where J bends sharply or has a kink nearby, of rounding
# where its gradient is small beside J. Then these multiples of the step are tried.
DOUBTFUL = 1e-8
OTHER_STEPS = (1e-4, 0.01, 1.0, 100.0, 1000.0)
# Gradients below this share of J are lost in its rounding.
VANISHING = 1e-9
# An estimate is off by less than so many times what its own steps say.
SAFETY = 10.0
# What J errs by is measured at so many points, each of these steps apart: too near for J itself to bend between them,
# and one of them far enough for J to leave the value that it is rounded to.
PROBES = 8
PROBE_STEPS = (1e-11, 1e-9, 1e-7)


@dataclass(frozen=True, eq=False)
class Difference:
    """How far the two gradients of one array are apart.

    Attributes:
        name: of the parameter, or `input`.
        relative_error: [M], ‖g − ĝ‖ / (‖g‖ + ‖ĝ‖) for each member; 0 where both vanish beside J, NaN where J or a
            gradient is not finite.
        proven: [M], the part of it that the differences' own errors do not explain: a gradient for which this is above
            the tolerance is wrong. It is 0 where they explain all of it, and where there is nothing to compare.
        checked: how many numbers of the array were perturbed.
    """

    name: str
    relative_error: Array
    proven: Array
    checked: int


def check_array(name: str, values: Array, gradient: Array, cost: Callable[[], Array]) -> Difference:
    """Compare a gradient with central differences (J(v + ε) − J(v − ε)) / 2ε, entry by entry.

    One evaluation perturbs the same entry of all members, because no member's cost depends on another's values. Where
    the two are not close, better estimates are made, and the closest counts: a right gradient is near one of them, a
    wrong one near none. How far each estimate may be off is known from how far its two steps are apart and from the
    rounding of J, so that a gradient which only the rounding parts from its differences is not called wrong.

    Larger arrays are checked at MOST_ENTRIES of their entries.

    Args:
        name: what to call the array in the result.
        values: [M, …], float64; perturbed in place and put back.
        gradient: [M, …], what backpropagation says.
        cost: computes J [M] at the current values.
    """
    members = len(values)
    size = values[0].size
    entries = np.arange(size)
    if size > MOST_ENTRIES:
        entries = Draws(0).some_of(size, MOST_ENTRIES)
    analytic = gradient.reshape(members, -1)[:, entries]
    with np.errstate(all="ignore"):  # what is not finite is seen below
        here = cost().copy()
        least = VANISHING * np.maximum(np.abs(here), 1e-300)
        error = _relative_error(analytic, _differences(values, entries, cost, here, STEP)[0], least)
        proven = zeros(members)
        if not (error <= DOUBTFUL).all():
            rounding = _rounding(values, cost, here)
            estimates = [_extrapolated(values, entries, cost, here, factor * STEP, rounding) for factor in OTHER_STEPS]
            for numeric, *_ in estimates:
                error = np.fmin(error, _relative_error(analytic, numeric, least))
            proven = np.minimum(error, _proven(analytic, estimates, least))
    return Difference(name, error, np.nan_to_num(proven, nan=0.0), len(entries))


def _differences(
    values: Array, entries: Array, cost: Callable[[], Array], here: Array, step: float
) -> tuple[Array, Array]:
    """Central differences of J at the entries [n], of all members: [M, n].

    Returns them, and how much steeper J is above than below, likewise; `here` [M] is J as it is.
    """
    numeric, bend = empty((2, len(values), len(entries)))
    for index, entry in enumerate(entries):
        at = (slice(None), *np.unravel_index(entry, values.shape[1:]))
        kept = values[at].copy()
        width = step * np.maximum(1.0, np.abs(kept))
        values[at] = kept + width
        above = cost().copy()
        moved = values[at].copy()
        values[at] = kept - width
        below = cost().copy()
        moved -= values[at]  # with the rounding of both sums: twice the width but for a few bits of the value
        values[at] = kept
        numeric[:, index] = (above - below) / moved
        bend[:, index] = 2 * ((above - here) - (here - below)) / moved
    return numeric, bend


def _extrapolated(
    values: Array, entries: Array, cost: Callable[[], Array], here: Array, step: float, rounding: Array
) -> tuple[Array, Array, Array]:
    """Differences of two steps, extrapolated to step 0 (Richardson 1911): they err by O(ε⁴).

    Returns them, and how far they may be off by the bends of J, and by its rounding, which is `rounding` [M]; all
    [M, n]. The bend of a smooth J is half as large at half the step. Where it is not, J has a kink between the steps:
    there they may agree on the mean of the slopes on both sides.
    """
    (whole, bend), (half, half_bend) = (_differences(values, entries, cost, here, each) for each in (step, step / 2))
    kept = np.abs(values.reshape(len(values), -1)[:, entries])
    bends = np.abs(half - whole) / 3 + np.abs(half_bend - bend / 2)
    return (4 * half - whole) / 3, bends, 2 * rounding[:, None] / (step * np.maximum(1.0, kept))


def _rounding(values: Array, cost: Callable[[], Array], here: Array) -> Array:
    """What J [M] errs by: the last bit of it, or more if it is seen to scatter (Moré and Wild 2011, ECnoise).

    Between points this close J is a straight line, whose third differences vanish: what is left of them is rounding.
    """
    kept = values.copy()
    direction = Draws(0).uniform(0.5, 1.0, values.shape) * np.maximum(1.0, np.abs(kept))
    rounding: Array = np.finfo(np.float64).eps * np.abs(here)
    for step in PROBE_STEPS:
        seen = []
        for k in range(PROBES):
            values[...] = kept + k * step * direction
            seen.append(cost().copy())
        third = np.diff(np.array(seen), n=3, axis=0)
        scatter = np.sqrt((third**2).mean(axis=0) / 20)  # (3!)² / 6!
        rounding = np.fmax(rounding, scatter)
    values[...] = kept
    return rounding


def _proven(analytic: Array, estimates: list[tuple[Array, Array, Array]], least: Array) -> Array:
    """The relative error [M] that is left when each entry is given what its two best estimates may be off.

    Two, since one step may by chance lead to as high a point on both sides of a narrow valley. Where J bends between
    two small steps, it does between larger ones, which may have left the bend behind on both sides.
    """
    numeric, bends, rounding = (np.stack(each) for each in zip(*estimates, strict=True))
    bends = np.maximum(bends, np.fmax.accumulate(bends - SAFETY * rounding))
    doubt = np.where(np.isfinite(numeric), bends + rounding, np.inf)
    left = np.maximum(np.abs(analytic - numeric) - SAFETY * doubt, 0.0)
    is_flat = (np.abs(numeric) <= SAFETY * doubt).all(axis=0)
    left[:, is_flat & (np.abs(analytic) <= HIDDEN / VANISHING * least[:, None])] = 0.0
    order = doubt.argsort(axis=0)
    left = np.nan_to_num(np.take_along_axis(left, order[:2], axis=0), nan=0.0).min(axis=0)  # NaN: nothing is known
    closest = np.take_along_axis(numeric, order[:1], axis=0)[0]
    scale = np.linalg.norm(analytic, axis=1) + np.linalg.norm(np.nan_to_num(closest), axis=1)
    share: Array = np.divide(np.linalg.norm(left, axis=1), scale, out=zeros(len(left)), where=scale > least)
    return share


def _relative_error(a: Array, b: Array, least: Array) -> Array:
    """‖a − b‖ / (‖a‖ + ‖b‖) of each member [M], from [M, n]; 0 where the denominator is less than `least` [M]."""
    scale = np.linalg.norm(a, axis=1) + np.linalg.norm(b, axis=1)
    error: Array = np.divide(np.linalg.norm(a - b, axis=1), scale, out=zeros(len(a)), where=~(scale <= least))
    return error
