"""From a Dataset to the arrays that a network takes, and from its outputs back to what people read.

Everything is learnt from the training rows alone, is saved with the run as JSON, and is applied unchanged to every
other row, at prediction as at training.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from nntrain.arrays import Array, Shape
from nntrain.data import checked
from nntrain.data.column_inputs import FILLS, Order
from nntrain.data.dataset import Dataset, Kind
from nntrain.data.inputs import Inputs, TableInputs, fit_inputs, inputs_from_json
from nntrain.data.scaling import METHODS
from nntrain.data.source import Arrays, Source
from nntrain.data.targets import ClassTarget, Target, fit_target, target_from_json
from nntrain.tasks import Task

VERSION = 1


@dataclass(frozen=True, eq=False)
class Preprocessor:
    """What was learnt from the training rows about the inputs and the targets."""

    task: Task
    input_encoding: Inputs
    target_encoding: Target

    @classmethod
    def fit(
        cls,
        dataset: Dataset,
        *,
        task: Task,
        numeric: str = "standard",
        categorical: str = "one_hot",
        missing: str = "error",
        target: str = "none",
        orders: Mapping[str, Order] | None = None,
    ) -> "Preprocessor":
        """Learn from the training rows.

        Args:
            dataset: the training rows, and no others.
            task: what `infer_task` said.
            numeric: how numbers are scaled: standard (mean 0, population deviation 1), minmax ([0, 1]) or none. Columns
                and examples [I] are scaled each by itself, images as a whole.
            categorical: how categories are encoded: one_hot.
            missing: what becomes of missing input cells: error, or filled with mean, median or most_frequent;
                categories always with the most frequent.
            target: how the targets of a regression are scaled: none, standard or minmax.
            orders: columns of names that have an order, each with its names from the least to the greatest, or with
                the reading by which they are numbers.

        Raises:
            DataError: a missing cell that is not to be filled, a column without values or with too many categories,
                numbers that overflow, a class that is alone.
        """
        _check_choice("numeric", numeric, METHODS)
        _check_choice("categorical", categorical, ("one_hot",))
        _check_choice("missing", missing, ("error", *FILLS))
        _check_choice("target", target, METHODS)
        inputs = fit_inputs(dataset, numeric=numeric, missing=missing, orders=orders or {})
        return cls(task, inputs, fit_target(dataset, task, target))

    def inputs(self, dataset: Dataset, dtype: DTypeLike) -> Array:
        """The inputs [N, *input_shape] in `dtype`: scaled in float64, cast at the end.

        Columns are matched by name whatever their order, and further ones ignored.

        Raises:
            DataError: columns absent (all are named), text where numbers were, missing cells where none are filled,
                or a number that does not fit in `dtype`.
        """
        return self.input_encoding.array(dataset, np.dtype(dtype))

    def targets(self, dataset: Dataset, dtype: DTypeLike) -> Array:
        """The targets [N, K] in `dtype`.

        One-hot for classification, 0 or 1 for binary (K = 1) and multilabel, (scaled) values for regression.

        Raises:
            DataError: no such targets, or a class that the training rows did not have.
        """
        return self.target_encoding.array(dataset, np.dtype(dtype))

    def source(self, dataset: Dataset, dtype: DTypeLike) -> Source:
        """Inputs as `x` and targets as `t`, for training and scoring. Raises DataError as `inputs` and `targets`."""
        return Arrays({"x": self.inputs(dataset, dtype), "t": self.targets(dataset, dtype)})

    def decode(self, y: Array) -> Array:
        """What outputs [n, K] say: class names [n] (object), 0 or 1 [n, K] for multilabel, values [n, K]."""
        return self.target_encoding.decode(y)

    def warnings(self, dataset: Dataset) -> list[str]:
        """What is worth saying before predictions are made for `dataset`.

        Categories never seen in training, and numbers far out of the range that they had there.
        """
        return self.input_encoding.warnings(dataset)

    @property
    def classes(self) -> tuple[str, ...] | None:
        """The class names, in the order of the outputs; None for multilabel and regression."""
        return self.target_encoding.classes if isinstance(self.target_encoding, ClassTarget) else None

    @property
    def input_shape(self) -> Shape:
        """The shape of one example as the network takes it."""
        return self.input_encoding.shape

    @property
    def outputs(self) -> int:
        """K, the number of outputs that the task wants."""
        return self.target_encoding.outputs

    @property
    def input_columns(self) -> tuple[str, ...]:
        """The columns to read from a table for prediction; () where arrays were trained on."""
        encoding = self.input_encoding
        return tuple(column.name for column in encoding.columns) if isinstance(encoding, TableInputs) else ()

    @property
    def input_kinds(self) -> dict[str, Kind]:
        """Input column → kind; {} where arrays were trained on."""
        encoding = self.input_encoding
        return {column.name: column.kind for column in encoding.columns} if isinstance(encoding, TableInputs) else {}

    @property
    def kinds(self) -> dict[str, Kind]:
        """Column, target columns included → kind, so that another table is read as the training table was.

        {} where arrays were trained on, which have no names.
        """
        return {**self.input_kinds, **self.target_encoding.kinds} if self.input_kinds else {}

    @property
    def target_names(self) -> tuple[str, ...]:
        """The target columns."""
        return self.target_encoding.names

    def to_json(self) -> dict[str, Any]:
        """A JSON document from which `from_json` makes an equal preprocessor, to the bit."""
        return {
            "version": VERSION,
            "task": str(self.task),
            "inputs": self.input_encoding.to_json(),
            "target": self.target_encoding.to_json(),
        }

    @classmethod
    def from_json(cls, document: object) -> "Preprocessor":
        """The inverse of `to_json`; ValueError, saying what is wrong, for any other document."""
        try:
            if checked.size(document, "version") != VERSION:
                raise ValueError(f"'version' must be {VERSION}")
            task = Task(checked.text(document, "task"))
            inputs = inputs_from_json(checked.section(document, "inputs"))
            return cls(task, inputs, target_from_json(checked.section(document, "target"), task))
        except ValueError as error:
            raise ValueError(f"not a preprocessor as nntrain writes it: {error}") from None


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, got {value!r}")
