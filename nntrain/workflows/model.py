"""A trained network, read back from its run directory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from nntrain.arrays import Array
from nntrain.build.data import Encoded, Prepared
from nntrain.build.resolve import plan_network, resolve
from nntrain.data.dataset import Column, Dataset, array_columns, numeric_column, text_column
from nntrain.data.task import Task
from nntrain.errors import DataError, RunError, UserError
from nntrain.nn.layer import Memory
from nntrain.nn.network import Network
from nntrain.runs.arrays_file import ArraySpec
from nntrain.runs.store import CONFIG, PREPROCESS, RunDirectory
from nntrain.workflows.reading import read_experiment, read_preprocessor
from nntrain.workflows.unfinished import refuse_search, refuse_unfinished

Rows = Sequence[Any] | Array | Mapping[str, Sequence[Any] | Array]


class Model:
    """A trained network with its preprocessing inside.

    Attributes:
        run: the run directory.
        experiment: the resolved experiment it was trained by.
        preprocessor: fitted on its training split.
        network: its weights, M = 1.
    """

    def __init__(self, run: Path | str, *, runs_dir: Path | str = "runs") -> None:
        """Read a run directory.

        Raises:
            RunError: it is none, it is damaged, still being trained, or it was never finished.
            UserError: it is a search.
        """
        self.directory = RunDirectory.open(run, runs_dir=runs_dir)
        self.run = self.directory.path
        refuse_search(self.directory)
        refuse_unfinished(self.directory)
        self.experiment = read_experiment(self.directory)
        self.preprocessor = read_preprocessor(self.directory)
        try:  # nothing is left to resolve, unless the config was edited; then it may not suit the preprocessing
            self.experiment = resolve(self.experiment, self.preprocessor, has_validation=True)
            blueprint = plan_network(self.experiment, self.preprocessor.input_shape)
        except UserError as error:
            raise RunError(f"{self.run / CONFIG} and {PREPROCESS} contradict each other: {error}") from error
        if blueprint.output_shape != (self.preprocessor.outputs,):
            raise RunError(f"{self.run / CONFIG} and {PREPROCESS} contradict each other about the number of outputs")
        dtype = np.dtype(self.experiment.config.dtype)
        expected = {slot.path: ArraySpec(slot.param.shape, dtype) for slots in blueprint.slots for slot in slots}
        weights = self.directory.read_weights(expected)
        self.network = Network(blueprint, 1, Memory(dtype))
        for path, array in self.network.parameters().items():
            array[0] = weights[path]

    @property
    def classes(self) -> tuple[str, ...] | None:
        """The names of the classes or labels; None for regression."""
        labels = self.preprocessor.target_names if self.preprocessor.task is Task.MULTILABEL else None
        return self.preprocessor.classes or labels

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The input columns, in order, as the data has them."""
        return self.preprocessor.input_columns

    def predict(self, rows: Rows) -> Array:
        """Answer for new examples.

        Args:
            rows: a list of rows or an array [n, …] with the features in the order of `feature_names`, or with names:
                a mapping of column to n values, or a list of mappings of column to value. None is a missing value.

        Returns:
            Labels [n] (classification, binary), 0 and 1 [n, K] (multilabel), or values in original units [n, K].

        Raises:
            DataError: the rows do not have the features that the network was trained on.
        """
        return self.preprocessor.decode(self.outputs(self._dataset(rows)))

    def predict_proba(self, rows: Rows) -> Array:
        """The probability of each class [n, K]; for a binary task [n, 2], for multilabel of each label [n, K].

        Raises:
            UserError: a regression has no probabilities.
            DataError: as `predict`.
        """
        return self.probabilities(self.outputs(self._dataset(rows)))

    def outputs(self, dataset: Dataset) -> Array:
        """What the network puts out for a data set: [n, K], computed in blocks."""
        x = self.preprocessor.inputs(dataset, self.network.memory.dtype)
        y = np.empty((len(x), self.preprocessor.outputs), dtype=self.network.memory.dtype)
        for start in range(0, len(x), PREDICTION_BLOCK):
            block = x[start : start + PREDICTION_BLOCK]
            with np.errstate(all="ignore"):  # weights of a run that diverged may be large
                y[start : start + len(block)] = self.network.forward(block)[0]
        return y

    def probabilities(self, y: Array) -> Array:
        """Outputs [n, K] as a probability for each class."""
        if self.preprocessor.task is Task.REGRESSION:
            raise UserError("a regression has no probabilities: predict gives its values")
        return np.hstack([1 - y, y]) if self.preprocessor.task is Task.BINARY else y

    def prepared(self, name: str, dataset: Dataset) -> Prepared:
        """A data set encoded for scoring, as the only split."""
        dtype = self.network.memory.dtype
        encoded = Encoded(self.preprocessor.inputs(dataset, dtype), self.preprocessor.targets(dataset, dtype))
        return Prepared(self.preprocessor, {name: encoded})

    def _dataset(self, rows: Any) -> Dataset:
        """New examples as a data set with the columns of the training data."""
        names = self.preprocessor.input_columns
        if not names:
            return Dataset(_array(rows), None, "rows")
        if isinstance(rows, np.ndarray) and rows.shape[1:] == (len(names),) and rows.dtype != object:
            columns = array_columns("", rows)
            return Dataset(tuple(replace(c, name=n) for c, n in zip(columns, names, strict=True)), None, "rows")
        if isinstance(rows, Mapping):
            return _table(rows)
        expected = f"rows: give a list of rows, each with the values of {', '.join(names)}"
        table = _listed(rows, expected)
        if table and all(isinstance(row, Mapping) for row in table):
            return _table({name: [row.get(name) for row in table] for name in dict.fromkeys(chain(*table))})
        table = [_listed(row, expected) for row in table]
        wrong = next((place for place, row in enumerate(table) if len(row) != len(names)), None)
        if wrong is not None:
            raise DataError(
                f"rows: row {wrong} has {len(table[wrong])} values, but the network takes {len(names)}: "
                f"{', '.join(names)}"
            )
        return _table({name: [row[place] for row in table] for place, name in enumerate(names)})


# Examples that are predicted at a time.
PREDICTION_BLOCK = 4096


def load_run(run: Path | str, *, runs_dir: Path | str = "runs") -> Model:
    """The trained network of a run directory, ready to answer. Raises RunError as `Model`."""
    return Model(run, runs_dir=runs_dir)


def _array(rows: Any) -> Array:
    """Examples that are arrays themselves, such as images, as one array [n, …]."""
    try:
        array = np.asarray(rows)
    except ValueError as error:
        raise DataError("rows: the examples differ in shape") from error
    if array.dtype.kind not in "buif":
        raise DataError(f"rows: the examples must be arrays of numbers, got {array.dtype}")
    return array


def _listed(values: Any, otherwise: str) -> list[Any]:
    """The values as a list; DataError `otherwise` for what is no list of any kind."""
    try:
        if not isinstance(values, str | Mapping):
            return list(values)
    except TypeError:
        pass
    raise DataError(otherwise)


def _table(columns: Mapping[Any, Any]) -> Dataset:
    """A data set of columns by name, each a list of n values."""
    made = [
        _column(str(name), _listed(values, f"rows: the column {str(name)!r} must be a list of values"))
        for name, values in columns.items()
    ]
    longer = next((column for column in made if len(column) != len(made[0])), None)
    if longer is not None:
        raise DataError(
            f"rows: the columns differ in length: {made[0].name!r} has {len(made[0])}, {longer.name!r} {len(longer)}"
        )
    return Dataset(tuple(made), None, "rows")


def _column(name: str, values: Sequence[Any]) -> Column:
    """A column of plain Python values: numbers and None, or texts."""
    if all(value is None or isinstance(value, int | float | np.number) for value in values):
        return numeric_column(name, np.array([np.nan if v is None else float(v) for v in values]))
    return text_column(name, ["" if value is None else str(value) for value in values])
