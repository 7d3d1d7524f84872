"""How a step is shared out: shards are arithmetic, threads are execution."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager

from nntrain.nn.blueprint import Blueprint

# Multiplications in the products of a forward pass from which two threads that share a batch are done sooner than one:
# a step takes about 0.9 ms then (benchmarks/shards.py).
SHARDS_PAY_FROM = 18_000_000
# As many multiplications take as long as what is done with a number that a layer puts out, forward and backward.
PER_OUTPUT = 25


def shards_for(blueprint: Blueprint, batch_size: int) -> int:
    """In how many parts a batch is computed: 2 where a step is long enough for two threads to pay, otherwise 1.

    It depends on the plan alone, not on the machine, so that a config gives the same bits everywhere that rounds alike.

    Args:
        blueprint: the network's plan.
        batch_size: N of a training step.
    """
    weights = sum(location.param.size for location in blueprint.params.values() if location.param.penalized)
    outputs = sum(math.prod(leaf.output) for leaf in blueprint.leaves)
    return 2 if batch_size > 1 and batch_size * (weights + PER_OUTPUT * outputs) >= SHARDS_PAY_FROM else 1


def threads_for(shards: int, asked: int | None) -> int:
    """The number of threads: what was asked for, or else one for each shard, as far as there are cores.

    Args:
        shards: of a batch.
        asked: a number, or None to decide.
    """
    if asked is not None:
        return asked
    return min(shards, available_cores())


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
