"""Matrix products, the largest of them on several cores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

import numpy as np

from nntrain.arrays import Array
from nntrain.parallel import in_parallel

# Multiplications for which a thread of its own pays: about 200 µs of work. Handing it over costs 10 µs where the thread
# is awake, but up to 90 µs where its core has gone to sleep in between.
WORTH_A_THREAD = 10_000_000


# Up to this many classes, maxima over them are found class by class.
FEW = 16


def product(a: Array, b: Array, out: Array, threads: int = 1) -> Callable[[], object]:
    """What computes out = a b when it is called, with arrays bound once and for all.

    Args:
        a: [M or 1, R, K]; b: [M, K, C]; out: [M, R, C].
        threads: how many may be used; a small product uses one.

    A product that is large for one member is cut by the rows of `a`, in the same way however many members there are:
    BLAS may round a part otherwise than the whole, and a member is to have the same bits alone and together. The parts
    go to the threads by members, or by rows where there are fewer members than threads.
    """
    members, rows, columns = out.shape
    size = rows * columns * a.shape[2]
    by_row = _cuts(rows, min(threads, size // WORTH_A_THREAD))
    count = min(threads, members * size // WORTH_A_THREAD)
    by_member = _cuts(members, count if members >= count or len(by_row) == 1 else 1)
    if len(by_row) == 1:
        parts = [[_whole(a if len(a) == 1 else a[some], b[some], out[some])] for some in by_member]
    elif len(by_member) == 1:
        parts = [[partial(np.matmul, a[:, cut], b, out[:, cut])] for cut in by_row]
    else:  # np.matmul, which hands a part to BLAS as it lies; np.dot copies some first, and they are rounded otherwise
        parts = [
            [partial(np.matmul, (a if len(a) == 1 else a[some])[:, cut], b[some], out[some, cut]) for cut in by_row]
            for some in by_member
        ]
    return parts[0][0] if len(parts) == 1 else partial(in_parallel, _call, parts)


def _cuts(length: int, count: int) -> list[slice]:
    """`length` places in `count` slices of nearly equal length, at least 1 and at most `length` of them."""
    count = max(1, min(count, length))
    bounds = [length * part // count for part in range(count + 1)]
    return [slice(*pair) for pair in pairwise(bounds)]


def _whole(a: Array, b: Array, out: Array) -> Callable[[], object]:
    """The product in one piece.

    For a single member np.dot on two axes costs half of what np.matmul costs on three (0.6 against 1.2 µs), and calls
    BLAS in the same way, to the same bits. It wants C-contiguous results: out = a b, or outᵀ = bᵀ aᵀ.
    """
    if len(a) == len(b) == len(out) == 1:
        if out[0].flags.c_contiguous:
            return partial(np.dot, a[0], b[0], out[0])
        if out[0].T.flags.c_contiguous:
            return partial(np.dot, b[0].T, a[0].T, out[0].T)
    return partial(np.matmul, a, b, out)


def dots(a: Array, b: Array, out: Array) -> Callable[[], object]:
    """What computes out = Σ a b of each member when it is called; a [M, n], b [M or 1, n], out [M]."""
    if len(a) == len(b) == 1:
        return partial(np.dot, a[0], b[0], out.reshape(()))
    return partial(np.vecdot, a, b, out)


def maxima(a: Array, out: Array) -> Callable[[], object]:
    """What computes out = max over k of a when it is called; a [M, N, K], out [M, N, 1].

    For several members and few classes it goes class by class, over all examples of all members at once: two to three
    times faster than a reduction along so short an axis.
    """
    columns = [a[:, :, k : k + 1] for k in range(a.shape[2])]
    if len(a) == 1 or not 2 <= len(columns) <= FEW:
        return partial(np.maximum.reduce, a, axis=2, keepdims=True, out=out)

    def by_class() -> None:
        np.maximum(columns[0], columns[1], out=out)
        for column in columns[2:]:
            np.maximum(out, column, out=out)

    return by_class


def _call(part: Sequence[Callable[[], object]]) -> None:
    for product_of_part in part:
        product_of_part()
