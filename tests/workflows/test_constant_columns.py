"""Columns that are constant but for rounding, from the file to the answer."""

import csv
from pathlib import Path

import pytest

import nntrain
from nntrain.assembly.data import Data
from nntrain.data.column_inputs import NumericInput, column_input_from_json
from nntrain.data.inputs import TableInputs
from tests.experiments import load, write_table

CONFIG = """\
data: {path: t.csv, target: y, preprocess: {missing: mean}}
network: [{type: dense, units: 1}]
training: {epochs: 3}
"""


@pytest.fixture(autouse=True)
def _table(workdir: Path) -> None:
    """40 rows: 4.2 with every fifth cell empty, 0.3 written in two ways, and a number that varies."""
    rows = [("" if i % 5 == 4 else 4.2, 0.1 + 0.2 if i % 2 else 0.3, i / 10, 0.2 * i + 1) for i in range(40)]
    write_table("t.csv", ("flat", "rounded", "varied", "y"), rows)


def test_another_value_does_not_blow_up() -> None:
    """What is not scaled moves a linear network by weight times difference: 4.3 instead of 4.2 by a tenth of w."""
    result = nntrain.fit(load(CONFIG), runs_dir="runs")
    model = nntrain.load_run(result.run)
    w = model.network.parameters()["0.w"][0, :, 0]
    usual, other_flat, other_rounded = model.predict([[4.2, 0.3, 1], [4.3, 0.3, 1], [4.2, 0.4, 1]]).ravel().tolist()
    assert other_flat - usual == pytest.approx(0.1 * w[0], rel=1e-3)
    assert other_rounded - usual == pytest.approx(0.1 * w[1], rel=1e-3)
    assert result.warnings[:2] == [
        "t.csv: column 'flat' is 4.2 in every row that has a value: it cannot help to predict anything",
        "t.csv: column 'rounded' is 0.3 in every row, but for rounding: it cannot help to predict anything",
    ]


def test_in_folds_likewise() -> None:
    for fold in Data(load(CONFIG)).prepare_folds(4):
        encoding = fold.preprocessor.input_encoding
        assert isinstance(encoding, TableInputs)
        scales = [column.scale for column in encoding.columns if isinstance(column, NumericInput)]
        assert scales[:2] == [1.0, 1.0]
        assert scales[2] == pytest.approx(1.15, abs=0.1)


@pytest.mark.parametrize("scaling", ["standard", "minmax"])
def test_a_target_that_is_constant_but_for_rounding_in_training(scaling: str) -> None:
    """All but the test rows are 0.3 in one spelling or the other; answers stay near it."""
    with Path("t.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    write_table("t.csv", ("flat", "rounded", "varied", "y"), [(*row[:3], row[1]) for row in rows])
    result = nntrain.fit(load(CONFIG, f"data.preprocess.target={scaling}"), runs_dir="runs")
    encoding = nntrain.load_run(result.run).preprocessor.to_json()["target"]
    assert encoding["scale"] == [1.0]
    assert encoding["center"] == [pytest.approx(0.3, rel=1e-15)]


def test_scales_of_earlier_runs_are_taken_as_they_are() -> None:
    """A preprocess.json that was written before this rule scales as it did when the network was trained."""
    column = {"kind": "numeric", "name": "flat", "center": 4.2, "scale": 3.6e-16, "fill": 4.2}
    read = column_input_from_json(column)
    assert isinstance(read, NumericInput)
    assert read.to_json() == column
