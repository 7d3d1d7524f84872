"""Matrix products and reductions, with their arrays bound: where the layout decides which call is the fastest."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from nntrain.arrays import Array

# Up to this many classes, maxima over them are found class by class.
FEW = 16


def product(a: Array, b: Array, out: Array) -> Callable[[], object]:
    """What computes out = a b when it is called, with arrays bound once and for all.

    Args:
        a: [M or 1, R, K]; b: [M, K, C]; out: [M, R, C].

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
