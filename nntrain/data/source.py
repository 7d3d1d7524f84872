"""A data set as named fields, and the one way to its examples: `take`.

Training, evaluation and diagnosis ask a source for rows; where those lie, in memory, in a file or in a formula, is
known to the source alone.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike

from nntrain.arrays import Array, DType, Shape
from nntrain.memory import empty


@dataclass(frozen=True)
class Field:
    """What every example has under one name.

    Attributes:
        shape: of one example.
        dtype: as the source has it.
        scale: by which numbers are multiplied when they are put into a batch, such as 1/255 for bytes of an image.
            Whole numbers without one stay whole numbers: they count or number something, such as tokens.
    """

    shape: Shape
    dtype: DType
    scale: float | None = None

    def dtype_in(self, real: DTypeLike) -> DType:
        """The dtype in a batch whose floating-point numbers are `real`."""
        stays = self.scale is None and self.dtype.kind in "iub"
        return self.dtype if stays else np.dtype(real)

    def convert(self, values: Array, out: Array) -> None:
        """Write `values` [..., *shape] of a source as a batch has them to `out`, whose dtype is as `dtype_in` says."""
        if self.scale is None:
            np.copyto(out, values, casting="same_kind")
        else:
            np.multiply(values, self.scale, out=out, dtype=out.dtype, casting="unsafe")


class Source(ABC):
    """Rows of named fields.

    Attributes:
        fields: what each row has, by name: `x` for what goes in, `t` for what is to come out, `weight` for a factor of
            the example's loss, and what else an objective asks for.
    """

    fields: Mapping[str, Field]

    @abstractmethod
    def __len__(self) -> int:
        """How many rows there are."""

    @abstractmethod
    def take(self, rows: Array, out: Mapping[str, Array]) -> None:
        """Fill arrays with rows, without allocating any of their size.

        Args:
            rows: int [L, N], L lists of N rows each.
            out: for the wanted fields, C-contiguous arrays [L, N, *shape] of the field's own dtype.
        """

    def read(self, start: int, stop: int, out: Mapping[str, Array]) -> None:
        """Fill arrays [1, N, *shape], as for `take`, with the rows from `start` up to `stop`."""
        self.take(np.arange(start, stop)[None], out)

    def whole(self, name: str) -> Array:
        """All rows of a field [n, *shape], in memory: not to be written to, for it may be the source's own array."""
        field = self.fields[name]
        values = empty((1, len(self), *field.shape), field.dtype)
        self.read(0, len(self), {name: values})
        found: Array = values[0]
        return found

    @property
    def nbytes(self) -> int:
        """What all rows take in memory."""
        return len(self) * sum(math.prod(field.shape) * field.dtype.itemsize for field in self.fields.values())

    def with_fields(self, arrays: Mapping[str, Array]) -> Source:
        """The same rows with further or other fields, in memory, [n, *shape] each."""
        return _Extended(self, Arrays(arrays)) if arrays else self


class Arrays(Source):
    """Rows of arrays in memory, or mapped into it: one array [n, *shape] for each field.

    Args:
        arrays: by the fields' names, all of one length.
        scales: of the fields that have one.

    Raises:
        ValueError: no array, or arrays of several lengths.
    """

    def __init__(self, arrays: Mapping[str, Array], scales: Mapping[str, float] | None = None) -> None:
        self._arrays = {name: np.asarray(array) for name, array in arrays.items()}
        self._scales = dict(scales or {})
        lengths = {len(array) for array in self._arrays.values()}
        if len(lengths) != 1:
            raise ValueError(f"fields must be arrays of one length, got {sorted(lengths)}")
        (self._count,) = lengths
        self.fields = {
            name: Field(array.shape[1:], array.dtype, self._scales.get(name)) for name, array in self._arrays.items()
        }

    def __len__(self) -> int:
        return self._count

    def take(self, rows: Array, out: Mapping[str, Array]) -> None:
        """As `Source.take`."""
        for name, array in out.items():
            # mode="clip" lets NumPy write straight into `out`; the default mode goes through a copy.
            self._arrays[name].take(rows, 0, array, "clip")

    def read(self, start: int, stop: int, out: Mapping[str, Array]) -> None:
        """As `Source.read`."""
        for name, array in out.items():
            array[0] = self._arrays[name][start:stop]

    def whole(self, name: str) -> Array:
        """The array of a field, [n, *shape]."""
        return self._arrays[name]

    def with_fields(self, arrays: Mapping[str, Array]) -> Source:
        """The same rows with further or other fields; those that are replaced lose their scale."""
        scales = {name: scale for name, scale in self._scales.items() if name not in arrays}
        return Arrays({**self._arrays, **arrays}, scales)


class _Extended(Source):
    """A source with further or other fields that are in memory."""

    def __init__(self, source: Source, more: Arrays) -> None:
        if len(source) != len(more):
            raise ValueError(f"{len(more)} rows of further fields for {len(source)} rows")
        self._source, self._more = source, more
        self.fields = {**source.fields, **more.fields}

    def __len__(self) -> int:
        return len(self._source)

    def take(self, rows: Array, out: Mapping[str, Array]) -> None:
        """As `Source.take`."""
        ours, more = self._parted(out)
        self._source.take(rows, ours)
        self._more.take(rows, more)

    def read(self, start: int, stop: int, out: Mapping[str, Array]) -> None:
        """As `Source.read`."""
        ours, more = self._parted(out)
        self._source.read(start, stop, ours)
        self._more.read(start, stop, more)

    def whole(self, name: str) -> Array:
        """All rows of a field [n, *shape]."""
        return (self._more if name in self._more.fields else self._source).whole(name)

    def _parted(self, out: Mapping[str, Array]) -> tuple[dict[str, Array], dict[str, Array]]:
        """What of `out` the source fills, and what the further fields."""
        more = {name: array for name, array in out.items() if name in self._more.fields}
        return {name: array for name, array in out.items() if name not in more}, more


def joined(sources: Sequence[Source]) -> Source:
    """The rows of several sources of the same fields one after the other: a single one as it is, more in memory."""
    first, *others = sources
    if not others:
        return first
    if any(source.fields != first.fields for source in others):
        raise ValueError(f"sources of different fields cannot be joined: {[dict(s.fields) for s in sources]}")
    scales = {name: field.scale for name, field in first.fields.items() if field.scale is not None}
    return Arrays({name: np.concatenate([s.whole(name) for s in sources]) for name in first.fields}, scales)
