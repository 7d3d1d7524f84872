"""Cutting [M, P] into blocks that stay in cache while a rule passes over them several times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from nntrain.arrays import Array, Shape

if TYPE_CHECKING:
    from nntrain.memory import Memory


# Of one array. Adam works on four arrays, so on 2 MB at a time. Measured with float32 and 2 cores (32 MB L3, 1 MB L2):
# a step of Adam on 10 million parameters takes 15 ms with this size, 18 ms with 64 KB (the calls themselves) and
# 19 ms uncut (the passes go to main memory); on 670 thousand, which all fit in L3, the size matters little.
BLOCK_BYTES = 512 * 1024

# Pieces of a row start at multiples of this many numbers, so that they start like the row does within a cache line.
ALIGNMENT = 16


@dataclass(frozen=True)
class Block:
    """Some rows and columns of [M, P]: whole rows of several members, or a piece of one member's row."""

    rows: slice
    columns: slice

    @property
    def shape(self) -> Shape:
        """Of the block: (members, parameters)."""
        return self.rows.stop - self.rows.start, self.columns.stop - self.columns.start

    @property
    def size(self) -> int:
        """How many numbers it is."""
        rows, columns = self.shape
        return rows * columns

    def of(self, array: Array) -> Array:
        """The block's view of an array [M, P]; of one with fewer columns, what there is of the block."""
        return array[self.rows, self.columns]

    def constant(self, array: Array) -> Array:
        """The block's view of a constant, 0-d or [M, 1].

        It is 0-d for a single member: NumPy multiplies by a 0-d array twice as fast as by one of shape [1, 1].
        """
        if array.ndim == 0:
            return array
        single = self.rows.stop - self.rows.start == 1
        return array[self.rows.start, 0, ...] if single else array[self.rows]


class Scratch:
    """One array for all blocks that are worked on one after the other, allocated when the first of them wants it."""

    def __init__(self, memory: Memory, blocks: Sequence[Block]) -> None:
        self._memory = memory
        self._size = max((block.size for block in blocks), default=0)
        self._array: Array | None = None

    def of(self, block: Block) -> Array:
        """A view of the block's shape; it holds anything."""
        if self._array is None:
            self._array = self._memory.empty((self._size,))
        return self._array[: block.size].reshape(block.shape)


def constant_of_each(memory: Memory, members: int) -> Array:
    """An array for a constant of each member, [M, 1], which is 0-d for a single one; see `Block.constant`."""
    return memory.zeros(() if members == 1 else (members, 1))


def split(shape: Shape, itemsize: int, parts: int = 1) -> list[list[Block]]:
    """Cut an array [M, P] into blocks of at most BLOCK_BYTES, dealt out to `parts` threads in equal shares.

    Args:
        shape: (M, P).
        itemsize: bytes per number.
        parts: how many threads there are.

    Returns:
        At most `parts` lists, none of them empty unless the array is; all blocks together cover the array once.
    """
    members, size = shape
    if not members or not size:
        return []
    limit = min(max(BLOCK_BYTES // itemsize, 1), -(-members * size // parts))
    blocks = _whole_rows(members, size, limit) if size <= limit else _pieces(members, size, limit, parts)
    bounds = [len(blocks) * part // parts for part in range(parts + 1)]
    return [blocks[start:stop] for start, stop in pairwise(bounds) if stop > start]


def _whole_rows(members: int, size: int, limit: int) -> list[Block]:
    step = limit // size
    starts = range(0, members, step)
    return [Block(slice(start, min(start + step, members)), slice(0, size)) for start in starts]


def _pieces(members: int, size: int, limit: int, parts: int) -> list[Block]:
    count = -(-size // limit)
    count = -(-count // parts) * parts
    cuts = [size * piece // count // ALIGNMENT * ALIGNMENT for piece in range(count)] + [size]
    columns = [slice(start, stop) for start, stop in pairwise(cuts) if stop > start]
    return [Block(slice(row, row + 1), piece) for row in range(members) for piece in columns]
