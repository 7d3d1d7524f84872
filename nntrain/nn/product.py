"""Matrix products, the largest of them on several cores."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise

import numpy as np

from nntrain.arrays import Array
from nntrain.parallel import in_parallel

# Multiplications for which a thread of its own pays: about 30 µs of work, twice what it costs to hand it over.
WORTH_A_THREAD = 1_500_000


def product(a: Array, b: Array, out: Array, threads: int) -> Callable[[], object]:
    """What computes out = a b when it is called, with arrays bound once and for all.

    Args:
        a: [M or 1, R, K]; b: [M, K, C]; out: [M, R, C].
        threads: how many may be used; a small product uses one.

    A large product is cut by members, or by the rows of `a` where there is one member.
    """
    members, rows, columns = out.shape
    count = min(threads, members * rows * columns * a.shape[2] // WORTH_A_THREAD, max(members, rows))
    if count <= 1:
        return partial(np.matmul, a, b, out=out)
    length = members if members >= count else rows
    bounds = [length * part // count for part in range(count + 1)]
    cuts = [slice(*pair) for pair in pairwise(bounds)]
    if members >= count:
        parts = [partial(np.matmul, a if len(a) == 1 else a[cut], b[cut], out=out[cut]) for cut in cuts]
    else:
        parts = [partial(np.matmul, a[:, cut], b, out=out[:, cut]) for cut in cuts]
    return partial(in_parallel, _call, parts)


def _call(part: Callable[[], object]) -> None:
    part()
