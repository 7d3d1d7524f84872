"""What the columns of a data set are and what becomes of them, for people to look at before anything is trained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from nntrain.arrays import Array
from nntrain.data.column_inputs import CategoricalInput, ColumnInput, OrdinalInput
from nntrain.data.dataset import Column, Dataset
from nntrain.data.inputs import TableInputs
from nntrain.data.preprocess import Preprocessor
from nntrain.data.targets import ClassTarget, FlagTarget
from nntrain.data.task import class_labels

VALUES_LISTED = 20


@dataclass(frozen=True)
class ColumnRow:
    """One column of the data, counted in the whole file.

    Attributes:
        name: of the column; of an array "x".
        role: whether it is an input, a target, or left out.
        kind: numeric, categorical, array, or excluded for what is left out.
        treatment: what becomes of it: "standard", "minmax", "one-hot", "classes", ….
        inputs: how many inputs of the network it makes.
        missing: cells without a value.
        distinct: how many different values there are; None for an array.
        low, high: the least and the greatest number; None for text.
        values: the most frequent texts, with how often each occurs; at most `VALUES_LISTED`; {} for numbers.
    """

    name: str
    role: Literal["input", "target", "excluded"]
    kind: str
    treatment: str
    inputs: int
    missing: int
    distinct: int | None
    low: float | None
    high: float | None
    values: dict[str, int]


@dataclass(frozen=True)
class ClassCounts:
    """One class of the target, and how many examples of it each split has."""

    name: str
    examples: int
    training: int
    validation: int
    test: int


def describe_columns(pool: Dataset, preprocessor: Preprocessor, methods: Mapping[str, str]) -> list[ColumnRow]:
    """A row for each column of the file: inputs in their order, then targets, then what is left out.

    Args:
        pool: the file, unsplit.
        preprocessor: fitted on its training rows.
        methods: `numeric`, `missing` and `target` of the preprocessing.
    """
    encoding = preprocessor.input_encoding
    rows: list[ColumnRow] = []
    if isinstance(encoding, TableInputs):
        for how, column in zip(encoding.columns, encoding.matched(pool), strict=True):
            rows.append(_input_row(how, column, methods))
    elif not isinstance(pool.inputs, tuple):
        rows.append(_array_row(pool.inputs, preprocessor, methods["numeric"]))
    rows += [_target_row(column, preprocessor, methods["target"]) for column in pool.target_columns]
    rows += [ColumnRow(name, "excluded", "excluded", "left out", 0, 0, None, None, None, {}) for name in pool.left_out]
    return rows


def describe_classes(datasets: Mapping[str, Dataset], preprocessor: Preprocessor) -> list[ClassCounts]:
    """A row for each class, in the order of the outputs; none for other tasks."""
    target = preprocessor.target_encoding
    if not isinstance(target, ClassTarget):
        return []
    counts = {split: _class_counts(target, dataset) for split, dataset in datasets.items()}
    return [
        ClassCounts(name, sum(count[k] for count in counts.values()), *(counts[split][k] for split in counts))
        for k, name in enumerate(target.classes)
    ]


def _class_counts(target: ClassTarget, dataset: Dataset) -> list[int]:
    labels = Counter(class_labels(dataset.target_columns[0]).tolist())
    counts: Counter[int | None] = Counter()
    for label, index in target.indices(labels).items():
        counts[index] += labels[label]
    return [counts[k] for k in range(len(target.classes))]


def _input_row(how: ColumnInput, column: Column, methods: Mapping[str, str]) -> ColumnRow:
    filled = methods["missing"] if how.fill is not None and column.missing.any() else ""
    if isinstance(how, OrdinalInput):
        kind = f"ordinal, {methods['numeric']}"
        row = _row(column, "input", kind + (f", missing: {filled}" if filled else ""), 1)
        return replace(row, values={name: row.values.get(name, 0) for name in how.order[:VALUES_LISTED]})
    if isinstance(how, CategoricalInput):
        treatment = "one-hot" + (", missing: most_frequent" if filled else "")
    else:
        treatment = methods["numeric"] + (f", missing: {filled}" if filled else "")
    return _row(column, "input", treatment, len(how.features))


def _target_row(column: Column, preprocessor: Preprocessor, scaling: str) -> ColumnRow:
    target = preprocessor.target_encoding
    if isinstance(target, ClassTarget):
        return _row(column, "target", f"{len(target.classes)} classes", 0)
    return _row(column, "target", "label" if isinstance(target, FlagTarget) else f"value, scaled: {scaling}", 0)


def _row(column: Column, role: Literal["input", "target"], treatment: str, inputs: int) -> ColumnRow:
    present = column.values[~column.missing]
    missing = int(column.missing.sum())
    if column.kind == "categorical":
        counts = Counter(present.tolist())
        common = dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:VALUES_LISTED])
        return ColumnRow(column.name, role, column.kind, treatment, inputs, missing, len(counts), None, None, common)
    low, high = (float(present.min()), float(present.max())) if len(present) else (None, None)
    distinct = len(np.unique(present))
    return ColumnRow(column.name, role, column.kind, treatment, inputs, missing, distinct, low, high, {})


def _array_row(x: Array, preprocessor: Preprocessor, method: str) -> ColumnRow:
    inputs = int(np.prod(preprocessor.input_shape))
    return ColumnRow("x", "input", "array", method, inputs, 0, None, float(x.min()), float(x.max()), {})
