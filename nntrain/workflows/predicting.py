"""Answers for a file of new examples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nntrain.arrays import Array
from nntrain.assembly.data import read_file
from nntrain.runs.naming import as_path
from nntrain.workflows.model import Model


@dataclass(frozen=True)
class Predictions:
    """What `predict` answers.

    Attributes:
        columns: the names of the columns.
        rows: one list for each example, in the order of the file; can be read once.
        warnings: what deserves attention, such as categories that were not in the training data.
    """

    columns: list[str]
    rows: Iterator[list[Any]]
    warnings: list[str]


def _plain(column: Array) -> list[Any]:
    """Python values with no more digits than the dtype has."""
    if column.dtype == np.float32:
        return [float(str(value)) for value in column]
    return list(column.tolist())


def predict(
    run: Path | str, file: Path | str, *, probabilities: bool = False, runs_dir: Path | str = "runs"
) -> Predictions:
    """Answer for every row of a file.

    Args:
        run: its directory, its name or `latest`.
        file: has the columns that the network was trained on; others, the target among them, are ignored.
        probabilities: add a column `probability_<class>` for each class.
        runs_dir: where a run that is given by its name, or as `latest`, is looked for.

    Raises:
        RunError: the run directory is damaged or unfinished.
        DataError: the file lacks a column or holds something else in it.
        UserError: there is no latest run; probabilities of a regression, or of a network whose outputs are none.
    """
    model = Model(run, runs_dir=runs_dir)
    if probabilities:  # before a large file is read
        model.check_probabilities()
    preprocessor = model.preprocessor
    dataset = read_file(model.experiment, as_path(file, "file"), kinds=preprocessor.kinds, need_target=False)
    y = model.outputs(dataset)
    answers = preprocessor.decode(y)
    columns = list(preprocessor.target_names)
    table = [answers] if answers.ndim == 1 else [answers[:, k] for k in range(answers.shape[1])]
    if probabilities:
        shares = model.probabilities(y)
        columns += [f"probability_{name}" for name in model.classes or preprocessor.target_names]
        table += [shares[:, k] for k in range(shares.shape[1])]
    rows = (list(row) for row in zip(*(_plain(column) for column in table), strict=True))
    return Predictions(columns, rows, preprocessor.warnings(dataset))
