"""How many cores a training uses."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from nntrain.nn.blueprint import Blueprint

# Multiplications in the largest product of a step from which a second core pays; nntrain.nn.product cuts it up.
THREADS_PAY_FROM = 20_000_000


def threads_for(blueprint: Blueprint, batch_size: int, asked: int | None) -> int:
    """The number of threads for a network: what was asked for, or else all cores for large products and 1 for others.

    Args:
        blueprint: the network's plan.
        batch_size: N of a training step.
        asked: a number, or None to decide by the size.
    """
    if asked is not None:
        return asked
    weights = [location.param.size for location in blueprint.params.values() if location.param.penalized]
    return available_cores() if batch_size * max(weights, default=0) >= THREADS_PAY_FROM else 1


def available_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def blas_threads(count: int) -> Iterator[None]:
    """Let BLAS use `count` threads inside the block.

    Training uses 1: several threads of BLAS collapse as soon as anybody else wants the cores.
    """
    from threadpoolctl import threadpool_limits  # here, because it inspects every loaded library

    with threadpool_limits(limits=count, user_api="blas"):
        yield
