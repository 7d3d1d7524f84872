"""Sources whose rows are not in memory, and the same rows in memory."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from nntrain.arrays import Array
from nntrain.data.source import Arrays, Field, Source

CLASSES = 3
PIXELS = Field((2, 2, 1), np.dtype(np.uint8), 1 / 255)
"""Bytes that become numbers from 0 to 1."""


def everything(count: int, *, pixels: bool = False) -> dict[str, Array]:
    """What each of some rows has: inputs, two targets, a weight, a token and a length, computed from its number."""
    row = np.arange(count)
    x = np.sin(np.multiply.outer(row + 1, [1.0, 2.0, 3.0, 5.0]))
    images = (37 * np.add.outer(row, np.arange(4)) % 256).astype(np.uint8).reshape(count, 2, 2, 1)
    return {
        "x": images if pixels else x,
        "t": np.eye(CLASSES)[7 * row % 5 % CLASSES],
        "second": np.cos(np.multiply.outer(row, [1.0, 4.0])),
        "weight": 0.5 + (row % 4)[:, None],
        "token": (row * row % 11)[:, None].astype(np.int32),
        "lengths": row % 6,
    }


def chosen(arrays: Mapping[str, Array], names: tuple[str, ...]) -> dict[str, Array]:
    return {name: arrays[name] for name in names}


class Computed(Source):
    """Rows that are worked out when they are asked for, and never lie anywhere all together.

    Attributes:
        taken: how often rows were asked for.
    """

    def __init__(self, count: int, names: tuple[str, ...], *, pixels: bool = False) -> None:
        self._count, self._pixels, self.taken = count, pixels, 0
        one = everything(1, pixels=pixels)
        self.fields = {name: Field(one[name].shape[1:], one[name].dtype) for name in names}
        if pixels:
            self.fields["x"] = PIXELS

    def __len__(self) -> int:
        return self._count

    def take(self, rows: Array, out: Mapping[str, Array]) -> None:
        """Compute the rows; what is asked of a caller is asserted."""
        self.taken += 1
        assert rows.ndim == 2
        assert rows.min() >= 0
        assert rows.max() < self._count
        arrays = everything(self._count, pixels=self._pixels)
        for name, array in out.items():
            assert array.flags.c_contiguous
            assert array.dtype == self.fields[name].dtype
            assert array.shape == (*rows.shape, *self.fields[name].shape)
            array[...] = arrays[name][rows]


def mapped(count: int, names: tuple[str, ...], folder: Path, *, pixels: bool = False) -> Arrays:
    """The same rows in files that are mapped into memory."""
    arrays: dict[str, Array] = {}
    for name, array in chosen(everything(count, pixels=pixels), names).items():
        np.save(folder / f"{name}.npy", array)
        arrays[name] = np.load(folder / f"{name}.npy", mmap_mode="r")
    return Arrays(arrays, {"x": 1 / 255} if pixels else {})
