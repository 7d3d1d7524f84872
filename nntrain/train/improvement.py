"""Was a training still getting better when its epochs ran out?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_LAST_PART = 0.1  # of the epochs
_LEAST_GAIN = 0.005  # of the best value before them
_LEAST_SHARE = 0.001  # of all that was gained


def still_improving(values: Sequence[float], *, maximize: bool = False) -> bool:
    """Whether the last tenth of the epochs brought a new best value, better by half a percent or more.

    Args:
        values: what was watched, one for each epoch; NaN where it is undefined.
        maximize: whether more is better.

    A lucky epoch near the end of a noisy curve is no such gain. Nor is the creeping of a training loss that has come
    down: a thousandth of the whole way is to be gained too.
    """
    course = np.asarray(values, dtype=np.float64) * (-1.0 if maximize else 1.0)
    last = max(1, round(_LAST_PART * len(course)))
    before, after = (part[np.isfinite(part)] for part in (course[:-last], course[-last:]))
    if not len(before) or not len(after):
        return False
    gain = before.min() - after.min()
    return bool(gain > _LEAST_GAIN * abs(before.min()) and gain > _LEAST_SHARE * (before.max() - after.min()))
