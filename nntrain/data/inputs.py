"""How the inputs of a data set become one array, with what was learnt from the training rows."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from nntrain.arrays import Array, DType, Shape
from nntrain.data import checked
from nntrain.data.column_inputs import FAR, ColumnInput, Order, column_input_from_json, fit_column, span_text
from nntrain.data.dataset import Column, Dataset, kept_as_names, numeric_column, quoted
from nntrain.data.gathering import gathered
from nntrain.data.readers.checks import MAX_BYTES, TRUSTED_BYTES, absent_inputs
from nntrain.data.scaling import apply_scaling, fit_scaling
from nntrain.errors import DataError
from nntrain.machine import bytes_in_words, total_memory
from nntrain.memory import empty, zeros


@dataclass(frozen=True)
class TableInputs:
    """Columns, each encoded by itself, side by side in the order of the training data: [N, features]."""

    columns: tuple[ColumnInput, ...]

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the features after encoding."""
        return tuple(name for column in self.columns for name in column.features)

    @property
    def shape(self) -> Shape:
        """The shape of one encoded example."""
        return (len(self.features),)

    def array(self, dataset: Dataset, dtype: DType) -> Array:
        """The inputs [N, features] in `dtype`."""
        columns = self.matched(dataset)
        refused = [c for c, how in zip(columns, self.columns, strict=True) if how.fill is None]
        check_missing(dataset, refused)
        width = self.shape[0]
        _check_size(dataset, width, dtype)
        out, start = zeros((len(dataset), width), dtype), 0
        for how, column in zip(self.columns, columns, strict=True):
            part = out[:, start : start + len(how.features)]
            how.encode(column, part)
            if column.kind == "numeric":
                _check_fits(dataset, column, part[:, 0])
            start += part.shape[1]
        return out

    def matched(self, dataset: Dataset) -> list[Column]:
        """The columns of `dataset` in the order of the training data, found by name and read alike.

        An array [N, I] is matched by position. Columns that were not trained on are ignored; DataError names all
        that are absent.
        """
        if not isinstance(dataset.inputs, tuple):
            return self._by_position(dataset, dataset.inputs)
        there = {column.name: column for column in dataset.inputs}
        if missing := [how.name for how in self.columns if how.name not in there]:
            trained = [how.name for how in self.columns]
            raise DataError(f"{dataset.source}: {absent_inputs(missing, list(there), trained)}")
        return [how.adapt(there[how.name], dataset) for how in self.columns]

    def _by_position(self, dataset: Dataset, x: Array) -> list[Column]:
        if x.ndim != 2 or x.shape[1] != len(self.columns):
            raise DataError(
                f"{dataset.source}: the inputs have the shape {list(x.shape)}; the network was trained on "
                f"{len(self.columns)} columns: {quoted([how.name for how in self.columns])}"
            )
        return [how.adapt(numeric_column(how.name, x[:, k]), dataset) for k, how in enumerate(self.columns)]

    def warnings(self, dataset: Dataset) -> list[str]:
        """What is worth saying of `dataset`: unknown categories, and numbers far out of the training range."""
        pairs = zip(self.columns, self.matched(dataset), strict=True)
        found = ((how.unlike, how.name, text) for how, column in pairs for text in how.warnings(column, dataset))
        return gathered(found, source=dataset.source)

    def to_json(self) -> dict[str, Any]:
        """What `inputs_from_json` makes this of."""
        return {"kind": "table", "columns": [column.to_json() for column in self.columns]}


@dataclass(frozen=True, eq=False)
class ArrayInputs:
    """An array of examples of one shape: (x - center) / scale.

    `center` and `scale` are [I] for examples [I], and single numbers [] for images and other shapes, all of whose
    elements are of one kind. So are `low` and `high`, the least and the greatest number of the training rows; None in
    runs that did not keep them.
    """

    shape: Shape
    center: Array
    scale: Array
    low: Array | None = None
    high: Array | None = None

    def array(self, dataset: Dataset, dtype: DType) -> Array:
        """The inputs [N, *shape] in `dtype`."""
        if isinstance(dataset.inputs, tuple):
            raise DataError(
                f"{dataset.source}: a table, but the network was trained on arrays of the shape "
                f"{['N', *self.shape]}; save the inputs as .npy or .npz".replace("'", "")
            )
        if dataset.inputs.shape[1:] != self.shape:
            one_more = len(self.shape) == 1 and dataset.inputs.shape[1:] == (self.shape[0] + 1,)
            hint = "; leave out the last column if it is the target" if one_more else ""
            raise DataError(
                f"{dataset.source}: examples of the shape {list(dataset.inputs.shape[1:])}, but the network was "
                f"trained on {list(self.shape)}{hint}"
            )
        _check_size(dataset, math.prod(self.shape), dtype)
        out = empty(dataset.inputs.shape, dtype)
        apply_scaling(dataset.inputs, self.center, self.scale, out)
        if not np.isfinite(out).all():
            index = np.argwhere(~np.isfinite(out))[0].tolist()
            raise DataError(
                f"{dataset.place(index[0])}: {float(dataset.inputs[tuple(index)])!r} at {index[1:]} does not fit in "
                f"{out.dtype} after scaling; correct it, or set dtype: float64"
            )
        return out

    def warnings(self, dataset: Dataset) -> list[str]:
        """A sentence where numbers are far out of the range of the training rows, by `FAR` times its width."""
        x = dataset.inputs
        if self.low is None or self.high is None or isinstance(x, tuple) or x.shape[1:] != self.shape:
            return []
        width = FAR * (self.high - self.low)
        axes = _axes_of(x)
        far_low, far_high = self.low - width, self.high + width
        if (x.min(axis=axes) >= far_low).all() and (x.max(axis=axes) <= far_high).all():
            return []
        found = np.argwhere((x < far_low) | (x > far_high))
        row, *index = found[0].tolist()
        low, high = (float(a[tuple(index)] if a.ndim else a) for a in (self.low, self.high))
        more = "" if len(found) == 1 else f" ({len(found):,} such numbers)"
        return [
            f"{dataset.place(row)}: {float(x[tuple(found[0])]):g} at {index}{more} is far from the training rows, "
            f"where it is {span_text(low, high)}: the network was not trained for that"
        ]

    def to_json(self) -> dict[str, Any]:
        """What `inputs_from_json` makes this of."""
        center, scale = np.atleast_1d(self.center).tolist(), np.atleast_1d(self.scale).tolist()
        document = {"kind": "array", "shape": list(self.shape), "center": center, "scale": scale}
        if self.low is None or self.high is None:
            return document
        return {**document, "low": np.atleast_1d(self.low).tolist(), "high": np.atleast_1d(self.high).tolist()}


Inputs: TypeAlias = TableInputs | ArrayInputs


def fit_inputs(dataset: Dataset, *, numeric: str, missing: str, orders: Mapping[str, Order]) -> Inputs:
    """Learn from the training rows how to encode inputs; see `preprocess.Preprocessor.fit`."""
    if isinstance(dataset.inputs, tuple):
        if missing == "error":
            check_missing(dataset, dataset.inputs)
        return TableInputs(
            tuple(
                fit_column(column, dataset, numeric=numeric, missing=missing, orders=orders)
                for column in dataset.inputs
            )
        )
    axes = _axes_of(dataset.inputs)
    center, scale = fit_scaling(dataset.inputs, numeric, axes)
    if not (np.isfinite(center).all() and np.isfinite(scale).all()):
        raise DataError(f"{dataset.source}: the inputs hold numbers so large that they overflow when they are scaled")
    low, high = (np.asarray(f(dataset.inputs, axis=axes), dtype=np.float64) for f in (np.min, np.max))
    return ArrayInputs(dataset.inputs.shape[1:], center, scale, low, high)


def _axes_of(x: Array) -> tuple[int, ...]:
    """The axes along which numbers are of one kind: the examples, and of images all others."""
    return (0,) if x.ndim == 2 else tuple(range(x.ndim))


def inputs_from_json(document: object) -> Inputs:
    """The inverse of `to_json`; ValueError where the document is not one."""
    kind = checked.text(document, "kind")
    if kind == "table":
        columns = tuple(column_input_from_json(item) for item in checked.items(document, "columns"))
        if len({column.name for column in columns}) < len(columns):
            raise ValueError("'columns' has two of one name")
        return TableInputs(columns)
    if kind != "array":
        raise ValueError(f"'kind' must be table or array, got {kind!r}")
    shape = checked.sizes(document, "shape")
    center, scale = np.array(checked.numbers(document, "center")), np.array(checked.scales(document, "scale"))
    expected = shape[0] if len(shape) == 1 else 1
    if center.shape != (expected,) or scale.shape != (expected,):
        raise ValueError(f"'center' and 'scale' must have {expected} numbers for examples of the shape {list(shape)}")
    kept = shape if len(shape) == 1 else ()
    if not isinstance(document, dict) or "low" not in document:
        return ArrayInputs(shape, center.reshape(kept), scale.reshape(kept))
    low, high = np.array(checked.numbers(document, "low")), np.array(checked.numbers(document, "high"))
    if low.shape != (expected,) or high.shape != (expected,) or (low > high).any():
        raise ValueError(f"'low' and 'high' must have {expected} numbers, the lower ones in 'low'")
    return ArrayInputs(shape, *(array.reshape(kept) for array in (center, scale, low, high)))


FILL_IT = "fill it in, or remove the row, or train with data.preprocess.missing: mean, median or most_frequent"


def check_missing(dataset: Dataset, columns: Sequence[Column], declared: Collection[str] = ()) -> None:
    """DataError where a cell of `columns` is missing: the first by row, and how many there are in each column.

    Of those that are `declared` the config says more.
    """
    counts = {column.name: int(column.missing.sum()) for column in columns}
    total = sum(counts.values())
    if total == 0:
        return
    row, name = min((int(column.missing.argmax()), column.name) for column in columns if counts[column.name])
    others = ""
    if total > 1:
        shown = [f"{each!r}: {count:,}" for each, count in counts.items() if count]
        more = f", and {len(shown) - 5} more columns" if len(shown) > 5 else ""
        others = f" ({total:,} cells are missing: {', '.join(shown[:5])}{more})"
    kind = next(column.kind for column in columns if column.name == name)
    name_of = ""
    if kind == "categorical" and dataset.mark(row, name):
        name_of = f"; if it is a name there, {kept_as_names(name, declared=name in declared)}"
    raise DataError(
        f"{dataset.place(row)}: column {name!r} {dataset.lacking(row, name)}{others}; {FILL_IT}{name_of}",
        setting="data.preprocess.missing",
    )


def _check_fits(dataset: Dataset, column: Column, encoded: Array) -> None:
    finite = np.isfinite(encoded)
    if not finite.all():
        row = int(finite.argmin())
        raise DataError(
            f"{dataset.place(row)}: column {column.name!r} is {float(column.values[row])!r}, which does not fit in "
            f"{encoded.dtype} after scaling; correct it, or set dtype: float64"
        )


def _check_size(dataset: Dataset, width: int, dtype: DType) -> None:
    total = len(dataset) * width * dtype.itemsize
    if total > MAX_BYTES:
        raise DataError(
            f"{dataset.source}: {len(dataset):,} examples of {width:,} inputs take {total / 2**30:,.1f} GiB; "
            f"at most {MAX_BYTES // 2**30} GiB are possible: leave out columns with many categories, or rows"
        )
    machine = total_memory() if total > TRUSTED_BYTES else None
    if machine is not None and total > machine:
        raise DataError(
            f"{dataset.source}: {len(dataset):,} examples of {width:,} inputs take {bytes_in_words(total)}, and this "
            f"machine has {bytes_in_words(machine)} of memory: leave out columns with many categories, or rows"
        )
