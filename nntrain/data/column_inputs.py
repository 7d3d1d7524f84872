"""One column of a table as features, with what was learnt of it from the training rows."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, TypeAlias

import numpy as np

from nntrain.arrays import Array
from nntrain.data import checked
from nntrain.data.dataset import Column, Dataset, Kind, as_yaml, quoted
from nntrain.data.readers.cells import PLAIN, Reading, number_key
from nntrain.data.scaling import apply_scaling, fit_scaling, mean, median
from nntrain.data.task import class_labels
from nntrain.errors import DataError
from nntrain.memory import empty, full

FILLS = ("mean", "median", "most_frequent")
MAX_CATEGORIES = 1_000
FAR = 2.0
_ORDER_SHOWN = 12


@dataclass(frozen=True, slots=True)
class NumericInput:
    """A numeric column: missing cells become `fill` (None: they are refused), then (x - center) / scale.

    `low` and `high` are the least and the greatest number of the training rows; None in runs that did not keep them.
    """

    kind: ClassVar[Kind] = "numeric"
    unlike: ClassVar[str] = "that are far from the training rows"  # what warnings say of many such columns

    name: str
    center: float
    scale: float
    fill: float | None
    low: float | None = None
    high: float | None = None

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the features that the column becomes."""
        return (self.name,)

    def encode(self, column: Column, out: Array) -> None:
        """Write the cells [n] to `out` [n, 1]; what does not fit its dtype becomes infinite."""
        values = column.values if self.fill is None else np.where(column.missing, self.fill, column.values)
        apply_scaling(values, np.float64(self.center), np.float64(self.scale), out[:, 0])

    def adapt(self, column: Column, dataset: Dataset) -> Column:
        """A column of the same name that was read as text, as numbers; DataError where a cell is none."""
        if column.kind == "numeric":
            return column
        numbers = [PLAIN.number(cell) for cell in column.values]
        if None in numbers:
            at = numbers.index(None)
            raise DataError(
                f"{dataset.place(at)}: column {self.name!r} holds the text {column.values[at]!r}, "
                "but the column was numeric in the training data; write a number there"
            )
        return Column(self.name, np.array(numbers, dtype=np.float64), column.missing, "numeric")

    def to_json(self) -> dict[str, Any]:
        """What `column_input_from_json` makes this of."""
        document = {"kind": self.kind, "name": self.name, "center": self.center, "scale": self.scale, "fill": self.fill}
        return document if self.low is None else {**document, "low": self.low, "high": self.high}

    def warnings(self, column: Column, dataset: Dataset) -> list[str]:
        """A sentence where numbers are far out of the range of the training rows.

        That is by more than `FAR` times the width of the range, so that chance alone hardly ever leads there.
        """
        if self.low is None or self.high is None:
            return []
        width = FAR * (self.high - self.low)
        far = np.flatnonzero((column.values < self.low - width) | (column.values > self.high + width))
        if not far.size:
            return []
        at = int(far[0])
        more = "" if len(far) == 1 else f" ({len(far):,} such cells)"
        span = span_text(self.low, self.high)
        return [
            f"{dataset.place(at)}: column {self.name!r} is {float(column.values[at]):g}{more}, far from the training "
            f"rows, where it is {span}: the network was not trained for that"
        ]


@dataclass(frozen=True, slots=True)
class CategoricalInput:
    """A categorical column, one-hot: a feature per category of the training rows, all 0 for any other.

    Missing cells are taken for the category `fill` (None: they are refused).
    """

    kind: ClassVar[Kind] = "categorical"
    unlike: ClassVar[str] = "with categories that the training rows do not have"

    name: str
    categories: tuple[str, ...]
    fill: str | None

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the features that the column becomes."""
        return tuple(f"{self.name}={category}" for category in self.categories)

    def encode(self, column: Column, out: Array) -> None:
        """Write the cells [n] to `out` [n, categories], which is 0 before."""
        index = {category: k for k, category in enumerate(self.categories)}
        if self.fill is not None:
            index[""] = index[self.fill]
        indices = np.fromiter((index.get(cell, -1) for cell in column.values), np.int64, len(column))
        known = np.flatnonzero(indices >= 0)
        out[known, indices[known]] = 1

    def adapt(self, column: Column, dataset: Dataset) -> Column:
        """A column of the same name that was read as numbers, as text."""
        return _as_names(column, self.categories)

    def warnings(self, column: Column, dataset: Dataset) -> list[str]:
        """A sentence where categories occur that the training rows did not have."""
        known = {"", *self.categories}
        unseen = Counter(cell for cell in column.values if cell not in known)
        if not unseen:
            return []
        total = sum(unseen.values())
        cells = "1 cell holds" if total == 1 else f"{total:,} cells hold"
        return [
            f"{dataset.source}: column {self.name!r}: {cells} categories that the training rows do not have "
            f"({quoted(sorted(unseen), 5)}); they are encoded as zeros"
        ]

    def to_json(self) -> dict[str, Any]:
        """What `column_input_from_json` makes this of."""
        return {"kind": self.kind, "name": self.name, "categories": list(self.categories), "fill": self.fill}


@dataclass(frozen=True, slots=True)
class OrdinalInput:
    """A column of names with an order: the rank of each, from 0, becomes (rank - center) / scale.

    Missing cells are taken for the rank `fill` (None: they are refused).
    """

    kind: ClassVar[Kind] = "categorical"  # how its cells are read
    unlike: ClassVar[str] = ""

    name: str
    order: tuple[str, ...]
    center: float
    scale: float
    fill: float | None

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the features that the column becomes."""
        return (self.name,)

    def encode(self, column: Column, out: Array) -> None:
        """Write the cells [n] to `out` [n, 1]."""
        rank: dict[str, float] = {name: k for k, name in enumerate(self.order)}
        if self.fill is not None:
            rank[""] = self.fill
        ranks = np.fromiter((rank[cell] for cell in column.values), np.float64, len(column))
        apply_scaling(ranks, np.float64(self.center), np.float64(self.scale), out[:, 0])

    def adapt(self, column: Column, dataset: Dataset) -> Column:
        """A column of the same name as text; DataError where a cell has no place in the order."""
        names = _as_names(column, self.order)
        _check_order(names, self.order, dataset)
        return names

    def warnings(self, column: Column, dataset: Dataset) -> list[str]:
        """Nothing: what has no place in the order is refused."""
        return []

    def to_json(self) -> dict[str, Any]:
        """What `column_input_from_json` makes this of."""
        scaling = {"center": self.center, "scale": self.scale}
        return {"kind": "ordinal", "name": self.name, "order": list(self.order), **scaling, "fill": self.fill}


def _as_names(column: Column, categories: Sequence[str]) -> Column:
    """A column of text as it is; of numbers, as text.

    A number is the category that is the same number, however that is written: 2.0 is "02". One that is none becomes
    "2".
    """
    if column.kind == "categorical":
        return column
    by_number = {key: category for category in categories if (key := number_key(category)) is not None}
    labels = np.where(column.missing, "", class_labels(column))
    texts = empty(len(labels), object)
    for row, text in enumerate(labels.tolist()):
        key = number_key(text)
        texts[row] = text if key is None else by_number.get(key, text)
    return Column(column.name, texts, column.missing, "categorical")


def _check_order(column: Column, order: Sequence[str], dataset: Dataset, remedy: str = "") -> None:
    known = {"", *order}
    at = next((row for row, cell in enumerate(column.values.tolist()) if cell not in known), None)
    if at is not None:
        raise DataError(
            f"{dataset.place(at)}: column {column.name!r} holds {column.values[at]!r}, which has no place in its "
            f"order: {quoted(order)}{remedy}"
        )


ColumnInput: TypeAlias = NumericInput | CategoricalInput | OrdinalInput


# The names from the least to the greatest, or how names are read that are numbers, whose order is that of the numbers.
Order: TypeAlias = Sequence[str] | Reading


def span_text(low: float, high: float) -> str:
    """A range of numbers in words: "from 1 to 5", "3 throughout"."""
    first, last = f"{low:g}", f"{high:g}"
    return f"from {first} to {last}" if first != last else f"{first} throughout"


def fit_column(
    column: Column, dataset: Dataset, *, numeric: str, missing: str, orders: Mapping[str, Order]
) -> ColumnInput:
    """Learn from the training rows; `numeric` is a method of `scaling`, `missing` "error" or one of `FILLS`.

    A missing cell of a categorical column is filled with the most frequent category whatever the fill. Columns in
    `orders` are ordinal.
    """
    if column.missing.all():
        raise DataError(
            f"{dataset.source}: column {column.name!r} has no value in any of the {len(column):,} training rows; "
            f"leave it out with data.columns: {{{as_yaml(column.name)}: excluded}}",
            setting="data.features",
        )
    if column.name in orders:
        return _fit_ordinal(column, dataset, numeric, missing, orders[column.name])
    if column.kind == "categorical":
        return _fit_categorical(column, dataset, missing)
    return _fit_numeric(column, dataset, numeric, missing)


def _fit_categorical(column: Column, dataset: Dataset, missing: str) -> CategoricalInput:
    counts = Counter(column.values[~column.missing].tolist())
    categories = tuple(sorted(counts))
    if len(categories) > MAX_CATEGORIES:
        raise DataError(
            f"{dataset.source}: column {column.name!r} has {len(categories):,} different texts "
            f"({quoted(categories, 3)}); one-hot encoding takes at most {MAX_CATEGORIES:,}. "
            f"Leave it out with data.columns: {{{as_yaml(column.name)}: excluded}}",
            setting="data.features",
        )
    commonest = min(categories, key=lambda category: (-counts[category], category))
    return CategoricalInput(column.name, categories, None if missing == "error" else commonest)


def _fit_ordinal(column: Column, dataset: Dataset, numeric: str, missing: str, given: Order) -> OrdinalInput:
    order = _numeric_order(column, dataset, given) if isinstance(given, Reading) else tuple(given)
    _check_order(column, order, dataset, "; add it there, or to data.missing_values")
    rank = {name: k for k, name in enumerate(order)}
    ranks = np.array([rank[cell] for cell in column.values[~column.missing]], dtype=np.float64)
    fill = None if missing == "error" else _fill(ranks, missing)
    whole = ranks if fill is None else np.concatenate([ranks, full(int(column.missing.sum()), fill)])
    center, scale = fit_scaling(whole, numeric)
    return OrdinalInput(column.name, order, float(center), float(scale), fill)


def _numeric_order(column: Column, dataset: Dataset, reading: Reading) -> tuple[str, ...]:
    """The different values by size; DataError where one is no number, or is written in two ways."""
    names = sorted(set(column.values[~column.missing].tolist()))
    numbers = {name: reading.number(name) for name in names}
    if any(number is None for number in numbers.values()):
        more = f" and {len(names) - _ORDER_SHOWN:,} more" if len(names) > _ORDER_SHOWN else ""
        raise DataError(
            f"{dataset.source}: column {column.name!r} is ordinal, and the order of its values is not known "
            f"({quoted(names[:_ORDER_SHOWN])}{more}); write them from the least to the greatest: data.columns: "
            f"{{{as_yaml(column.name)}: {{type: ordinal, order: [LEAST, ..., GREATEST]}}}}",
            setting=f"data.columns.{column.name}",
        )
    order = sorted(names, key=lambda name: (numbers[name], name))
    twice = next((pair for pair in pairwise(order) if numbers[pair[0]] == numbers[pair[1]]), None)
    if twice is not None:
        raise DataError(
            f"{dataset.source}: column {column.name!r} is ordinal, and writes one number in two ways, {twice[0]!r} and "
            f"{twice[1]!r}, which would be two places in its order; write it in one way",
            setting=f"data.columns.{column.name}",
        )
    return tuple(order)


def _fit_numeric(column: Column, dataset: Dataset, numeric: str, missing: str) -> NumericInput:
    fill = None if missing == "error" else _fill(column.values[~column.missing], missing)
    values = column.values if fill is None else np.where(column.missing, fill, column.values)
    center, scale = fit_scaling(values, numeric)
    if not (np.isfinite(center) and np.isfinite(scale)):
        at = int(np.nanargmax(np.abs(column.values)))
        raise DataError(
            f"{dataset.place(at)}: column {column.name!r} is {float(column.values[at])!r}: numbers of this size "
            "overflow when they are scaled; express the column in another unit, or take its logarithm"
        )
    low, high = float(np.fmin.reduce(column.values)), float(np.fmax.reduce(column.values))  # of those that are there
    return NumericInput(column.name, float(center), float(scale), fill, low, high)


def _fill(values: Array, missing: str) -> float:
    """The value that stands for missing ones; of equally frequent values the smallest."""
    match missing:
        case "mean":
            return mean(values)
        case "median":
            return median(values)
        case "most_frequent":
            distinct, counts = np.unique(values, return_counts=True)
            return float(distinct[counts.argmax()])
    raise ValueError(f"missing must be error or one of {', '.join(FILLS)}, got {missing!r}")


def column_input_from_json(document: object) -> ColumnInput:
    """The inverse of `to_json`; ValueError where the document is not one."""
    name, kind = checked.text(document, "name"), checked.text(document, "kind")
    if kind == "numeric":
        center, scale = checked.number(document, "center"), checked.scale(document, "scale")
        fill = checked.optional(checked.number, document, "fill")
        if not isinstance(document, dict) or "low" not in document:
            return NumericInput(name, center, scale, fill)
        low, high = checked.number(document, "low"), checked.number(document, "high")
        if low > high:
            raise ValueError(f"'low' of {name!r} is above 'high'")
        return NumericInput(name, center, scale, fill, low, high)
    if kind == "categorical":
        categories = checked.texts(document, "categories")
        commonest = checked.optional(checked.text, document, "fill")
        odd = commonest is not None and commonest not in categories
        if "" in categories or odd or len(categories) > MAX_CATEGORIES:
            raise ValueError(f"the categories of {name!r} are not as nntrain writes them")
        return CategoricalInput(name, categories, commonest)
    if kind == "ordinal":
        order = checked.texts(document, "order")
        center, scale = checked.number(document, "center"), checked.scale(document, "scale")
        return OrdinalInput(name, order, center, scale, checked.optional(checked.number, document, "fill"))
    raise ValueError(f"'kind' must be numeric, categorical or ordinal, got {kind!r}")
