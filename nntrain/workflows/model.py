"""A trained network, read back from its run directory."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from nntrain.arrays import Array
from nntrain.assembly.data import Prepared, table_rules
from nntrain.assembly.footprint import refuse_beyond
from nntrain.assembly.outputs import why_no_probabilities
from nntrain.assembly.resolve import resolve_and_plan
from nntrain.data.dataset import Dataset
from nntrain.errors import RunError, UserError
from nntrain.memory import Memory, empty
from nntrain.nn.network import Network
from nntrain.runs.arrays_file import ArraySpec
from nntrain.runs.file_names import CONFIG, PREPROCESS, WEIGHTS
from nntrain.runs.finding import find_run
from nntrain.tasks import Task
from nntrain.visible import prefixed
from nntrain.workflows.again.reading import read_experiment, read_preprocessor
from nntrain.workflows.again.unfinished import refuse_search, refuse_unfinished
from nntrain.workflows.rows import rows_dataset


class Frame(Protocol):
    """A table of named columns, as pandas, polars and pyarrow have them: `frame[name]` is a column."""

    @property
    def columns(self) -> Any:
        """The names of the columns, or, with `column_names` beside it, the columns."""

    def __getitem__(self, name: Any, /) -> Any:
        """The column of that name."""


Rows = Sequence[Any] | Array | Mapping[str, Sequence[Any] | Array] | Frame


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

        Args:
            run: its path, its name below `runs_dir`, or `latest`: the run there that was started last.
            runs_dir: where names and the latest run are looked for.

        Raises:
            RunError: it is none, it is damaged, still being trained, or it was never finished.
            UserError: there is no latest run, or it is that of a search.
        """
        self.directory = find_run(run, runs_dir=runs_dir)
        self.run = self.directory.path
        refuse_search(self.directory)
        refuse_unfinished(self.directory)
        self.experiment = read_experiment(self.directory)
        self.preprocessor = read_preprocessor(self.directory)
        try:  # nothing is left to resolve, unless the config was edited; then it may not suit the preprocessing
            self.experiment, blueprint = resolve_and_plan(self.experiment, self.preprocessor, has_validation=True)
        except UserError as error:
            said = prefixed(f"{self.run / CONFIG} and {PREPROCESS} contradict each other: ", str(error))
            raise RunError(said) from error
        if blueprint.output_shape != (self.preprocessor.outputs,):
            raise RunError(f"{self.run / CONFIG} and {PREPROCESS} contradict each other about the number of outputs")
        dtype = np.dtype(self.experiment.config.dtype)
        located = {**blueprint.params, **blueprint.state}
        expected = {path: ArraySpec(location.param.shape, dtype) for path, location in located.items()}
        if self.directory.array_specs(WEIGHTS) == expected:  # otherwise they are refused as what they are
            # Parameters as they are read, in the network, and their gradients; state has none.
            needed = dtype.itemsize * (3 * blueprint.size + 2 * blueprint.state_size)
            refuse_beyond(needed, f"the network of {self.run.name}", "use it on the machine that it was trained on")
        weights = self.directory.read_weights(expected)
        self.network = Network(blueprint, 1, Memory(dtype))
        for path, array in self.network.weights().items():
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
                a DataFrame (pandas, polars), a pyarrow Table, a mapping of column to n values, or a list of mappings
                of column to value. Named columns may be in any order, and others beside them are ignored. None, NaN
                and what else a library has for it is a missing value; any other cell means what it would mean in a
                CSV file, so that True is the text "True".

        Returns:
            Labels [n] (classification, binary), 0 and 1 [n, K] (multilabel), or values in original units: [n] for one
            target, [n, K] for several.

        Raises:
            DataError: the rows do not have the features that the network was trained on.
        """
        answers = self.preprocessor.decode(self.outputs(self.dataset(rows)))
        single = self.preprocessor.task is Task.REGRESSION and self.preprocessor.outputs == 1
        return answers[:, 0] if single else answers

    def predict_proba(self, rows: Rows) -> Array:
        """The probability of each class [n, K]; for a binary task [n, 2], for multilabel of each label [n, K].

        Raises:
            UserError: as `check_probabilities`.
            DataError: as `predict`.
        """
        self.check_probabilities()  # before anything is computed
        return self.probabilities(self.outputs(self.dataset(rows)))

    def dataset(self, rows: Rows) -> Dataset:
        """New examples, as `predict` takes them, as a data set with the columns that were trained on."""
        return rows_dataset(rows, self.preprocessor.input_kinds, table_rules(self.experiment.config.data))

    def outputs(self, dataset: Dataset) -> Array:
        """What the network puts out for a data set: [n, K], computed in blocks."""
        x = self.preprocessor.inputs(dataset, self.network.memory.dtype)
        y = empty((len(x), self.preprocessor.outputs), self.network.memory.dtype)
        widest = max(math.prod(shape) for shape in self.network.blueprint.shapes)
        size = min(PREDICTION_BLOCK, max(1, LARGEST_ARRAY // widest))
        for start in range(0, len(x), size):
            block = x[start : start + size]
            with np.errstate(all="ignore"):  # weights of a run that diverged may be large
                y[start : start + len(block)] = self.network.forward(block)[0]
        return y

    def check_probabilities(self) -> None:
        """Refuse where the outputs are no probabilities.

        Raises:
            UserError: a regression, or a network that does not end in softmax (classification) or sigmoid (binary,
                multilabel); the text says which, and what to do.
        """
        reason = why_no_probabilities(self.experiment.config, self.preprocessor.task)
        if reason is not None:
            raise UserError(reason)

    def probabilities(self, y: Array) -> Array:
        """Outputs [n, K] as a probability for each class. Raises UserError as `check_probabilities`."""
        self.check_probabilities()
        return np.hstack([1 - y, y]) if self.preprocessor.task is Task.BINARY else y

    def prepared(self, name: str, dataset: Dataset) -> Prepared:
        """A data set encoded for scoring, as the only split."""
        return Prepared(self.preprocessor, {name: self.preprocessor.source(dataset, self.network.memory.dtype)})


# Examples that are predicted at a time, fewer where what flows between layers would have more numbers than this.
PREDICTION_BLOCK = 4096
LARGEST_ARRAY = 1 << 26


def load_run(run: Path | str, *, runs_dir: Path | str = "runs") -> Model:
    """The trained network of a run, given by its directory, its name or as `latest`. Raises as `Model`."""
    return Model(run, runs_dir=runs_dir)
