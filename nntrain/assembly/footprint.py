"""How much memory a training takes, worked out from shapes, and whether the machine has it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nntrain.assembly.data import Prepared
from nntrain.assembly.optimization import build_optimizer
from nntrain.assembly.training import bound
from nntrain.config.root import Config
from nntrain.errors import UserError
from nntrain.machine import bytes_in_words, free_memory, total_memory
from nntrain.memory import Counting
from nntrain.nn.blueprint import Blueprint
from nntrain.nn.network import Network
from nntrain.streams import Key

LARGE = 2**29
"""What is known to take more than this many bytes is not laid out to count the rest."""

_DRAWN = 3  # arrays of float64 while a parameter is drawn: the numbers, those of each member, and these scaled


@dataclass(frozen=True)
class Footprint:
    """The memory that a population takes, in bytes.

    Attributes:
        arrays: of its parameters, its optimizer and its batches.
        most: what is needed at least to train it: the evaluation, drawing the weights and keeping them included.
    """

    arrays: int
    most: int


def footprint(
    blueprint: Blueprint,
    configs: Sequence[Config],
    prepared: Sequence[Prepared],
    of_member: Sequence[int],
    *,
    batch_size: int,
    shards: int = 1,
) -> Footprint:
    """What `build_population` would take, without taking it.

    Up to `LARGE` it is exact. Beyond, it is that of the parameters, their gradients, the optimizer and what flows
    between layers.
    """
    first, members = configs[0], len(configs)
    item = np.dtype(first.dtype).itemsize
    theta = item * members * blueprint.size
    flowing = item * members * batch_size * sum(math.prod(shape) for shape in blueprint.shapes)
    arrays = (1 + shards + build_optimizer(configs).slots) * theta + item * members * blueprint.state_size + flowing
    drawing = drawing_bytes(blueprint, members, item)
    if arrays > LARGE:
        return Footprint(arrays, max(arrays, drawing))
    memory = Counting(first.dtype)
    keys = [Key(config.seed) for config in configs]
    try:
        network = Network(blueprint, members, memory)
        bound(network, configs, prepared, of_member, keys, batch_size=batch_size, shards=shards)
    except MemoryError:  # not even promised
        return Footprint(arrays, max(arrays, drawing))
    return Footprint(memory.nbytes, max(memory.in_all, drawing))


def drawing_bytes(blueprint: Blueprint, members: int, item: int) -> int:
    """What networks take while their weights are drawn, an array of all members at a time."""
    located = [*blueprint.params.values(), *blueprint.state.values()]
    largest = max((location.param.size for location in located), default=0)
    return members * (item * (2 * blueprint.size + blueprint.state_size) + _DRAWN * 8 * largest)


def refuse_beyond(needed: int, what: str, remedy: str) -> None:
    """UserError where `what` needs more bytes than this machine has, before any of them is taken."""
    total = total_memory()
    if total is not None and needed > total:
        raise UserError(_text(needed, total, what, remedy))


def memory_warnings(needed: int, what: str, remedy: str) -> list[str]:
    """A sentence where `what` needs more bytes than this machine has, or than are free now."""
    total, free = total_memory(), free_memory()
    if total is not None and needed > total:
        return [_text(needed, total, what, remedy)]
    if free is not None and needed > free:
        return [f"{what} needs {bytes_in_words(needed)} of memory, and {bytes_in_words(free)} are free now: {remedy}"]
    return []


def _text(needed: int, total: int, what: str, remedy: str) -> str:
    return (
        f"{what} needs at least {bytes_in_words(needed)} of memory, and this machine has {bytes_in_words(total)}: "
        f"{remedy}"
    )


TRAINING = "training this network"
SMALLER = "give its layers fewer units, or lower training.batch_size"
